"""Any number of an analysis is a set: exactly the people behind it, when each came into it, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flows.engine.arrays import IntArray, KeyArray, SegmentArrays

# Keys, moments and counts of people; of one person there may be several.
Part = tuple[KeyArray, IntArray, IntArray]
# Events of a person in the order of time: name and time in µs.
Story = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class PeopleSet:
    """The people behind a number.

    Attributes
    ----------
    total : int
        The number itself: people, or what they have several of, such as events.
    keys : uint64[people]
        Ascending, each once.
    moments : int64[people]
        When each came into the set, µs UTC; of several times the newest.
    counts : int64[people]
        How many of what is counted are theirs; together they are ``total``.
    """

    total: int
    keys: KeyArray
    moments: IntArray
    counts: IntArray

    @classmethod
    def of(cls, parts: Sequence[Part]) -> PeopleSet:
        """Put parts together.

        Examples
        --------
        >>> part = np.array([7, 3, 7], np.uint64), np.array([1, 5, 9]), np.array([1, 1, 2])
        >>> found = PeopleSet.of([part])
        >>> found.total, found.keys.tolist(), found.moments.tolist(), found.counts.tolist()
        (4, [3, 7], [5, 9], [1, 3])
        """
        if not parts:
            nothing = np.zeros(0, np.int64)
            return cls(0, np.zeros(0, np.uint64), nothing, nothing)
        keys, moments, counts = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        order = np.lexsort((moments, keys))
        keys, firsts = np.unique(keys[order], return_index=True)
        lasts = np.append(firsts[1:], len(order))[: len(firsts)] - 1
        added = np.add.reduceat(counts[order], firsts) if len(firsts) else counts
        return cls(int(counts.sum()), keys, moments[order][lasts], added)

    def newest(self, offset: int, limit: int) -> IntArray:
        """Places of a page of people, int64[≤ limit]: the newest moment first, ties by key."""
        wanted, rows = offset + limit, np.arange(len(self.keys))
        if len(rows) > wanted > 0:
            least = np.partition(self.moments, len(rows) - wanted)[len(rows) - wanted]
            rows = np.flatnonzero(self.moments >= least)
        order = np.lexsort((self.keys[rows], -self.moments[rows]))
        page: IntArray = rows[order][offset:wanted]
        return page


def stories(
    segments: Sequence[SegmentArrays], keys: KeyArray, moments: IntArray, *, until: int, most: int
) -> list[Story]:
    """What each of some people did from a moment on, whatever a question leaves out.

    Parameters
    ----------
    segments : sequence of SegmentArrays
        In order of arrival: equal times of one person keep this order.
    keys : uint64[people]
    moments : int64[people]
        µs UTC.
    until : int
        Nothing from here on (µs).
    most : int
        Events told of each.

    Examples
    --------
    >>> segments = [segment_from_rows([(1, "a", 0), (1, "c", 9)]), segment_from_rows([(1, "b", 5)])]
    >>> stories(segments, np.array([1], np.uint64), np.array([1]), until=100, most=9)
    [[('b', 5), ('c', 9)]]
    """
    found: list[Story] = []
    for key, moment in zip(keys, moments.tolist(), strict=True):
        events: Story = []
        for segment in segments:
            place = int(np.searchsorted(segment.keys, key))
            if place == len(segment.keys) or segment.keys[place] != key:
                continue
            low, high = segment.starts[place : place + 2].tolist()
            first, stop = low + np.searchsorted(segment.times[low:high], (moment, until))
            here = slice(first, min(stop, first + most))
            names = (segment.names[code] for code in segment.codes[here].tolist())
            events += zip(names, segment.times[here].tolist(), strict=True)
        found.append(sorted(events, key=lambda event: event[1])[:most])
    return found
