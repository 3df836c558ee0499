"""What leaves the nodes of a flow: links with their times, repeats and ends, counted in one pass over the paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.histograms import SPILL, Cells, rank_dense
from flows.engine.jit import kernel
from flows.engine.log import (
    CODE_SHIFT,
    END_SHIFT,
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

SHARES_PER_THREAD = 4


class Nodes(NamedTuple):
    """The nodes of a flow, numbered step by step, and where their links are counted.

    table : int32[steps + 1, labels], label code → number of the node; leave : int64[nodes], cell of the first link
    that leaves a node; enter : int64[nodes], how far behind it the links to a node begin; links : int64[steps + 2],
    number of the first link that leaves each step; places, sizes : int64[steps + 2], number of the first node of each
    step, and how many there are, 0 behind the last step; buckets : of a link.
    """

    table: NDArray[np.int32]
    leave: IntArray
    enter: IntArray
    links: IntArray
    places: IntArray
    sizes: IntArray
    buckets: int

    @classmethod
    def of(cls, tables: Sequence[NDArray[np.int32]], sizes: Sequence[int], buckets: int) -> Nodes:
        """Number nodes and links step by step.

        Parameters
        ----------
        tables : sequence of int32[labels], one a step
            Label code → node of the step.
        sizes : sequence of int
            Nodes of each step.
        buckets : int
            Buckets of a link.
        """
        width = np.array([*sizes, 0], np.int64)
        places = np.concatenate(([0], np.cumsum(width[:-1])))
        links = np.concatenate(([0], np.cumsum(width[:-1] * width[1:])))
        step = np.repeat(np.arange(len(sizes)), sizes)
        own = np.arange(len(step)) - places[step]
        table = np.stack(tables)
        table += places[:-1, None].astype(np.int32)
        return cls(table, (links[step] + own * width[step + 1]) * buckets, own * buckets, links, places, width, buckets)

    def ends_of(self, link: IntArray) -> tuple[IntArray, IntArray]:
        """Numbers of the nodes that links lead from and to."""
        step = np.searchsorted(self.links, link, side="right") - 1
        node, target = np.divmod(link - self.links[step], self.sizes[step + 1])
        return self.places[step] + node, self.places[step + 1] + target


@kernel
def _follow(
    items: Array,
    first: Array,
    stop: Array,
    table: Array,
    leave: Array,
    enter: Array,
    base: Array,
    histogram: Array,
    spilled: Array,
    used: Array,
    repeats: Array,
    ends: Array,
) -> Array:
    """Add what leaves the nodes of the steps ``first … stop − 1``; returns how many entries ``spilled`` has then.

    Parameters
    ----------
    items, table, leave, enter
        Of a :class:`PathLog` and of :class:`Nodes`.
    base : int
        First cell of the histogram.
    histogram : uint8[cells] or uint8[0]
        A cell that is full begins anew, and is noted in ``spilled``.
    spilled : int64[n]
        Without room in the histogram, every cell is noted here.
    repeats : int64[nodes]
        Added up; of what stands in the list of many repeats, ``MANY_REPEATS``.
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
                repeats[U(node)] += item >> REPEATS_SHIFT & MANY_REPEATS
                cell = leave[U(node)] - base
                item = np.int64(items[U(at + 2 + step)])
                node = np.int64(table[U(step + 1), U(item >> CODE_SHIFT)])
                cell += enter[U(node)] + (item & GAP_MASK)
                full = True
                if histogram.size:
                    count = np.uint8(histogram[U(cell)] + 1)
                    histogram[U(cell)] = count
                    full = count == 0
                if full:
                    spilled[U(used)] = cell
                    used += 1
            if length <= stop:
                repeats[U(node)] += item >> REPEATS_SHIFT & MANY_REPEATS
                ends[U(node), U(head >> END_SHIFT & STATE_MASK)] += 1
        at += 1 + length
    return used


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
    threads : int
    most : int
        Bytes that a histogram may take.
    """

    def __init__(self, nodes: Nodes, first: int, stop: int, threads: int, most: int) -> None:
        self.nodes, self.first, self.stop = nodes, first, stop
        self._base = int(nodes.links[first])
        self._links = int(nodes.links[stop]) - self._base
        cells = self._links * nodes.buckets
        places = int(nodes.places[-1])
        nothing = np.zeros(0, np.int64)
        self._histograms = np.zeros((threads, cells if cells <= most else 0), np.uint8)
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
        share, nodes = self._free.get(), self.nodes
        share.seen += len(log.items)
        most = share.seen // SPILL + 1 if share.histogram.size else share.seen
        if len(share.spilled) < most:
            share.spilled = np.concatenate((share.spilled[: share.used], np.empty(most, np.int64)))
        share.used = _follow(
            log.items,
            self.first,
            self.stop,
            nodes.table,
            nodes.leave,
            nodes.enter,
            self._base * nodes.buckets,
            share.histogram,
            share.spilled,
            share.used,
            share.repeats,
            share.ends,
        )
        here = (log.many_step >= self.first) & (log.many_step < self.stop)
        if here.any():
            steps, codes = log.many_step[here], (log.items[log.many_at[here]] >> CODE_SHIFT).astype(np.int64)
            np.add.at(share.repeats, nodes.table[steps, codes], log.many[here] - MANY_REPEATS)
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

    def links(self, run: Callable[..., Iterable[IntArray]]) -> IntArray:
        """Each link that occurs: its number, its count, and the buckets of its median and its p90; int64[links, 4].

        Those are the smallest times that half, or nine tenths, of all times of the link do not exceed.

        Parameters
        ----------
        run : callable
            As ``map``; the work is cut for the threads.
        """
        if self._histograms.size:
            spilled = np.concatenate([share.spilled[: share.used] for share in self._shares])
            spilled.sort()
            bounds = np.linspace(0, self._links, SHARES_PER_THREAD * len(self._shares) + 1).astype(int).tolist()
            rank = partial(rank_dense, self._histograms, spilled, self.nodes.buckets)
            ranked = np.concatenate(list(run(rank, list(pairwise(bounds)))))
        else:
            found = self._shares[0].sparse
            for share in self._shares[1:]:
                found = found.plus(share.sparse)
            ranked = found.ranked(self.nodes.buckets)
        ranked[:, 0] += self._base
        return ranked
