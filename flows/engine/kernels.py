"""From histories to paths: session, collapse, anchor, window and depth, for one range of people.

Values are those of :mod:`flows.engine.labels`: 0 is hidden, otherwise ``label << 4 | flags``. Reading backwards
negates times, so that in every comparison below time grows in reading direction.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from flows.engine.jit import kernel
from flows.engine.labels import ANCHOR, EXCLUDED, LABEL_SHIFT, TARGET, VISIBLE

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

    labels : int32[steps + 1, rows]; gaps : int16[steps + 1, rows], bucket of the time since the item before;
    repeats : uint8[steps + 1, rows]; ends : uint8[rows], ``state << 5 | length``.
    Repeats from 255 on stand in many_row, many_step, many : int64[n].
    """

    labels: Array
    gaps: Array
    repeats: Array
    ends: Array
    many_row: Array
    many_step: Array
    many: Array


class Scratch(NamedTuple):
    """Items of one unit while cycles are folded (times, values, repeats: int64, int32, int64 [longest history]) and the
    cycles met so far (int64[n], ``first label << 32 | second label``)."""

    times: Array
    values: Array
    repeats: Array
    cycles: Array


@kernel
def gap_bucket(gap: Array) -> Array:
    """Bucket of a time: exact below 128 µs, then 64 buckets an octave, so that no time is further than 0.8 % from the
    middle of its bucket. Bucket boundaries are fixed; histograms add up."""
    if gap < EXACT_GAP:
        return np.int64(gap)
    return (np.float64(gap).view(np.int64) >> 46) - GAP_BASE


@kernel
def _value(values: Array, table: Array, i: Array) -> Array:
    if table is None:
        return values[i]
    return table[values[i]]


@kernel
def _item(times: Array, values: Array, repeats: Array, table: Array, i: Array, stop: Array, rules: Array) -> Array:
    """The item that begins with the visible event i: (value, mirrored time, repeats, where the next one begins).

    The time of an item is the time of its earliest event, also when read backwards.
    """
    value = _value(values, table, i)
    earliest = i
    more = np.int64(0) if repeats is None else repeats[i]
    j = i + rules.direction
    while j != stop:
        other = _value(values, table, j)
        if other != 0:
            if not rules.merge or other != value:
                break
            more += 1
            earliest = j
        j += rules.direction
    time = times[i] if rules.direction > 0 else -times[earliest]
    return value, time, more, j


@kernel
def _write(block: Array, counters: Array, step: Array, value: Array, gap: Array, more: Array) -> None:
    row = counters[ROWS]
    block.labels[step, row] = value >> LABEL_SHIFT
    block.gaps[step, row] = gap_bucket(gap)
    if more < MANY_REPEATS:
        block.repeats[step, row] = more
    else:
        block.repeats[step, row] = MANY_REPEATS
        k = counters[MANY]
        block.many_row[k] = row
        block.many_step[k] = step
        block.many[k] = more
        counters[MANY] = k + 1


@kernel
def _walk(
    times: Array,
    values: Array,
    repeats: Array,
    table: Array,
    at: Array,
    stop: Array,
    rules: Array,
    over: Array,
    block: Array,
    counters: Array,
) -> Array:
    """Write the path that begins with the anchor ``at``; returns where the first item begins that it has not used."""
    session = rules.unit == SESSIONS
    many = counters[MANY]
    value, current, more, i = _item(times, values, repeats, table, at, stop, rules)
    _write(block, counters, 0, value, 0, more)
    window = current + rules.within
    limit = min(window, current + rules.max_gap)
    excluded = value & EXCLUDED
    length = 1
    used = i
    converted = False
    beyond = False
    while i != stop:
        value, time, more, i = _item(times, values, repeats, table, i, stop, rules)
        if not session and time > limit:
            break
        if length <= rules.steps:
            _write(block, counters, length, value, time - current, more)
            excluded |= value & EXCLUDED
            length += 1
            used = i
        else:
            beyond = True
        current = time
        limit = min(window, current + rules.max_gap)
        if rules.between and value & TARGET:
            converted = True
            used = i
            break
        if beyond and not rules.between:
            break
    if excluded:
        counters[MANY] = many
        return used
    if beyond:
        state = CUT
    elif converted:
        state = CONVERTED
    elif over if session else limit <= rules.data_end:
        state = DROPPED
    else:
        state = OPEN
    block.ends[counters[ROWS]] = state << END_SHIFT | length
    counters[ROWS] += 1
    counters[CONVERSIONS] += converted
    return used


@kernel
def _unit(
    times: Array,
    values: Array,
    repeats: Array,
    table: Array,
    low: Array,
    high: Array,
    rules: Array,
    over: Array,
    block: Array,
    counters: Array,
) -> None:
    """Write the paths of one person or session, whose events are low … high − 1."""
    step = rules.direction
    start, stop = (low, high) if step > 0 else (high - 1, low - 1)
    if rules.last:
        i = stop - step
        while i != start - step and not _value(values, table, i) & ANCHOR:
            i -= step
        if i == start - step:
            return
        if rules.merge:
            value = _value(values, table, i)
            j = i - step
            while j != start - step:
                other = _value(values, table, j)
                if other != 0:
                    if other != value:
                        break
                    i = j
                j -= step
        _walk(times, values, repeats, table, i, stop, rules, over, block, counters)
        return
    i = start
    while i != stop:
        if not _value(values, table, i) & ANCHOR:
            i += step
            continue
        i = _walk(times, values, repeats, table, i, stop, rules, over, block, counters)
        if rules.unit != JOURNEYS:
            return


@kernel
def _fold(
    times: Array,
    values: Array,
    table: Array,
    low: Array,
    high: Array,
    rules: Array,
    scratch: Array,
    counters: Array,
) -> Array:
    """Lay the items of one unit out in scratch, earliest first, cycles folded; returns how many there are.

    A A B A B C becomes A⇄B (1 more round), C. Anchors and targets stand alone.
    """
    n = 0
    for i in range(low, high):
        value = table[values[i]]
        if value == 0:
            continue
        if n and scratch.values[n - 1] == value:
            scratch.repeats[n - 1] += 1
        else:
            scratch.times[n] = times[i]
            scratch.values[n] = value
            scratch.repeats[n] = 0
            n += 1
    alone = ANCHOR | TARGET
    out = 0
    i = 0
    while i < n:
        value = scratch.values[i]
        length = 1
        if i + 1 < n and not value & alone and not scratch.values[i + 1] & alone:
            length = 2
            while i + length < n and scratch.values[i + length] == scratch.values[i + length - 2]:
                length += 1
        scratch.times[out] = scratch.times[i]
        if length < 4:
            scratch.values[out] = value
            scratch.repeats[out] = scratch.repeats[i]
            i += 1
        else:
            second = scratch.values[i + 1]
            k = counters[CYCLES]
            scratch.cycles[k] = np.int64(value >> LABEL_SHIFT) << 32 | np.int64(second >> LABEL_SHIFT)
            counters[CYCLES] = k + 1
            flags = VISIBLE | ((value | second) & EXCLUDED)
            scratch.values[out] = (rules.labels + k) << LABEL_SHIFT | flags
            scratch.repeats[out] = length // 2 - 1
            i += length // 2 * 2
        out += 1
    return out


@kernel
def _paths(
    times: Array,
    codes: Array,
    table: Array,
    low: Array,
    high: Array,
    rules: Array,
    over: Array,
    block: Array,
    scratch: Array,
    counters: Array,
) -> None:
    if rules.fold:
        n = _fold(times, codes, table, low, high, rules, scratch, counters)
        _unit(scratch.times, scratch.values, scratch.repeats, None, 0, n, rules, over, block, counters)
    else:
        _unit(times, codes, None, table, low, high, rules, over, block, counters)


@kernel
def _first_at_or_after(times: Array, low: Array, high: Array, moment: Array) -> Array:
    while low < high:
        middle = (low + high) >> 1
        if times[middle] < moment:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def find_paths(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    person: Array,
    stop: Array,
    table: Array,
    rules: Array,
    block: Array,
    scratch: Array,
    counters: Array,
) -> Array:
    """Write the paths of the people ``person … stop − 1`` of one segment into a block.

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
    rules, block, scratch : Rules, Block, Scratch
        The question, room for the paths, room for cycles.
    counters : int64[COUNTERS]
        Rows, long repeats and cycles used so far; eligible units, conversions and ties are added up.

    Returns
    -------
    int
        The first person not done: ``stop``, or the one whose paths might not fit into the block any more.
    """
    room = block.ends.size
    while person < stop:
        low, high = starts[person], starts[person + 1]
        if rules.bounded:
            low = _first_at_or_after(times, low, high, rules.since)
            high = _first_at_or_after(times, low, high, rules.until)
        if low == high or (skip.size and skip[person]):
            person += 1
            continue
        if counters[ROWS] + (1 if rules.unit == USERS else high - low) > room:
            break
        for i in range(low + 1, high):
            counters[TIES] += times[i] == times[i - 1]
        if rules.unit != SESSIONS:
            counters[ELIGIBLE] += 1
            _paths(times, codes, table, low, high, rules, False, block, scratch, counters)
        else:
            while low < high:
                end = low + 1
                while end < high and times[end] - times[end - 1] <= rules.session_gap:
                    end += 1
                edge = times[end - 1] if rules.direction > 0 else -times[low]
                over = edge + rules.session_gap <= rules.data_end
                counters[ELIGIBLE] += 1
                _paths(times, codes, table, low, end, rules, over, block, scratch, counters)
                low = end
        person += 1
    return person
