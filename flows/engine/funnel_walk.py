"""Along the steps of a funnel: over histories, or over the paths of a flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine import log
from flows.engine.jit import inlined, kernel
from flows.engine.kernels import first_at_or_after, session_end
from flows.engine.log import CODE_SHIFT, END_SHIFT, GAP_MASK, LENGTH_MASK, STATE_MASK, U, gap_bucket
from flows.engine.query import MAX_STEPS

Array = Any

COMPLETED, CONVERTED, DIVERTED, EXCLUDED, DROPPED, OPEN = 0, 1, 2, 3, 4, 5
STATES = ("completed", "converted", "diverted", "excluded", "dropped", "open")
ELIGIBLE, MATCHED, TIES, COUNTERS = 0, 1, 2, 3
HIDDEN, OTHER_EVENT, RELEVANT = 0, 1, 2
BETWEEN_SHIFT = MAX_STEPS + 1  # masks: steps in the low bits, above them the gaps in which an event ends the attempt


class FunnelRules(NamedTuple):
    sessions: bool
    last: bool
    merge: bool
    within: int
    max_gap: int
    session_gap: int
    since: int
    until: int
    data_end: int
    steps: int


class FunnelCounts(NamedTuple):
    """Groups are those of a breakdown; without one there is one.

    ends : int64[groups, steps, STATES], by the last step reached; gaps : int64[groups, steps, buckets], times since the
    step before; counters : int64[COUNTERS].
    """

    ends: NDArray[np.int64]
    gaps: NDArray[np.int64]
    counters: NDArray[np.int64]

    @classmethod
    def empty(cls, steps: int, groups: int = 1) -> FunnelCounts:
        ends, gaps = (groups, steps, len(STATES)), (groups, steps, log.MOST_BUCKETS)
        return cls(np.zeros(ends, np.int64), np.zeros(gaps, np.int64), np.zeros(COUNTERS, np.int64))

    @staticmethod
    def sum(parts: Sequence[FunnelCounts]) -> FunnelCounts:
        return FunnelCounts(*(sum(arrays[1:], arrays[0]) for arrays in zip(*parts, strict=True)))


class Attempts(NamedTuple):
    """people : int64[attempts], their numbers, or uint64, their keys; moments : int64[attempts], µs of the first event;
    groups : int32[attempts]; reached, states : int8[attempts]. Or all empty, where nobody asks whose they are."""

    people: NDArray[Any]
    moments: NDArray[np.int64]
    groups: NDArray[np.int32]
    reached: NDArray[np.int8]
    states: NDArray[np.int8]

    @classmethod
    def room(cls, attempts: int) -> Attempts:
        return cls(
            np.empty(attempts, np.int64),
            np.empty(attempts, np.int64),
            np.empty(attempts, np.int32),
            np.empty(attempts, np.int8),
            np.empty(attempts, np.int8),
        )

    def pick(self, rows: Any) -> Attempts:
        columns: tuple[Any, ...] = self
        return Attempts(*(column[rows] for column in columns))


@inlined
def _first_anchor(codes: Array, table: Array, masks: Array, low: Array, end: Array) -> Array:
    """Where the first event of step 0 is, or end."""
    while low < end and not masks[U(table[U(codes[U(low)])])] & 1:
        low += 1
    return low


@inlined
def _last_anchor(codes: Array, table: Array, masks: Array, low: Array, end: Array, merge: Array) -> Array:
    """Where the last item of step 0 begins, or end."""
    i = end - 1
    while i >= low and not masks[U(table[U(codes[U(i)])])] & 1:
        i -= 1
    if i < low:
        return end
    if merge:
        anchor = table[U(codes[U(i)])]
        k = i - 1
        while k >= low:
            value = table[U(codes[U(k)])]
            if value != HIDDEN:
                if value != anchor:
                    break
                i = k
            k -= 1
    return i


@kernel
def follow_steps(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    table: Array,
    masks: Array,
    rules: Array,
    groups: Array,
    ends: Array,
    gaps: Array,
    counters: Array,
    people: Array,
    moments: Array,
    groups_of: Array,
    reached_steps: Array,
    states: Array,
) -> None:
    """table : code → 0 hidden, 1 not asked about, else its class; masks : int64[classes]; groups : int32[codes], that
    of an attempt whose first event it is, or none; then a FunnelCounts, and room for Attempts."""
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        low = first_at_or_after(times, low, high, rules.since)
        high = first_at_or_after(times, low, high, rules.until)
        if low == high or (skip.size and skip[U(person)]):
            continue
        while low < high:
            end = session_end(times, low, high, rules.session_gap) if rules.sessions else high
            counters[ELIGIBLE] += 1
            if rules.last:
                i = _last_anchor(codes, table, masks, low, end, rules.merge)
            else:
                i = _first_anchor(codes, table, masks, low, end)
            if i == end:
                low = end
                continue
            attempt = counters[MATCHED]
            counters[MATCHED] += 1
            group = np.int64(groups[U(codes[U(i)])]) if groups.size else np.int64(0)
            before = table[U(codes[U(i)])]
            current = began = times[U(i)]
            window = current + rules.within
            limit = min(window, current + rules.max_gap)
            reached = 0
            excluded = False
            i += 1
            while reached + 1 < rules.steps and i < end:
                value = table[U(codes[U(i)])]
                i += 1
                if value == HIDDEN or (value == before and rules.merge):
                    continue
                moment = times[U(i - 1)]
                if moment > limit:
                    break
                before = value
                if value == OTHER_EVENT:
                    continue
                mask = masks[U(value)]
                if mask >> (reached + 1) & 1:
                    reached += 1
                    gaps[U(group), U(reached), U(gap_bucket(moment - current))] += 1
                    current = moment
                    limit = min(window, current + rules.max_gap)
                elif mask >> (BETWEEN_SHIFT + reached) & 1:
                    excluded = True
                    break
            closes = times[U(end - 1)] + rules.session_gap if rules.sessions else limit
            state = DROPPED if closes <= rules.data_end else OPEN
            if reached + 1 == rules.steps:
                state = COMPLETED
            elif excluded:
                state = EXCLUDED
            ends[U(group), U(reached), U(state)] += 1
            if people.size:
                people[U(attempt)] = person
                moments[U(attempt)] = began
                groups_of[U(attempt)] = group
                reached_steps[U(attempt)] = reached
                states[U(attempt)] = state
            low = end


@kernel
def count_attempts(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    table: Array,
    masks: Array,
    rules: Array,
    groups: Array,
    attempts: Array,
) -> None:
    """Count attempts by the group of their first event: attempts int64[groups]; the rest as for follow_steps."""
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        low = first_at_or_after(times, low, high, rules.since)
        high = first_at_or_after(times, low, high, rules.until)
        if skip.size and skip[U(person)]:
            continue
        while low < high:
            end = session_end(times, low, high, rules.session_gap) if rules.sessions else high
            if rules.last:
                i = _last_anchor(codes, table, masks, low, end, rules.merge)
            else:
                i = _first_anchor(codes, table, masks, low, end)
            if i < end:
                attempts[U(groups[U(codes[U(i)])])] += 1
            low = end


@kernel
def follow_chain(
    items: Array, member: Array, steps: Array, ends: Array, gaps: Array, reached_steps: Array, states: Array
) -> None:
    """Compare the paths of a log with a chain.

    items : a PathLog's; member : int32[labels], label code → steps of the chain that it may be; then ends and gaps of
    FunnelCounts; reached_steps, states : int8[paths], −1 for paths that do not begin with the chain, or int8[0].
    """
    row = 0
    at: Array = 0
    while at < items.size:
        head = np.int64(items[U(at)])
        length = head & LENGTH_MASK
        reached = 0
        while reached < min(steps, length):
            item = np.int64(items[U(at + 1 + reached)])
            if not member[U(item >> CODE_SHIFT)] >> reached & 1:
                break
            if reached:
                gaps[U(0), U(reached), U(item & GAP_MASK)] += 1
            reached += 1
        at += 1 + length
        if reached_steps.size:
            reached_steps[U(row)] = reached - 1
        row += 1
        if reached == 0:
            continue
        state = COMPLETED
        if reached < steps:
            path_state = head >> END_SHIFT & STATE_MASK
            if reached < length:
                state = DIVERTED
            elif path_state == log.CONVERTED:
                state = CONVERTED
            else:
                state = DROPPED if path_state == log.DROPPED else OPEN
        ends[U(0), U(reached - 1), U(state)] += 1
        if states.size:
            states[U(row - 1)] = state
