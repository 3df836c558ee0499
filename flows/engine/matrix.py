"""Transition matrix: how often each label follows each other one, inside a person's history or a session."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.analysis import (
    Fold,
    Given,
    Histories,
    canonical,
    check_between,
    check_choice,
    check_conditions,
    check_durations,
    check_names,
    check_range,
    head,
    limits,
    name_events,
    scope_between,
)
from flows.engine.conditions import PeopleCondition
from flows.engine.counting import rank_labels
from flows.engine.filters import PropertyFilter
from flows.engine.jit import kernel
from flows.engine.kernels import first_at_or_after, session_end
from flows.engine.log import U
from flows.engine.query import MAX_TOP, MINUTE, FlowQuery, QueryError
from flows.engine.result import EVENT, OTHER, NotConserved
from flows.engine.source import Watch

Array = Any

COUNT, REPEATS, ENTRIES, EXITS, COLUMNS = 0, 1, 2, 3, 4
UNITS, MATCHED, TIES, COUNTERS = 0, 1, 2, 3
DENSE_LABELS = 256  # up to so many, all transitions are counted at once; else first labels, then transitions


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixQuery:
    """One question about transitions. Durations and moments are microseconds (UTC), event lists are names.

    ``count`` says inside what two events are neighbours: ``users`` or ``sessions``. ``where`` removes events that do
    not meet all conditions, ``people`` whole histories.

    Raises
    ------
    QueryError
        From the constructor, if an option is out of bounds or two options contradict each other.
    """

    count: str = "sessions"
    top: int = 20
    session_gap: int = 30 * MINUTE
    collapse: str = "consecutive"
    only: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    range_from: int | None = None
    range_to: int | None = None
    where: tuple[PropertyFilter, ...] = ()
    people: tuple[PeopleCondition, ...] = ()

    def __post_init__(self) -> None:
        check_names(self, "only", "hide")
        check_choice("count", self.count, ("users", "sessions"))
        check_choice("collapse", self.collapse, ("none", "consecutive"))
        check_between("top", self.top, 1, MAX_TOP)
        check_durations(self, "session_gap")
        check_range(self)
        check_conditions(self)
        if self.only and set(self.only) <= set(self.hide):
            raise QueryError("hide", "hide: nothing of the listed events would be left.")

    @classmethod
    def around(cls, flow: FlowQuery, top: int) -> MatrixQuery:
        """The transitions between all events that a flow looks at, also those outside its paths.

        Before and after: start=(a,), steps=5, within=1d, count=journeys, only=(b,) → count=users, only=(a, b).

        Raises
        ------
        QueryError
            If labels tell values of properties, or sessions go by their ids: these are not counted so.
        """
        if flow.expand:
            raise QueryError("expand", "expand: all transitions are between events, not between values of a property.")
        if flow.count == "sessions" and flow.session_by != "gap":
            raise QueryError("session_by", "session_by: all transitions are counted in sessions by a gap.")
        return cls(
            count="sessions" if flow.count == "sessions" else "users",
            top=top,
            session_gap=flow.session_gap,
            collapse="none" if flow.collapse == "none" else "consecutive",
            only=(*flow.only, *flow.start, *flow.end) if flow.only else (),
            hide=flow.hide,
            range_from=flow.range_from,
            range_to=flow.range_to,
            where=flow.where,
            people=flow.people,
        )


class _Rules(NamedTuple):
    sessions: bool
    merge: bool
    session_gap: int
    since: int
    until: int


class _Counts(NamedTuple):
    """labels : int64[labels, COLUMNS]; cells : int64[nodes, nodes], from row to column; counters : int64[COUNTERS]."""

    labels: NDArray[np.int64]
    cells: NDArray[np.int64]
    counters: NDArray[np.int64]


@kernel
def _count_transitions(
    times: Array,
    codes: Array,
    starts: Array,
    skip: Array,
    table: Array,
    nodes: Array,
    rules: Array,
    labels: Array,
    cells: Array,
    counters: Array,
) -> None:
    """Count items and the steps from each to the next. table : code → label + 1 or 0; nodes : int32[labels]."""
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        low = first_at_or_after(times, low, high, rules.since)
        high = first_at_or_after(times, low, high, rules.until)
        if low == high or (skip.size and skip[U(person)]):
            continue
        while low < high:
            end = session_end(times, low, high, rules.session_gap) if rules.sessions else high
            last = np.int32(0)
            for i in range(low, end):
                value = table[U(codes[U(i)])]
                if value == 0:
                    continue
                if value == last and rules.merge:
                    labels[U(value - 1), U(REPEATS)] += 1
                    continue
                labels[U(value - 1), U(COUNT)] += 1
                if last == 0:
                    labels[U(value - 1), U(ENTRIES)] += 1
                else:
                    cells[U(nodes[U(last - 1)]), U(nodes[U(value - 1)])] += 1
                last = value
            if last != 0:
                labels[U(last - 1), U(EXITS)] += 1
                counters[MATCHED] += 1
            counters[UNITS] += 1
            low = end


def compute_matrix(
    query: MatrixQuery,
    given: Given,
    *,
    dataset_version: int,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, object]:
    """Count every transition from one visible event to the next.

    For each label: count = Σ of its row + exits = Σ of its column + entries.

    Parameters
    ----------
    query : MatrixQuery
    given : Given
    dataset_version : int
        Stands in the answer.
    threads : int, optional
        Default: the processors this process may use.
    progress, cancelled : callable, optional
        Told the share done; asked whether to stop. Between key ranges.

    Returns
    -------
    dict
        ``units``: eligible (people or sessions with any event in range), matched (with a visible one). ``labels``:
        count of items, repeats that were collapsed, entries (units that begin with it), exits (that end with it), by
        (−count, label). ``cells``: count of each transition that occurs, by (−count, source, target).
        ``transitions``: their sum. ``ties``.

    Raises
    ------
    QueryError
        If the question names an event, a property or a cohort that is nowhere in the dataset.
    Cancelled
    NotConserved
        If the numbers do not add up.

    Notes
    -----
    The ``top`` labels by count stand as themselves, all others are one Other, chosen from complete counts. With many
    labels the histories are read twice, first for the labels, then for transitions among the nodes, so memory is
    O(labels + top²) for each thread, whatever occurs.

    Examples
    --------
    >>> rows = [(1, "a", 0), (1, "b", 1), (1, "a", 2), (2, "a", 0)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=2)
    >>> matrix = compute_matrix(MatrixQuery(), given, dataset_version=1)
    >>> [(cell["source"], cell["target"], cell["count"]) for cell in matrix["cells"]]
    [('a', 'b', 1), ('b', 'a', 1)]
    """
    began = time.perf_counter()
    names = name_events(given)
    shown = names.visible(query.only, query.hide)
    table = np.where(shown, np.arange(1, len(names.names) + 1), 0).astype(np.int32)
    watch = Watch(progress, cancelled)
    fold = Fold(query, given, names, scope_between(query), threads, watch)
    dense = len(names.names) <= DENSE_LABELS
    nodes = np.arange(len(names.names), dtype=np.int32) if dense else np.zeros(len(names.names), np.int32)
    size = len(nodes) if dense else 1
    found = _count(query, fold, table, nodes, size, (0.0, 1.0 if dense else 0.5))
    kept = rank_labels(found.labels[:, COUNT], names.names, query.top)
    node_of = np.full(len(names.names), len(kept), np.int32)
    node_of[kept] = np.arange(len(kept))
    if dense:
        cells = np.zeros((len(kept) + 1, len(kept) + 1), np.int64)
        np.add.at(cells, (node_of[:, None], node_of[None, :]), found.cells)
    else:
        cells = _count(query, fold, table, node_of, len(kept) + 1, (0.5, 1.0)).cells
    totals = np.zeros((len(kept) + 1, COLUMNS), np.int64)
    np.add.at(totals, node_of, found.labels)
    check_matrix(totals, cells, int(found.counters[MATCHED]))
    titles = [(EVENT, names.names[code]) for code in kept] + [(OTHER, "")]
    seconds = time.perf_counter() - began
    return {
        **head(canonical(query), dataset_version=dataset_version, data_through=given.data_through, seconds=seconds),
        "units": {"eligible": int(found.counters[UNITS]), "matched": int(found.counters[MATCHED])},
        "labels": _label_rows(titles, totals),
        "cells": _cell_rows(titles, cells),
        "transitions": int(cells.sum()),
        "ties": int(found.counters[TIES]),
    }


def check_matrix(totals: NDArray[np.int64], cells: NDArray[np.int64], units: int) -> None:
    """Every label equals what leaves it and what enters it; every unit begins once and ends once.

    Parameters
    ----------
    totals : int64[nodes, COLUMNS]
    cells : int64[nodes, nodes]
    units : int

    Raises
    ------
    NotConserved
    """
    count = totals[:, COUNT]
    leaving = cells.sum(axis=1) + totals[:, EXITS]
    entering = cells.sum(axis=0) + totals[:, ENTRIES]
    if (count != leaving).any() or (count != entering).any():
        node = int(np.flatnonzero((count != leaving) | (count != entering))[0])
        raise NotConserved(f"node {node}: count {count[node]}, leaving {leaving[node]}, entering {entering[node]}")
    if totals[:, ENTRIES].sum() != units or totals[:, EXITS].sum() != units:
        raise NotConserved(f"{units} units, but {totals[:, ENTRIES].sum()} entries, {totals[:, EXITS].sum()} exits")


def _count(
    query: MatrixQuery,
    fold: Fold,
    table: NDArray[np.int32],
    nodes: NDArray[np.int32],
    size: int,
    done: tuple[float, float],
) -> _Counts:
    """One reading. nodes : int32[labels], label code → row and column of the cells; size : how many of those."""
    since, until = limits(query)
    rules = _Rules(query.count == "sessions", query.collapse != "none", query.session_gap, since, until)

    def new() -> _Counts:
        labels, cells = np.zeros((len(nodes), COLUMNS), np.int64), np.zeros((size, size), np.int64)
        return _Counts(labels, cells, np.zeros(COUNTERS, np.int64))

    def add(counts: _Counts, histories: Histories) -> None:
        _count_transitions(*histories.columns, nodes, rules, *counts)

    parts, ties, eligible = fold.ranges(table, new=new, add=add, done=done)
    found = _Counts(*(sum(arrays[1:], arrays[0]) for arrays in zip(*parts, strict=True)))
    found.counters[TIES] = ties
    found.counters[UNITS] = found.counters[UNITS] if eligible is None else eligible
    return found


def _label_rows(titles: Sequence[tuple[str, str]], totals: NDArray[np.int64]) -> list[dict[str, object]]:
    order = sorted(range(len(titles)), key=lambda node: (-totals[node, COUNT], titles[node][1], titles[node][0]))
    rows: list[dict[str, object]] = []
    for node in order:
        count, repeats, entries, exits = totals[node].tolist()
        if count:
            kind, label = titles[node]
            rows.append(
                {"kind": kind, "label": label, "count": count, "repeats": repeats, "entries": entries, "exits": exits}
            )
    return rows


def _cell_rows(titles: Sequence[tuple[str, str]], cells: NDArray[np.int64]) -> list[dict[str, object]]:
    found = []
    for source, target in np.argwhere(cells).tolist():
        (source_kind, source_label), (target_kind, target_label) = titles[source], titles[target]
        found.append((-int(cells[source, target]), source_label, target_label, source_kind, target_kind))
    return [
        {"source": source, "source_kind": source_kind, "target": target, "target_kind": target_kind, "count": -count}
        for count, source, target, source_kind, target_kind in sorted(found)
    ]
