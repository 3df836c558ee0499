"""The people behind a number of a flow, on the version of the events that the number is of."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flows import queries
from flows.engine.compute import GIB
from flows.engine.funnel import compute_chain
from flows.engine.histories import Given
from flows.engine.members import Member, PathSets, open_sets
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import CONVERTED, LINK, MATCHED, NODE, PATH, PREFIX, Selector
from flows.hashing import Keys
from flows.models import Dataset
from flows.moments import moment_in
from flows.questions import Analysis
from flows.services import connections, runs
from flows.store import EventStore, Snapshot

BUDGET = GIB // 4  # bytes that a walk plans with: it may happen in a process that serves pages
PATIENCE = 20.0  # seconds that one waits for another's walk
MOST_LISTED = 100_000
MOST_AT_ONCE = 500
# What tells rows of a result apart.
NAMES = {NODE: ("step", "kind", "label"), LINK: ("step", "source", "source_kind", "target", "target_kind")}

_turn = threading.Lock()


class Busy(Exception):
    """Others are before in the line."""


class NotTheNumber(RuntimeError):
    """A set does not have as many members as its number says. A fault of ours; nothing is kept of it."""


@dataclass(frozen=True, slots=True)
class SetMember:
    """One person, session or journey. `seconds` of each step are since the one before."""

    person: str
    at: datetime
    path: tuple[str, ...]
    seconds: tuple[float, ...]
    end: str


@dataclass(frozen=True, slots=True)
class SetPage:
    """`total` is the number itself; of it the members from `offset` on, the newest first."""

    total: int
    offset: int
    members: list[SetMember]
    dataset_version: int


@dataclass(frozen=True, slots=True)
class SetPeople:
    """The number, and actor keys (ascending, each once) of those who are behind it: fewer where it counts visits."""

    count: int
    keys: Keys
    dataset_version: int


def page_of(
    *,
    dataset: Dataset,
    query: FlowQuery,
    selector: Selector,
    version: int | None = None,
    offset: int = 0,
    limit: int = 50,
) -> SetPage:
    """A page of the people behind a number; `at` is in the zone of the team.

    Raises QueryError, naming the option that is wrong, DamagedSegment and Busy.
    """
    check_page(offset, limit)
    with opened(dataset, query, version) as (sets, snapshot, _):
        return listed(dataset, sets, snapshot, selector, offset=offset, limit=limit)


def check_page(offset: int, limit: int) -> None:
    """Raises QueryError, naming what is out of bounds."""
    if not 0 <= offset < MOST_LISTED:
        raise QueryError("offset", f"offset: must be a whole number below {MOST_LISTED:,}; save the set as a cohort.")
    if not 1 <= limit <= MOST_AT_ONCE:
        raise QueryError("limit", f"limit: must be a whole number from 1 to {MOST_AT_ONCE}.")


def listed(
    dataset: Dataset, sets: PathSets, snapshot: Snapshot, selector: Selector, *, offset: int, limit: int
) -> SetPage:
    """As `page_of`, of sets that are open."""
    found = sets.members(selector, offset=offset, limit=limit)
    people = EventStore(dataset.team_id).actors(snapshot, {member.key for member in found.rows})
    zone = ZoneInfo(dataset.team.time_zone)
    members = [_member(row, people[row.key], zone) for row in found.rows]
    return SetPage(found.total, offset, members, snapshot.version)


def people_of(*, dataset: Dataset, query: FlowQuery, selector: Selector, version: int | None = None) -> SetPeople:
    """Everybody behind a number. Raises as `page_of`, and NotTheNumber where the number was counted otherwise."""
    with opened(dataset, query, version) as (sets, snapshot, digest):
        count, keys = sets.members(selector, limit=0).total, sets.keys(selector)
    result = queries.result_of(dataset, digest, snapshot.version)
    shown = shown_number(result, selector) if result else None
    if shown not in (None, count) or len(keys) > count or (query.count == "users" and len(keys) != count):
        raise NotTheNumber(f"{selector.to_dict()} is {shown}, has {count} members and {len(keys)} people.")
    return SetPeople(count, keys, snapshot.version)


def shown_number(result: Mapping[str, Any], selector: Selector) -> int | None:
    """The number that a result shows for a set; None where it does not say, as of a label that stands in Other."""
    state = selector.state
    if selector.set == MATCHED and state is not None:
        return sum(node[state] for node in result["nodes"])
    if selector.set in (MATCHED, CONVERTED):
        return int(result["units"][selector.set])
    if selector.set == PREFIX:
        return None
    rows = result[f"{selector.set}s"]
    if selector.set == PATH:
        same = [row for row in rows if tuple(row["labels"]) == selector.path and row["end"] == state]
    else:
        same = [row for row in rows if all(row[name] == getattr(selector, name) for name in NAMES[selector.set])]
    return int(same[0][state if selector.set == NODE and state else "count"]) if same else None


def chain_of(*, dataset: Dataset, query: FlowQuery, chain: Sequence[str], version: int | None = None) -> dict[str, Any]:
    """A chain of labels from step 0 on as a funnel, whose numbers are those of the flow. Raises as `page_of`."""
    with asked(dataset, query, version) as (given, snapshot, _):
        return compute_chain(
            query, [[label] for label in chain], given, dataset_version=snapshot.version, budget=BUDGET
        )


@contextmanager
def opened(dataset: Dataset, query: FlowQuery, version: int | None) -> Iterator[tuple[PathSets, Snapshot, str]]:
    """The sets of a question, the events that they are of, and what its result would be kept under."""
    with (
        asked(dataset, query, version) as (given, snapshot, digest),
        open_sets(query, given, budget=BUDGET) as sets,
    ):
        yield sets, snapshot, digest


@contextmanager
def asked(dataset: Dataset, query: FlowQuery | Analysis, version: int | None) -> Iterator[tuple[Given, Snapshot, str]]:
    """What the engine needs for a question, and the turn to walk."""
    newest = Dataset.objects.values_list("version", flat=True).get(pk=dataset.pk)
    if version is not None and not 0 <= version <= newest:
        raise QueryError("version", f"version: must be a whole number from 0 to {newest}.")
    runs.check(dataset=dataset, query=query, version=version)
    named, cohorts = runs.open_cohorts(dataset=dataset, query=query)
    snapshot = runs.snapshot_for(dataset=dataset, query=query, version=version)
    given = runs.given(query, snapshot, cohorts)
    connections.let_go()
    # A walk takes all processors and its memory; two at once would only hold each other up.
    if not _turn.acquire(timeout=PATIENCE):
        raise Busy("Other people are being listed. Try again in a moment.")
    try:
        yield given, snapshot, queries.digest_of(query, named)
    finally:
        _turn.release()


def _member(row: Member, person: str, zone: ZoneInfo) -> SetMember:
    return SetMember(person, moment_in(zone, row.anchor), row.labels, row.seconds, row.state)
