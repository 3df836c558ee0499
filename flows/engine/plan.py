"""How the work is cut: even ranges of the key space, and what a question means for the walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from flows.engine.arrays import SegmentArrays
from flows.engine.kernels import JOURNEYS, SESSIONS, USERS, Rules
from flows.engine.query import ID, FlowQuery

FOREVER = 1 << 61
UNITS = {"users": USERS, "sessions": SESSIONS, "journeys": JOURNEYS}
EVENTS_PER_RANGE = 1_000_000
LEAST_EVENTS_PER_RANGE = 50_000
RANGES_PER_THREAD = 4


@dataclass(frozen=True, slots=True)
class KeyRange:
    """One share of the people: per segment, which of its people (first, stop)."""

    people: tuple[tuple[int, int], ...]


class Scope(NamedTuple):
    """What of a history exists for a question, and where its sessions end. Times in µs."""

    bounded: bool
    since: int
    until: int
    sessions: bool
    session_gap: int


def rules_of(query: FlowQuery, data_from: int, data_through: int, labels: int) -> Rules:
    """The walk's rules for a question.

    Parameters
    ----------
    query : FlowQuery
    data_from, data_through : int
        Times (µs) of the oldest and the newest event of the dataset.
    labels : int
        Number of event labels; codes from there on are cycles.
    """
    since = -FOREVER if query.range_from is None else query.range_from
    until = FOREVER if query.range_to is None else query.range_to
    data_end = -max(since, data_from) if query.backwards else min(until, data_through)
    by_id = goes_by_id(query)
    return Rules(
        unit=UNITS[query.count],
        steps=query.steps,
        direction=-1 if query.backwards else 1,
        last=(query.occurrence == "last") != query.backwards and query.count != "journeys",
        merge=query.collapse != "none",
        fold=query.collapse == "cycles",
        between=query.between,
        within=FOREVER if query.count == "sessions" else query.within,
        max_gap=FOREVER if query.max_gap is None or query.count == "sessions" else query.max_gap,
        # Sessions by id are histories that no gap cuts; the end of the data is put off as much, so that they close
        # with the gap of the question all the same.
        session_gap=FOREVER if by_id else query.session_gap,
        bounded=since > data_from or until <= data_through,
        since=since,
        until=until,
        data_end=data_end + FOREVER - query.session_gap if by_id else data_end,
        labels=labels,
    )


def goes_by_id(query: FlowQuery) -> bool:
    """Whether sessions are counted, and are told apart by their ids."""
    return query.count == "sessions" and query.session_by == ID


def scope_of(query: FlowQuery, rules: Rules) -> Scope:
    """The scope of a question, given its rules."""
    return Scope(rules.bounded, rules.since, rules.until, rules.unit == SESSIONS, query.session_gap)


def cut_keys(segments: Sequence[SegmentArrays], threads: int) -> list[KeyRange]:
    """Cut the key space into ranges with about equal numbers of events.

    Every person of every segment is in exactly one range, and a person is in the same range in all segments.
    """
    filled = [segment for segment in segments if segment.people]
    if not filled:
        return []
    events = sum(segment.events for segment in filled)
    share = min(EVENTS_PER_RANGE, max(LEAST_EVENTS_PER_RANGE, events // (threads * RANGES_PER_THREAD)))
    wanted = max(1, -(-(events // share) // threads) * threads)  # so that all threads end together
    largest = max(filled, key=lambda segment: segment.events)
    marks = np.linspace(0, largest.events, 8 * wanted + 1)[1:-1]
    candidates = np.unique(largest.keys[np.searchsorted(largest.starts, marks, side="right") - 1])
    before = np.zeros(len(candidates), np.int64)
    for segment in filled:
        before += segment.starts[np.searchsorted(segment.keys, candidates)]
    chosen = np.searchsorted(before, np.arange(1, wanted) * (events / wanted))
    bounds = np.unique(candidates[chosen[chosen < len(candidates)]])
    cuts = [[0, *np.searchsorted(segment.keys, bounds).tolist(), segment.people] for segment in segments]
    ranges = [KeyRange(tuple((cut[i], cut[i + 1]) for cut in cuts)) for i in range(len(bounds) + 1)]
    return [part for part in ranges if any(first < stop for first, stop in part.people)]
