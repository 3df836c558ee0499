"""Our flow computation beside DuckDB, chDB and a plain sum over the columns, in one run. See README.md here."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import questions
from bench.generate import Generated, generate
from bench.questions import SESSIONS, USERS, Answer
from flows.engine.arrays import SegmentArrays
from flows.engine.compute import compute_flow
from flows.engine.query import FlowQuery
from flows.engine.warmup import compile_kernels


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: who, what was asked, seconds (best and median), whether the answer was the same."""

    who: str
    question: str
    best: float
    median: float
    same: bool | None


def main() -> int:
    options = _options()
    data = generate(options.directory / str(options.events), options.events)
    compile_kernels()
    segment = data.segment()
    print(
        f"{data.events:,} events, {data.people:,} people, {options.threads} threads, Python {platform.python_version()}"
    )
    rows = [_sum(segment, options)]
    answers: dict[str, Answer] = {}
    for count in (USERS, SESSIONS):
        for top, paths in ((50, 0), (50, 50), (8, 0)):
            row, answer = _ours(segment, questions.ours(count, data.start, top, paths), options)
            rows.append(row)
            answers.setdefault(count, answer)
    rows += _duckdb(data, answers, options)
    rows += _chdb(data, answers, options)
    _print(rows)
    return 0 if all(row.same is not False for row in rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--repeat", type=int, default=9, help="runs of ours and of the sum")
    parser.add_argument("--peer-repeat", type=int, default=3, help="runs of a peer's query")
    parser.add_argument("--directory", type=Path, default=Path(".data/bench"))
    parser.add_argument("--chdb-python", default="", help="a Python that has chdb; default: one is made")
    return parser.parse_args()


def _timed(run: Callable[[], Any], repeat: int) -> tuple[float, float, Any]:
    """Best and median seconds of some runs after a first one that warms caches."""
    answer = run()
    seconds = []
    for _ in range(repeat):
        began = time.perf_counter()
        answer = run()
        seconds.append(time.perf_counter() - began)
    return min(seconds), float(np.median(seconds)), answer


def _sum(segment: SegmentArrays, options: argparse.Namespace) -> Row:
    """Read once what the flow must read: the floor under any computation."""
    shares = [
        share
        for column in (segment.keys, segment.starts, segment.times, segment.codes)
        for share in np.array_split(column, options.threads)
    ]
    with ThreadPoolExecutor(options.threads) as pool:
        best, median, _ = _timed(lambda: sum(map(int, pool.map(np.sum, shares))), options.repeat)
    return Row("sum of key, time, code", "read once", best, median, None)


def _ours(segment: SegmentArrays, query: FlowQuery, options: argparse.Namespace) -> tuple[Row, Answer]:
    oldest, newest = int(segment.times.min()), int(segment.times.max())

    def run() -> dict[str, Any]:
        return compute_flow(
            query, [segment], data_from=oldest, data_through=newest, dataset_version=1, threads=options.threads
        )

    best, median, result = _timed(run, options.repeat)
    asked = query.count + (", with top paths" if query.paths else "") + (", top 8 and Other" if query.top == 8 else "")
    return Row("journeymap", asked, best, median, None), questions.answer_of(result)


def _table(data: Generated) -> pa.Table:
    """The events as rows, sorted by (actor, time), in the smallest types."""
    segment = data.segment()
    actors = np.repeat(segment.keys, np.diff(segment.starts))
    return pa.table({"actor": actors, "time": segment.times, "event": segment.codes.astype(np.uint8)})


def _duckdb(data: Generated, answers: dict[str, Answer], options: argparse.Namespace) -> list[Row]:
    path = data.directory / f"events-{duckdb.__version__}.duckdb"
    fresh = not path.exists()
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"set threads = {options.threads}")
        if fresh:
            connection.register("source", _table(data))
            connection.execute("create table events as select * from source order by actor, time")
            connection.execute("checkpoint")
        rows = []
        for count, sql in questions.DUCKDB.items():
            best, median, answer = _timed(lambda sql=sql: connection.execute(sql).fetchall(), options.peer_repeat)  # type: ignore[misc]
            same = questions.sort_answer(answer) == answers[count]
            rows.append(Row(f"DuckDB {duckdb.__version__}", count, best, median, same))
    return rows


def _chdb(data: Generated, answers: dict[str, Answer], options: argparse.Namespace) -> list[Row]:
    parquet = data.directory / "events.parquet"
    if not parquet.exists():
        pq.write_table(_table(data), parquet)
    order = {
        "parquet": str(parquet.resolve()),
        "directory": str((data.directory / "chdb").resolve()),
        "threads": options.threads,
        "repeat": options.peer_repeat + 1,
        "queries": {**questions.CLICKHOUSE, "sessions, shape of PostHog's paths": questions.POSTHOG},
    }
    done = subprocess.run(
        [_chdb_python(options), str(Path(__file__).parent / "peers" / "chdb_flow.py")],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"chDB failed:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    rows = []
    for name, run in found["queries"].items():
        seconds = run["seconds"][1:]
        if name in questions.CLICKHOUSE:
            answer = questions.sort_answer([tuple(row) for row in run["rows"]])
            same = answer == answers[name.partition(",")[0]]
        else:
            same = _edges(run["rows"]) == [row for row in answers[SESSIONS] if row[2] is not None]
        rows.append(Row(f"chDB ({found['version']})", name, min(seconds), float(np.median(seconds)), same))
    return rows


def _edges(rows: list[list[Any]]) -> Answer:
    """``1_7 → 2_3`` as (0, 7, 3, count)."""
    found: Answer = []
    for source, target, count in rows:
        step, _, event = source.partition("_")
        found.append((int(step) - 1, int(event), int(target.partition("_")[2]), count))
    return questions.sort_answer(found)


def _chdb_python(options: argparse.Namespace) -> str:
    if options.chdb_python:
        return str(options.chdb_python)
    home = options.directory / "venv"
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        wanted = Path(__file__).parent / "requirements.txt"
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(wanted)], check=True)
    return str(python)


def _print(rows: list[Row]) -> None:
    """Every row against our answer to the same question, and ours against the sum."""
    ours = {row.question: row.best for row in rows if row.who == "journeymap"}
    floor = rows[0].best
    print(f"{'':24} {'question':38} {'best ms':>9} {'median':>9}  ratio")
    for row in rows:
        if row.who == "journeymap":
            ratio = f"{row.best / floor:.1f} × the sum"
        elif row is rows[0]:
            ratio = ""
        else:
            same = "same answer" if row.same else "ANOTHER ANSWER"
            ratio = f"{row.best / ours[row.question.partition(',')[0]]:.1f} × ours, {same}"
        print(f"{row.who:24} {row.question:38} {row.best * 1e3:9.1f} {row.median * 1e3:9.1f}  {ratio}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process, DuckDB and mapped files included: {peak:.0f} MiB")


if __name__ == "__main__":
    sys.exit(main())
