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
def _find_shared(keys: Array, order: Array, lengths: Array, target: Array, out_keys: Array, out_starts: Array) -> Array:
    """Give each entry of a person with several entries its place in the merged events, others −1; keys and starts of
    these people; returns how many they are."""
    people = 0
    at = np.int64(0)
    i = 0
    while i < order.size:
        entry = order[U(i)]
        stop = i + 1
        while stop < order.size and keys[U(order[U(stop)])] == keys[U(entry)]:
            stop += 1
        if stop == i + 1:
            target[U(entry)] = -1
        else:
            out_keys[U(people)] = keys[U(entry)]
            out_starts[U(people)] = at
            people += 1
            for k in range(i, stop):
                target[U(order[U(k)])] = at
                at += lengths[U(order[U(k)])]
        i = stop
    out_starts[U(people)] = at
    return people


@kernel
def _copy(
    times: Array,
    codes: Array,
    starts: Array,
    target: Array,
    recode: Array,
    out_times: Array,
    out_codes: Array,
    shared: Array,
) -> None:
    """Copy the histories that have a target."""
    for person in range(target.size):
        at = target[U(person)]
        shared[U(person)] = at >= 0
        if at >= 0:
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
    spans = [s.starts[first : stop + 1] for s, (first, stop) in zip(segments, part.people, strict=True)]
    keys = np.concatenate([s.keys[first:stop] for s, (first, stop) in zip(segments, part.people, strict=True)])
    lengths = np.concatenate([np.diff(span) for span in spans])
    target = np.empty(len(keys), np.int64)
    merged_keys, starts = np.empty(len(keys) // 2, np.uint64), np.empty(len(keys) // 2 + 1, np.int64)
    people = _find_shared(keys, np.argsort(keys, kind="stable"), lengths, target, merged_keys, starts)
    starts = starts[: people + 1]
    times, codes = np.empty(starts[-1], np.int64), np.empty(starts[-1], np.int32)
    shared = []
    for segment, codes_of, span in zip(segments, recode, spans, strict=True):
        here, target = target[: len(span) - 1], target[len(span) - 1 :]
        shared.append(np.empty(len(here), np.uint8))
        _copy(segment.times, segment.codes, span, here, codes_of, times, codes, shared[-1])
    longest = int(np.diff(starts).max(initial=0))
    _sort_histories(times, codes, starts, np.empty(longest, np.int64), np.empty(longest, np.int32))
    return Merged(starts, times, codes, shared, merged_keys[:people])
