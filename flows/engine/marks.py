"""Which events fail which conditions on properties: one bit a condition, or a set of them, for each event.

What a condition says of a text is found out once for each distinct text; numbers and times are compared as they stand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import SegmentArrays, read_only
from flows.engine.columns import NO_TIME, Codes, PropertyColumn, Texts, as_codes, number_of, number_text, time_of
from flows.engine.errors import QueryError, quoted
from flows.engine.filters import (
    COMPARISONS,
    CONTAINS,
    IS,
    IS_SET,
    OPPOSITES,
    STARTS_WITH,
    PropertyFilter,
    compares_times,
)
from flows.engine.jit import kernel
from flows.engine.log import U

Array = Any
Marks = NDArray[np.uint32]

NO_COLUMN = PropertyColumn("text", np.zeros(0, np.int32), Texts.of([]))
EVERY_BIT = (1 << 32) - 1
AT_ONCE = 1 << 16  # events whose marks stay in the cache


@kernel
def _look_up(values: Array, fails: Array, out: Array) -> None:
    """fails : uint32[texts + 1], first that of absent values."""
    for i in range(out.size):
        out[U(i)] = fails[U(values[U(i)] + 1)]


@kernel
def _compare(values: Array, low: Array, high: Array, inside: Array, outside: Array, out: Array) -> None:
    for i in range(out.size):
        out[U(i)] = inside if (low <= values[U(i)]) & (values[U(i)] <= high) else outside


@kernel
def _compare_further(values: Array, low: Array, high: Array, inside: Array, out: Array) -> None:
    for i in range(out.size):
        out[U(i)] = inside if (low <= values[U(i)]) & (values[U(i)] <= high) else out[U(i)]


@kernel
def _limit(codes: Array, about: Array, out: Array) -> None:
    """about : uint32[codes], no bit for events that the condition is not about."""
    for i in range(out.size):
        out[U(i)] &= about[U(codes[U(i)])]


class _ByCode(NamedTuple):
    """fails : uint32[texts + 1], the mark of each text, first that of absent values."""

    column: Codes
    fails: Marks

    def put(self, low: int, out: Marks) -> None:
        _look_up(read_only(self.column.of(slice(low, low + len(out)))), self.fails, out)


class _BySpan(NamedTuple):
    """inside, outside : the mark of what lies in one, in none of the closed spans between lows and highs."""

    values: NDArray[Any]
    lows: NDArray[Any]
    highs: NDArray[Any]
    inside: np.uint32
    outside: np.uint32

    def put(self, low: int, out: Marks) -> None:
        values = self.values[low : low + len(out)]
        if not len(self.lows):
            out[:] = self.outside
        for place, (least, most) in enumerate(zip(self.lows, self.highs, strict=True)):
            if place:
                _compare_further(values, least, most, self.inside, out)
            else:
                _compare(values, least, most, self.inside, self.outside, out)


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that share a bit, which an event bears that fails any of them; ``field`` is the option that errors
    name."""

    field: str
    filters: Sequence[PropertyFilter]


class PropertyMarks:
    """Conditions, made ready for some segments.

    Parameters
    ----------
    groups : sequence of Group
        At most 32; the bit of a group is its place. What bears the first bit is removed.
    segments : sequence of SegmentArrays
        With the columns of all properties that the conditions name.
    catalogue, properties : collection of str
        Events and properties that the dataset knows besides those of the segments.

    Attributes
    ----------
    removes : bool
        Whether there are conditions that remove events.

    Raises
    ------
    QueryError
        If a condition names an event or a property that is nowhere in the dataset.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        segments: Sequence[SegmentArrays],
        catalogue: Collection[str] = (),
        properties: Collection[str] = (),
    ) -> None:
        self._segments = segments
        named = [(group, each) for group in groups for each in group.filters]
        for group, each in named:
            check_property(group.field, each.name, segments, properties)
            for event in each.on:
                if event not in catalogue and not any(event in segment.names for segment in segments):
                    raise QueryError(group.field, f"{group.field}: there is no event {quoted(event)} in this dataset.")
        self.removes = bool(groups[0].filters)
        self._tests = [
            [
                (_test(segment, each, 1 << place), _about(segment, each))
                for place, group in enumerate(groups)
                for each in group.filters
            ]
            for segment in segments
        ]

    def put(self, segment: int, low: int, marks: Marks) -> None:
        """Write the marks of the events from ``low`` on of a segment, by its number (uint32[events])."""
        marks[:] = 0
        room = np.empty(min(len(marks), AT_ONCE), np.uint32)
        for at in range(0, len(marks), AT_ONCE):
            part = marks[at : at + AT_ONCE]
            failed = room[: len(part)]
            codes = self._segments[segment].codes[low + at : low + at + len(part)]
            for test, about in self._tests[segment]:
                test.put(low + at, failed)
                if len(about):
                    _limit(codes, about, failed)
                part |= failed


def check_property(field: str, name: str, segments: Iterable[SegmentArrays], properties: Collection[str]) -> None:
    """Raises QueryError unless an event of the segments or of the dataset has the property."""
    if name not in properties and all(segment.columns.get(name, NO_COLUMN).absent for segment in segments):
        raise QueryError(field, f"{field}: no event of this dataset has the property {quoted(name)}.")


def _about(segment: SegmentArrays, condition: PropertyFilter) -> Marks:
    """Which local codes a condition is about: uint32[codes], all bits set; or none for all codes."""
    return np.array([EVERY_BIT * (name in condition.on) for name in segment.names if condition.on], np.uint32)


def _test(segment: SegmentArrays, condition: PropertyFilter, bit: int) -> _ByCode | _BySpan:
    column = segment.columns.get(condition.name, NO_COLUMN)
    negative, condition = condition.operator in OPPOSITES, condition.positive
    comparing = condition.operator in COMPARISONS
    spans: tuple[NDArray[Any], NDArray[Any]] | None = None
    if column.kind == "number" and (comparing or condition.operator in (IS, IS_SET)):
        spans = _number_spans(condition)
    if column.kind == "time" and comparing:
        spans = _time_spans(condition)
    if spans is not None:
        return _BySpan(read_only(column.values), *spans, np.uint32(bit * negative), np.uint32(bit * (not negative)))
    coded = as_codes(column)
    passes = np.concatenate(([False], _passing(coded.texts, condition)))
    return _ByCode(coded, (passes == negative) * np.uint32(bit))


def _number_spans(condition: PropertyFilter) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if condition.operator == IS:
        # A text is that of at most one number.
        points = [number for number in map(number_of, condition.values) if not math.isnan(number)]
        same = np.array([point for point in points if number_text(point) in condition.values], np.float64)
        return same, same
    if condition.operator == IS_SET:
        return np.array([-math.inf]), np.array([math.inf])
    value = number_of(condition.values[0])
    if math.isnan(value):
        return np.zeros(0), np.zeros(0)
    above, below = math.nextafter(value, math.inf), math.nextafter(value, -math.inf)
    low, high = _span(condition.operator, value, above, below, -math.inf, math.inf)
    return np.array([low]), np.array([high])


def _time_spans(condition: PropertyFilter) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if not compares_times(condition.values[0]):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    value = time_of(condition.values[0])
    low, high = _span(condition.operator, value, value + 1, value - 1, NO_TIME + 1, -(NO_TIME + 1))
    return np.array([low], np.int64), np.array([high], np.int64)


def _span(operator: str, value: Any, above: Any, below: Any, least: Any, most: Any) -> tuple[Any, Any]:
    return {">": (above, most), ">=": (value, most), "<": (least, below), "<=": (least, value)}[operator]


def _passing(texts: Sequence[str], condition: PropertyFilter) -> NDArray[np.bool_]:
    """bool[texts]: which of the distinct texts meet a condition that is not a negative one."""
    if condition.operator == IS and isinstance(texts, Texts):
        passes = np.zeros(len(texts), bool)
        codes = [texts.code(value) for value in condition.values]
        passes[[code for code in codes if code >= 0]] = True
        return passes
    return np.fromiter(map(_matcher(condition), texts), bool, len(texts))


def _matcher(condition: PropertyFilter) -> Callable[[str], bool]:
    values = condition.values
    if condition.operator in COMPARISONS:
        return _comparison(condition)
    matchers: Mapping[str, Callable[[str], bool]] = {
        IS: frozenset(values).__contains__,
        CONTAINS: lambda text: any(value in text for value in values),
        STARTS_WITH: lambda text: text.startswith(values),
        IS_SET: lambda text: True,
    }
    return matchers[condition.operator]


def _comparison(condition: PropertyFilter) -> Callable[[str], bool]:
    if compares_times(condition.values[0]):
        (first,), (last,) = (bounds.tolist() for bounds in _time_spans(condition))
        return lambda text: first <= time_of(text) <= last
    (low,), (high,) = (bounds.tolist() for bounds in _number_spans(condition))
    return lambda text: low <= number_of(text) <= high
