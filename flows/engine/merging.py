"""People whose events lie in several segments: their histories, put together in order of (time, arrival)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import CodeArray, IntArray, KeyArray, SegmentArrays
from flows.engine.crew import Crew
from flows.engine.jit import LINE, addresses, inlined, kernel, peek_int32, peek_int64, peek_uint64, prefetch_address
from flows.engine.log import U
from flows.engine.plan import KeyRange

Array = Any

AHEAD = 32  # events of a segment between those that are copied and those that are fetched: it is read in small bites


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


@inlined
def _append(
    times: Array,
    codes: Array,
    begin: Array,
    at: Array,
    more_times: Array,
    more_codes: Array,
    recode: Array,
    low: Array,
    high: Array,
) -> Array:
    """Merge events ``low … high − 1`` of a segment into those from ``begin`` on, from the back: of equal times the
    earlier arrivals stay in front, and where one history follows the other nothing moves. Returns the new end."""
    end = at + high - low
    if at == begin or times[U(at - 1)] <= peek_int64(more_times, low):
        for i in range(high - low):
            times[U(at + i)] = peek_int64(more_times, low + i)
            codes[U(at + i)] = peek_int32(recode, np.int64(peek_int32(more_codes, low + i)))
        return end
    place = end
    last = at - 1
    while high > low:
        time = peek_int64(more_times, high - 1)
        place -= 1
        if last >= begin and times[U(last)] > time:
            times[U(place)] = times[U(last)]
            codes[U(place)] = codes[U(last)]
            last -= 1
        else:
            high -= 1
            times[U(place)] = time
            codes[U(place)] = peek_int32(recode, np.int64(peek_int32(more_codes, high)))
    return end


@kernel
def _merge(
    keys_of: Array,
    starts_of: Array,
    times_of: Array,
    codes_of: Array,
    recode_of: Array,
    person: Array,
    stop: Array,
    offset: Array,
    left: Array,
    heads: Array,
    here: Array,
    shared: Array,
    keys: Array,
    starts: Array,
    times: Array,
    codes: Array,
) -> Array:
    """Put the histories of people together who stand in several segments; returns how many people these are.

    Parameters
    ----------
    keys_of, starts_of, times_of, codes_of, recode_of : int64[segments]
        Addresses of the columns of each segment.
    person, stop : int64[segments]
        The next person of each segment, and the one behind the last.
    offset : int64[segments]
        Where the people of each segment begin in ``shared``, less the first person.
    left : int64[segments]
        The segments that have people left, in order.
    heads, here : uint64[segments], int64[segments]
        Room: the next key of each segment that is left, and those of them that have the least.
    shared … codes
        As in :class:`Merged`.
    """
    people = 0
    at = np.int64(0)
    n = left.size
    for place in range(n):
        heads[U(place)] = peek_uint64(keys_of[U(left[U(place)])], person[U(left[U(place)])])
    while n > 1:
        key = heads[U(0)]
        here[U(0)] = 0
        several = 1
        for place in range(1, n):
            head = heads[U(place)]
            several = 0 if head < key else several
            key = min(key, head)
            here[U(several)] = place
            several += head == key
        begin = at
        gone = 0
        for k in range(several):
            place = here[U(k)]
            segment = left[U(place)]
            who = person[U(segment)]
            if several > 1:
                shared[U(offset[U(segment)] + who)] = 1
                low, high = peek_int64(starts_of[U(segment)], who), peek_int64(starts_of[U(segment)], who + 1)
                at = _append(
                    times,
                    codes,
                    begin,
                    at,
                    times_of[U(segment)],
                    codes_of[U(segment)],
                    recode_of[U(segment)],
                    low,
                    high,
                )
                prefetch_address(times_of[U(segment)] + 8 * (high + AHEAD))
                prefetch_address(times_of[U(segment)] + 8 * (high + AHEAD) + LINE)
                prefetch_address(codes_of[U(segment)] + 4 * (high + AHEAD))
            person[U(segment)] = who + 1
            if who + 1 < stop[U(segment)]:
                heads[U(place)] = peek_uint64(keys_of[U(segment)], who + 1)
            else:
                left[U(place)] = -1
                gone += 1
        if several > 1:
            keys[U(people)] = key
            starts[U(people)] = begin
            people += 1
        if gone:
            kept = 0
            for place in range(n):
                left[U(kept)] = left[U(place)]
                heads[U(kept)] = heads[U(place)]
                kept += left[U(place)] >= 0
            n = kept
    starts[U(people)] = at
    return people


def merge_shared(segments: Sequence[SegmentArrays], recode: Sequence[CodeArray], part: KeyRange, crew: Crew) -> Merged:
    """Put together the histories of everybody who stands in more than one segment.

    Parameters
    ----------
    segments : sequence of SegmentArrays
        In order of arrival; equal times keep this order.
    recode : sequence of int32[codes]
        Per segment: local code → label code.
    part : KeyRange
    crew : Crew

    Returns
    -------
    Merged
        Good until the same thread merges again.

    Notes
    -----
    O(events) where histories follow each other in time, the common case, and where a few events arrive late; at worst
    O(events · segments).
    """
    first, stop = np.array(part.people, np.int64).T.copy()
    entries = np.concatenate(([0], np.cumsum(stop - first)))
    events = sum(int(s.starts[b] - s.starts[a]) for s, (a, b) in zip(segments, part.people, strict=True))
    shared, people = np.zeros(entries[-1], np.uint8), int(entries[-1]) // 2
    merged = (
        crew.mine("merged_keys", people, np.uint64),
        crew.mine("merged_starts", people + 1, np.int64),
        crew.mine("merged_times", events, np.int64),
        crew.mine("merged_codes", events, np.int32),
    )
    keys_of, starts_of, times_of, codes_of = (
        addresses([getattr(segment, name) for segment in segments]) for name in ("keys", "starts", "times", "codes")
    )
    count = _merge(
        keys_of,
        starts_of,
        times_of,
        codes_of,
        addresses(recode),
        first.copy(),
        stop,
        entries[:-1] - first,
        np.flatnonzero(first < stop),
        np.empty(len(segments), np.uint64),
        np.empty(len(segments), np.int64),
        shared,
        *merged,
    )
    keys, starts, times, codes = merged
    end = starts[count]
    return Merged(starts[: count + 1], times[:end], codes[:end], np.split(shared, entries[1:-1]), keys[:count])
