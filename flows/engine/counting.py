"""From paths to numbers: counts by label, links between nodes with histograms of their times, quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.jit import kernel
from flows.engine.kernels import (
    CODE_SHIFT,
    END_SHIFT,
    EXACT_GAP,
    GAP_MASK,
    LENGTH_MASK,
    MANY_REPEATS,
    REPEATS_SHIFT,
    STATE_MASK,
    STATES,
    PathLog,
    U,
)

Array = Any

SPILL = 256  # what a cell of a dense histogram has counted when it begins anew


@kernel
def count_labels(items: Array, first: Array, counts: Array) -> None:
    """Add the labels of some steps to ``counts``.

    Parameters
    ----------
    items : uint32[n] or uint64[n]
        A :class:`PathLog`'s.
    first : int
        Step of the first row of ``counts``.
    counts : int64[steps, labels]
    """
    at: Array = 0
    while at < items.size:
        length = np.int64(items[U(at)] & LENGTH_MASK)
        for step in range(first, min(length, first + counts.shape[0])):
            counts[U(step - first), U(items[U(at + 1 + step)] >> CODE_SHIFT)] += 1
        at += 1 + length


class Nodes(NamedTuple):
    """The nodes of a flow, as a kernel takes them.

    table : int32[steps + 1, labels], label code → node of the step; places : int64[steps + 2], number of the first node
    of each step; links : int64[steps + 1], number of the first link that leaves each step; sizes : int64[steps + 2],
    nodes of each step, 0 behind the last.
    """

    table: NDArray[np.int32]
    places: IntArray
    links: IntArray
    sizes: IntArray


@kernel
def _follow(
    items: Array,
    first: Array,
    stop: Array,
    table: Array,
    places: Array,
    links: Array,
    sizes: Array,
    base: Array,
    buckets: Array,
    histogram: Array,
    spilled: Array,
    used: Array,
    repeats: Array,
    ends: Array,
) -> Array:
    """Add what leaves the nodes of the steps ``first … stop − 1``; returns how many entries ``spilled`` has then.

    Parameters
    ----------
    items, table, places, links, sizes
        Of a :class:`PathLog` and of :class:`Nodes`.
    base, buckets : int
        Number of the first link in the histogram; buckets of a link.
    histogram : uint8[cells] or uint8[0]
        A cell is ``(link − base) · buckets + bucket``. One that is full begins anew, and is noted in ``spilled``.
    spilled : int64[n]
        Without room in the histogram, every cell is noted here.
    repeats : int64[nodes]
        Added up; what stands in the list of many repeats is not.
    ends : int64[nodes, states]
        Added up.
    """
    at: Array = 0
    while at < items.size:
        head = np.int64(items[U(at)])
        length = head & LENGTH_MASK
        if length > first:
            item = np.int64(items[U(at + 1 + first)])
            node = np.int64(table[U(first), U(item >> CODE_SHIFT)])
            for step in range(first, min(length - 1, stop)):
                more = item >> REPEATS_SHIFT & MANY_REPEATS
                repeats[U(places[U(step)] + node)] += more if more != MANY_REPEATS else 0
                item = np.int64(items[U(at + 2 + step)])
                target = np.int64(table[U(step + 1), U(item >> CODE_SHIFT)])
                link = links[U(step)] + node * sizes[U(step + 1)] + target
                cell = (link - base) * buckets + (item & GAP_MASK)
                if histogram.size:
                    count = np.uint8(histogram[U(cell)] + 1)
                    histogram[U(cell)] = count
                    if count == 0:
                        spilled[U(used)] = cell
                        used += 1
                else:
                    spilled[U(used)] = cell
                    used += 1
                node = target
            if length <= stop:
                place = places[U(length - 1)] + node
                more = item >> REPEATS_SHIFT & MANY_REPEATS
                repeats[U(place)] += more if more != MANY_REPEATS else 0
                ends[U(place), U(head >> END_SHIFT & STATE_MASK)] += 1
        at += 1 + length
    return used


@kernel
def _gather(words: Array, histograms: Array, cells: Array, counts: Array) -> Array:
    """The cells that occur in some histograms (uint8[n, cells]), ascending, with their sums; returns how many.

    ``words`` are the histograms as uint64, eight cells at a time.
    """
    n = 0
    for word in range(words.shape[1]):
        some = words[U(0), U(word)]
        for each in range(1, words.shape[0]):
            some |= words[U(each), U(word)]
        if some == 0:
            continue
        for cell in range(8 * word, 8 * word + 8):
            count = np.int64(0)
            for each in range(words.shape[0]):
                count += histograms[U(each), U(cell)]
            if count != 0:
                cells[U(n)] = cell
                counts[U(n)] = count
                n += 1
    return n


@kernel
def _merge(
    cells: Array, counts: Array, other_cells: Array, other_counts: Array, weight: Array, out: Array, sums: Array
) -> Array:
    """Put two ascending lists of cells together, and add up what both have; returns how many there are."""
    i = k = n = 0
    while i < cells.size or k < other_cells.size:
        if k == other_cells.size or (i < cells.size and cells[U(i)] < other_cells[U(k)]):
            out[U(n)], sums[U(n)] = cells[U(i)], counts[U(i)]
            i += 1
        else:
            out[U(n)], sums[U(n)] = other_cells[U(k)], weight * other_counts[U(k)]
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

    def plus(self, other: Cells, weight: int = 1) -> Cells:
        if not len(other.cells):
            return self
        out = np.empty((2, len(self.cells) + len(other.cells)), np.int64)
        n = _merge(*self, *other, weight, out[0], out[1])
        return Cells(out[0, :n], out[1, :n])


@dataclass(slots=True)
class _Share:
    """What one thread has counted."""

    histogram: NDArray[np.uint8]
    spilled: IntArray
    used: int
    seen: int
    repeats: IntArray
    ends: IntArray
    sparse: Cells

    def settle(self) -> None:
        """Without a histogram: count what waits, so that no more than one log waits."""
        if not self.histogram.size:
            self.sparse = self.sparse.plus(Cells.of(self.spilled[: self.used]))
            self.used = self.seen = 0


class Leaving:
    """What leaves the nodes of the steps ``first … stop − 1``: links with their times, repeats, ends.

    Each thread has a histogram of its own; they add up exactly. It has a byte a cell, so that the cells that are
    counted most stay near the processor; where even that is too much, only the cells that occur are kept.

    Parameters
    ----------
    nodes : Nodes
    first, stop : int
    buckets : int
        Buckets a link.
    threads : int
    most : int
        Bytes that a histogram may take.
    """

    def __init__(self, nodes: Nodes, first: int, stop: int, buckets: int, threads: int, most: int) -> None:
        self.nodes, self.first, self.stop, self.buckets = nodes, first, stop, buckets
        self._base = int(nodes.links[first])
        cells = (int(nodes.links[stop]) - self._base) * buckets
        size = -(-cells // 8) * 8 if cells <= most else 0
        places = int(nodes.places[-1])
        nothing = np.zeros(0, np.int64)
        self._histograms = np.zeros((threads, size), np.uint8)
        self._shares = [
            _Share(
                histogram,
                nothing,
                0,
                0,
                np.zeros(places, np.int64),
                np.zeros((places, len(STATES)), np.int64),
                Cells(nothing, nothing),
            )
            for histogram in self._histograms
        ]
        self._free: SimpleQueue[_Share] = SimpleQueue()
        for share in self._shares:
            self._free.put(share)

    def add(self, log: PathLog) -> None:
        """Count some paths; may be called by as many threads at once as there are."""
        share = self._free.get()
        share.seen += len(log.items)
        most = share.seen // SPILL + 1 if share.histogram.size else share.seen
        if len(share.spilled) < most:
            share.spilled = np.concatenate((share.spilled[: share.used], np.empty(most, np.int64)))
        share.used = _follow(
            log.items,
            self.first,
            self.stop,
            *self.nodes,
            self._base,
            self.buckets,
            share.histogram,
            share.spilled,
            share.used,
            share.repeats,
            share.ends,
        )
        here = (log.many_step >= self.first) & (log.many_step < self.stop)
        if here.any():
            steps, codes = log.many_step[here], (log.items[log.many_at[here]] >> CODE_SHIFT).astype(np.int64)
            np.add.at(share.repeats, self.nodes.places[steps] + self.nodes.table[steps, codes], log.many[here])
        share.settle()
        self._free.put(share)

    def repeats(self) -> IntArray:
        """int64[nodes]: filled for the nodes of the steps."""
        found: IntArray = np.sum([share.repeats for share in self._shares], axis=0)
        return found

    def ends(self) -> IntArray:
        """int64[nodes, states]: filled for the nodes of the steps."""
        found: IntArray = np.sum([share.ends for share in self._shares], axis=0)
        return found

    def links(self) -> IntArray:
        """Each link that occurs: its number, its count, and the buckets of its median and its p90; int64[links, 4].

        Those are the smallest times that half, or nine tenths, of all times of the link do not exceed.
        """
        found = self._cells()
        ranked = np.empty((min(int(self.nodes.links[self.stop]) - self._base, len(found.cells)), 4), np.int64)
        n = _rank_links(*found, self.buckets, ranked)
        ranked[:n, 0] += self._base
        return ranked[:n]

    def _cells(self) -> Cells:
        found = self._shares[0].sparse
        if not self._histograms.size:
            for share in self._shares[1:]:
                found = found.plus(share.sparse)
            return found
        there = np.empty((2, np.count_nonzero(self._histograms)), np.int64)
        n = _gather(self._histograms.view(np.uint64), self._histograms, there[0], there[1])
        spilled = np.concatenate([share.spilled[: share.used] for share in self._shares])
        return Cells(there[0, :n], there[1, :n]).plus(Cells.of(spilled), SPILL)


def number_nodes(tables: Sequence[NDArray[np.int32]], sizes: Sequence[int]) -> Nodes:
    """Number nodes and links step by step.

    Parameters
    ----------
    tables : sequence of int32[labels], one a step
        Label code → node of the step.
    sizes : sequence of int
        Nodes of each step.
    """
    width = np.array([*sizes, 0], np.int64)
    places = np.concatenate(([0], np.cumsum(width[:-1])))
    links = np.concatenate(([0], np.cumsum(width[:-1] * width[1:])))
    return Nodes(np.stack(tables), places, links, width)


def bucket_seconds(bucket: IntArray) -> NDArray[np.float64]:
    """Middle of buckets of :func:`flows.engine.kernels.gap_bucket`, in seconds.

    Parameters
    ----------
    bucket : int64[n]

    Returns
    -------
    float64[n]

    Examples
    --------
    >>> bucket_seconds(np.array([3, 128])).tolist()
    [3e-06, 0.0001285]
    """
    octave, place = np.maximum(bucket, 2 * EXACT_GAP) // EXACT_GAP, bucket % EXACT_GAP
    width = np.float64(1) * (1 << (octave - 1))
    return np.where(bucket < 2 * EXACT_GAP, bucket, (place + EXACT_GAP) * width + (width - 1) / 2) / 1e6


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
