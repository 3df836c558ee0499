"""The log of paths: how one is written and how it ends. Every walk writes it, every number is read from it.

Indices are cast to unsigned (``U``), because a signed index costs a test for negative ones at every access; arrays
are passed one by one, because a tuple of arrays is copied at every call.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from flows.engine.jit import inlined
from flows.engine.labels import EXCLUDED, LABEL_SHIFT

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

U = np.uint64
Array = Any  # NumPy arrays and scalars as a compiled kernel sees them


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
def end_path(
    items: Array,
    many_at: Array,
    many_step: Array,
    many: Array,
    counts: Array,
    head: Array,
    used: Array,
    before: Array,
    row: Array,
    length: Array,
    item: Array,
    more: Array,
    bucket: Array,
    flags: Array,
    state: Array,
) -> Array:
    """Write the last step of a path and its head, unless the path is excluded; returns where the log, its list of many
    repeats (``before`` the path, ``used`` so far) and the rows go on."""
    code = np.int64(item >> LABEL_SHIFT)
    used = write_item(items, many_at, many_step, many, counts, used, head + 1 + length, length, code, more, bucket)
    length += 1
    if flags & EXCLUDED:
        take_back(items, counts, head, length)
        at, used = head, before
    else:
        items[U(head)] = state << END_SHIFT | length
        at = head + 1 + length
        row += 1
    return at, used, row
