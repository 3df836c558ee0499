"""From paths to numbers: counts by label, links between nodes with histograms of their times, quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.jit import kernel
from flows.engine.kernels import END_SHIFT, MANY_REPEATS, U

Array = Any

DENSE_CELLS = 1 << 19


@kernel
def count_labels(labels: Array, counts: Array) -> None:
    """Add the labels at one step to ``counts``.

    Parameters
    ----------
    labels : int32[rows]
        Label code + 1, or 0 where the path is over.
    counts : int64[2, labels + 1]
        Two rows that belong together: taking turns, equal neighbours need not wait for each other.
    """
    for row in range(labels.size):
        counts[U(row & 1), U(labels[U(row)])] += 1


@kernel
def follow_links(
    labels: Array,
    next_labels: Array,
    next_gaps: Array,
    repeats: Array,
    ends: Array,
    nodes: Array,
    next_nodes: Array,
    next_size: Array,
    buckets: Array,
    cells: Array,
    node_repeats: Array,
    node_ends: Array,
) -> Array:
    """Say for every path which link it takes from one step to the next, or where it ends.

    Parameters
    ----------
    labels, next_labels : int32[rows]
        Label code + 1 at this step and at the next; 0 where the path is over.
    next_gaps : int16[rows]
        Buckets of the time between the two.
    repeats : uint8[rows]
        Repeats at this step; 255 stands for a number counted elsewhere.
    ends : uint8[rows]
        ``state << 5 | length`` of each path.
    nodes, next_nodes : int32[labels + 1]
        Label code + 1 → node of the step.
    next_size, buckets : int
        Nodes of the next step, buckets of a histogram.
    cells : int32|int64[rows]
        Receives ``(node · next_size + next node) · buckets + bucket`` of each link.
    node_repeats : int64[nodes of this step]
    node_ends : int64[nodes of this step, 4]
        Added up.

    Returns
    -------
    int
        How many cells were written.
    """
    n = 0
    for row in range(ends.size):
        label, next_label = labels[U(row)], next_labels[U(row)]
        node = np.int64(nodes[U(label)])
        link = node * next_size + next_nodes[U(next_label)]
        cells[U(n)] = link * buckets + next_gaps[U(row)]
        n += next_label != 0
        if label != 0 and next_label == 0:
            node_ends[U(node), U(ends[U(row)] >> END_SHIFT)] += 1
        more = repeats[U(row)]
        node_repeats[U(node)] += more if more != MANY_REPEATS else 0
    return n


@kernel
def add_cells(cells: Array, n: Array, histogram: Array) -> None:
    """Count the first n cells in a dense histogram (int64[cells])."""
    for k in range(n):
        histogram[U(cells[U(k)])] += 1


@kernel
def _run_lengths(ordered: Array, cells: Array, counts: Array) -> Array:
    """Each value of a sorted array once, with how often it occurs; returns how many there are."""
    n = 0
    for i in range(ordered.size):
        if n == 0 or ordered[U(i)] != cells[U(n - 1)]:
            cells[U(n)] = ordered[U(i)]
            counts[U(n)] = 0
            n += 1
        counts[U(n - 1)] += 1
    return n


@kernel
def _rank_links(cells: Array, counts: Array, buckets: Array, found: Array) -> Array:
    """Number, count, buckets of median and p90 of each link that occurs (int64[links, 4]); returns how many."""
    n = 0
    k = 0
    while k < cells.size:
        link = cells[U(k)] // buckets
        first = k
        total = 0
        while k < cells.size and cells[U(k)] < (link + 1) * buckets:
            total += counts[U(k)]
            k += 1
        found[U(n), U(0)] = link
        found[U(n), U(1)] = total
        seen = 0
        for j in range(first, k):
            before = seen
            seen += counts[U(j)]
            for column in range(2, 4):
                rank = (total * (5 if column == 2 else 9) + 9) // 10
                if before < rank <= seen:
                    found[U(n), U(column)] = cells[U(j)] - link * buckets
        n += 1
    return n


class LinkTimes:
    """Histograms of the times of all links of one step; partial ones add up exactly.

    Dense while small. Else only the cells that occur are kept: they are at most as many as there are links.

    Parameters
    ----------
    links, buckets : int
        Possible links of the step, buckets a link.
    """

    def __init__(self, links: int, buckets: int) -> None:
        size = links * buckets
        self.links = links
        self.buckets = buckets
        self.cell_type = np.int32 if size < 1 << 31 else np.int64
        self._dense = np.zeros(size, np.int64) if size <= DENSE_CELLS else None
        self._waiting: list[NDArray[Any]] = []
        self._cells = np.zeros(0, np.int64)
        self._counts = np.zeros(0, np.int64)

    def add(self, cells: NDArray[Any], n: int) -> None:
        """Count the first n cells."""
        if self._dense is not None:
            add_cells(cells, n, self._dense)
        else:
            self._waiting.append(cells[:n])

    def settle(self) -> None:
        """Count what waits; after each wave, so that no more than one wave waits."""
        if not self._waiting:
            return
        ordered = np.concatenate(self._waiting)
        self._waiting = []
        ordered.sort()
        cells, counts = np.empty(len(ordered), np.int64), np.empty(len(ordered), np.int64)
        n = _run_lengths(ordered, cells, counts)
        if len(self._cells):
            together = np.concatenate((self._counts, counts[:n]))
            self._cells, place = np.unique(np.concatenate((self._cells, cells[:n])), return_inverse=True)
            self._counts = np.bincount(place, together).astype(np.int64)
        else:
            self._cells, self._counts = cells[:n], counts[:n]

    def summary(self) -> list[tuple[int, int, int, int]]:
        """Each link that occurs: its number, its count, and the buckets of its median and its p90.

        Those are the smallest times that half, or nine tenths, of all times of the link do not exceed.
        """
        cells, counts = self._cells, self._counts
        if self._dense is not None:
            cells = np.flatnonzero(self._dense)
            counts = self._dense[cells]
        found = np.empty((min(self.links, len(cells)), 4), np.int64)
        n = _rank_links(cells, counts, self.buckets, found)
        return [(link, count, median, p90) for link, count, median, p90 in found[:n].tolist()]


def bucket_seconds(bucket: int) -> float:
    """Middle of a bucket of :func:`flows.engine.kernels.gap_bucket`, in seconds.

    Examples
    --------
    >>> bucket_seconds(3)
    3e-06
    """
    if bucket < 128:
        return bucket / 1e6
    width = 1 << (bucket // 64 - 1)
    return ((bucket % 64 + 64) * width + (width - 1) / 2) / 1e6


def rank_labels(counts: NDArray[np.int64], names: list[str], top: int | None) -> list[int]:
    """Label codes by count, ties by label ascending; the ``top`` first, or all that occur.

    Parameters
    ----------
    counts : int64[labels]
    names : list of str
        Label code → label.
    top : int or None
    """
    found = np.flatnonzero(counts)
    if top is not None and len(found) > top:
        least = np.partition(counts[found], -top)[-top]
        found = found[counts[found] >= least]
    ranked = sorted(found.tolist(), key=lambda code: (-int(counts[code]), names[code]))
    return ranked[:top]
