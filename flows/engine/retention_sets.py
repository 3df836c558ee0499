"""Any number of retention is a set: exactly the people behind it."""

from __future__ import annotations

from typing import Any

import numpy as np

from flows.engine.analysis import Given, Histories
from flows.engine.jit import kernel
from flows.engine.kernels import first_at_or_after
from flows.engine.log import U
from flows.engine.people_sets import Part, PeopleSet
from flows.engine.periods import complete_periods, last_seen, period_at
from flows.engine.query import QueryError
from flows.engine.retention import BACK, FIRST, RetentionQuery, open_retention
from flows.engine.source import Watch

Array = Any

NEVER = -(1 << 63)


@kernel
def _find_returns(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    table: Array,
    edges: Array,
    low_cohort: Array,
    high_cohort: Array,
    later: Array,
    onwards: Array,
    moments: Array,
) -> None:
    """table : code → FIRST | BACK; cohorts are ``[low_cohort, high_cohort)``; later < 0 : whoever began; moments :
    int64[people], of the event that puts a person into the set, or NEVER."""
    for person in range(starts.size - 1):
        moments[U(person)] = NEVER
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
        if cohort < low_cohort or cohort >= high_cohort:
            continue
        if later < 0:
            moments[U(person)] = times[U(low)]
            continue
        opens = edges[U(cohort + later)]
        closes = edges[edges.size - 1] if onwards else edges[U(cohort + later + 1)]
        for i in range(low + 1, high):
            if times[U(i)] >= closes:
                break
            if times[U(i)] >= opens and table[U(codes[U(i)])] & BACK:
                moments[U(person)] = times[U(i)]
                break


def retention_set(
    query: RetentionQuery,
    given: Given,
    since: int | None = None,
    later: int | None = None,
    *,
    onwards: bool = False,
    threads: int | None = None,
) -> PeopleSet:
    """Who began in a period, or came back so many periods later.

    Parameters
    ----------
    query : RetentionQuery
    given : Given
        What :func:`flows.engine.retention.compute_retention` is asked of.
    since : int, optional
        Where the period begins, µs. None: all periods; with ``later`` those for which it is over, as in ``overall``.
    later : int, optional
        How many periods later, from 0. None: whoever began.
    onwards : bool
        In that period or a later one, instead of exactly in it.
    threads : int, optional

    Returns
    -------
    PeopleSet
        Of people; the moment is that of the first event, or of the first return that counts here.

    Raises
    ------
    QueryError
        If the question cannot be answered, or has no such period.

    Examples
    --------
    >>> rows = [(1, "join", 0), (1, "use", 15), (2, "join", 5)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=19)
    >>> found = retention_set(RetentionQuery(first=("join",), edges=(0, 10, 20)), given, since=0, later=1)
    >>> found.keys.tolist(), found.moments.tolist()
    ([1], [15])
    """
    fold, table, edges = open_retention(query, given, threads, Watch())
    periods = len(edges) - 1
    low, high = 0, periods
    if since is not None:
        low = period_at(query.edges, since)
        high = low + 1
    elif later is not None:
        high = sum(complete_periods(query.edges, last_seen(query, given.data_through))) - later
    if later is not None and not 0 <= later < periods - low:
        raise QueryError("later", f"later: must be a whole number from 0 to {periods - low - 1}.")
    chosen = low, high, -1 if later is None else later, onwards

    def add(found: list[Part], histories: Histories) -> None:
        moments = np.empty(len(histories.keys), np.int64)
        _find_returns(*histories.columns, edges, *chosen, moments)
        there = np.flatnonzero(moments != NEVER)
        found.append((histories.keys[there], moments[there], np.ones(len(there), np.int64)))

    def new() -> list[Part]:
        return []

    return PeopleSet.of([each for part in fold.ranges(table, new=new, add=add).parts for each in part])
