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
from flows.engine.kernels import Rules, U, first_at_or_after
from flows.engine.plan import KeyRange

Array = Any
Mask = NDArray[np.uint8]


@kernel
def _count_events(
    times: Array, codes: Array, starts: Array, wanted: Array, bounded: Array, since: Array, until: Array, counts: Array
) -> None:
    """Count the events in range that conditions speak of.

    wanted : uint32[codes], bit c for condition c; counts : int64[people, conditions], added up.
    """
    conditions = counts.shape[1]
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        if bounded:
            low = first_at_or_after(times, low, high, since)
            high = first_at_or_after(times, low, high, until)
        for i in range(low, high):
            bits = wanted[U(codes[U(i)])]
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
    ) -> None:
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
        self._events = [each for each in conditions if each.kind in (DID, DID_NOT)]
        self._wanted = self._bits(catalogue) if self._events else []
        self._least = np.array([each.at_least if each.kind == DID else 0 for each in self._events], np.int64)
        self._most = np.array([np.iinfo(np.int64).max if each.kind == DID else 0 for each in self._events], np.int64)

    def left_out(self, part: KeyRange, rules: Rules) -> list[Mask]:
        """Per segment uint8[its people in the range]: 1 for those who do not meet the conditions."""
        keys = [s.keys[first:stop] for s, (first, stop) in zip(self._segments, part.people, strict=True)]
        masks: list[Mask] = [np.zeros(len(each), np.uint8) for each in keys]
        for cohort, inside in self._cohorts:
            for mask, each in zip(masks, keys, strict=True):
                mask |= _contains(cohort, each) != inside
        if self._events:
            for mask, counts in zip(masks, self._counts(part, rules, keys), strict=True):
                mask |= ((counts < self._least) | (counts > self._most)).any(axis=1)
        return masks

    def _counts(self, part: KeyRange, rules: Rules, keys: Sequence[KeyArray]) -> list[NDArray[np.int64]]:
        """Per segment int64[people, conditions]: events of each of its people, in whatever segments they stand."""
        counts = []
        for segment, wanted, (first, stop) in zip(self._segments, self._wanted, part.people, strict=True):
            found = np.zeros((stop - first, len(self._events)), np.int64)
            starts = segment.starts[first : stop + 1]
            _count_events(segment.times, segment.codes, starts, wanted, rules.bounded, rules.since, rules.until, found)
            counts.append(found)
        if sum(len(each) > 0 for each in keys) < 2:
            return counts
        _, person = np.unique(np.concatenate(keys), return_inverse=True)
        together = np.concatenate(counts)
        for condition in range(len(self._events)):
            sums = np.bincount(person, together[:, condition])  # exact: far below 2^53
            together[:, condition] = sums[person]
        return np.split(together, np.cumsum([len(each) for each in keys])[:-1])

    def _bits(self, catalogue: Collection[str]) -> list[NDArray[np.uint32]]:
        found: dict[int, NDArray[np.uint32]] = {}
        known: set[str] = set()
        bits_of: dict[str, int] = {}
        for condition, each in enumerate(self._events):
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
        for each in self._events:
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
