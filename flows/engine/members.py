"""Any number is a set: exactly the people, sessions or journeys behind a number of a flow."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import CodeArray, IntArray, KeyArray, SegmentArrays
from flows.engine.compute import GIB, StepNodes, find_nodes
from flows.engine.counting import bucket_seconds
from flows.engine.kernels import END_SHIFT, LENGTH_MASK, STATES
from flows.engine.labels import Relabel
from flows.engine.query import FlowQuery, QueryError
from flows.engine.result import EVENT, OTHER
from flows.engine.selector import CONVERTED, LINK, NODE, PATH, Selector
from flows.engine.source import Given, PathSource, PathTable, Watch, open_source


@dataclass(frozen=True, slots=True)
class Member:
    """One unit of a set.

    Attributes
    ----------
    key : int
        Actor key.
    anchor : int
        Time of the anchor in µs; with the key it names a session, or a journey (save where one event time has several).
    labels : tuple of str
        The path before bucketing.
    seconds : tuple of float
        Of each step since the one before (0 for the anchor), relative error ≤ 1 %.
    state : str
        How the path ended.
    """

    key: int
    anchor: int
    labels: tuple[str, ...]
    seconds: tuple[float, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Members:
    """How many there are altogether, and one page of them."""

    total: int
    rows: list[Member]


@dataclass(slots=True)
class _Columns:
    """Paths picked out of tables, one column a path; arrays as in :class:`PathTable`."""

    keys: KeyArray
    anchors: IntArray
    ends: NDArray[np.uint8]
    labels: CodeArray
    gaps: NDArray[np.int16]

    @classmethod
    def of(cls, table: PathTable, rows: IntArray) -> _Columns:
        return cls(
            table.people[rows], table.anchors[rows], table.ends[rows], table.labels[:, rows], table.gaps[:, rows]
        )

    def pick(self, rows: NDArray[Any]) -> _Columns:
        return _Columns(self.keys[rows], self.anchors[rows], self.ends[rows], self.labels[:, rows], self.gaps[:, rows])

    @staticmethod
    def joined(parts: Sequence[_Columns]) -> _Columns:
        return _Columns(
            *(
                np.concatenate([getattr(part, name) for part in parts], axis=-1)
                for name in ("keys", "anchors", "ends", "labels", "gaps")
            )
        )


@dataclass(slots=True)
class PathSets:
    """The sets of one question: walked once, asked as often as wanted. Made by :func:`open_sets`."""

    query: FlowQuery
    source: PathSource
    budget: int
    _nodes: list[StepNodes] = field(default_factory=list)

    def members(self, selector: Selector, *, offset: int = 0, limit: int = 100) -> Members:
        """Units of a set; as :func:`members`."""
        if offset < 0 or limit < 0:
            raise ValueError("offset and limit must not be negative")
        wanted = offset + limit
        total = 0
        kept: _Columns | None = None
        for tables, chosen in self._chosen(selector):
            total += sum(map(len, chosen))
            found = [_Columns.of(table, rows) for table, rows in zip(tables, chosen, strict=True) if len(rows)]
            if wanted and found:
                kept = _newest(_Columns.joined(found if kept is None else [kept, *found]), wanted)
        rows = [] if kept is None else self._rows(kept.pick(np.arange(len(kept.keys))[offset:]))
        return Members(total, rows)

    def keys(self, selector: Selector) -> KeyArray:
        """The people of a set; as :func:`member_keys`."""
        found = [np.zeros(0, np.uint64)]
        for tables, chosen in self._chosen(selector):
            new = [table.people[rows] for table, rows in zip(tables, chosen, strict=True)]
            found.append(np.unique(np.concatenate([*new, np.zeros(0, np.uint64)])))
        return np.unique(np.concatenate(found))

    def _chosen(self, selector: Selector) -> Iterator[tuple[list[PathTable], list[IntArray]]]:
        """Wave by wave: tables, and which of their rows belong to the set."""
        last = (selector.step or 0) + (selector.set == LINK)
        if last > self.query.steps:
            raise QueryError("step", f"step: the question has only {self.query.steps} steps.")
        nodes: list[StepNodes] = []
        if OTHER in (selector.kind, selector.source_kind, selector.target_kind):
            if len(self._nodes) <= last:
                self._nodes = find_nodes(self.source, self.query, self.budget, last)
            nodes = self._nodes
        for tables in self.source.waves():
            choice = _Choice(selector, self.source.labels.known, len(self.source.labels.names), nodes)
            yield tables, self.source.map(choice.rows, tables)

    def _rows(self, found: _Columns) -> list[Member]:
        names = self.source.labels.names
        members = []
        for at, (key, anchor, end) in enumerate(
            zip(found.keys.tolist(), found.anchors.tolist(), found.ends.tolist(), strict=True)
        ):
            length = end & LENGTH_MASK
            labels = tuple(names[label - 1] for label in found.labels[:length, at].tolist())
            seconds = tuple(bucket_seconds(gap) for gap in found.gaps[:length, at].tolist())
            members.append(Member(key, anchor, labels, seconds, STATES[end >> END_SHIFT]))
        return members


class _Choice:
    """Picks the rows of a set out of a table, by the labels known so far: a label not known yet is in no row."""

    def __init__(self, selector: Selector, known: Mapping[str, int], labels: int, nodes: Sequence[StepNodes]) -> None:
        self.selector = selector
        self.known = known
        self.labels = labels
        self.nodes = nodes

    def rows(self, table: PathTable) -> IntArray:
        selector = self.selector
        if selector.set == CONVERTED:
            return np.flatnonzero(table.reached)
        if selector.set == LINK:
            assert selector.step is not None
            source = self._at(table, selector.step, selector.source_kind, selector.source)
            return np.flatnonzero(source & self._at(table, selector.step + 1, selector.target_kind, selector.target))
        chosen = np.ones(table.rows, bool)
        if selector.state is not None:
            chosen &= table.ends >> END_SHIFT == STATES.index(selector.state)
        length = table.ends & LENGTH_MASK
        if selector.set == NODE:
            assert selector.step is not None
            chosen &= self._at(table, selector.step, selector.kind, selector.label)
            if selector.state is not None:
                chosen &= length == selector.step + 1
        if selector.set == PATH:
            chosen &= length == len(selector.path)
            for step, label in enumerate(selector.path[: len(table.labels)]):
                chosen &= self._at(table, step, EVENT, label)
        return np.flatnonzero(chosen)

    def _at(self, table: PathTable, step: int, kind: str, label: str) -> NDArray[np.bool_]:
        labels = table.labels[step, : table.rows]
        if kind == EVENT:
            same: NDArray[np.bool_] = labels == self.known.get(label, -2) + 1
            return same
        other: NDArray[np.bool_] = self.nodes[step].table(self.labels) == len(self.nodes[step].codes)
        other[0] = False
        return other[labels]


def _newest(found: _Columns, wanted: int) -> _Columns:
    """The first ``wanted`` by (newest anchor, key); paths of one person at one time stay in their order."""
    n = len(found.keys)
    if n > wanted:
        least = np.partition(found.anchors, n - wanted)[n - wanted]
        found = found.pick(found.anchors >= least)
    return found.pick(np.lexsort((found.keys, -found.anchors))[:wanted])


@contextmanager
def open_sets(
    query: FlowQuery,
    given: Given,
    *,
    threads: int | None = None,
    budget: int = GIB,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[PathSets]:
    """Open the sets of a question, to ask for several of them.

    Raises
    ------
    QueryError
        If the question names an event that is nowhere in the dataset.
    """
    threads = threads or len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(threads) as pool:
        watch = Watch(progress, cancelled)
        yield PathSets(query, open_source(query, given, pool, threads, budget // 2, watch, keyed=True), budget // 4)


def members(
    query: FlowQuery,
    segments: Sequence[SegmentArrays],
    selector: Selector,
    *,
    data_from: int | None,
    data_through: int | None,
    catalogue: Collection[str] = (),
    properties: Collection[str] = (),
    relabel: Relabel | None = None,
    cohorts: Mapping[int, KeyArray] | None = None,
    threads: int | None = None,
    budget: int = GIB,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    offset: int = 0,
    limit: int = 100,
) -> Members:
    """Exactly the units behind one number of a flow: as many as the number says.

    Parameters
    ----------
    query … cancelled
        As for :func:`flows.engine.compute.compute_flow`.
    selector : Selector
        A label that stands in Other is a set of its own, too: whoever had it at that step.
    offset, limit : int
        The page. Memory beyond the budget grows with their sum.

    Returns
    -------
    Members
        Newest anchor first, ties by key.

    Raises
    ------
    QueryError
        If the question names an event that is nowhere in the dataset, or the selector a step it does not have.
    Cancelled
        If ``cancelled`` said so.

    Examples
    --------
    >>> rows = [(1, "visit", 0), (1, "order", 5_000_000), (2, "visit", 0)]
    >>> found = members(FlowQuery(start=("visit",)), [segment_from_rows(rows)],
    ...                 Selector(set="node", step=1, label="order"), data_from=0, data_through=5_000_000)
    >>> found.total, found.rows[0].key, found.rows[0].labels
    (1, 1, ('visit', 'order'))
    """
    given = Given(
        segments=segments,
        data_from=data_from,
        data_through=data_through,
        catalogue=catalogue,
        properties=properties,
        relabel=relabel,
        cohorts=cohorts or {},
    )
    with open_sets(query, given, threads=threads, budget=budget, progress=progress, cancelled=cancelled) as sets:
        return sets.members(selector, offset=offset, limit=limit)


def member_keys(
    query: FlowQuery,
    segments: Sequence[SegmentArrays],
    selector: Selector,
    *,
    data_from: int | None,
    data_through: int | None,
    catalogue: Collection[str] = (),
    properties: Collection[str] = (),
    relabel: Relabel | None = None,
    cohorts: Mapping[int, KeyArray] | None = None,
    threads: int | None = None,
    budget: int = GIB,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> KeyArray:
    """The people behind one number of a flow, for a cohort: actor keys, ascending, each once.

    Parameters and errors as for :func:`members`; memory beyond the budget grows with the set.
    """
    given = Given(
        segments=segments,
        data_from=data_from,
        data_through=data_through,
        catalogue=catalogue,
        properties=properties,
        relabel=relabel,
        cohorts=cohorts or {},
    )
    with open_sets(query, given, threads=threads, budget=budget, progress=progress, cancelled=cancelled) as sets:
        return sets.keys(selector)
