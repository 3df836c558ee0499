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
        cells = np.sort(np.concatenate(self._waiting))
        self._waiting = []
        firsts = np.flatnonzero(np.concatenate(([True], cells[1:] != cells[:-1])) if len(cells) else cells)
        counts = np.diff(firsts, append=len(cells))
        merged = np.concatenate((self._cells, cells[firsts].astype(np.int64)))
        counts = np.concatenate((self._counts, counts))
        if len(self._cells):
            self._cells, place = np.unique(merged, return_inverse=True)
            counts = np.bincount(place, counts).astype(np.int64)
        else:
            self._cells = merged
        self._counts = counts

    def summary(self) -> list[tuple[int, int, int, int]]:
        """Each link that occurs: its number, its count, and the buckets of its median and its p90.

        Those are the smallest times that half, or nine tenths, of all times of the link do not exceed.
        """
        cells, counts = self._cells, self._counts
        if self._dense is not None:
            cells = np.flatnonzero(self._dense)
            counts = self._dense[cells]
        links, first = np.unique(cells // self.buckets, return_index=True)
        seen = np.cumsum(counts)
        before = seen[first] - counts[first]
        totals = np.diff(np.append(before, counts.sum()))
        median, p90 = (
            cells[np.searchsorted(seen, before + (totals * tenths + 9) // 10)] % self.buckets for tenths in (5, 9)
        )
        return list(zip(links.tolist(), totals.tolist(), median.tolist(), p90.tolist(), strict=True))


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
