"""People whose events lie in several segments: their histories, put together in order of (time, arrival)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import CodeArray, IntArray, KeyArray, SegmentArrays
from flows.engine.jit import inlined, kernel
from flows.engine.kernels import U
from flows.engine.plan import KeyRange

Array = Any


class Merged(NamedTuple):
    """Histories of the people of one key range that stand in more than one segment.

    starts : int64[people + 1]; times : int64[events]; codes : int32[events], label codes;
    shared : per segment uint8[its people in the range], 1 for those who were merged; keys : uint64[people].
    """

    starts: IntArray
    times: IntArray
    codes: CodeArray
    shared: list[NDArray[np.uint8]]
    keys: KeyArray


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
        person, at = people[U(k)], to[U(k)]
        for i in range(starts[U(person)], starts[U(person + 1)]):
            out_times[U(at)] = times[U(i)]
            out_codes[U(at)] = recode[U(codes[U(i)])]
            at += 1


@inlined
def _run_end(times: Array, left: Array, high: Array) -> Array:
    end = left + 1
    while end < high and times[U(end - 1)] <= times[U(end)]:
        end += 1
    return end


@inlined
def _merge_two(
    times: Array, codes: Array, left: Array, middle: Array, right: Array, spare_times: Array, spare_codes: Array
) -> None:
    """Merge two neighbouring ascending runs in place; of equal times the left one comes first."""
    n = middle - left
    for i in range(n):
        spare_times[U(i)] = times[U(left + i)]
        spare_codes[U(i)] = codes[U(left + i)]
    i = 0
    at = left
    while i < n:
        if middle < right and times[U(middle)] < spare_times[U(i)]:
            times[U(at)] = times[U(middle)]
            codes[U(at)] = codes[U(middle)]
            middle += 1
        else:
            times[U(at)] = spare_times[U(i)]
            codes[U(at)] = spare_codes[U(i)]
            i += 1
        at += 1


@kernel
def _sort_histories(times: Array, codes: Array, starts: Array, spare_times: Array, spare_codes: Array) -> None:
    """Sort each history by time, stably: neighbouring ascending runs are merged until one is left."""
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        runs = 2
        while runs > 1:
            left = low
            runs = 0
            while left < high:
                right = _run_end(times, left, high)
                if right < high:
                    middle = right
                    right = _run_end(times, middle, high)
                    _merge_two(times, codes, left, middle, right, spare_times, spare_codes)
                runs += 1
                left = right


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
    return Merged(starts, times, codes, shared, keys[entries[begins]])
