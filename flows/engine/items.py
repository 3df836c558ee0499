"""From histories to paths, the general way: the items of a unit are laid out, cycles folded, then walked either way.

Read backwards, items keep their calendar time; the walk negates it, so that time grows in reading direction.
"""

from __future__ import annotations

import numpy as np

from flows.engine.jit import inlined, kernel
from flows.engine.kernels import (
    CONVERSIONS,
    CYCLES,
    ELIGIBLE,
    ITEMS,
    JOURNEYS,
    MANY,
    ROWS,
    SESSIONS,
    first_at_or_after,
    session_end,
)
from flows.engine.labels import ANCHOR, EXCLUDED, LABEL_SHIFT, TARGET, VISIBLE
from flows.engine.log import END_SHIFT, REACHED_SHIFT, Array, U, end_state, gap_bucket, take_back, write_item


@kernel
def _lay_out_items(
    times: Array,
    codes: Array,
    table: Array,
    low: Array,
    high: Array,
    merge: Array,
    item_times: Array,
    item_values: Array,
    item_repeats: Array,
) -> Array:
    """Lay the items of one unit out, earliest first; returns how many there are."""
    n = 0
    last = np.int32(0)
    for i in range(low, high):
        value = table[U(codes[U(i)])]
        if value == 0:
            continue
        if merge and value == last:
            item_repeats[U(n - 1)] += 1
            continue
        item_times[U(n)] = times[U(i)]
        item_values[U(n)] = value
        item_repeats[U(n)] = 0
        last = value
        n += 1
    return n


@kernel
def _fold_cycles(
    n: Array,
    labels: Array,
    item_times: Array,
    item_values: Array,
    item_repeats: Array,
    cycles: Array,
    counters: Array,
) -> Array:
    """Fold cycles of two in place, from the earliest item on; returns how many items are left.

    A B A B C becomes A⇄B (1 more round), C. Anchors and targets stand alone. The k-th cycle of the block has the
    label code ``labels + k`` until it is named.
    """
    alone = ANCHOR | TARGET
    out = 0
    i = 0
    while i < n:
        value = item_values[U(i)]
        length = 1
        if i + 1 < n and not (value | item_values[U(i + 1)]) & alone:
            length = 2
            while i + length < n and item_values[U(i + length)] == item_values[U(i + length - 2)]:
                length += 1
        item_times[U(out)] = item_times[U(i)]
        if length < 4:
            item_values[U(out)] = value
            item_repeats[U(out)] = item_repeats[U(i)]
            i += 1
        else:
            second = item_values[U(i + 1)]
            k = counters[CYCLES]
            cycles[U(k)] = np.int64(value >> LABEL_SHIFT) << 32 | np.int64(second >> LABEL_SHIFT)
            counters[CYCLES] = k + 1
            item_values[U(out)] = (labels + k) << LABEL_SHIFT | VISIBLE | ((value | second) & EXCLUDED)
            item_repeats[U(out)] = length // 2 - 1
            i += length // 2 * 2
        out += 1
    return out


@inlined
def _walk_items(
    item_times: Array,
    item_values: Array,
    item_repeats: Array,
    k: Array,
    behind: Array,
    edge: Array,
    rules: Array,
    counters: Array,
    counts: Array,
    items: Array,
    many_at: Array,
    many_step: Array,
    many: Array,
) -> Array:
    """Write the path that begins with the anchor item k; returns the first item it has not used.

    ``behind`` is the item behind the last one in reading direction, ``edge`` the mirrored time of the last event of
    a session.
    """
    head, used = counters[ITEMS], counters[MANY]
    current = item_times[U(k)] * rules.direction
    window = current + rules.within
    limit = window
    flags = 0
    length = 0
    unused = k
    beyond = converted = False
    while k != behind:
        time = item_times[U(k)] * rules.direction
        if time > limit:
            break
        value = item_values[U(k)]
        more = item_repeats[U(k)]
        k += rules.direction
        if length <= rules.steps:
            code, bucket = np.int64(value >> LABEL_SHIFT), gap_bucket(time - current)
            used = write_item(
                items, many_at, many_step, many, counts, used, head + 1 + length, length, code, more, bucket
            )
            flags |= value
            length += 1
            unused = k
        else:
            beyond = True
        current = time
        limit = min(window, current + rules.max_gap)
        if rules.between and value & TARGET and length > 1:
            converted = True
            unused = k
            break
        if beyond and not rules.between:
            break
    closes = edge + rules.session_gap if rules.unit == SESSIONS else limit
    state = end_state(beyond, converted, closes, rules.data_end)
    items[U(head)] = np.int64(converted) << REACHED_SHIFT | state << END_SHIFT | length
    if flags & EXCLUDED:
        take_back(items, counts, head, length)
    else:
        counters[ITEMS], counters[MANY] = head + 1 + length, used
        counters[ROWS] += 1
        counters[CONVERSIONS] += converted
    return unused


@kernel
def find_item_paths(
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
    item_times: Array,
    item_values: Array,
    item_repeats: Array,
    cycles: Array,
) -> None:
    """Write the paths of people, whatever the question.

    Parameters as for :func:`flows.engine.kernels.find_window_paths`; then a :class:`Scratch`.
    """
    step = rules.direction
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        if rules.bounded:
            low = first_at_or_after(times, low, high, rules.since)
            high = first_at_or_after(times, low, high, rules.until)
        if low == high or (skip.size and skip[U(person)]):
            continue
        while low < high:
            end = session_end(times, low, high, rules.session_gap) if rules.unit == SESSIONS else high
            n = _lay_out_items(times, codes, table, low, end, rules.merge, item_times, item_values, item_repeats)
            if rules.fold:
                n = _fold_cycles(n, rules.labels, item_times, item_values, item_repeats, cycles, counters)
            edge = times[U(end - 1)] if step > 0 else -times[U(low)]
            k, behind = (0, n) if step > 0 else (n - 1, -1)
            if rules.last:
                k, first = behind - step, k
                while k != first - step and not item_values[U(k)] & ANCHOR:
                    k -= step
                if k == first - step:
                    k = behind
            while k != behind:
                if not item_values[U(k)] & ANCHOR:
                    k += step
                    continue
                if path_anchors.size:
                    row = counters[ROWS]
                    heads[U(row)] = counters[ITEMS]
                    path_people[U(row)] = person
                    path_anchors[U(row)] = item_times[U(k)]
                k = _walk_items(
                    item_times,
                    item_values,
                    item_repeats,
                    k,
                    behind,
                    edge,
                    rules,
                    counters,
                    counts,
                    items,
                    many_at,
                    many_step,
                    many,
                )
                if rules.unit != JOURNEYS:
                    break
            counters[ELIGIBLE] += 1
            low = end
