"""Retention: of the people who began in a period, how many came back in each later one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.analysis import Fold, Given, Histories, canonical, check_conditions, check_names, head, name_events
from flows.engine.arrays import CodeArray, IntArray
from flows.engine.conditions import PeopleCondition
from flows.engine.filters import PropertyFilter
from flows.engine.jit import kernel
from flows.engine.kernels import first_at_or_after
from flows.engine.log import U
from flows.engine.periods import (
    check_edges,
    check_range_of_edges,
    complete_periods,
    edges_within,
    last_seen,
    period_rows,
)
from flows.engine.plan import Scope
from flows.engine.query import QueryError
from flows.engine.result import NotConserved
from flows.engine.source import Watch

Array = Any

MAX_PERIODS = 400
FIRST, BACK = 1, 2
BOUNDED, LATEST = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionQuery:
    """One question about coming back.

    ``edges`` are µs UTC, ascending (see :func:`flows.engine.periods.calendar_edges`); events outside
    ``[edges[0], edges[-1])``, or outside the range if there is one, do not exist.

    A person belongs to the period of their first event of ``first``; each later event of ``back`` (empty: any event at
    all) is a return. ``where`` removes events that do not meet all conditions, ``people`` whole histories.

    Raises
    ------
    QueryError
        From the constructor, if an option is missing or out of bounds.
    """

    first: tuple[str, ...]
    edges: tuple[int, ...]
    range_from: int | None = None
    range_to: int | None = None
    back: tuple[str, ...] = ()
    where: tuple[PropertyFilter, ...] = ()
    people: tuple[PeopleCondition, ...] = ()

    def __post_init__(self) -> None:
        check_names(self, "first", "back")
        check_conditions(self)
        if not self.first:
            raise QueryError("first", "first: name at least one event that begins.")
        object.__setattr__(self, "edges", check_edges(self.edges, MAX_PERIODS))
        check_range_of_edges(self)


@kernel
def _count_returns(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    table: Array,
    edges: Array,
    sizes: Array,
    returns: Array,
) -> None:
    """table : code → FIRST | BACK; sizes : int64[periods]; returns : int64[2, periods, periods] by cohort and offset,
    people by each period of return and people by the latest one."""
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        low = first_at_or_after(times, low, high, edges[0])
        high = first_at_or_after(times, low, high, edges[edges.size - 1])
        if low == high or (skip.size and skip[U(person)]):
            continue
        while low < high and not table[U(codes[U(low)])] & FIRST:
            low += 1
        if low == high:
            continue
        cohort = first_at_or_after(edges, 0, edges.size, times[U(low)] + 1) - 1
        sizes[U(cohort)] += 1
        period = cohort
        latest = np.int64(-1)
        for i in range(low + 1, high):
            if not table[U(codes[U(i)])] & BACK:
                continue
            while times[U(i)] >= edges[U(period + 1)]:
                period += 1
            if period != latest:
                returns[U(BOUNDED), U(cohort), U(period - cohort)] += 1
                latest = period
        if latest >= 0:
            returns[U(LATEST), U(cohort), U(latest - cohort)] += 1


def compute_retention(
    query: RetentionQuery,
    given: Given,
    *,
    dataset_version: int,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, object]:
    """Count who came back, by the period in which they began and the periods since.

    Parameters
    ----------
    query : RetentionQuery
    given : Given
        Periods that reach beyond its ``data_through`` are incomplete.
    dataset_version : int
        Stands in the answer.
    threads : int, optional
        Default: the processors this process may use.
    progress, cancelled : callable, optional
        Told the share done; asked whether to stop. Between key ranges.

    Returns
    -------
    dict
        ``periods``: from, to, complete. ``cohorts``, one a period: size and ``returns``, one for each offset that the
        edges hold (0: the same period, behind the first event): ``bounded`` people came back in exactly that period,
        ``unbounded`` in that one or a later one; ``complete`` says whether that period is over. An incomplete one
        holds what has been seen so far. ``overall``: for each offset the sums over the cohorts for which it is
        complete; their size is the base. ``people``: all who began.

    Raises
    ------
    QueryError
        If the question names an event, a property or a cohort that is nowhere in the dataset.
    Cancelled
    NotConserved
        If the numbers do not add up.

    Notes
    -----
    O(events) time, O(labels + periods²) memory for each thread.

    Examples
    --------
    >>> rows = [(1, "join", 0), (1, "use", 15), (2, "join", 5)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=19)
    >>> answer = compute_retention(RetentionQuery(first=("join",), edges=(0, 10, 20)), given, dataset_version=1)
    >>> [(cell["offset"], cell["bounded"], cell["unbounded"]) for cell in answer["cohorts"][0]["returns"]]
    [(0, 0, 1), (1, 1, 1)]
    """
    began = time.perf_counter()
    fold, table, edges = open_retention(query, given, threads, Watch(progress, cancelled))
    periods = len(edges) - 1

    def new() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return np.zeros(periods, np.int64), np.zeros((2, periods, periods), np.int64)

    def add(counts: tuple[NDArray[np.int64], NDArray[np.int64]], histories: Histories) -> None:
        _count_returns(*histories.columns, edges, *counts)

    parts = fold.ranges(table, new=new, add=add).parts
    sizes = np.sum([part[0] for part in parts], axis=0)
    bounded, latest = np.sum([part[1] for part in parts], axis=0)
    unbounded = np.cumsum(latest[:, ::-1], axis=1)[:, ::-1]
    if (bounded > unbounded).any() or (unbounded > sizes[:, None]).any():
        raise NotConserved("more people came back than there are")
    through = last_seen(query, given.data_through)
    complete = complete_periods(query.edges, through)
    seconds = time.perf_counter() - began
    return {
        **head(canonical(query), dataset_version=dataset_version, data_through=given.data_through, seconds=seconds),
        "periods": period_rows(query.edges, through),
        "people": int(sizes.sum()),
        "cohorts": _cohort_rows(sizes, bounded, unbounded, complete),
        "overall": _overall_rows(sizes, bounded, unbounded, complete),
    }


def open_retention(
    query: RetentionQuery, given: Given, threads: int | None, watch: Watch
) -> tuple[Fold, CodeArray, IntArray]:
    """The histories of a question; label code → FIRST | BACK; the edges. Raises QueryError."""
    names = name_events(given)
    table = np.full(len(names.names), 0 if query.back else BACK, np.int32)
    table[names.codes("back", query.back)] |= BACK
    table[names.codes("first", query.first)] |= FIRST
    edges = edges_within(query)
    scope = Scope(True, int(edges[0]), int(edges[-1]), False, 0)
    return Fold(query, given, names, scope, threads, watch), table, edges


def _cohort_rows(
    sizes: NDArray[np.int64], bounded: NDArray[np.int64], unbounded: NDArray[np.int64], complete: Sequence[bool]
) -> list[dict[str, object]]:
    return [
        {
            "period": cohort,
            "size": int(size),
            "returns": [
                {
                    "offset": offset,
                    "bounded": int(bounded[cohort, offset]),
                    "unbounded": int(unbounded[cohort, offset]),
                    "complete": complete[cohort + offset],
                }
                for offset in range(len(sizes) - cohort)
            ],
        }
        for cohort, size in enumerate(sizes)
    ]


def _overall_rows(
    sizes: NDArray[np.int64], bounded: NDArray[np.int64], unbounded: NDArray[np.int64], complete: Sequence[bool]
) -> list[dict[str, object]]:
    """Periods are over one after the other, so the cohorts for which an offset is complete are the first ones."""
    over = sum(complete)
    return [
        {
            "offset": offset,
            "size": int(sizes[: over - offset].sum()),
            "bounded": int(bounded[: over - offset, offset].sum()),
            "unbounded": int(unbounded[: over - offset, offset].sum()),
        }
        for offset in range(over)
    ]
