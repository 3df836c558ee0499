"""What a page asks about an answer that stands on it: traces, trees, how a number lies in time.

Each is a walk through the events of the answer's version, and remembered for as long as somebody may look.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from django.core.cache import cache

from flows import queries
from flows.engine.arrays import IntArray
from flows.engine.detours import Leg, Ways, find_detours
from flows.engine.matrix import MatrixQuery, compute_matrix
from flows.engine.periods import calendar_edges
from flows.engine.prefixes import Branch, grow_tree
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.engine.traces import NodeKey, trace_nodes
from flows.models import Dataset
from flows.moments import microseconds
from flows.services.sets import BUDGET, NotTheNumber, SetPage, asked, listed, opened

KEPT = 60 * 60  # seconds
DAYS = 62  # up to so many the trend goes by day, then by week, then by month
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trace:
    """The paths through one node: (source, target, count) by places in the nodes of the result."""

    count: int
    links: list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Glance:
    """A number at a glance: its newest people, and how it lies in time.

    `gaps` count by bucket how long after the step before, `began` by period when they began; `edges` are µs.
    """

    people: SetPage
    gaps: IntArray
    began: IntArray
    edges: tuple[int, ...]
    period: str


def result_of(*, dataset: Dataset, query: FlowQuery, version: int | None) -> dict[str, Any]:
    """The answer that stands on the page. Raises QueryError where it is not kept any more."""
    newest = dataset.version if version is None else version
    found = queries.result_of(dataset, _digest(dataset, query), newest)
    if found is None:
        raise QueryError("version", "version: the answer is not kept any more; load the page again.")
    return found


def trace_of(*, dataset: Dataset, query: FlowQuery, place: int, version: int | None) -> Trace:
    """Where the paths through a node of a kept result run; the node by its place there.

    Raises QueryError where there is no such node, or no such result any more; DamagedSegment and Busy.
    """
    result = result_of(dataset=dataset, query=query, version=version)
    if not 0 <= place < len(result["nodes"]):
        raise QueryError("node", "node: the answer has no such step.")
    node, version = result["nodes"][place], result["dataset_version"]
    name = _name("trace", dataset, query, version)
    links = cache.get(f"{name}:{place}")
    if links is None:
        with asked(dataset, query, version) as (given, _, _):
            found = trace_nodes(query, given, _key(node), budget=BUDGET)
        places = {_key(each): number for number, each in enumerate(result["nodes"])}
        traced = {places[key]: _placed(followed, places) for key, followed in found.items() if key in places}
        cache.set_many({f"{name}:{number}": each for number, each in traced.items()}, KEPT)
        links = traced[place]
    if node["step"] and sum(count for _, target, count in links if target == place) != node["count"]:
        raise NotTheNumber(f"node {place} is {node['count']}, and its trace has another number.")
    return Trace(node["count"], links)


def tree_of(*, dataset: Dataset, query: FlowQuery, prefix: Sequence[str], depth: int, version: int) -> Branch:
    """The tree of paths below a prefix. Raises QueryError, DamagedSegment and Busy."""

    def grow() -> Branch:
        with asked(dataset, query, version) as (given, _, _):
            return grow_tree(query, given, prefix, depth=depth, budget=BUDGET)

    return _remembered(_name("tree", dataset, query, version, *prefix, depth), grow)


def detours_of(*, dataset: Dataset, query: FlowQuery, legs: Sequence[Leg], version: int) -> Sequence[tuple[Ways, Ways]]:
    """Per leg who goes directly and who by way of others. Raises as `tree_of`.

    The legs follow from the result of the question, so they are no part of the name under which the answer is kept.
    """

    def find() -> Sequence[tuple[Ways, Ways]]:
        with opened(dataset, query, version) as (sets, _, _):
            return find_detours(sets.source, legs, query.steps, between=query.between)

    return _remembered(_name("detours", dataset, query, version), find)


def transitions_of(*, dataset: Dataset, query: FlowQuery, version: int, top: int) -> dict[str, Any]:
    """From every event to the next one, in the scope of a flow but also outside its paths; as `compute_matrix` says it.

    Raises as `tree_of`.
    """
    matrix = MatrixQuery.around(query, top)

    def count() -> dict[str, Any]:
        with asked(dataset, query, version) as (given, _, _):
            return compute_matrix(matrix, given, dataset_version=version)

    return _remembered(_name("transitions", dataset, query, version, top), count)


def glance_of(*, dataset: Dataset, query: FlowQuery, selector: Selector, version: int | None, limit: int) -> Glance:
    """A number at a glance, in one walk; by calendar days, weeks or months of the team. Raises as `tree_of`."""
    period, edges = periods_of(dataset, query)
    newest = dataset.version if version is None else version

    def look() -> Glance:
        with opened(dataset, query, newest) as (sets, snapshot, _):
            found = sets.profile(selector, np.array(edges, np.int64))
            people = listed(dataset, sets, snapshot, selector, offset=0, limit=limit)
        return Glance(people, found.gaps, found.began, edges, period)

    asked_of = json.dumps(selector.to_dict())
    return _remembered(_name("glance", dataset, query, newest, asked_of, edges, limit), look)


def periods_of(dataset: Dataset, query: FlowQuery) -> tuple[str, tuple[int, ...]]:
    """The name and the edges of the periods that cover the range of a question, or all events of the dataset."""
    if dataset.data_from is None or dataset.data_through is None:
        raise QueryError("from", "from: the dataset has no events.")
    since, until = microseconds(dataset.data_from), microseconds(dataset.data_through) + 1
    since = since if query.range_from is None else max(since, query.range_from)
    until = until if query.range_to is None else min(until, query.range_to)
    if since >= until:
        raise QueryError("from", "from: the range holds no events of the dataset.")
    days = (until - since) / 86_400_000_000
    period = "day" if days <= DAYS else "week" if days <= 7 * DAYS else "month"
    return period, calendar_edges(period, since, until, ZoneInfo(dataset.team.time_zone), 5_000)


def _digest(dataset: Dataset, query: FlowQuery) -> str:
    return queries.digest_of(query, queries.named_cohorts(dataset, query))


def _name(kind: str, dataset: Dataset, query: FlowQuery, version: int, *more: object) -> str:
    text = json.dumps([kind, dataset.pk, version, _digest(dataset, query), dataset.team.time_zone, *more], default=str)
    return f"detail:{hashlib.sha256(text.encode()).hexdigest()}"


def _remembered(name: str, make: Callable[[], T]) -> T:
    known: T | None = cache.get(name)
    if known is None:
        known = make()
        cache.set(name, known, KEPT)
    return known


def _key(node: dict[str, Any]) -> NodeKey:
    return node["step"], node["kind"], node["label"]


def _placed(followed: Sequence[tuple[NodeKey, NodeKey, int]], places: dict[NodeKey, int]) -> list[tuple[int, int, int]]:
    return [(places[source], places[target], count) for source, target, count in followed]
