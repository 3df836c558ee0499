"""Timeline: events, and people, over time by label."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.analysis import (
    Fold,
    Given,
    Histories,
    canonical,
    check_between,
    check_conditions,
    check_names,
    head,
    name_events,
)
from flows.engine.arrays import CodeArray
from flows.engine.conditions import PeopleCondition
from flows.engine.counting import rank_labels
from flows.engine.filters import PropertyFilter
from flows.engine.jit import kernel
from flows.engine.kernels import first_at_or_after
from flows.engine.log import U
from flows.engine.periods import check_edges, check_range_of_edges, edges_within, last_seen, period_rows
from flows.engine.plan import Scope
from flows.engine.query import MAX_TOP, QueryError
from flows.engine.result import EVENT, OTHER, NotConserved
from flows.engine.source import Watch

Array = Any

MAX_BUCKETS = 5_000
EVENTS, PEOPLE = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineQuery:
    """One question about events over time.

    ``edges`` are µs UTC, ascending (see :func:`flows.engine.periods.calendar_edges`); events outside
    ``[edges[0], edges[-1])``, or outside the range if there is one, do not exist. ``where`` removes events that do not
    meet all conditions, ``people`` whole histories.

    Raises
    ------
    QueryError
        From the constructor, if an option is missing or out of bounds.
    """

    edges: tuple[int, ...]
    range_from: int | None = None
    range_to: int | None = None
    top: int = 8
    only: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    where: tuple[PropertyFilter, ...] = ()
    people: tuple[PeopleCondition, ...] = ()

    def __post_init__(self) -> None:
        check_names(self, "only", "hide")
        check_conditions(self)
        check_between("top", self.top, 1, MAX_TOP)
        object.__setattr__(self, "edges", check_edges(self.edges, MAX_BUCKETS))
        check_range_of_edges(self)
        if self.only and set(self.only) <= set(self.hide):
            raise QueryError("hide", "hide: nothing of the listed events would be left.")


class _Counts(NamedTuple):
    """grid : int64[2, buckets + 1, nodes + 1], events and people; the last row is the whole time, the last column all
    nodes together. stamps : int64[2, nodes + 1], the last (person, bucket) and person that was seen there; serials :
    int64[2], how many of those there were."""

    grid: NDArray[np.int64]
    stamps: NDArray[np.int64]
    serials: NDArray[np.int64]


@kernel
def _count_labels(
    times: Array, codes: Array, starts: Array, skip: Array, table: Array, edges: Array, labels: Array
) -> None:
    """Events in range by label: labels int64[labels + 1], table : code → label + 1 or 0."""
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        low = first_at_or_after(times, low, high, edges[0])
        high = first_at_or_after(times, low, high, edges[edges.size - 1])
        if not (skip.size and skip[U(person)]):
            for i in range(low, high):
                labels[U(table[U(codes[U(i)])])] += 1


@kernel
def _count_buckets(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    table: Array,
    edges: Array,
    grid: Array,
    stamps: Array,
    serials: Array,
) -> None:
    """table : code → node + 1 or 0; then a _Counts."""
    whole, every = grid.shape[1] - 1, grid.shape[2] - 1
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        low = first_at_or_after(times, low, high, edges[0])
        high = first_at_or_after(times, low, high, edges[edges.size - 1])
        if low == high or (skip.size and skip[U(person)]):
            continue
        serials[1] += 1
        bucket = np.int64(-1)
        for i in range(low, high):
            value = np.int64(table[U(codes[U(i)])])
            if value == 0:
                continue
            if bucket < 0 or times[U(i)] >= edges[U(bucket + 1)]:
                bucket = first_at_or_after(edges, bucket + 1, edges.size, times[U(i)] + 1) - 1
                serials[0] += 1
            for node in (value - 1, every):
                grid[U(EVENTS), U(bucket), U(node)] += 1
                grid[U(EVENTS), U(whole), U(node)] += 1
                if stamps[U(0), U(node)] != serials[0]:
                    stamps[U(0), U(node)] = serials[0]
                    grid[U(PEOPLE), U(bucket), U(node)] += 1
                if stamps[U(1), U(node)] != serials[1]:
                    stamps[U(1), U(node)] = serials[1]
                    grid[U(PEOPLE), U(whole), U(node)] += 1


def compute_timeline(
    query: TimelineQuery,
    given: Given,
    *,
    dataset_version: int,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, object]:
    """Count events, and the people who had them, by label and bucket of time.

    Parameters
    ----------
    query : TimelineQuery
    given : Given
        Buckets that reach beyond its ``data_through`` are incomplete.
    dataset_version : int
        Stands in the answer.
    threads : int, optional
        Default: the processors this process may use.
    progress, cancelled : callable, optional
        Told the share done; asked whether to stop. Between key ranges.

    Returns
    -------
    dict
        ``buckets``: from, to, complete. ``series`` by (−events, label): kind, label, events and people (lists, one a
        bucket), total_events, total_people (each person once over the whole time). ``all``: the same over every visible
        label; a person with two labels in a bucket counts once there.

    Raises
    ------
    QueryError
        If the question names an event, a property or a cohort that is nowhere in the dataset.
    Cancelled
    NotConserved
        If the numbers do not add up.

    Notes
    -----
    The ``top`` labels by events in range stand as themselves, all others are one Other. The histories are read twice,
    since people of Other can be counted only when it is known who belongs to it. O(labels + buckets · top) memory for
    each thread.

    Examples
    --------
    >>> rows = [(1, "a", 0), (1, "a", 5), (2, "a", 12), (2, "b", 12)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=12)
    >>> answer = compute_timeline(TimelineQuery(edges=(0, 10, 20)), given, dataset_version=1)
    >>> [(row["label"], row["events"], row["people"]) for row in answer["series"]]
    [('a', [2, 1], [1, 1]), ('b', [0, 1], [0, 1])]
    """
    began = time.perf_counter()
    timeline = Timeline(query, given, threads, Watch(progress, cancelled))
    nodes, titles = timeline.nodes((0.0, 0.4))
    grid = timeline.count(nodes, len(titles), (0.4, 1.0))
    check_timeline(grid)
    rows = [{"kind": kind, "label": label, **_row(grid, node)} for node, (kind, label) in enumerate(titles)]
    series = [row for row in rows if row["total_events"]]
    seconds = time.perf_counter() - began
    return {
        **head(canonical(query), dataset_version=dataset_version, data_through=given.data_through, seconds=seconds),
        "buckets": period_rows(query.edges, last_seen(query, given.data_through)),
        "series": sorted(series, key=lambda row: (-row["total_events"], row["label"], row["kind"])),
        "all": _row(grid, len(titles)),
    }


def check_timeline(grid: NDArray[np.int64]) -> None:
    """Nodes add up to all of them, buckets to the whole time; of people, no more and no fewer than can be.

    Parameters
    ----------
    grid : int64[2, buckets + 1, nodes + 1]
        Events and people; last row and last column are totals.

    Raises
    ------
    NotConserved
    """
    events, people = grid[EVENTS], grid[PEOPLE]
    if (events[:, :-1].sum(axis=1) != events[:, -1]).any() or (events[:-1].sum(axis=0) != events[-1]).any():
        raise NotConserved("events of the timeline do not add up")
    for parts, together in ((people[:, :-1].T, people[:, -1]), (people[:-1], people[-1])):
        if (parts.max(axis=0, initial=0) > together).any() or (parts.sum(axis=0) < together).any():
            raise NotConserved("people of the timeline do not add up")


class Timeline:
    """The histories of a question; ``table`` (int32[labels]) has 1 + its code for each label that is visible, else 0;
    ``edges`` are those within the range.

    Raises
    ------
    QueryError
    """

    def __init__(self, query: TimelineQuery, given: Given, threads: int | None, watch: Watch) -> None:
        self._names = name_events(given)
        self._top, self.edges = query.top, edges_within(query)
        shown = self._names.visible(query.only, query.hide)
        self.table = np.where(shown, np.arange(1, len(shown) + 1), 0).astype(np.int32)
        scope = Scope(True, int(self.edges[0]), int(self.edges[-1]), False, 0)
        self.fold = Fold(query, given, self._names, scope, threads, watch)

    def nodes(self, done: tuple[float, float] = (0.0, 1.0)) -> tuple[CodeArray, list[tuple[str, str]]]:
        """Label code → 1 + node, or 0; kind and label of each node: the ``top`` labels, and Other."""

        def add(counts: NDArray[np.int64], histories: Histories) -> None:
            _count_labels(*histories.columns, self.edges, counts)

        size = len(self.table) + 1
        parts = self.fold.ranges(self.table, new=lambda: np.zeros(size, np.int64), add=add, done=done).parts
        kept = rank_labels(np.sum(parts, axis=0)[1:], self._names.names, self._top)
        return self.nodes_of([self._names.names[code] for code in kept])

    def nodes_of(self, labels: Sequence[str]) -> tuple[CodeArray, list[tuple[str, str]]]:
        """The same, of labels that are chosen already."""
        nodes = np.where(self.table > 0, len(labels) + 1, 0).astype(np.int32)
        for node, label in enumerate(labels, 1):
            code = self._names.known.get(label)
            if code is not None and self.table[code]:
                nodes[code] = node
        return nodes, [*((EVENT, label) for label in labels), (OTHER, "")]

    def count(self, nodes: CodeArray, size: int, done: tuple[float, float]) -> NDArray[np.int64]:
        """The grid of so many nodes, int64[2, buckets + 1, nodes + 1]."""

        def new() -> _Counts:
            grid, stamps = np.zeros((2, len(self.edges), size + 1), np.int64), np.zeros((2, size + 1), np.int64)
            return _Counts(grid, stamps, np.zeros(2, np.int64))

        def add(counts: _Counts, histories: Histories) -> None:
            _count_buckets(*histories.columns, self.edges, *counts)

        parts = self.fold.ranges(nodes, new=new, add=add, done=done).parts
        grid: NDArray[np.int64] = np.sum([part.grid for part in parts], axis=0)
        return grid


def _row(grid: NDArray[np.int64], node: int) -> dict[str, Any]:
    return {
        "events": grid[EVENTS, :-1, node].tolist(),
        "people": grid[PEOPLE, :-1, node].tolist(),
        "total_events": int(grid[EVENTS, -1, node]),
        "total_people": int(grid[PEOPLE, -1, node]),
    }
