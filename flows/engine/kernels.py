"""From histories to paths: session, collapse, anchor, window and depth, for one range of people.

Values are those of :mod:`flows.engine.labels`: 0 is hidden, otherwise ``label << 4 | flags``. Paths are written one
behind the other into a *log* (:class:`PathLog` says how). Three kernels write the same log. The two here read the
columns in place and stop at the end of a path: for paths read forwards from one anchor, which is nearly every question.
The one of :mod:`flows.engine.items` takes any question.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flows.engine.jit import LINE, inlined, kernel, prefetch
from flows.engine.labels import ANCHOR, LABEL_SHIFT
from flows.engine.log import Array, U, end_path, end_state, gap_bucket, write_item

USERS, SESSIONS, JOURNEYS = 0, 1, 2
ITEMS, MANY, ROWS, CYCLES, ELIGIBLE, CONVERSIONS, TIES, COUNTERS = 0, 1, 2, 3, 4, 5, 6, 7

AHEAD = 256  # events between the one that is read and the one that is fetched


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


class Scratch(NamedTuple):
    """Room for the items of one unit: times, values, repeats (int64, int32, int64 [longest history]); and for the
    cycles met (int64[n], ``first label << 32 | second label``)."""

    times: Array
    values: Array
    repeats: Array
    cycles: Array


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
        state = end_state(beyond, False, limit, rules.data_end)
        at, used, row = end_path(
            items, many_at, many_step, many, counts, head, used, before, row, length, item, more, bucket, flags, state
        )
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
            state = end_state(beyond, False, latest + gap, rules.data_end)
            at, used, row = end_path(
                items,
                many_at,
                many_step,
                many,
                counts,
                head,
                used,
                before,
                row,
                length,
                item,
                more,
                bucket,
                flags,
                state,
            )
            if i == high:
                break
            eligible += 1
    counters[ITEMS], counters[MANY], counters[ROWS] = at, used, row
    counters[ELIGIBLE] += eligible
