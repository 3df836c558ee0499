"""Paths as a tree: whose paths begin alike, and where they part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.compute import GIB
from flows.engine.counting import rank_labels
from flows.engine.crew import Crew
from flows.engine.histories import Given
from flows.engine.jit import kernel
from flows.engine.log import CODE_SHIFT, END_SHIFT, LENGTH_MASK, STATE_MASK, STATES, U
from flows.engine.query import FlowQuery, QueryError
from flows.engine.result import NotConserved
from flows.engine.source import Paths, PathSource, Watch, open_source

Array = Any
Prefix = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """Whose paths begin with the same labels, before bucketing.

    Attributes
    ----------
    labels : tuple of str
    count : int
        = Σ counts of ``children`` + ``rest`` + Σ ``ends``, where the branch is open.
    ends : tuple of int or None
        Who went no further, in the order of ``STATES``; None where the branch is not open.
    children : tuple of Branch
        By (−count, label).
    rest, rest_labels : int
        Who went on with one of the less frequent labels, and how many labels these are.
    """

    labels: Prefix
    count: int
    ends: tuple[int, ...] | None = None
    children: tuple[Branch, ...] = ()
    rest: int = 0
    rest_labels: int = 0


@kernel
def _follow(items: Array, following: Array, counts: Array, ends: Array) -> None:
    """Count what follows each open prefix; row 0 is the empty one.

    Parameters
    ----------
    items : uint32[n] or uint64[n]
        A PathLog's.
    following : int32[rows, labels]
        The row of a prefix with one more label; −1 where that is not open.
    counts : int64[rows, labels]
    ends : int64[rows, states]
    """
    at: Array = 0
    while at < items.size:
        head = np.int64(items[U(at)])
        length = head & LENGTH_MASK
        row = np.int64(0)
        step = np.int64(0)
        while step < length and row >= 0:
            code = np.int64(items[U(at + 1 + step)] >> CODE_SHIFT)
            counts[U(row), U(code)] += 1
            row = np.int64(following[U(row), U(code)])
            step += 1
        if row >= 0:
            ends[U(row), U(head >> END_SHIFT & STATE_MASK)] += 1
        at += 1 + length


def grow_tree(
    query: FlowQuery,
    given: Given,
    prefix: Sequence[str] = (),
    *,
    depth: int = 1,
    wide: int = 8,
    most: int = 20,
    threads: int | None = None,
    budget: int = GIB,
) -> Branch:
    """The tree of a flow's paths below a prefix.

    Parameters
    ----------
    query : FlowQuery
    given : Given
    prefix : sequence of str
        Labels from step 0 on; empty: all paths.
    depth : int
        How many levels below the prefix are open; of a level the ``wide`` most frequent branches.
    wide, most : int
        Branches opened a level, and children listed of a branch.
    threads, budget : int
        As for :func:`flows.engine.compute.compute_flow`.

    Returns
    -------
    Branch
        That of the prefix; its count is 0 where no path begins so.

    Raises
    ------
    QueryError
        If the question names an event that is nowhere in the dataset, or the prefix is longer than a path.
    NotConserved
        If the numbers do not add up.

    Notes
    -----
    One pass over the paths for each level; O(open branches · labels) memory for each thread.

    Examples
    --------
    >>> rows = [(1, "visit", 0), (1, "look", 1), (2, "visit", 0), (3, "visit", 0), (3, "look", 1)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=1)
    >>> tree = grow_tree(FlowQuery(start=("visit",)), given, ["visit"])
    >>> tree.count, [(child.labels, child.count) for child in tree.children], sum(tree.ends)
    (3, [(('visit', 'look'), 2)], 1)
    """
    if len(prefix) > query.steps + 1:
        raise QueryError("path", f"path: the question has only {query.steps} steps.")
    with Crew(threads) as crew:
        source = open_source(query, given, crew, budget // 2, Watch())
        for _ in source.waves():
            pass  # cycles get their labels as they are met
        prefix = tuple(prefix)
        tree = _Tree(source, [prefix[:length] for length in range(len(prefix) + 1)], most)
        level = [prefix]
        for _ in range(depth - 1):
            tree.count()
            below = [child for each in level for child, _ in tree.children(each)[:most]]
            level = sorted(below, key=lambda child: (-tree.size(child), child))[:wide]
            tree.open += level
        tree.count()
        return tree.branch(prefix)


class _Tree:
    """Open prefixes, each behind the one that it continues, and what follows them."""

    def __init__(self, source: PathSource, opened: list[Prefix], most: int) -> None:
        self.open = opened
        self._source = source
        self._most = most
        self._names = source.labels.names
        self._known = source.labels.known
        self._counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._ends: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._rows: dict[Prefix, int] = {}

    def count(self) -> None:
        """Count what follows every open prefix."""
        self._rows = {prefix: row for row, prefix in enumerate(self.open)}
        shape = (len(self.open), len(self._names))
        following = np.full(shape, -1, np.int32)
        for prefix, row in self._rows.items():
            if prefix and prefix[-1] in self._known:
                following[self._rows[prefix[:-1]], self._known[prefix[-1]]] = row
        self._counts, self._ends = np.zeros(shape, np.int64), np.zeros((len(self.open), len(STATES)), np.int64)
        crew = self._source.crew

        def add(part: Sequence[Paths]) -> tuple[IntArray, IntArray]:
            counts, ends = np.zeros_like(self._counts), np.zeros_like(self._ends)
            for paths in part:
                _follow(paths.log.items, following, counts, ends)
            return counts, ends

        for found in self._source.waves():
            for counts, ends in crew.each(add, crew.shares(found)):
                self._counts += counts
                self._ends += ends

    def size(self, prefix: Prefix) -> int:
        """How many paths begin so; of an open prefix, or of one that continues it."""
        if not prefix:
            return int(self._counts[0].sum() + self._ends[0].sum())
        code = self._known.get(prefix[-1])
        return 0 if code is None else int(self._counts[self._rows[prefix[:-1]], code])

    def children(self, prefix: Prefix) -> list[tuple[Prefix, int]]:
        """Those that continue it, with their counts, by (−count, label)."""
        counts = self._counts[self._rows[prefix]]
        return [((*prefix, self._names[code]), int(counts[code])) for code in rank_labels(counts, self._names, None)]

    def branch(self, prefix: Prefix) -> Branch:
        count = self.size(prefix)
        if prefix not in self._rows:
            return Branch(prefix, count)
        children = self.children(prefix)
        ends = tuple(self._ends[self._rows[prefix]].tolist())
        if count != sum(size for _, size in children) + sum(ends):
            raise NotConserved(f"prefix {prefix!r}: count {count}, children {children[:3]}…, ends {ends}")
        left = children[self._most :]
        return Branch(
            prefix,
            count,
            ends,
            tuple(self.branch(child) for child, _ in children[: self._most]),
            sum(size for _, size in left),
            len(left),
        )
