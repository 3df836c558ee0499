"""The histories of a question, one key range after the other.

A person who stands in one segment is read in place; the histories of others are put together first. If the question
looks at properties, a :class:`flows.engine.lens.Lens` stands between; sessions that go by their ids become histories of
their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import CodeArray, IntArray, KeyArray, SegmentArrays, read_only
from flows.engine.conditions import PeopleCondition
from flows.engine.crew import Crew
from flows.engine.filters import PropertyFilter
from flows.engine.labels import Relabel
from flows.engine.lens import Lens, count_seen
from flows.engine.marks import Group, Marks, PropertyMarks
from flows.engine.merging import merge_shared
from flows.engine.people import Mask, PeopleFilter
from flows.engine.plan import KeyRange, Scope
from flows.engine.sessions import regroup
from flows.engine.ties import count_ties, find_ties

NOBODY = np.zeros(0, np.uint8)
NOBODY.flags.writeable = False


class Histories(NamedTuple):
    """Some people's histories as a kernel takes them.

    times : int64[events]; codes : int32[events]; starts : int64[people + 1], places in both; skip : uint8[people] or
    uint8[0], 1 for people who are counted elsewhere; table : int32[codes]; keys : uint64[people]; ties : int64[n], as
    :func:`flows.engine.ties.find_ties` gives them.
    """

    times: IntArray
    codes: CodeArray
    starts: IntArray
    skip: NDArray[np.uint8]
    table: CodeArray
    keys: KeyArray
    ties: IntArray

    @property
    def columns(self) -> tuple[IntArray, CodeArray, IntArray, NDArray[np.uint8], CodeArray]:
        """All but keys and ties."""
        return self[:5]

    def count_ties(self, within: tuple[int, int] | None) -> int:
        """Ties of these people, in ``[since, until)`` if that is given."""
        return count_ties(self.ties, self.times, self.starts, self.skip, within)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a question is asked of.

    Attributes
    ----------
    segments : sequence of SegmentArrays
        The segments that overlap the range, in order of arrival: equal times of one person keep this order.
    data_from, data_through : int or None
        Times (µs UTC) of the oldest and newest event of the whole dataset; None if it has no events.
    catalogue : collection of str
        Labels, and event names for ``people``, that the dataset knows besides those of the given segments.
    properties : collection of str
        Properties that the dataset knows besides those of the given segments.
    relabel : callable, optional
        What the rules of the question make of names: names → mapping; a name not in it is its own label. The events
        that options of the question name, save those of conditions, are such labels.
    cohorts : mapping
        Id → actor keys (uint64, ascending) of the cohorts that the question names.
    """

    segments: Sequence[SegmentArrays]
    data_from: int | None
    data_through: int | None
    catalogue: Collection[str] = ()
    properties: Collection[str] = ()
    relabel: Relabel | None = None
    cohorts: Mapping[int, KeyArray] = field(default_factory=dict)


class Conditions(NamedTuple):
    """What a question asks of events and of people, made ready for some segments."""

    marks: PropertyMarks | None
    people: PeopleFilter | None


def conditions_on(
    given: Given,
    where: Sequence[PropertyFilter],
    people: Sequence[PeopleCondition],
    anchors: Sequence[Group] = (),
) -> Conditions:
    """In marks, first comes the bit of ``where``, then those of conditions on anchors, then those on people.

    Raises
    ------
    QueryError
        If a condition names an event, a property or a cohort that is nowhere in the dataset.
    """
    groups = [Group("where", where), *anchors]
    chosen = PeopleFilter(people, given.segments, given.catalogue, given.cohorts, len(groups)) if people else None
    groups += [Group(each.kind, each.where) for each in (chosen.events if chosen else ())]
    if not any(group.filters for group in groups):
        return Conditions(None, chosen)
    return Conditions(PropertyMarks(groups, given.segments, given.catalogue, given.properties), chosen)


@dataclass(slots=True)
class Reading:
    """The histories of a key range, and what is counted otherwise than by walking them.

    ties : those of whole people, also where sessions are histories; eligible : units with an event that was not
    removed, None where the walk counts them.
    """

    histories: list[Histories]
    ties: int
    eligible: int | None = None


class Reader:
    """Gives the histories of some segments.

    Parameters
    ----------
    segments : sequence of SegmentArrays
        In order of arrival.
    recode : sequence of int32[codes of the segment]
        Per segment: local code → label code.
    table : int32[labels]
        Label code → what the walk needs to know of the event.
    scope : Scope
    conditions : Conditions
    crew : Crew
        Whose threads read.
    lens : Lens, optional
        Derives the codes, with a table of its own.
    by_id : bool
        Whether sessions go by their ids and become histories of their own; needs a lens.
    """

    def __init__(
        self,
        segments: Sequence[SegmentArrays],
        recode: Sequence[CodeArray],
        table: CodeArray,
        scope: Scope,
        conditions: Conditions,
        crew: Crew,
        *,
        lens: Lens | None = None,
        by_id: bool = False,
    ) -> None:
        self._segments = segments
        self._scope = scope
        self._lens = lens
        self._marks, self._people = conditions
        self._by_id = by_id
        self._crew = crew
        self._table = read_only(lens.table if lens else table)
        self._recode = [np.arange(len(self._table), dtype=np.int32)] * len(segments) if lens else recode
        self._tables = [self._table if lens else read_only(table[codes]) for codes in recode]

    def read(self, part: KeyRange) -> Reading:
        """The histories of a key range; they are good until the same thread reads the next one."""
        marks = self._marks_of(part)
        left_out = self._people.left_out(part, self._scope, marks) if self._people else None
        segments = list(self._segments)
        if self._lens is not None:
            segments = self._seen(self._lens, part, marks)
            part = KeyRange(tuple((0, segment.people) for segment in segments))
        if self._by_id:
            reading = self._read_sessions(segments, part, left_out)
        else:
            histories = self._put_together(segments, self._recode, part, left_out)
            reading = Reading(histories, self._count_ties(histories))
        if self._lens is not None and self._marks is not None and self._marks.removes:
            scope = self._scope._replace(sessions=self._scope.sessions and not self._by_id)
            found = [count_seen(*each.columns[:4], self._lens.removed, scope) for each in reading.histories]
            reading.eligible = sum(found)
        return reading

    def _marks_of(self, part: KeyRange) -> list[Marks | None]:
        if self._marks is None:
            return [None] * len(self._segments)
        found: list[Marks | None] = []
        for place, (low, marks) in enumerate(self._spans(part, "marks", np.uint32)):
            self._marks.put(place, low, marks)
            found.append(marks)
        return found

    def _seen(self, lens: Lens, part: KeyRange, marks: Sequence[Marks | None]) -> list[SegmentArrays]:
        """The people of a key range through the lens, a segment each."""
        found = []
        for place, (low, codes) in enumerate(self._spans(part, "codes", np.int32)):
            segment, (first, stop) = self._segments[place], part.people[place]
            lens.put(place, segment, low, marks[place], codes)
            events = slice(low, low + len(codes))
            tied = slice(*np.searchsorted(segment.ties, (events.start, events.stop)))
            found.append(
                SegmentArrays(
                    segment.keys[first:stop],
                    segment.starts[first : stop + 1] - low,
                    segment.times[events],
                    codes,
                    segment.names,
                    segment.ties[tied] - low,
                    segment.sessions[events],
                )
            )
        return found

    def _spans(self, part: KeyRange, name: str, kind: type[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Per segment: the first event of a key range, and room for one thing of each."""
        bounds = [
            s.starts[[first, stop]].tolist() for s, (first, stop) in zip(self._segments, part.people, strict=True)
        ]
        room = self._crew.mine(name, sum(high - low for low, high in bounds), kind)
        at = 0
        for low, high in bounds:
            yield low, room[at : at + high - low]
            at += high - low

    def _put_together(
        self,
        segments: Sequence[SegmentArrays],
        recode: Sequence[CodeArray],
        part: KeyRange,
        left_out: Sequence[Mask] | None,
    ) -> list[Histories]:
        present = [place for place, (first, stop) in enumerate(part.people) if first < stop]
        merged = merge_shared(segments, recode, part, self._crew) if len(present) > 1 else None
        found = []
        for place in present:
            segment, (first, stop) = segments[place], part.people[place]
            skip = NOBODY if left_out is None else left_out[place]
            if merged is not None:
                skip = merged.shared[place] | skip if left_out else merged.shared[place]
            starts, keys = segment.starts[first : stop + 1], segment.keys[first:stop]
            found.append(
                Histories(
                    segment.times, segment.codes, starts, read_only(skip), self._tables[place], keys, segment.ties
                )
            )
        if merged is not None:
            gone = NOBODY if left_out is None else _left_out_of(merged.keys, segments, part, left_out)
            found.append(_histories(merged.times, merged.codes, merged.starts, gone, self._table, merged.keys))
        return found

    def _read_sessions(
        self, segments: Sequence[SegmentArrays], part: KeyRange, left_out: Sequence[Mask] | None
    ) -> Reading:
        """People are put together by the numbers of their events, sessions by what stands there."""
        codes = np.concatenate([segment.codes for segment in segments])
        sessions = np.concatenate(
            [each.sessions if len(each.sessions) else np.zeros(each.events, np.uint64) for each in segments]
        )
        rows = np.arange(len(codes), dtype=np.int32)
        offsets = np.cumsum([0, *(segment.events for segment in segments)])
        numbered = [replace(s, codes=rows[low : low + s.events]) for s, low in zip(segments, offsets, strict=False)]
        people = self._put_together(numbered, [rows] * len(segments), part, left_out)
        reading = Reading([], self._count_ties(people))
        for each in people:
            times, codes_of, starts, keys = regroup(*each.columns[:4], each.keys, codes, sessions, self._scope)
            reading.histories.append(_histories(times, codes_of, starts, NOBODY, self._table, keys))
        return reading

    def _count_ties(self, histories: Sequence[Histories]) -> int:
        within = (self._scope.since, self._scope.until) if self._scope.bounded else None
        return sum(each.count_ties(within) for each in histories)


def _histories(
    times: IntArray, codes: CodeArray, starts: IntArray, skip: Mask, table: CodeArray, keys: KeyArray
) -> Histories:
    ties = find_ties(times, starts)
    return Histories(read_only(times), read_only(codes), read_only(starts), read_only(skip), table, keys, ties)


def _left_out_of(keys: KeyArray, segments: Sequence[SegmentArrays], part: KeyRange, left_out: Sequence[Mask]) -> Mask:
    """uint8[keys]: 1 for those who are left out."""
    spans = zip(segments, part.people, left_out, strict=True)
    gone = np.concatenate([segment.keys[first:stop][mask == 1] for segment, (first, stop), mask in spans])
    return np.isin(keys, gone).view(np.uint8)
