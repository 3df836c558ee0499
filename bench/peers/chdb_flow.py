"""Run queries in chDB, the ClickHouse engine as a library, in its own Python; prints JSON.

Reads a JSON object on standard input: parquet (file), directory (for the table), threads, repeat, queries (name → SQL).
"""

import json
import sys
import time
from pathlib import Path

from chdb import session as chdb


def rows_of(text):
    return [json.loads(line) for line in text.splitlines() if line]


def main():
    order = json.load(sys.stdin)
    directory = Path(order["directory"])
    fresh = not directory.exists()
    connection = chdb.Session(str(directory))
    connection.query(f"set max_threads = {order['threads']}")
    if fresh:
        connection.query("create database bench")
        connection.query(
            "create table bench.events (actor UInt64, time Int64, event UInt8) "
            "engine = MergeTree order by (actor, time)"
        )
        source = f"file('{order['parquet']}', Parquet)"
        connection.query(f"insert into bench.events select actor, time, event from {source}")
        connection.query("optimize table bench.events final")
    connection.query("use bench")
    parts = rows_of(
        connection.query(
            "select count(), sum(rows) from system.parts where active and table = 'events'", "JSONCompactEachRow"
        )
        .bytes()
        .decode()
    )[0]
    found = {
        "version": str(connection.query("select version()", "TSV").bytes().decode()).strip(),
        "parts": parts,
        "queries": {},
    }
    for name, sql in order["queries"].items():
        seconds = []
        for _ in range(order["repeat"]):
            began = time.perf_counter()
            answer = connection.query(sql, "JSONCompactEachRow")
            seconds.append(time.perf_counter() - began)
        rows = [
            [int(cell) if isinstance(cell, str) and cell.isdigit() else cell for cell in row]
            for row in rows_of(answer.bytes().decode())
        ]
        found["queries"][name] = {"seconds": seconds, "rows": rows}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
