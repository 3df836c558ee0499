"""Any number is a set: exactly the people, sessions or journeys behind a number of a flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray, KeyArray
from flows.engine.compute import GIB, StepNodes, find_nodes
from flows.engine.counting import bucket_seconds
from flows.engine.crew import Crew
from flows.engine.histories import Given
from flows.engine.log import CODE_SHIFT, END_SHIFT, GAP_MASK, LENGTH_MASK, REACHED_SHIFT, STATE_MASK, STATES
from flows.engine.query import FlowQuery, QueryError
from flows.engine.result import EVENT, OTHER
from flows.engine.selector import CONVERTED, LINK, NODE, PATH, PREFIX, Selector
from flows.engine.source import Paths, PathSource, Watch, open_source


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


@dataclass(frozen=True, slots=True)
class Profile:
    """How a set lies in time.

    Attributes
    ----------
    gaps : int64[4096]
        Units by the bucket (of :func:`flows.engine.kernels.gap_bucket`) of the time that the step of a node, or the
        target of a link, came after the step before; all 0 where there is none.
    began : int64[periods]
        Units by the period of their anchor.
    """

    gaps: IntArray
    began: IntArray


@dataclass(slots=True)
class PathRows:
    """Paths picked out of logs, one row a path: keys, anchors, heads, and items with nothing (0) behind the last.

    uint64[rows], int64[rows], int64[rows], int64[rows, steps + 1]
    """

    keys: KeyArray
    anchors: IntArray
    heads: IntArray
    items: IntArray

    @classmethod
    def of(cls, paths: Paths, rows: IntArray, steps: int) -> PathRows:
        log = paths.log
        at = log.heads[rows]
        heads = log.items[at].astype(np.int64)
        places = np.arange(steps + 1)
        there = places < (heads & LENGTH_MASK)[:, None]
        items = log.items[np.where(there, at[:, None] + 1 + places, 0)].astype(np.int64)
        return cls(log.people[rows], log.anchors[rows], heads, np.where(there, items, 0))

    def pick(self, rows: NDArray[Any]) -> PathRows:
        return PathRows(self.keys[rows], self.anchors[rows], self.heads[rows], self.items[rows])

    @staticmethod
    def joined(parts: Sequence[PathRows]) -> PathRows:
        names = ("keys", "anchors", "heads", "items")
        return PathRows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(slots=True)
class PathSets:
    """The sets of one question: walked once, asked as often as wanted. Made by :func:`open_sets`."""

    query: FlowQuery
    source: PathSource
    budget: int
    _nodes: list[StepNodes] = field(default_factory=list)

    def members(self, selector: Selector, *, offset: int = 0, limit: int = 100) -> Members:
        """Exactly the units behind one number of a flow, as many as the number says: newest anchor first, ties by key.

        Parameters
        ----------
        selector : Selector
            A label that stands in Other is a set of its own, too: whoever had it at that step.
        offset, limit : int
            The page. Memory beyond the budget grows with their sum.

        Raises
        ------
        QueryError
            If the selector has a step that the question does not have.
        Cancelled
        """
        if offset < 0 or limit < 0:
            raise ValueError("offset and limit must not be negative")
        wanted = offset + limit
        total = 0
        kept: PathRows | None = None
        for walked, chosen in self._chosen(selector):
            total += sum(map(len, chosen))
            for paths, of_set in zip(walked, chosen, strict=True):
                if wanted and len(of_set):
                    new = PathRows.of(paths, _newest_rows(paths, of_set, wanted), self.query.steps)
                    kept = _newest(new if kept is None else PathRows.joined([kept, new]), wanted)
        rows = [] if kept is None else self._rows(kept.pick(np.arange(len(kept.keys))[offset:]))
        return Members(total, rows)

    def keys(self, selector: Selector) -> KeyArray:
        """The people of a set, for a cohort: uint64[people], ascending, each once.

        Errors as of :meth:`members`; memory beyond the budget grows with the set.
        """
        found = [np.zeros(0, np.uint64)]
        for walked, chosen in self._chosen(selector):
            new = [paths.log.people[rows] for paths, rows in zip(walked, chosen, strict=True)]
            found.append(np.unique(np.concatenate([*new, np.zeros(0, np.uint64)])))
        return np.unique(np.concatenate(found))

    def profile(self, selector: Selector, edges: IntArray) -> Profile:
        """How a set lies in time; ``edges`` (int64[periods + 1], µs, ascending) bound the periods."""
        step = 0 if selector.step is None else selector.step + (selector.set == LINK)
        gaps, began = np.zeros(GAP_MASK + 1, np.int64), np.zeros(len(edges) - 1, np.int64)
        for walked, chosen in self._chosen(selector):
            for paths, rows in zip(walked, chosen, strict=True):
                period = np.searchsorted(edges, paths.log.anchors[rows], side="right")
                began += np.bincount(period, minlength=len(edges) + 1)[1:-1]
                if step:
                    items = paths.log.items[paths.log.heads[rows] + 1 + step].astype(np.int64)
                    gaps += np.bincount(items & GAP_MASK, minlength=GAP_MASK + 1)
        return Profile(gaps, began)

    def _chosen(self, selector: Selector) -> Iterator[tuple[list[Paths], list[IntArray]]]:
        """Wave by wave: paths, and which of them belong to the set."""
        last = (selector.step or 0) + (selector.set == LINK)
        if last > self.query.steps:
            raise QueryError("step", f"step: the question has only {self.query.steps} steps.")
        nodes: list[StepNodes] = []
        if OTHER in (selector.kind, selector.source_kind, selector.target_kind):
            if len(self._nodes) <= last:
                self._nodes = find_nodes(self.source, self.query, self.budget, last)
            nodes = self._nodes
        for walked in self.source.waves():
            choice = _Choice(selector, self.source.labels.known, len(self.source.labels.names), nodes)
            yield walked, self.source.crew.map(choice.rows, walked)

    def _rows(self, found: PathRows) -> list[Member]:
        names = self.source.labels.names
        members = []
        for key, anchor, head, row in zip(
            found.keys.tolist(), found.anchors.tolist(), found.heads.tolist(), found.items.tolist(), strict=True
        ):
            items = row[: head & LENGTH_MASK]
            labels = tuple(names[item >> CODE_SHIFT] for item in items)
            seconds = tuple(bucket_seconds(np.array(items) & GAP_MASK).tolist())
            members.append(Member(key, anchor, labels, seconds, STATES[head >> END_SHIFT & STATE_MASK]))
        return members


class _Choice:
    """Picks the rows of a set out of a table, by the labels known so far: a label not known yet is in no row."""

    def __init__(self, selector: Selector, known: Mapping[str, int], labels: int, nodes: Sequence[StepNodes]) -> None:
        self.selector = selector
        self.known = known
        self.labels = labels
        self.nodes = nodes

    def rows(self, paths: Paths) -> IntArray:
        selector = self.selector
        heads = paths.log.items[paths.log.heads]
        if selector.set == CONVERTED:
            return np.flatnonzero(heads >> REACHED_SHIFT)
        if selector.set == LINK:
            assert selector.step is not None
            source = self._at(paths, heads, selector.step, selector.source_kind, selector.source)
            return np.flatnonzero(
                source & self._at(paths, heads, selector.step + 1, selector.target_kind, selector.target)
            )
        chosen = np.ones(paths.rows, bool)
        if selector.state is not None:
            chosen &= heads >> END_SHIFT & STATE_MASK == STATES.index(selector.state)
        length = heads & LENGTH_MASK
        if selector.set == NODE:
            assert selector.step is not None
            chosen &= self._at(paths, heads, selector.step, selector.kind, selector.label)
            if selector.state is not None:
                chosen &= length == selector.step + 1
        if selector.set == PATH:
            chosen &= length == len(selector.path)
        if selector.set in (PATH, PREFIX):
            for step, label in enumerate(selector.path):
                chosen &= self._at(paths, heads, step, EVENT, label)
        return np.flatnonzero(chosen)

    def _at(self, paths: Paths, heads: NDArray[Any], step: int, kind: str, label: str) -> NDArray[np.bool_]:
        """bool[rows]: whether the path has the label (or one that stands in Other) at the step."""
        there: NDArray[np.bool_] = (heads & LENGTH_MASK) > step
        codes = paths.log.items[np.where(there, paths.log.heads + 1 + step, 0)] >> CODE_SHIFT
        if kind == EVENT:
            return there & (codes == self.known[label]) if label in self.known else np.zeros(paths.rows, bool)
        # What stands at the first place of a log is no item: its code is 0, whose look-up counts for nothing.
        other = self.nodes[step].table(self.labels) == len(self.nodes[step].codes)
        found: NDArray[np.bool_] = there & other[codes]
        return found


def _newest_rows(paths: Paths, rows: IntArray, wanted: int) -> IntArray:
    """Those of the rows that may be among the ``wanted`` newest."""
    if len(rows) <= wanted:
        return rows
    anchors = paths.log.anchors[rows]
    least = np.partition(anchors, len(rows) - wanted)[len(rows) - wanted]
    newest: IntArray = rows[anchors >= least]
    return newest


def _newest(found: PathRows, wanted: int) -> PathRows:
    """The first ``wanted`` by (newest anchor, key); paths of one person at one time stay in their order."""
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
        If the question names an event, a property or a cohort that is nowhere in the dataset.

    Examples
    --------
    >>> rows = [(1, "visit", 0), (1, "order", 5_000_000), (2, "visit", 0)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=5_000_000)
    >>> with open_sets(FlowQuery(start=("visit",)), given) as sets:
    ...     found = sets.members(Selector(set="node", step=1, label="order"))
    >>> found.total, found.rows[0].key, found.rows[0].labels
    (1, 1, ('visit', 'order'))
    """
    with Crew(threads) as crew:
        watch = Watch(progress, cancelled)
        yield PathSets(query, open_source(query, given, crew, budget // 2, watch, keyed=True), budget // 4)
