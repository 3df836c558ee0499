"""What other questions cost beside the flow of the same events: top paths, a property filter, a funnel."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bench.cuts import only
from bench.data import DAY, Generated, event_code, event_name, generate
from bench.part import Options, Timed, main, timed, timed_in_turn, timed_row
from bench.peers import clickhouse, duck
from bench.properties import COUNTRIES, country
from bench.questions import (
    DEFAULT,
    USERS,
    WIDEST,
    WITHIN,
    Result,
    answer_of,
    asking,
    bucketed,
    numbers_of,
    question,
)
from bench.report import Part, Row
from flows.engine.filters import IS, PropertyFilter
from flows.engine.funnel import compute_funnel
from flows.engine.funnel_query import FunnelQuery
from flows.engine.histories import Given
from flows.engine.warmup import compile_kernels

FUNNEL = (0, 1, 5, 12, 2)
COUNTRY = "FI"  # the most frequent one, a quarter of the events: a rare one is little work, and proves little
PATHS = 50
MOST_PATHS = 10_000
PEERS = (duck.NAME, clickhouse.NAME)


def run(options: Options) -> Part:
    data = generate(options.directory, options.events)
    compile_kernels()
    ours = timed_in_turn(
        {
            "flow": asking(question(USERS), data, options.threads),
            "paths": asking(question(USERS, paths=PATHS), data, options.threads),
            "filter": _filter_of(data, options.threads),
            "funnel": _funnel_of(data, options.threads),
        },
        options.repeat,
    )
    flow = ours["flow"]
    rows = [timed_row("journeymap", "flow of users, the default chart", flow)]
    version, found = _peers(data, options)
    rows += _top_paths(data, flow, ours["paths"], found, options)
    rows += _filtered(data, flow, ours["filter"], found)
    rows += _funnel(flow, ours["funnel"], found)
    title = f"Other questions: {data.events:,} events of {data.people:,} people"
    return Part("analyses", title, rows, {duck.NAME: duck.VERSION, clickhouse.NAME: version})


def _peers(data: Generated, options: Options) -> tuple[str, dict[tuple[str, str], Timed[Any]]]:
    """(peer, question) → its runs."""
    place = COUNTRIES.index(COUNTRY)
    queries = {
        "paths": (duck.top_paths(), clickhouse.top_paths()),
        "filter": (
            duck.flow_of_users(f"(select * from events where country = {place})"),
            clickhouse.flow_of_users(where=f"country = {place}"),
        ),
        "funnel": (duck.funnel(FUNNEL), clickhouse.funnel(FUNNEL)),
    }
    found: dict[tuple[str, str], Timed[Any]] = {}
    with duck.connected(data, options.threads) as connection:
        for name, (sql, _) in queries.items():
            found[duck.NAME, name] = timed(lambda sql=sql: duck.rows_of(connection, sql), options.peer_repeat)  # type: ignore[misc]
    asked = clickhouse.ask(
        data, {name: sql for name, (_, sql) in queries.items()}, options.threads, options.peer_repeat
    )
    return asked.version, found | {(clickhouse.NAME, name): spent for name, spent in asked.runs.items()}


def _top_paths(
    data: Generated,
    flow: Timed[Result],
    spent: Timed[Result],
    found: dict[tuple[str, str], Timed[Any]],
    options: Options,
) -> list[Row]:
    """Whole paths as well, the 50 most frequent with their end; peers count every whole path, and know no ends."""
    rows = [timed_row("journeymap", "flow and its top paths", spent, *spent.against(flow=flow))]
    # With the data's end far away no path is open, so that all paths of one short sequence have one end; a long one is
    # cut or dropped, and of the most frequent ones both are among so many.
    ample = question(USERS, paths=MOST_PATHS)
    counted = _by_sequence(asking(ample, data, options.threads, data_through=data.data_through + 400 * DAY)())
    for peer in PEERS:
        theirs = {tuple(path): count for path, count in found[peer, "paths"].answer}
        top = sorted(theirs, key=lambda path: (-theirs[path], path))[:PATHS]
        listed = _by_sequence(spent.answer)
        same = (
            len(theirs) == spent.answer["distinct_paths"]
            and all(theirs[path] == counted[path] for path in top)
            and all(count <= theirs[path] for path, count in listed.items())
        )
        took = found[peer, "paths"]
        rows.append(timed_row(peer, "all whole paths", took, *took.against(flow_and_top_paths=spent), same=same))
    return rows


def _by_sequence(result: Result) -> Counter[tuple[int, ...]]:
    sums: Counter[tuple[int, ...]] = Counter()
    for path in result["paths"]:
        sums[tuple(map(event_code, path["labels"]))] += path["count"]
    return sums


def _filter_of(data: Generated, threads: int) -> Callable[[], Result]:
    query = question(USERS, where=(PropertyFilter("country", IS, (COUNTRY,)),))
    return asking(query, data, threads, [replace(data.segment(), columns={"country": country(data)})])


def _filtered(
    data: Generated, flow: Timed[Result], spent: Timed[Result], found: dict[tuple[str, str], Timed[Any]]
) -> list[Row]:
    """The flow of the events of one country, which all must answer as if there were no other events."""
    kept = only(data.segment(), np.flatnonzero(country(data).values == COUNTRIES.index(COUNTRY)))
    expected = answer_of(asking(question(USERS, WIDEST), data, 1, [kept])())
    asked_of = f"flow of one country's events, {kept.events / data.events:.0%} of all"
    same = answer_of(spent.answer) == bucketed(expected, DEFAULT)
    rows = [timed_row("journeymap", asked_of, spent, *spent.against(flow=flow), same=same)]
    for peer in PEERS:
        took = found[peer, "filter"]
        rows_of = duck if peer == duck.NAME else clickhouse
        same = rows_of.answer_of(took.answer) == expected
        rows.append(timed_row(peer, asked_of, took, *took.against(filtered_flow=spent), same=same))
    return rows


def _funnel_of(data: Generated, threads: int) -> Callable[[], Result]:
    query = FunnelQuery(steps=tuple((event_name(code),) for code in FUNNEL), within=WITHIN)
    given = Given(segments=[data.segment()], data_from=data.data_from, data_through=data.data_through)
    return lambda: compute_funnel(query, given, dataset_version=1, threads=threads)


def _funnel(flow: Timed[Result], spent: Timed[Result], found: dict[tuple[str, str], Timed[Any]]) -> list[Row]:
    rows = [timed_row("journeymap", "funnel of five steps", spent, *spent.against(flow=flow))]
    steps = [step["count"] for step in numbers_of(spent.answer)["steps"]]
    for peer in PEERS:
        exactly: defaultdict[int, int] = defaultdict(int, dict(found[peer, "funnel"].answer))
        reached = [sum(exactly[k] for k in range(step + 1, len(FUNNEL) + 1)) for step in range(len(FUNNEL))]
        took = found[peer, "funnel"]
        ratios = took.against(funnel=spent)
        rows.append(timed_row(peer, "funnel of five steps", took, *ratios, same=reached == steps))
    return rows


if __name__ == "__main__":
    sys.exit(main("analyses", run, __doc__))
