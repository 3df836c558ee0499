"""From histories to paths: session, collapse, anchor, window and depth, for one range of people.

Values are those of :mod:`flows.engine.labels`: 0 is hidden, otherwise ``label << 4 | flags``. Paths are written one
behind the other into a *log* (:class:`PathLog` says how). Three kernels write the same log. The two here read the
columns in place and stop at the end of a path: for paths read forwards from one anchor, which is nearly every question.
The one of :mod:`flows.engine.items` takes any question.

Indices are cast to unsigned (``U``), because a signed index costs a test for negative ones at every access; arrays
are passed one by one, because a tuple of arrays is copied at every call.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from flows.engine.jit import inlined, kernel, prefetch
from flows.engine.labels import ANCHOR, EXCLUDED, LABEL_SHIFT

USERS, SESSIONS, JOURNEYS = 0, 1, 2
CONVERTED, CUT, DROPPED, OPEN = 0, 1, 2, 3
STATES = ("converted", "cut", "dropped", "open")

LENGTH_MASK = 31  # of the head of a path: its length in the low bits,
END_SHIFT = 5  # then how it ended,
STATE_MASK = 3
REACHED_SHIFT = 7  # and whether it reached an end anchor, also behind the last step
GAP_MASK = 4095  # of an item: the bucket of the time since the item before in the low bits,
REPEATS_SHIFT = 12  # then its repeats,
MANY_REPEATS = 15  # (this and more stands in the list of many repeats)
CODE_SHIFT = 16  # and its label code
MOST_BUCKETS = 3712
MANY_SHARE = MANY_REPEATS + 1  # at most one entry of that list for so many events
EXACT_GAP = 64  # times between items below this many µs have a bucket each
GAP_BASE = (1023 + 5) << 6

ITEMS, MANY, ROWS, CYCLES, ELIGIBLE, CONVERSIONS, TIES, COUNTERS = 0, 1, 2, 3, 4, 5, 6, 7

AHEAD = 256  # events between the one that is read and the one that is fetched
LINE = 64  # bytes

U = np.uint64
Array = Any  # NumPy arrays and scalars as a compiled kernel sees them


class Rules(NamedTuple):
    """What the walk must know of the question. Times in µs; ``data_end`` is mirrored if direction is −1."""

    unit: int
    steps: int
    direction: int
    last: bool  # the last anchor in reading direction, not the first
    merge: bool  # equal neighbours are one item
    fold: bool  # cycles of two are one item
    between: bool
    within: int
    max_gap: int
    session_gap: int
    bounded: bool
    since: int
    until: int
    data_end: int
    labels: int  # label codes from here on mean cycles, numbered as they are met


class PathLog(NamedTuple):
    """Room for paths, one behind the other: a head, then an item for each step.

    items : uint32[n] or uint64[n]
        A head is ``reached << 7 | state << 5 | length``, an item ``label code << 16 | repeats << 12 | gap bucket``.
        Only the first ``counters[ITEMS]`` are filled.
    many_at, many_step, many : int64[n]
        Where 15 repeats and more stand, at which step, and how many there are.
    heads : int64[rows] or int64[0]
        Where each path begins.
    people : uint64[rows] or uint64[0]
        Whose path it is: written as the number of the person, then replaced by the key.
    anchors : int64[rows] or int64[0]
        Time of the anchor: of the first event of its item, by the calendar.

    The last three are filled only if there is room for them: for sets, not for numbers.
    """

    items: Array
    many_at: Array
    many_step: Array
    many: Array
    heads: Array
    people: Array
    anchors: Array


class Scratch(NamedTuple):
    """Room for the items of one unit: times, values, repeats (int64, int32, int64 [longest history]); and for the
    cycles met (int64[n], ``first label << 32 | second label``)."""

    times: Array
    values: Array
    repeats: Array
    cycles: Array


@inlined
def gap_bucket(gap: Array) -> Array:
    """Bucket of a time in µs.

    Exact below 128, then 64 buckets an octave, so that no time is further than 0.8 % from the middle of its bucket.
    The boundaries are fixed, so histograms of partial results add up.
    """
    if gap < EXACT_GAP:
        return np.int64(gap)
    return (np.float64(gap).view(np.int64) >> 46) - GAP_BASE


@inlined
def first_at_or_after(times: Array, low: Array, high: Array, moment: Array) -> Array:
    while low < high:
        middle = (low + high) >> 1
        if times[U(middle)] < moment:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def session_end(times: Array, low: Array, high: Array, gap: Array) -> Array:
    end = low + 1
    while end < high and times[U(end)] - times[U(end - 1)] <= gap:
        end += 1
    return end


@inlined
def write_item(
    items: Array,
    many_at: Array,
    many_step: Array,
    many: Array,
    counts: Array,
    used: Array,
    at: Array,
    step: Array,
    code: Array,
    more: Array,
    bucket: Array,
) -> Array:
    """Write one step of a path, and count its label; returns how many entries the list of many repeats has then."""
    items[U(at)] = code << CODE_SHIFT | min(more, MANY_REPEATS) << REPEATS_SHIFT | bucket
    if counts.size:
        counts[U(step), U(code)] += 1
    if more >= MANY_REPEATS:
        many_at[U(used)] = at
        many_step[U(used)] = step
        many[U(used)] = more
        used += 1
    return used


@inlined
def take_back(items: Array, counts: Array, head: Array, length: Array) -> None:
    """Uncount a path that is left out after all."""
    if counts.size:
        for step in range(length):
            counts[U(step), U(items[U(head + 1 + step)] >> CODE_SHIFT)] -= 1


@inlined
def end_state(beyond: Array, converted: Array, closes: Array, data_end: Array) -> Array:
    if beyond:
        return CUT
    if converted:
        return CONVERTED
    return DROPPED if closes <= data_end else OPEN


@inlined
def _first_anchor(codes: Array, table: Array, low: Array, high: Array) -> Array:
    while low < high and not table[U(codes[U(low)])] & ANCHOR:
        low += 1
    return low


@inlined
def _last_anchor(codes: Array, table: Array, low: Array, high: Array, merge: Array) -> Array:
    """Where the last item that is an anchor begins, or high."""
    i = high - 1
    while i >= low and not table[U(codes[U(i)])] & ANCHOR:
        i -= 1
    if i < low:
        return high
    if merge:
        anchor = table[U(codes[U(i)])]
        j = i - 1
        while j >= low:
            value = table[U(codes[U(j)])]
            if value != 0:
                if value != anchor:
                    break
                i = j
            j -= 1
    return i


@inlined
def _fetch_ahead(times: Array, codes: Array, low: Array) -> None:
    """Histories are short and end anywhere, so the processor cannot guess what comes next; it is told."""
    prefetch(times, low + AHEAD)
    prefetch(times, low + AHEAD + LINE // 8)
    prefetch(times, low + AHEAD + LINE // 4)
    prefetch(codes, low + AHEAD)
    prefetch(codes, low + AHEAD + LINE // 4)


@kernel
def find_window_paths(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    table: Array,
    rules: Array,
    counters: Array,
    counts: Array,
    items: Array,
    many_at: Array,
    many_step: Array,
    many: Array,
    heads: Array,
    path_people: Array,
    path_anchors: Array,
) -> None:
    """Write the paths of people, at most one for each, read forwards from a start anchor inside a window of time.

    Parameters
    ----------
    times, codes : int64[events], int32[events]
        Columns of a segment.
    starts : int64[people + 1]
        Events of person ``i`` are ``starts[i]:starts[i + 1]``.
    skip : uint8[people] or uint8[0]
        People who are counted elsewhere.
    table : int32[codes]
        Code → value.
    rules : Rules
    counters : int64[COUNTERS]
        Items, long repeats and paths so far; eligible units and conversions are added up.
    counts : int64[steps + 1, labels] or int64[0, 0]
        Paths by step and label are added up, if there is room for them.
    items … path_anchors
        A :class:`PathLog`.
    """
    at, used, row, eligible = counters[ITEMS], counters[MANY], counters[ROWS], 0
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        _fetch_ahead(times, codes, low)
        if rules.bounded:
            low = first_at_or_after(times, low, high, rules.since)
            high = first_at_or_after(times, low, high, rules.until)
        if low == high or (skip.size and skip[U(person)]):
            continue
        eligible += 1
        if rules.last:
            i = _last_anchor(codes, table, low, high, rules.merge)
        else:
            i = _first_anchor(codes, table, low, high)
        if i == high:
            continue
        head, before = at, used
        item = table[U(codes[U(i)])]
        current = times[U(i)]
        if path_anchors.size:
            heads[U(row)] = head
            path_people[U(row)] = person
            path_anchors[U(row)] = current
        window = current + rules.within
        limit = min(window, current + rules.max_gap)
        flags = item
        bucket = np.int64(0)
        length = 0
        more = 0
        beyond = False
        i += 1
        while i < high:
            value = table[U(codes[U(i)])]
            if value == 0:
                i += 1
                continue
            if value == item and rules.merge:
                more += 1
                i += 1
                continue
            time = times[U(i)]
            if time > limit:
                break
            if length == rules.steps:
                beyond = True
                break
            code = np.int64(item >> LABEL_SHIFT)
            used = write_item(
                items, many_at, many_step, many, counts, used, head + 1 + length, length, code, more, bucket
            )
            length += 1
            bucket = gap_bucket(time - current)
            item = value
            flags |= value
            current = time
            limit = min(window, current + rules.max_gap)
            more = 0
            i += 1
        code = np.int64(item >> LABEL_SHIFT)
        used = write_item(items, many_at, many_step, many, counts, used, head + 1 + length, length, code, more, bucket)
        length += 1
        if flags & EXCLUDED:
            take_back(items, counts, head, length)
            used = before
            continue
        items[U(head)] = end_state(beyond, False, limit, rules.data_end) << END_SHIFT | length
        at = head + 1 + length
        row += 1
    counters[ITEMS], counters[MANY], counters[ROWS] = at, used, row
    counters[ELIGIBLE] += eligible


@kernel
def find_session_paths(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    table: Array,
    rules: Array,
    counters: Array,
    counts: Array,
    items: Array,
    many_at: Array,
    many_step: Array,
    many: Array,
    heads: Array,
    path_people: Array,
    path_anchors: Array,
) -> None:
    """Write the paths of sessions, at most one for each, read forwards from its first start anchor.

    One pass over the events: a session is cut where it ends, not looked for ahead. Parameters as for
    :func:`find_window_paths`.
    """
    at, used, row, eligible = counters[ITEMS], counters[MANY], counters[ROWS], 0
    gap = rules.session_gap
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        _fetch_ahead(times, codes, low)
        if rules.bounded:
            low = first_at_or_after(times, low, high, rules.since)
            high = first_at_or_after(times, low, high, rules.until)
        if low == high or (skip.size and skip[U(person)]):
            continue
        eligible += 1
        i = low
        while True:
            item = table[U(codes[U(i)])]
            while not item & ANCHOR:
                i += 1
                if i == high:
                    break
                eligible += times[U(i)] - times[U(i - 1)] > gap
                item = table[U(codes[U(i)])]
            if i == high:
                break
            head, before = at, used
            current = times[U(i)]
            latest = current
            if path_anchors.size:
                heads[U(row)] = head
                path_people[U(row)] = person
                path_anchors[U(row)] = current
            flags = item
            bucket = np.int64(0)
            length = 0
            more = 0
            beyond = False
            i += 1
            while i < high:
                time = times[U(i)]
                if time - latest > gap:
                    break
                latest = time
                value = table[U(codes[U(i)])]
                i += 1
                if value == 0:
                    continue
                if value == item and rules.merge:
                    more += 1
                    continue
                if length == rules.steps:
                    beyond = True
                    while i < high and times[U(i)] - latest <= gap:
                        latest = times[U(i)]
                        i += 1
                    break
                code = np.int64(item >> LABEL_SHIFT)
                used = write_item(
                    items, many_at, many_step, many, counts, used, head + 1 + length, length, code, more, bucket
                )
                length += 1
                bucket = gap_bucket(time - current)
                item = value
                flags |= value
                current = time
                more = 0
            code = np.int64(item >> LABEL_SHIFT)
            used = write_item(
                items, many_at, many_step, many, counts, used, head + 1 + length, length, code, more, bucket
            )
            length += 1
            if flags & EXCLUDED:
                take_back(items, counts, head, length)
                used = before
            else:
                items[U(head)] = end_state(beyond, False, latest + gap, rules.data_end) << END_SHIFT | length
                at = head + 1 + length
                row += 1
            if i == high:
                break
            eligible += 1
    counters[ITEMS], counters[MANY], counters[ROWS] = at, used, row
    counters[ELIGIBLE] += eligible
