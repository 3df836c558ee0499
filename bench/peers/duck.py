"""DuckDB: a table sorted by (actor, time) in the smallest types, and two ways to ask it.

``lists`` gathers a list for each person, which is several times as quick as ``windows``, the way most people would
write it. A list holds time and event in one number. It is in order already unless a person's rows stood on both sides
of a boundary of row groups and two threads read them: then two ordered pieces were joined the wrong way round, which
its ends give away, and only then it is sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from bench.data import Generated
from bench.peers.table import events_table
from bench.questions import END, GAP, SESSIONS, START, STEPS, USERS, WITHIN, Answer

NAME = "DuckDB"
VERSION = duckdb.__version__

_MOVE = "time * 256 + event"
_MOVES = "case when moves[1] <= moves[-1] then moves else list_sort(moves) end"
_ORDERED = f"""
    select list_transform({_MOVES}, lambda move: (move & 255)::utinyint) as events,
           list_transform({_MOVES}, lambda move: move // 256) as times
    from people
"""
_PATH = f"list_slice(list_filter(events, lambda event, i: i = 1 or events[i - 1] != event), 1, {STEPS} + 1) as path"
_COUNTED = f"""
    steps as (
        select unnest(path) as event, generate_subscripts(path, 1) as step,
               unnest(list_slice(path, 2, {STEPS} + 1) || [null]) as following
        from paths
    )
    select step - 1, event, coalesce(following, {END}), count(*) from steps group by all
"""


def _users_paths(events: str) -> str:
    return f"""
        starts as (
            select actor, min(time) as t0 from {events} where event = {START} group by actor
        ), people as (
            select list({_MOVE}) as moves from {events} join starts using (actor)
            where time between t0 and t0 + {WITHIN} group by actor
        ), ordered as (
            {_ORDERED}
        ), paths as (
            select {_PATH} from ordered
        )
    """


def flow_of_users(events: str = "events") -> str:
    return f"with {_users_paths(events)}, {_COUNTED}"


def top_paths() -> str:
    return f"with {_users_paths('events')} select path, count(*) as paths from paths group by path"


def windows_of_users(steps: int = STEPS) -> str:
    return f"""
        with starts as (
            select actor, min(time) as t0 from events where event = {START} group by actor
        ), reach as (
            select actor, time, event from events join starts using (actor)
            where time between t0 and t0 + {WITHIN}
        ), marked as (
            select *, lag(event) over (partition by actor order by time) as before from reach
        ), steps as (
            select event, row_number() over person as step, lead(event) over person as next
            from marked where before is distinct from event
            window person as (partition by actor order by time) qualify step <= {steps} + 1
        )
        {_pairs(steps)}
    """


def _pairs(steps: int) -> str:
    return f"""
        select step - 1, event, coalesce(case when step <= {steps} then next end, {END}), count(*)
        from steps group by all
    """


FLOW_OF_SESSIONS = f"""
    with marked as (
        select *, lag(actor) over () as actor_before, lag(time) over () as time_before from events
    ), numbered as (
        select event, time,
               count(*) filter (where actor_before is distinct from actor or time - time_before > {GAP})
                   over (rows unbounded preceding) as session
        from marked
    ), people as (
        select list({_MOVE}) as moves from numbered group by session having bool_or(event = {START})
    ), ordered as (
        {_ORDERED}
    ), begun as (
        select list_slice(events, list_position(events, {START}), len(events)) as events from ordered
    ), paths as (
        select {_PATH} from begun
    ), {_COUNTED}
"""

WINDOWS_OF_SESSIONS = f"""
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
        select event, row_number() over session as step, lead(event) over session as next
        from marked where before is distinct from event
        window session as (partition by actor, session order by time) qualify step <= {STEPS} + 1
    )
    {_pairs(STEPS)}
"""
FLOW = {
    (USERS, "lists"): flow_of_users(),
    (USERS, "windows"): windows_of_users(),
    (SESSIONS, "lists"): FLOW_OF_SESSIONS,
    (SESSIONS, "windows"): WINDOWS_OF_SESSIONS,
}


def funnel(events: Sequence[int]) -> str:
    """How many people came exactly so far: each step the first of its events behind the step before."""
    places = [f"coalesce(list_position(events, {events[0]}), 0) as at0"]
    for k, event in enumerate(events[1:], 1):
        behind = f"list_position(list_slice(events, at{k - 1} + 1, len(events)), {event})"
        places.append(f"case when at{k - 1} > 0 then coalesce(at{k - 1} + {behind}, 0) else 0 end as at{k}")
    reached = " + ".join(f"(at{k} > 0 and times[at{k}] <= times[at0] + {WITHIN})::int" for k in range(len(events)))
    return f"""
        with people as (
            select list({_MOVE}) as moves from events group by actor having bool_or(event = {events[0]})
        ), ordered as (
            {_ORDERED}
        ), placed as (
            select times, {", ".join(places)} from ordered
        )
        select {reached} as steps, count(*) from placed group by all
    """


@contextmanager
def connected(data: Generated, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the loaded table."""
    path = data.directory / f"events-{VERSION}.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"set threads = {threads}")
        if not connection.execute("select 1 from duckdb_tables() where table_name = 'events'").fetchall():
            connection.register("source", events_table(data))
            connection.execute("create table events as select * from source order by actor, time")
            connection.execute("checkpoint")
        yield connection


def rows_of(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def answer_of(rows: Sequence[Sequence[Any]]) -> Answer:
    """The rows of a flow."""
    return {(step, event, following): paths for step, event, following, paths in rows}
