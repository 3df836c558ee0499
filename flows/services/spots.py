"""The people behind a number of an analysis, or of a chain of nodes of a flow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flows import queries
from flows.engine.funnel_sets import chain_set, funnel_set
from flows.engine.histories import Given
from flows.engine.people_sets import PeopleSet, stories
from flows.engine.plan import FOREVER
from flows.engine.query import FlowQuery, QueryError
from flows.engine.retention_sets import retention_set
from flows.engine.spot import BEGAN, BOUNDED, DID, EVENTS, PEOPLE, RETURNED, STEP, UNBOUNDED, Spot
from flows.engine.timeline_sets import timeline_set
from flows.models import Dataset
from flows.moments import moment_in
from flows.questions import Analysis, FunnelQuestion, RetentionQuestion, TrendQuestion
from flows.services.sets import BUDGET, NotTheNumber, SetPeople, asked, check_page
from flows.store import EventStore

TOLD = 8  # events of each person


@dataclass(frozen=True, slots=True)
class Person:
    """`at` is when they came into the set, `count` how many of it are theirs, `story` what they did from then on: the
    events, with seconds since the one before."""

    name: str
    at: datetime
    count: int
    story: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class SpotPage:
    """`total` is the number itself, `people` how many are behind it; of them those from `offset` on, newest first."""

    total: int
    people: int
    offset: int
    members: list[Person]
    dataset_version: int


def page_of_spot(
    *,
    dataset: Dataset,
    question: FlowQuery | Analysis,
    spot: Spot,
    version: int | None = None,
    offset: int = 0,
    limit: int = 50,
) -> SpotPage:
    """A page of the people behind a number; moments are in the zone of the team.

    Raises QueryError, naming the option that is wrong, DamagedSegment and Busy.
    """
    check_page(offset, limit)
    with asked(dataset, question, version) as (given, snapshot, _):
        found = _found(question, given, spot)
        page = found.newest(offset, limit)
        keys, moments = found.keys[page], found.moments[page]
        until = FOREVER if question.range_to is None else question.range_to
        told = stories(given.segments, keys, moments, until=until, most=TOLD)
    names = EventStore(dataset.team_id).actors(snapshot, set(keys.tolist()))
    zone = ZoneInfo(dataset.team.time_zone)
    members = []
    for key, moment, count, story in zip(
        keys.tolist(), moments.tolist(), found.counts[page].tolist(), told, strict=True
    ):
        times = [time for _, time in story]
        passed = ((late - early) / 1e6 for early, late in zip(times[:1] + times, times, strict=False))
        events = tuple((name, seconds) for (name, _), seconds in zip(story, passed, strict=True))
        members.append(Person(names[key], moment_in(zone, moment), count, events))
    return SpotPage(found.total, len(found.keys), offset, members, snapshot.version)


def people_of_spot(
    *, dataset: Dataset, question: FlowQuery | Analysis, spot: Spot, version: int | None = None
) -> SetPeople:
    """Everybody behind a number. Raises as `page_of_spot`, and NotTheNumber where it was counted otherwise."""
    with asked(dataset, question, version) as (given, snapshot, digest):
        found = _found(question, given, spot)
    result = queries.result_of(dataset, digest, snapshot.version)
    shown = number_of(result, spot) if result and not spot.chain else None
    if shown not in (None, found.total):
        raise NotTheNumber(f"{spot.to_dict()} is {shown}, and its set has {found.total}.")
    return SetPeople(found.total, found.keys, snapshot.version)


def _found(question: FlowQuery | Analysis, given: Given, spot: Spot) -> PeopleSet:
    since, through = given.data_from or 0, given.data_through or 0
    group = (spot.group, spot.value) if spot.group else None
    step = spot.step or 0
    if spot.chain and isinstance(question, FlowQuery):
        return chain_set(question, [[label] for label in spot.chain], given, step, spot.state, budget=BUDGET)
    if spot.set == STEP and isinstance(question, FunnelQuestion) and not spot.chain:
        return funnel_set(question.engine(), given, step, spot.state, group, budget=BUDGET)
    if spot.set in (BEGAN, RETURNED) and isinstance(question, RetentionQuestion):
        onwards = spot.measure == UNBOUNDED
        return retention_set(question.engine(since, through), given, spot.moment, spot.later, onwards=onwards)
    if spot.set == DID and isinstance(question, TrendQuestion):
        events = spot.measure == EVENTS
        return timeline_set(question.engine(since, through), given, spot.moment, group, events=events)
    raise QueryError("set", f"set: the question has no number “{spot.set}”.")


def number_of(result: Mapping[str, Any], spot: Spot) -> int | None:
    """The number that a result shows; None where it does not say, as of a value that stands in Other."""
    if spot.set == STEP:
        rows = [result, *result.get("breakdown", ())]
        same = [row for row in rows if (row.get("kind", ""), row.get("value", "")) == (spot.group, spot.value)]
        return same[0]["steps"][spot.step][spot.state or "count"] if same else None
    if spot.set == DID:
        measure = spot.measure or PEOPLE
        rows = result["series"] if spot.group else [{"kind": "", "label": "", **result["all"]}]
        same = [row for row in rows if (row["kind"], row["label"]) == (spot.group, spot.value)]
        place = _place(result["buckets"], spot)
        return (same[0][f"total_{measure}"] if place is None else same[0][measure][place]) if same else None
    place = _place(result["periods"], spot)
    if spot.set == BEGAN:
        return result["people"] if place is None else result["cohorts"][place]["size"]
    row = {"returns": result["overall"]} if place is None else result["cohorts"][place]
    same = [each for each in row["returns"] if each["offset"] == spot.later]
    return same[0][spot.measure or BOUNDED] if same else None


def _place(periods: list[dict[str, Any]], spot: Spot) -> int | None:
    return next((place for place, each in enumerate(periods) if each["from"] == spot.since), None)
