"""Histograms of the times of links: dense ones of a byte a cell, sparse ones of the cells that occur, and quantiles of
both. A cell is ``link · buckets + bucket``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.jit import inlined, kernel
from flows.engine.log import U

Array = Any

SPILL = 256  # what a cell of a dense histogram has counted when it begins anew
BLOCK = 64  # buckets that are added up at once


@kernel
def _merge(cells: Array, counts: Array, other_cells: Array, other_counts: Array, out: Array, sums: Array) -> Array:
    """Put two ascending lists of cells together, and add up what both have; returns how many there are."""
    i = k = n = 0
    while i < cells.size or k < other_cells.size:
        if k == other_cells.size or (i < cells.size and cells[U(i)] < other_cells[U(k)]):
            out[U(n)], sums[U(n)] = cells[U(i)], counts[U(i)]
            i += 1
        else:
            out[U(n)], sums[U(n)] = other_cells[U(k)], other_counts[U(k)]
            if i < cells.size and cells[U(i)] == other_cells[U(k)]:
                sums[U(n)] += counts[U(i)]
                i += 1
            k += 1
        n += 1
    return n


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


@inlined
def _bucket_of_rank(histograms: Array, spilled: Array, k: Array, low: Array, sums: Array, rank: Array) -> Array:
    """The bucket of the link whose cells begin at ``low`` in which its ``rank``-th smallest time lies."""
    block = 0
    while sums[U(block)] < rank:
        rank -= sums[U(block)]
        block += 1
    cell = low + BLOCK * block - 1
    while rank > 0:
        cell += 1
        for each in range(histograms.shape[0]):
            rank -= np.int64(histograms[U(each), U(cell)])
        while k < spilled.size and spilled[U(k)] <= cell:
            rank -= SPILL if spilled[U(k)] == cell else 0
            k += 1
    return cell - low


@kernel
def _rank_dense(
    histograms: Array, spilled: Array, first: Array, stop: Array, buckets: Array, sums: Array, found: Array
) -> Array:
    """As :func:`_rank_links`, of the links ``first … stop − 1`` of some histograms (uint8[n, cells]) that add up;
    ``spilled`` are the cells that began anew, ascending, from that of the first link on."""
    n = 0
    k = 0
    for link in range(first, stop):
        low, high = link * buckets, (link + 1) * buckets
        for block in range(sums.size):
            begin = low + BLOCK * block
            end = min(begin + BLOCK, high)
            total = np.int64(0)
            for each in range(histograms.shape[0]):
                for cell in range(begin, end):
                    total += np.int64(histograms[U(each), U(cell)])
            sums[U(block)] = total
        before = k
        while k < spilled.size and spilled[U(k)] < high:
            sums[U((spilled[U(k)] - low) // BLOCK)] += SPILL
            k += 1
        total = np.int64(0)
        for block in range(sums.size):
            total += sums[U(block)]
        if total:
            found[U(n), U(0)] = link
            found[U(n), U(1)] = total
            for column in range(2, 4):
                rank = (total * (5 if column == 2 else 9) + 9) // 10
                found[U(n), U(column)] = _bucket_of_rank(histograms, spilled, before, low, sums, rank)
            n += 1
    return n


class Cells(NamedTuple):
    """A sparse histogram: cells that occur, ascending, and their counts; both int64[n]."""

    cells: IntArray
    counts: IntArray

    @classmethod
    def of(cls, values: IntArray) -> Cells:
        """Count values; they are sorted in place."""
        values.sort()
        cells, counts = np.empty_like(values), np.empty_like(values)
        n = _run_lengths(values, cells, counts)
        return cls(cells[:n], counts[:n])

    def plus(self, other: Cells) -> Cells:
        if not len(other.cells):
            return self
        out = np.empty((2, len(self.cells) + len(other.cells)), np.int64)
        n = _merge(*self, *other, out[0], out[1])
        return Cells(out[0, :n], out[1, :n])

    def ranked(self, buckets: int) -> IntArray:
        """Number, count, buckets of median and p90 of each link that occurs; int64[links, 4]."""
        found = np.empty((len(self.cells), 4), np.int64)
        return found[: _rank_links(*self, buckets, found)]


def rank_dense(histograms: NDArray[np.uint8], spilled: IntArray, buckets: int, links: tuple[int, int]) -> IntArray:
    """Rank the links ``first … stop − 1`` of histograms that add up.

    Parameters
    ----------
    histograms : uint8[n, cells]
    spilled : int64[m]
        The cells that began anew, ascending, as often as they did.
    buckets : int
    links : (int, int)
        First and stop.

    Returns
    -------
    int64[links, 4]
        As :meth:`Cells.ranked`.
    """
    first, stop = links
    found = np.empty((stop - first, 4), np.int64)
    spilled = spilled[np.searchsorted(spilled, first * buckets) :]
    n = _rank_dense(histograms, spilled, first, stop, buckets, np.empty(-(-buckets // BLOCK), np.int64), found)
    return found[:n]
