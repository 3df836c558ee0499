"""Periods of time: calendar edges, and which periods are over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any

import numpy as np

from flows.engine.arrays import IntArray
from flows.engine.query import HOUR, QueryError, format_time

PERIODS = ("hour", "day", "week", "month")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR = 1 << 60
CALENDAR_FROM, CALENDAR_TO = (
    (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) for year in (2, 9998)
)


def calendar_edges(period: str, since: int, until: int, zone: tzinfo, most: int) -> tuple[int, ...]:
    """Edges of the calendar periods that cover ``[since, until)``.

    Parameters
    ----------
    period : str
        ``hour``, ``day``, ``week`` (from Monday) or ``month``.
    since, until : int
        µs UTC.
    zone : tzinfo
        Fixed offset or zone with its changes of clock: a day may have 23 or 25 hours. Hours are always 3 600 s.
    most : int
        How many periods there may be.

    Returns
    -------
    tuple of int
        µs UTC, ascending; period ``i`` is ``[edges[i], edges[i + 1])``. The first edge is at or before ``since``, the
        last at or behind ``until``.

    Raises
    ------
    QueryError
        If the period is unknown, the range is empty or outside the calendar, or there are too many periods.

    Examples
    --------
    >>> calendar_edges("day", 1, 86_400_000_001, UTC, 10)
    (0, 86400000000, 172800000000)
    """
    if period not in PERIODS:
        raise QueryError("period", f"period: must be one of {', '.join(PERIODS)}.")
    if not since < until:
        raise QueryError("from", "from: the range must begin before it ends.")
    if since < CALENDAR_FROM or until > CALENDAR_TO:
        raise QueryError("from", "from: the range must lie within the years 2 to 9998.")
    local = (_EPOCH + timedelta(microseconds=since)).astimezone(zone)
    if period == "hour":
        edge = since - (local.minute * 60 + local.second) * 1_000_000 - local.microsecond
        count = -(-(until - edge) // HOUR)
        _check_count(count, most)
        return tuple(edge + HOUR * number for number in range(count + 1))
    day = local.date()
    if period == "week":
        day -= timedelta(days=day.weekday())
    elif period == "month":
        day = day.replace(day=1)
    edges = [_midnight(day, zone)]
    while edges[-1] < until:
        _check_count(len(edges), most)
        day = _next(day, period)
        edges.append(_midnight(day, zone))
    return tuple(edges)


def check_edges(edges: object, most: int) -> tuple[int, ...]:
    """Edges in their canonical form.

    Raises
    ------
    QueryError
        Unless they are 2 to most + 1 ascending moments in µs.
    """
    if isinstance(edges, np.ndarray):
        edges = tuple(edges.tolist())
    if not isinstance(edges, list | tuple) or not all(type(edge) is int and abs(edge) <= _FAR for edge in edges):
        raise QueryError("edges", "edges: give a list of moments in microseconds.")
    if len(edges) < 2 or any(low >= high for low, high in pairwise(edges)):
        raise QueryError("edges", "edges: give at least two moments, each later than the one before.")
    _check_count(len(edges) - 1, most)
    return tuple(edges)


def complete_periods(edges: tuple[int, ...], data_through: int | None) -> list[bool]:
    """Whether each period is over: its last moment is at or before the newest event of the dataset (µs)."""
    return [data_through is not None and edge - 1 <= data_through for edge in edges[1:]]


def period_rows(edges: tuple[int, ...], data_through: int | None) -> list[dict[str, object]]:
    """The periods as they stand in an answer."""
    return [
        {"from": format_time(low), "to": format_time(high), "complete": complete}
        for (low, high), complete in zip(pairwise(edges), complete_periods(edges, data_through), strict=True)
    ]


def period_at(edges: tuple[int, ...], since: int) -> int:
    """Which period begins at a moment (µs). Raises QueryError if none does."""
    if since not in edges[:-1]:
        raise QueryError("since", f"since: the question has no period that begins at {format_time(since)}.")
    return edges.index(since)


def check_range_of_edges(query: Any) -> None:
    """Raises QueryError unless a range, where there is one, begins in the first period and ends in the last one."""
    (low, first), (last, high) = query.edges[:2], query.edges[-2:]
    since = low if query.range_from is None else query.range_from
    until = high if query.range_to is None else query.range_to
    if not low <= since < min(first, until):
        raise QueryError("from", "from: the range must begin within the first period, and before it ends.")
    if not last < until <= high:
        raise QueryError("to", "to: the range must end within the last period.")


def edges_within(query: Any) -> IntArray:
    """The edges of a question, the outer ones moved to where its range begins and ends (int64[periods + 1])."""
    array = np.array(query.edges, np.int64)
    if query.range_from is not None:
        array[0] = query.range_from
    if query.range_to is not None:
        array[-1] = query.range_to
    array.flags.writeable = False
    return array


def last_seen(query: Any, data_through: int | None) -> int | None:
    """The last moment of which the question knows: a period that reaches beyond it is not over."""
    if data_through is None or query.range_to is None:
        return data_through
    return min(data_through, int(query.range_to) - 1)


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise QueryError("period", f"period: the range has more than {most} periods; take longer ones.")


def _midnight(day: date, zone: tzinfo) -> int:
    """Where a day begins. A midnight that the clock skips is the moment of the skip; of two, the first counts."""
    return (datetime(day.year, day.month, day.day, tzinfo=zone) - _EPOCH) // timedelta(microseconds=1)


def _next(day: date, period: str) -> date:
    if period == "month":
        return (day + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if period == "week" else 1)
