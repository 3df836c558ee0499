"""Our flow computation beside DuckDB, chDB and a plain sum over the columns. See README.md here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.data import Generated, generate
from bench.part import Options, Timed, main, timed, timed_in_turn, timed_row
from bench.peers import clickhouse, duck
from bench.questions import (
    DEFAULT,
    SESSIONS,
    USERS,
    WIDEST,
    Answer,
    answer_of,
    asking,
    bucketed,
    links_only,
    question,
)
from bench.report import Part, Ratio, Row
from flows.engine.warmup import compile_kernels

STORED, PER_EVENT = "sum as stored", "sum by event"


@dataclass(frozen=True, slots=True)
class Ours:
    """What we took and answered: the usual chart, and the widest one, in which nothing is in Other."""

    default: Timed[dict[str, Any]]
    widest: Timed[dict[str, Any]]

    def ratios(self, peer: Timed[Any]) -> tuple[Ratio, ...]:
        return peer.against(default_chart=self.default, widest=self.widest)

    def same(self, answer: Answer) -> bool:
        """Whether a peer's complete rows are both answers, once bucketed as each of them."""
        return bucketed(answer, DEFAULT) == answer_of(self.default.answer) and bucketed(answer, WIDEST) == answer_of(
            self.widest.answer
        )


def run(options: Options) -> Part:
    data = generate(options.directory, options.events)
    compile_kernels()
    with ThreadPoolExecutor(options.threads) as pool:
        runs: dict[Any, Callable[[], Any]] = {**_sums(data, pool, options.threads)}
        for count in (USERS, SESSIONS):
            for top in (DEFAULT, WIDEST):
                runs[count, top] = asking(question(count, top), data, options.threads)
        spent = timed_in_turn(runs, options.repeat)
    rows = [
        timed_row("numpy.sum", "key of each person, first event of each, time, code", spent["numpy.sum"]),
        timed_row("compiled loop", "the same: as stored", spent[STORED]),
        timed_row("compiled loop", "key of each event (8 bytes, as peers read it), time, code", spent[PER_EVENT]),
    ]
    ours = {count: Ours(spent[count, DEFAULT], spent[count, WIDEST]) for count in (USERS, SESSIONS)}
    for count, found in ours.items():
        for name, took in ((f"top {DEFAULT} and Other", found.default), (f"top {WIDEST}", found.widest)):
            ratios = (Ratio(took.best / spent[floor].best, floor) for floor in (STORED, PER_EVENT))
            rows.append(timed_row("journeymap", f"{count}, {name}", took, *ratios))
    rows += _duckdb(data, ours, options)
    version, chdb = _chdb(data, ours, options)
    title = f"Flow: {data.events:,} events of {data.people:,} people, 10 steps"
    return Part("flow", title, rows + chdb, {duck.NAME: duck.VERSION, clickhouse.NAME: version})


def _sums(data: Generated, pool: Executor, threads: int) -> dict[str, Callable[[], int]]:
    """Read once what a flow must read: the floor under any computation, warm and memory-mapped."""
    segment = data.segment()
    events = data.directory / "key_of_event.u64"
    if not events.exists():
        np.repeat(segment.keys, np.diff(segment.starts)).tofile(events)
    key_of_event = np.memmap(events, "<u8", "r").view(np.ndarray)
    key_of_event.flags.writeable = False
    stored: list[NDArray[Any]] = [segment.keys, segment.starts, segment.times, segment.codes]
    by_event: list[NDArray[Any]] = [key_of_event, segment.times, segment.codes]

    def adding(add: Any, columns: list[NDArray[Any]]) -> Callable[[], int]:
        shares = [share for column in columns for share in np.array_split(column, threads)]
        return lambda: sum(map(int, pool.map(add, shares)))

    return {"numpy.sum": adding(np.sum, stored), STORED: adding(_total, stored), PER_EVENT: adding(_total, by_event)}


@njit(cache=True, nogil=True)
def _total(column: Any) -> Any:
    total = np.int64(0)
    for i in range(column.size):
        total += np.int64(column[i])
    return total


def _duckdb(data: Generated, ours: dict[str, Ours], options: Options) -> list[Row]:
    rows = []
    with duck.connected(data, options.threads) as connection:
        for (count, kind), sql in duck.FLOW.items():
            spent = timed(lambda sql=sql: duck.rows_of(connection, sql), options.peer_repeat)  # type: ignore[misc]
            same = ours[count].same(duck.answer_of(spent.answer))
            rows.append(timed_row(duck.NAME, f"{count}, {kind}", spent, *ours[count].ratios(spent), same=same))
    return rows


def _chdb(data: Generated, ours: dict[str, Ours], options: Options) -> tuple[str, list[Row]]:
    queries = {f"{count}, {kind}": sql for (count, kind), sql in clickhouse.FLOW.items()}
    posthog = f"{SESSIONS}, names, shape of PostHog's paths"
    found = clickhouse.ask(data, {**queries, posthog: clickhouse.POSTHOG}, options.threads, options.peer_repeat)
    rows = []
    for name, spent in found.runs.items():
        mine = ours[name.partition(",")[0]]
        if name == posthog:
            same = clickhouse.posthog_answer_of(spent.answer) == links_only(answer_of(mine.widest.answer))
        else:
            same = mine.same(clickhouse.answer_of(spent.answer))
        rows.append(timed_row(clickhouse.NAME, name, spent, *mine.ratios(spent), same=same))
    return found.version, rows


if __name__ == "__main__":
    sys.exit(main("flow", run, __doc__))
