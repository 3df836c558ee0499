"""Funnels whose steps may stand apart, read from histories: counts, counts by a property, whose the attempts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.engine.analysis import EventNames, Fold, Given, Histories, limits, name_events, scope_between
from flows.engine.arrays import CodeArray, IntArray
from flows.engine.counting import rank_labels
from flows.engine.expand import expand_events
from flows.engine.funnel_query import FunnelQuery
from flows.engine.funnel_walk import (
    BETWEEN_SHIFT,
    ELIGIBLE,
    HIDDEN,
    MATCHED,
    OTHER_EVENT,
    RELEVANT,
    TIES,
    Attempts,
    FunnelCounts,
    FunnelRules,
    count_attempts,
    follow_steps,
)
from flows.engine.labelling import MAX_EXPANDED_LABELS
from flows.engine.labels import ExpandedEvent
from flows.engine.lens import Lens
from flows.engine.marks import check_property
from flows.engine.plan import FOREVER
from flows.engine.query import QueryError
from flows.engine.source import Watch

ABSENT = 0  # number of the value that is none
NO_GROUPS = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True)
class ValueGroups:
    """The groups of a breakdown: each of ``texts``, then Other, then the events without a value."""

    texts: list[str]
    lens: Lens
    groups: CodeArray

    @property
    def size(self) -> int:
        return len(self.texts) + 2


class Eventual:
    """An eventual funnel, made ready to read histories.

    Raises
    ------
    QueryError
        If the question names an event, a property or a cohort that is nowhere in the dataset.
    """

    def __init__(self, query: FunnelQuery, given: Given, threads: int | None, watch: Watch) -> None:
        names = name_events(given)
        self._query, self._given, self._names = query, given, names
        self._table, self._masks = _table(query, names)
        self._rules = _rules(query, given.data_through or 0)
        self._fold = Fold(query, given, names, scope_between(query), threads, watch)

    def count(self, by: ValueGroups | None = None, done: tuple[float, float] = (0.0, 1.0)) -> FunnelCounts:
        """Attempts by group, last step reached and state."""
        steps, groups = len(self._query.steps), NO_GROUPS if by is None else by.groups
        nobody = Attempts.room(0)

        def add(counts: FunnelCounts, histories: Histories) -> None:
            follow_steps(*histories.columns, self._masks, self._rules, groups, *counts, *nobody)

        folded = self._fold.ranges(
            self._table,
            new=lambda: FunnelCounts.empty(steps, 1 if by is None else by.size),
            add=add,
            done=done,
            lens=None if by is None else by.lens,
        )
        found = FunnelCounts.sum(folded.parts)
        found.counters[TIES] = folded.ties
        if folded.eligible is not None:
            found.counters[ELIGIBLE] = folded.eligible
        return found

    def attempts(self, by: ValueGroups | None = None) -> list[Attempts]:
        """Every attempt, with the key of its person."""
        steps, groups = len(self._query.steps), NO_GROUPS if by is None else by.groups

        def add(found: list[Attempts], histories: Histories) -> None:
            events = int(histories.starts[-1] - histories.starts[0])
            room = Attempts.room(events if self._rules.sessions else len(histories.keys))
            counts = FunnelCounts.empty(steps, 1 if by is None else by.size)
            follow_steps(*histories.columns, self._masks, self._rules, groups, *counts, *room)
            used = room.pick(np.arange(counts.counters[MATCHED]))
            found.append(used._replace(people=histories.keys[used.people]))

        def new() -> list[Attempts]:
            return []

        folded = self._fold.ranges(self._table, new=new, add=add, lens=None if by is None else by.lens)
        return [attempts for part in folded.parts for attempts in part]

    def values(self, done: tuple[float, float] = (0.0, 1.0), also: str | None = None) -> ValueGroups:
        """The most frequent values of the breakdown, over all attempts; ``also`` stands as itself in any case."""
        name = self._query.breakdown
        assert name is not None
        check_property("breakdown", name, self._given.segments, self._given.properties)
        lens, number_of, texts = self._numbered(name)

        def add(attempts: IntArray, histories: Histories) -> None:
            count_attempts(*histories.columns, self._masks, self._rules, number_of, attempts)

        folded = self._fold.ranges(
            self._table, new=lambda: np.zeros(len(texts) + 1, np.int64), add=add, done=done, lens=lens
        )
        kept = rank_labels(np.sum(folded.parts, axis=0)[ABSENT + 1 :], texts, self._query.top)
        if also in texts and texts.index(also) not in kept:
            kept.append(texts.index(also))
        group_of = np.full(len(texts) + 1, len(kept), np.int32)
        group_of[np.array(kept, np.int64) + 1] = np.arange(len(kept))
        group_of[ABSENT] = len(kept) + 1
        return ValueGroups([texts[number] for number in kept], lens, group_of[number_of])

    def _numbered(self, name: str) -> tuple[Lens, CodeArray, list[str]]:
        """A lens whose codes tell the values of first events apart; code → number of the value; the values from 1 on.

        Values are told apart, but the table says the same of all: they are one class of event.
        """
        known: dict[str, int] = {}
        tables, numbers = [self._table], [np.full(len(self._table), ABSENT, np.int32)]
        expanded: list[list[ExpandedEvent]] = []
        size = len(self._table)
        for segment, recode in zip(self._given.segments, self._names.recode, strict=True):
            expanded.append([])
            labels = (self._names.names[code] for code in recode.tolist())
            pairs = [
                (event, name)
                for event, label in zip(segment.names, labels, strict=True)
                if label in self._query.steps[0]
            ]
            for each in expand_events(pairs, segment):
                plain, values = recode[[each.event]], len(each.present)
                numbers.append(
                    np.fromiter((known.setdefault(text, len(known) + 1) for text in each.occurring()), np.int32, values)
                )
                tables.append(np.repeat(self._table[plain], values))
                expanded[-1].append(each.labelled(np.arange(size, size + values, dtype=np.int32), plain))
                size += values
        if len(known) > MAX_EXPANDED_LABELS:
            sentence = f"breakdown: there are more than {MAX_EXPANDED_LABELS} values, which is too many."
            raise QueryError("breakdown", sentence)
        lens = Lens(np.concatenate(tables), self._names.recode, expanded)
        return lens, np.concatenate([*numbers, np.zeros(1, np.int32)]), list(known)


def _table(query: FunnelQuery, names: EventNames) -> tuple[CodeArray, NDArray[np.int64]]:
    """Label code → class of event, and the mask of each class."""
    masks = np.zeros(len(names.names) + RELEVANT, np.int64)
    for number, step in enumerate(query.steps):
        masks[np.array(names.codes("steps", step), np.int64) + RELEVANT] |= 1 << number
    for each in query.exclusions:
        codes = np.array(names.codes("exclusions", each.events), np.int64)
        for gap in range(each.after, len(query.steps) - 1 if each.before is None else each.before):
            masks[codes + RELEVANT] |= 1 << (BETWEEN_SHIFT + gap)
    relevant = np.flatnonzero(masks) - RELEVANT
    table = np.where(names.visible(query.only, query.hide, relevant.tolist()), OTHER_EVENT, HIDDEN).astype(np.int32)
    table[relevant] = np.arange(RELEVANT, RELEVANT + len(relevant))
    return table, np.concatenate((np.zeros(RELEVANT, np.int64), masks[relevant + RELEVANT]))


def _rules(query: FunnelQuery, data_through: int) -> FunnelRules:
    since, until = limits(query)
    sessions = query.count == "sessions"
    return FunnelRules(
        sessions=sessions,
        last=query.occurrence == "last",
        merge=query.collapse != "none",
        within=FOREVER if sessions else query.within,
        max_gap=FOREVER if sessions or query.max_gap is None else query.max_gap,
        session_gap=query.session_gap,
        since=since,
        until=until,
        data_end=min(until, data_through),
        steps=len(query.steps),
    )


def group_names(by: ValueGroups) -> Sequence[tuple[str, str]]:
    """(kind, value) of each group."""
    return [*(("value", text) for text in by.texts), ("other", ""), ("none", "")]
