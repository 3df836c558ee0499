"""From histories to paths: session, collapse, anchor, window and depth, for one range of people.

Values are those of :mod:`flows.engine.labels`: 0 is hidden, otherwise ``label << 4 | flags``. Two kernels write the
same paths. The one here reads the columns in place and stops at the end of a path: for paths read forwards from one
anchor, which is nearly every question. The one of :mod:`flows.engine.items` takes any question.

Indices are cast to unsigned (``U``), because a signed index costs a test for negative ones at every access; arrays
are passed one by one, because a tuple of arrays is copied at every call.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from flows.engine.jit import inlined, kernel
from flows.engine.labels import ANCHOR, EXCLUDED, LABEL_SHIFT

USERS, SESSIONS, JOURNEYS = 0, 1, 2
CONVERTED, CUT, DROPPED, OPEN = 0, 1, 2, 3
STATES = ("converted", "cut", "dropped", "open")

END_SHIFT = 5  # ends: path length in the low 5 bits, state above
LENGTH_MASK = (1 << END_SHIFT) - 1
MANY_REPEATS = 255  # this and more stands in the list of many repeats
MANY_SHARE = 256  # at most one entry of that list for so many events
EXACT_GAP = 64  # times between items below this many µs have a bucket each
GAP_BASE = (1023 + 5) << 6

ROWS, MANY, CYCLES, ELIGIBLE, CONVERSIONS, TIES, COUNTERS = 0, 1, 2, 3, 4, 5, 6

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


class Block(NamedTuple):
    """Room for paths, one column a path; only the first ``counters[ROWS]`` are filled.

    labels : int32[steps + 1, rows]
        Label code + 1, or 0 where the path is over.
    gaps : int16[steps + 1, rows]
        Bucket of the time since the item before; meaningless where the path is over.
    repeats : uint8[steps + 1, rows]
        255 and more stand in many_row, many_step, many : int64[n].
    ends : uint8[rows]
        ``state << 5 | length``.
    people : uint64[rows] or uint64[0]
        Whose path it is: written as the number of the person, then replaced by the key.
    anchors : int64[rows] or int64[0]
        Time of the anchor: of the first event of its item, by the calendar.
    reached : uint8[rows] or uint8[0]
        Whether the path reached an end anchor, also behind the last step.

    The last three are filled only if there is room for them: for sets, not for numbers.
    """

    labels: Array
    gaps: Array
    repeats: Array
    ends: Array
    many_row: Array
    many_step: Array
    many: Array
    people: Array
    anchors: Array
    reached: Array


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
def count_ties(times: Array, low: Array, high: Array) -> Array:
    ties = 0
    for i in range(low + 1, high):
        ties += times[U(i)] == times[U(i - 1)]
    return ties


@inlined
def write_repeats(
    repeats: Array, many_row: Array, many_step: Array, many: Array, used: Array, step: Array, row: Array, more: Array
) -> Array:
    """Write the repeats of one step; returns how many entries the list of many repeats has then."""
    repeats[U(step), U(row)] = min(more, MANY_REPEATS)
    if more >= MANY_REPEATS:
        many_row[U(used)] = row
        many_step[U(used)] = step
        many[U(used)] = more
        used += 1
    return used


@inlined
def fill_row(labels: Array, repeats: Array, row: Array, length: Array, steps: Array) -> None:
    """Say of the steps behind the end of a path that there is nothing; counting then needs no look at its length."""
    for step in range(length, steps + 1):
        labels[U(step), U(row)] = 0
        repeats[U(step), U(row)] = 0


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
def _walk_forward(
    times: Array,
    codes: Array,
    table: Array,
    i: Array,
    end: Array,
    rules: Array,
    row: Array,
    used: Array,
    labels: Array,
    gaps: Array,
    repeats: Array,
    ends: Array,
    many_row: Array,
    many_step: Array,
    many: Array,
) -> Array:
    """Write the path that begins with the anchor i; returns (rows, entries in the list of many repeats) then."""
    item = table[U(codes[U(i)])]
    current = times[U(i)]
    window = current + rules.within
    limit = min(window, current + rules.max_gap)
    labels[U(0), U(row)] = (item >> LABEL_SHIFT) + 1
    gaps[U(0), U(row)] = 0
    flags = item
    length = 1
    more = 0
    now_used = used
    beyond = False
    i += 1
    while i < end:
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
        if length > rules.steps:
            beyond = True
            break
        now_used = write_repeats(repeats, many_row, many_step, many, now_used, length - 1, row, more)
        labels[U(length), U(row)] = (value >> LABEL_SHIFT) + 1
        gaps[U(length), U(row)] = gap_bucket(time - current)
        item = value
        flags |= value
        current = time
        limit = min(window, current + rules.max_gap)
        length += 1
        more = 0
        i += 1
    now_used = write_repeats(repeats, many_row, many_step, many, now_used, length - 1, row, more)
    fill_row(labels, repeats, row, length, rules.steps)
    closes = times[U(end - 1)] + rules.session_gap if rules.unit == SESSIONS else limit
    ends[U(row)] = end_state(beyond, False, closes, rules.data_end) << END_SHIFT | length
    if flags & EXCLUDED:
        return row, used
    return row + 1, now_used


@kernel
def find_forward_paths(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    person: Array,
    stop: Array,
    table: Array,
    rules: Array,
    counters: Array,
    labels: Array,
    gaps: Array,
    repeats: Array,
    ends: Array,
    many_row: Array,
    many_step: Array,
    many: Array,
    path_people: Array,
    path_anchors: Array,
    path_reached: Array,
) -> Array:
    """Write the paths of the people ``person … stop − 1`` of one segment: at most one for each person or session, read
    forwards from a start anchor, cycles not folded.

    Parameters
    ----------
    times, codes, starts : int64[events], int32[events], int64[people + 1]
        Columns of a segment.
    skip : uint8[people] or uint8[0]
        People who are counted elsewhere.
    person, stop : int
        Range of people.
    table : int32[codes]
        Code → value.
    rules : Rules
    counters : int64[COUNTERS]
        Rows and long repeats used so far; eligible units, conversions and ties are added up.
    labels … path_reached
        A :class:`Block`.

    Returns
    -------
    int
        The first person not done: ``stop``, or the one whose paths might not fit into the block any more.
    """
    row, used, eligible, ties = counters[ROWS], counters[MANY], 0, 0
    while person < stop:
        low, high = starts[U(person)], starts[U(person + 1)]
        if rules.bounded:
            low = first_at_or_after(times, low, high, rules.since)
            high = first_at_or_after(times, low, high, rules.until)
        if low == high or (skip.size and skip[U(person)]):
            person += 1
            continue
        if row + (1 if rules.unit == USERS else high - low) > ends.size:
            break
        ties += count_ties(times, low, high)
        while low < high:
            end = session_end(times, low, high, rules.session_gap) if rules.unit == SESSIONS else high
            if rules.last:
                i = _last_anchor(codes, table, low, end, rules.merge)
            else:
                i = _first_anchor(codes, table, low, end)
            if i < end:
                if path_anchors.size:
                    path_people[U(row)] = person
                    path_anchors[U(row)] = times[U(i)]
                    path_reached[U(row)] = False
                row, used = _walk_forward(
                    times,
                    codes,
                    table,
                    i,
                    end,
                    rules,
                    row,
                    used,
                    labels,
                    gaps,
                    repeats,
                    ends,
                    many_row,
                    many_step,
                    many,
                )
            eligible += 1
            low = end
        person += 1
    counters[ROWS], counters[MANY] = row, used
    counters[ELIGIBLE] += eligible
    counters[TIES] += ties
    return person
