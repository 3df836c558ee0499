"""People whose events lie in several segments: their histories, put together in order of (time, arrival)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import CodeArray, IntArray, SegmentArrays
from flows.engine.jit import kernel
from flows.engine.plan import KeyRange

Array = Any


class Merged(NamedTuple):
    """Histories of the people of one key range that stand in more than one segment.

    starts : int64[people + 1]; times : int64[events]; codes : int32[events], label codes;
    shared : per segment uint8[its people in the range], 1 for those who were merged.
    """

    starts: IntArray
    times: IntArray
    codes: CodeArray
    shared: list[NDArray[np.uint8]]


@kernel
def _copy(
    times: Array,
    codes: Array,
    starts: Array,
    people: Array,
    recode: Array,
    to: Array,
    out_times: Array,
    out_codes: Array,
) -> None:
    for k in range(people.size):
        at = to[k]
        for i in range(starts[people[k]], starts[people[k] + 1]):
            out_times[at] = times[i]
            out_codes[at] = recode[codes[i]]
            at += 1


@kernel
def _merge_runs(times: Array, codes: Array, low: Array, high: Array, spare_times: Array, spare_codes: Array) -> None:
    """Sort one history by time, stably: neighbouring ascending runs are merged until one is left."""
    while True:
        left = low
        runs = 0
        while left < high:
            middle = left + 1
            while middle < high and times[middle - 1] <= times[middle]:
                middle += 1
            right = middle
            if middle < high:
                right = middle + 1
                while right < high and times[right - 1] <= times[right]:
                    right += 1
                n = middle - left
                spare_times[:n] = times[left:middle]
                spare_codes[:n] = codes[left:middle]
                i, j, at = 0, middle, left
                while i < n:
                    if j < right and times[j] < spare_times[i]:
                        times[at] = times[j]
                        codes[at] = codes[j]
                        j += 1
                    else:
                        times[at] = spare_times[i]
                        codes[at] = spare_codes[i]
                        i += 1
                    at += 1
            runs += 1
            left = right
        if runs <= 1:
            return


@kernel
def _sort_histories(times: Array, codes: Array, starts: Array, spare_times: Array, spare_codes: Array) -> None:
    for person in range(starts.size - 1):
        _merge_runs(times, codes, starts[person], starts[person + 1], spare_times, spare_codes)


def merge_shared(segments: Sequence[SegmentArrays], recode: Sequence[CodeArray], part: KeyRange) -> Merged:
    """Put together the histories of everybody who stands in more than one segment.

    Parameters
    ----------
    segments : sequence of SegmentArrays
        In order of arrival; equal times keep this order.
    recode : sequence of int32[codes]
        Per segment: local code → label code.
    part : KeyRange

    Returns
    -------
    Merged

    Notes
    -----
    Histories that follow each other in time, the common case, are copied and found in order; others are merged in
    O(n log segments).
    """
    sizes = [stop - first for first, stop in part.people]
    keys = np.concatenate([s.keys[first:stop] for s, (first, stop) in zip(segments, part.people, strict=True)])
    lengths = np.concatenate(
        [np.diff(s.starts[first : stop + 1]) for s, (first, stop) in zip(segments, part.people, strict=True)]
    )
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    same = ordered[1:] == ordered[:-1]
    again = np.concatenate(([False], same))
    pick = again | np.concatenate((same, [False]))
    entries, begins = order[pick], ~again[pick]
    ends_at = np.cumsum(lengths[entries])
    to = ends_at - lengths[entries]
    starts = np.append(to[begins], ends_at[-1:] if len(ends_at) else [0]).astype(np.int64)
    times, codes = np.empty(starts[-1], np.int64), np.empty(starts[-1], np.int32)
    target = np.full(len(keys), -1, np.int64)
    target[entries] = to
    shared = []
    offset = 0
    for segment, codes_of, (first, _), size in zip(segments, recode, part.people, sizes, strict=True):
        wanted = target[offset : offset + size]
        mask = wanted >= 0
        people = np.flatnonzero(mask) + first
        _copy(segment.times, segment.codes, segment.starts, people, codes_of, wanted[mask], times, codes)
        shared.append(mask.view(np.uint8))
        offset += size
    longest = int(np.diff(starts).max(initial=0))
    _sort_histories(times, codes, starts, np.empty(longest, np.int64), np.empty(longest, np.int32))
    return Merged(starts, times, codes, shared)
