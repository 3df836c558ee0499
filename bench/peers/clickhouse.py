"""The ClickHouse engine as a library (chDB), in a Python of its own.

The table is sorted by (actor, time) and cut into two partitions by the highest bit of the key, so that two threads
aggregate one each, in order and without merging; columns that compress badly are not compressed. A query gathers one
array a person, and packs (step, event, next event) into one number before it counts. ``sorted`` trusts that an array
is in the order of the table, ``safe`` sorts it again.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench.data import LABELS, Generated, event_name
from bench.part import Timed
from bench.peers.table import events_table
from bench.peers.venvs import python_of
from bench.questions import END, GAP, SESSIONS, START, STEPS, USERS, WITHIN, Answer

NAME = "chDB"
NAMES = ", ".join(f"'{event_name(code)}'" for code in range(LABELS))
NOTHING = 255  # stands for END in a packed number

_SETTINGS = """settings optimize_aggregation_in_order = 1, allow_aggregate_partitions_independently = 1,
    force_aggregate_partitions_independently = 1, max_block_size = 8192, aggregation_in_order_max_block_bytes = 1000000
"""
_TABLE = """create table {name} (actor UInt64, time Int64 codec(NONE), event {event}, country UInt8)
    engine = MergeTree partition by bitShiftRight(actor, 63) order by (actor, time)
"""
PREPARE = [
    _TABLE.format(name="codes", event="UInt8 codec(NONE)"),
    "insert into codes select actor, time, event, country from {source}",
    "optimize table codes final",
    _TABLE.format(name="names", event="LowCardinality(String)"),
    f"insert into names select actor, time, [{NAMES}][event + 1], country from codes",
    "optimize table names final",
]

SORTED = "groupArray({event}) as events, groupArray(time) as times"
SAFE = """arraySort(groupArray(time * 256 + {event})) as moves, arrayMap(move -> toUInt8(move), moves) as events,
    arrayMap(move -> intDiv(move, 256), moves) as times
"""
CODE = "event"
CODE_OF_NAME = f"toUInt8(transform(event, [{NAMES}], range({LABELS}), 255))"


def users_paths(arrays: str, table: str, where: str = "1") -> str:
    reach = f"arrayCount(time -> time <= times[at] + {WITHIN}, times) - at + 1"
    return f"""
        select arraySlice(arrayCompact(arraySlice(events, at, {reach})), 1, {STEPS} + 1) as path
        from (select {arrays}, indexOf(events, {START}) as at from {table} where {where} group by actor)
        where at > 0
    """


def _sessions_paths(arrays: str, table: str) -> str:
    sessions = f"arraySplit((event, gap) -> gap > {GAP}, events, arrayDifference(times))"
    return f"""
        select arraySlice(arrayCompact(arraySlice(session, indexOf(session, {START}))), 1, {STEPS} + 1) as path
        from (
            select arrayJoin(arrayFilter(session -> has(session, {START}), {sessions})) as session
            from (select {arrays} from {table} group by actor having has(events, {START}))
        )
    """


def counted(paths: str) -> str:
    """(step, event, next event) of each step of each path, counted."""
    packed = f"""arrayMap((step, event, next) -> toUInt32(step * 65536 + event * 256 + next),
        arrayEnumerate(path), path, arrayPushBack(arrayPopFront(path), {NOTHING}))"""
    return f"""
        select bitShiftRight(move, 16) - 1, bitAnd(bitShiftRight(move, 8), 255), bitAnd(move, 255), count()
        from (select arrayJoin({packed}) as move from ({paths})) group by move {_SETTINGS}
    """


def flow_of_users(arrays: str = SORTED, where: str = "1") -> str:
    return counted(users_paths(arrays.format(event=CODE), "codes", where))


FLOW = {
    (USERS, "codes, sorted"): flow_of_users(),
    (USERS, "codes, safe"): flow_of_users(SAFE),
    (USERS, "names, sorted"): counted(users_paths(SORTED.format(event=CODE_OF_NAME), "names")),
    (SESSIONS, "codes, sorted"): counted(_sessions_paths(SORTED.format(event=CODE), "codes")),
    (SESSIONS, "codes, safe"): counted(_sessions_paths(SAFE.format(event=CODE), "codes")),
    (SESSIONS, "names, sorted"): counted(_sessions_paths(SORTED.format(event=CODE_OF_NAME), "names")),
}


def top_paths() -> str:
    return f"select path, count() from ({users_paths(SORTED.format(event=CODE), 'codes')}) group by path {_SETTINGS}"


def funnel(events: Sequence[int]) -> str:
    """How many people came exactly so far: each step the first of its events behind the step before."""
    places = [f"indexOf(events, {events[0]}) as at0"]
    for k, event in enumerate(events[1:], 1):
        behind = f"indexOf(arraySlice(events, at{k - 1} + 1), {event}) as behind{k}"
        places.append(f"if(at{k - 1} = 0 or ({behind}) = 0, 0, at{k - 1} + behind{k}) as at{k}")
    reached = " + ".join(f"(at{k} > 0 and times[at{k}] <= times[at0] + {WITHIN})" for k in range(len(events)))
    arrays = SORTED.format(event=CODE)
    return f"""
        select {reached} as steps, count()
        from (
            select times, {", ".join(places)}
            from (select {arrays} from codes group by actor having has(events, {events[0]}))
        ) group by steps {_SETTINGS}
    """


# The shape of PostHog's paths: a person's items and moments as arrays, split where the time since the item before is
# too long, runs collapsed, cut at the first start, limited; each step named with its place, counted with the one
# before it and with the average of the time between. (Theirs keeps the last moment of a run and the first 50 rows.)
POSTHOG = f"""
    select key_before, key, count() as paths, avg(took) as average_time
    from (
        select concat(toString(place), '_', step.1) as key, step.2 as took,
               if(place > 1, concat(toString(place - 1), '_', step.3), null) as key_before
        from (
            select arrayMap((item, next) -> item != next, items, arrayPushBack(arrayPopFront(items), '')) as ends_run,
                   arrayFilter((item, ends) -> ends, items, ends_run) as compact,
                   arrayFilter((moment, ends) -> ends, moments, ends_run) as compact_moments,
                   indexOf(compact, '{event_name(START)}') as at,
                   arraySlice(compact, at, {STEPS} + 1) as path,
                   arrayDifference(arraySlice(compact_moments, at, {STEPS} + 1)) as times,
                   arrayZip(path, times, arrayPopBack(arrayPushFront(path, ''))) as steps
            from (
                select session.1 as items, session.2 as moments
                from (
                    select arrayZip(items, moments, arrayDifference(moments)) as steps_taken,
                           arraySplit(each -> each.3 > {GAP}, steps_taken) as split
                    from (select groupArray(event) as items, groupArray(time) as moments from names group by actor)
                )
                array join split as session
            )
            where at > 0
        )
        array join steps as step, arrayEnumerate(steps) as place
    )
    where key_before is not null
    group by key_before, key
    order by paths desc, key_before, key
    {_SETTINGS}
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Version of the engine; for each query its runs after the first, and its rows."""

    version: str
    runs: dict[str, Timed[list[list[Any]]]]


def ask(data: Generated, queries: Mapping[str, str], threads: int, repeat: int) -> Asked:
    """Run queries in a process of their own; the tables are made the first time."""
    directory = data.directory / "chdb"
    source = data.directory / "events.parquet"
    if not (directory / "prepared").exists():
        pq.write_table(events_table(data), source)
    order = {
        "directory": str(directory),
        "prepare": [sql.replace("{source}", f"file('{source}', Parquet)") for sql in PREPARE],
        "threads": threads,
        "repeat": repeat + 1,
        "queries": dict(queries),
    }
    done = subprocess.run(
        [python_of(data.directory.parent, "chdb"), str(Path(__file__).parent / "run_chdb.py")],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
    )
    source.unlink(missing_ok=True)
    if done.returncode:
        raise RuntimeError(f"chDB failed:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    runs = {name: Timed(tuple(run["seconds"][1:]), run["rows"]) for name, run in found["queries"].items()}
    return Asked(found["version"], runs)


def answer_of(rows: Sequence[Sequence[Any]]) -> Answer:
    """The rows of a query made by :func:`counted`."""
    return {(step, event, END if next == NOTHING else next): paths for step, event, next, paths in rows}  # noqa: A001


def posthog_answer_of(rows: Sequence[Sequence[Any]]) -> Answer:
    """``1_event_07 → 2_event_03`` as (0, 7, 3)."""
    found: Answer = {}
    for source, target, paths, _ in rows:
        step, _, event = source.partition("_")
        found[int(step) - 1, int(event[-2:]), int(target[-2:])] = paths
    return found
