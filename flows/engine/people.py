"""Who is looked at: conditions on people, as one mask for each segment of a key range."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import KeyArray, SegmentArrays
from flows.engine.conditions import DID, DID_NOT, IN_COHORT, NOT_IN_COHORT, PeopleCondition
from flows.engine.errors import QueryError, quoted
from flows.engine.jit import kernel
from flows.engine.kernels import first_at_or_after
from flows.engine.log import U
from flows.engine.marks import Marks
from flows.engine.plan import KeyRange, Scope

Array = Any
NO_MARKS: Marks = np.zeros(0, np.uint32)
Mask = NDArray[np.uint8]


@kernel
def _count_events(
    times: Array, codes: Array, starts: Array, wanted: Array, marks: Array, shift: Array, scope: Array, counts: Array
) -> None:
    """Count the events in range that conditions speak of.

    wanted : uint32[codes], bit c for condition c; marks : uint32[events of these people] or none, bit ``shift`` + c for
    events that do not meet its filters; counts : int64[people, conditions], added up.
    """
    conditions = counts.shape[1]
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        if scope.bounded:
            low = first_at_or_after(times, low, high, scope.since)
            high = first_at_or_after(times, low, high, scope.until)
        for i in range(low, high):
            bits = wanted[U(codes[U(i)])]
            if bits and marks.size:
                bits &= ~(marks[U(i - starts[0])] >> np.uint32(shift))
            if bits:
                for condition in range(conditions):
                    counts[U(person), U(condition)] += (bits >> np.uint32(condition)) & np.uint32(1)


class PeopleFilter:
    """Conditions, made ready for some segments.

    Parameters
    ----------
    conditions : sequence of PeopleCondition
        All must hold.
    segments : sequence of SegmentArrays
    catalogue : collection of str
        Events the dataset knows besides those of the segments.
    cohorts : mapping
        Id → uint64[people], ascending.
    shift : int
        Which bit of the marks of events is that of the first condition on events.

    Attributes
    ----------
    events : list of PeopleCondition
        Those on events; the place of one is that of its mark.

    Raises
    ------
    QueryError
        If a condition names an event or a cohort that is nowhere.
    ValueError
        If a cohort is not ascending.
    """

    def __init__(
        self,
        conditions: Sequence[PeopleCondition],
        segments: Sequence[SegmentArrays],
        catalogue: Collection[str],
        cohorts: Mapping[int, KeyArray],
        shift: int = 0,
    ) -> None:
        self._shift = shift
        self._segments = segments
        self._cohorts: list[tuple[KeyArray, bool]] = []
        for each in conditions:
            if each.kind in (IN_COHORT, NOT_IN_COHORT):
                if each.cohort not in cohorts:
                    raise QueryError(each.kind, f"{each.kind}: there is no cohort {each.cohort}.")
                keys = cohorts[each.cohort]
                if keys.dtype != np.uint64 or np.any(keys[1:] <= keys[:-1]):
                    raise ValueError("a cohort must be uint64, ascending, each key once")
                self._cohorts.append((keys, each.kind == IN_COHORT))
        self.events = [each for each in conditions if each.kind in (DID, DID_NOT)]
        self._wanted = self._bits(catalogue) if self.events else []
        self._least = np.array([each.at_least if each.kind == DID else 0 for each in self.events], np.int64)
        self._most = np.array([each.at_most if each.kind == DID else 0 for each in self.events], np.int64)

    def left_out(self, part: KeyRange, scope: Scope, marks: Sequence[Marks | None]) -> list[Mask]:
        """Per segment uint8[its people in the range]: 1 for those who do not meet the conditions.

        ``marks`` are those of the events of these people, per segment.
        """
        keys = [s.keys[first:stop] for s, (first, stop) in zip(self._segments, part.people, strict=True)]
        masks: list[Mask] = [np.zeros(len(each), np.uint8) for each in keys]
        for cohort, inside in self._cohorts:
            for mask, each in zip(masks, keys, strict=True):
                mask |= _contains(cohort, each) != inside
        if self.events:
            for mask, counts in zip(masks, self._counts(part, scope, marks, keys), strict=True):
                mask |= ((counts < self._least) | (counts > self._most)).any(axis=1)
        return masks

    def _counts(
        self, part: KeyRange, scope: Scope, marks: Sequence[Marks | None], keys: Sequence[KeyArray]
    ) -> list[NDArray[np.int64]]:
        """Per segment int64[people, conditions]: events of each of its people, in whatever segments they stand."""
        counts = []
        for segment, wanted, failed, (first, stop) in zip(
            self._segments, self._wanted, marks, part.people, strict=True
        ):
            found = np.zeros((stop - first, len(self.events)), np.int64)
            starts = segment.starts[first : stop + 1]
            failed = NO_MARKS if failed is None else failed
            _count_events(segment.times, segment.codes, starts, wanted, failed, self._shift, scope, found)
            counts.append(found)
        if sum(len(each) > 0 for each in keys) < 2:
            return counts
        _, person = np.unique(np.concatenate(keys), return_inverse=True)
        together = np.concatenate(counts)
        for condition in range(len(self.events)):
            sums = np.bincount(person, together[:, condition])  # exact: far below 2^53
            together[:, condition] = sums[person]
        return np.split(together, np.cumsum([len(each) for each in keys])[:-1])

    def _bits(self, catalogue: Collection[str]) -> list[NDArray[np.uint32]]:
        found: dict[int, NDArray[np.uint32]] = {}
        known: set[str] = set()
        bits_of: dict[str, int] = {}
        for condition, each in enumerate(self.events):
            bits_of[each.event] = bits_of.get(each.event, 0) | 1 << condition
        for segment in self._segments:
            if id(segment.names) not in found:
                bits = np.zeros(len(segment.names), np.uint32)
                for code, name in enumerate(segment.names):
                    if name in bits_of:
                        bits[code] = bits_of[name]
                        known.add(name)
                bits.flags.writeable = False
                found[id(segment.names)] = bits
        for each in self.events:
            if each.event not in known and each.event not in catalogue:
                sentence = f"{each.kind}: there is no event {quoted(each.event)} in this dataset."
                raise QueryError(each.kind, sentence)
        return [found[id(segment.names)] for segment in self._segments]


def _contains(cohort: KeyArray, keys: KeyArray) -> NDArray[np.bool_]:
    if not len(cohort):
        return np.zeros(len(keys), bool)
    place = np.minimum(np.searchsorted(cohort, keys), len(cohort) - 1)
    inside: NDArray[np.bool_] = cohort[place] == keys
    return inside
