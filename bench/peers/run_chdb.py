"""Run queries in chDB, in the Python that has it; prints JSON.

Reads a JSON object on standard input: directory (of the tables), prepare (SQL for a new directory), threads, repeat,
queries (name → SQL).
"""

import json
import shutil
import sys
import time
from pathlib import Path

from chdb import session as chdb


def rows_of(answer):
    return [json.loads(line) for line in answer.bytes().decode().splitlines() if line]


def opened(order):
    directory = Path(order["directory"])
    done = directory / "prepared"
    fresh = not done.exists()
    if fresh:
        shutil.rmtree(directory, ignore_errors=True)
    connection = chdb.Session(str(directory))
    connection.query("set output_format_json_quote_64bit_integers = 0")
    connection.query(f"set max_threads = {order['threads']}")
    if fresh:
        connection.query("create database bench")
    connection.query("use bench")
    if fresh:
        for sql in order["prepare"]:
            connection.query(sql)
        done.touch()
    return connection


def main():
    order = json.load(sys.stdin)
    connection = opened(order)
    version = connection.query("select version()", "TSV").bytes().decode().strip()
    found = {"version": version, "queries": {}}
    for name, sql in order["queries"].items():
        seconds = []
        for _ in range(order["repeat"]):
            began = time.perf_counter()
            answer = connection.query(sql, "JSONCompactEachRow")
            seconds.append(time.perf_counter() - began)
        found["queries"][name] = {"seconds": seconds, "rows": rows_of(answer)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
