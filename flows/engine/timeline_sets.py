"""Any number of a timeline is a set: exactly the people behind it, and how many events are theirs."""

from __future__ import annotations

from typing import Any

import numpy as np

from flows.engine.analysis import Given, Histories
from flows.engine.jit import kernel
from flows.engine.kernels import first_at_or_after
from flows.engine.log import U
from flows.engine.people_sets import Part, PeopleSet
from flows.engine.periods import period_at
from flows.engine.result import EVENT
from flows.engine.source import Watch
from flows.engine.timeline import Timeline, TimelineQuery

Array = Any


@kernel
def _find_people(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    table: Array,
    since: Array,
    until: Array,
    moments: Array,
    counts: Array,
) -> None:
    """table : code → whether the event counts; moments, counts : int64[people], of the first such event in
    ``[since, until)``, and how many there are."""
    for person in range(starts.size - 1):
        counts[U(person)] = 0
        low, high = starts[U(person)], starts[U(person + 1)]
        low = first_at_or_after(times, low, high, since)
        high = first_at_or_after(times, low, high, until)
        if skip.size and skip[U(person)]:
            continue
        for i in range(low, high):
            if table[U(codes[U(i)])]:
                if counts[U(person)] == 0:
                    moments[U(person)] = times[U(i)]
                counts[U(person)] += 1


def timeline_set(
    query: TimelineQuery,
    given: Given,
    since: int | None = None,
    node: tuple[str, str] | None = None,
    *,
    events: bool = False,
    threads: int | None = None,
) -> PeopleSet:
    """Who had the events of a label in a bucket of time.

    Parameters
    ----------
    query : TimelineQuery
    given : Given
        What :func:`flows.engine.timeline.compute_timeline` is asked of.
    since : int, optional
        Where the bucket begins, µs. None: the whole time.
    node : (str, str), optional
        Kind and label of a series; a label that stands in Other is a set of its own. None: all visible labels.
    events : bool
        Count their events instead of them.
    threads : int, optional

    Returns
    -------
    PeopleSet
        Of people or events; the moment is that of the first event there.

    Raises
    ------
    QueryError
        If the question cannot be answered, or has no such bucket.

    Examples
    --------
    >>> rows = [(1, "a", 0), (1, "a", 5), (2, "a", 12), (2, "b", 12)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=12)
    >>> found = timeline_set(TimelineQuery(edges=(0, 10, 20)), given, 0, ("event", "a"), events=True)
    >>> found.total, found.keys.tolist()
    (2, [1])
    """
    timeline = Timeline(query, given, threads, Watch())
    first, stop = 0, len(query.edges) - 1
    if since is not None:
        first = period_at(query.edges, since)
        stop = first + 1
    bounds = int(timeline.edges[first]), int(timeline.edges[stop])
    table = timeline.table
    if node is not None:
        nodes, titles = timeline.nodes() if node[0] != EVENT else timeline.nodes_of([node[1]])
        table = (nodes == titles.index(node) + 1).astype(np.int32) if node in titles else np.zeros_like(table)

    def add(found: list[Part], histories: Histories) -> None:
        moments, counts = np.empty((2, len(histories.keys)), np.int64)
        _find_people(*histories.columns, *bounds, moments, counts)
        there = np.flatnonzero(counts)
        keys, counted = histories.keys[there], counts[there] if events else np.ones(len(there), np.int64)
        found.append((keys, moments[there], counted))

    def new() -> list[Part]:
        return []

    return PeopleSet.of([each for part in timeline.fold.ranges(table, new=new, add=add).parts for each in part])
