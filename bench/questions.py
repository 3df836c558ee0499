"""The questions of the flow benchmark, once for our engine and once in SQL.

An answer is a table of (step, event, next event or None, paths): links, and what ends at each step. The SQL reads a
table ``events(actor, time, event)``, time in µs, event a small whole number.
"""

from __future__ import annotations

from typing import Any

from bench.generate import names
from flows.engine.query import DAY, MINUTE, FlowQuery

STEPS = 10
WITHIN = 7 * DAY
GAP = 30 * MINUTE
START = 0

Answer = list[tuple[int, int, int | None, int]]

USERS = "users"
SESSIONS = "sessions"


def ours(count: str, start: str, top: int, paths: int) -> FlowQuery:
    """The question for the engine; with the widest ``top`` nothing goes into Other."""
    return FlowQuery(start=(start,), steps=STEPS, top=top, count=count, within=WITHIN, session_gap=GAP, paths=paths)


def answer_of(result: dict[str, Any]) -> Answer:
    """The engine's result in the shape that SQL gives."""
    code = {name: number for number, name in enumerate([*names(), ""])}
    rows: Answer = [
        (link["step"], code[link["source"]], code[link["target"]], link["count"]) for link in result["links"]
    ]
    for node in result["nodes"]:
        ends = node["cut"] + node["dropped"] + node["open"]
        if ends:
            rows.append((node["step"], code[node["label"]], None, ends))
    return sort_answer(rows)


def sort_answer(rows: Answer) -> Answer:
    return sorted(rows, key=lambda row: (row[0], row[1], -1 if row[2] is None else row[2]))


DUCKDB = {
    USERS: f"""
        with starts as (
            select actor, min(time) as t0 from events where event = {START} group by actor
        ), reach as (
            select actor, time, event from events join starts using (actor)
            where time between t0 and t0 + {WITHIN}
        ), marked as (
            select *, lag(event) over (partition by actor order by time) as before from reach
        ), steps as (
            select actor, event, row_number() over (partition by actor order by time) as step
            from marked where before is distinct from event qualify step <= {STEPS + 1}
        ), pairs as (
            select step, event, lead(event) over (partition by actor order by step) as next from steps
        )
        select step - 1, event, next, count(*) from pairs group by all
    """,
    SESSIONS: f"""
        with gaps as (
            select *, time - lag(time) over (partition by actor order by time) > {GAP} as fresh from events
        ), numbered as (
            select actor, time, event,
                   count(*) filter (where fresh) over (partition by actor order by time) as session from gaps
        ), starts as (
            select actor, session, min(time) as t0 from numbered where event = {START} group by all
        ), marked as (
            select actor, session, time, event,
                   lag(event) over (partition by actor, session order by time) as before
            from numbered join starts using (actor, session) where time >= t0
        ), steps as (
            select actor, session, event,
                   row_number() over (partition by actor, session order by time) as step
            from marked where before is distinct from event qualify step <= {STEPS + 1}
        ), pairs as (
            select step, event, lead(event) over (partition by actor, session order by step) as next from steps
        )
        select step - 1, event, next, count(*) from pairs group by all
    """,
}

# One array a person, in one pass over the sorted table. `sorted` trusts that aggregation in order keeps the order of
# the table inside a person, `safe` sorts again.
_CLICKHOUSE_USERS = """
    select step - 1, path[step] as event, if(step < length(path), toNullable(path[step + 1]), null) as next, count()
    from (
        select arraySlice(arrayCompact(arraySlice(e, at, arrayCount(x -> x <= t[at] + {within}, t) - at + 1)),
                          1, {steps} + 1) as path
        from (select {arrays}, indexOf(e, {start}) as at from events group by actor)
        where at > 0
    )
    array join arrayEnumerate(path) as step
    group by step, event, next
"""
_CLICKHOUSE_SESSIONS = """
    select step - 1, path[step] as event, if(step < length(path), toNullable(path[step + 1]), null) as next, count()
    from (
        select arraySlice(arrayCompact(arraySlice(session, indexOf(session, {start}))), 1, {steps} + 1) as path
        from (
            select arrayJoin(arraySplit((x, gap) -> gap > {gap}, e, arrayDifference(t))) as session
            from (select {arrays} from events group by actor)
        )
        where has(session, {start})
    )
    array join arrayEnumerate(path) as step
    group by step, event, next
"""
_SORTED = "groupArray(event) as e, groupArray(time) as t"
_SAFE = "arraySort(groupArray((time, event))) as pairs, pairs.2 as e, pairs.1 as t"


def _clickhouse(text: str, arrays: str) -> str:
    return text.format(arrays=arrays, within=WITHIN, gap=GAP, steps=STEPS, start=START)


CLICKHOUSE = {
    f"{count}, {kind}": _clickhouse(text, arrays) + " settings optimize_aggregation_in_order = 1"
    for count, text in ((USERS, _CLICKHOUSE_USERS), (SESSIONS, _CLICKHOUSE_SESSIONS))
    for kind, arrays in (("sorted", _SORTED), ("safe", _SAFE))
}

# The shape of PostHog's paths: per person order, split at the gap, collapse, cut at the start, name the steps, count
# the edges between named steps.
POSTHOG = f"""
    select edge.1 as source, edge.2 as target, count() as paths
    from (
        select arrayJoin(arrayZip(arrayPopBack(named), arrayPopFront(named))) as edge
        from (
            select arrayMap((x, i) -> concat(toString(i), '_', toString(x)), path, arrayEnumerate(path)) as named
            from (
                select arraySlice(arrayCompact(arraySlice(session, indexOf(session, {START}))), 1, {STEPS} + 1) as path
                from (
                    select arrayJoin(arraySplit((x, gap) -> gap > {GAP}, e, arrayDifference(t))) as session
                    from (select {_SAFE} from events group by actor)
                )
                where has(session, {START})
            )
        )
    )
    group by source, target
    settings optimize_aggregation_in_order = 1
"""
