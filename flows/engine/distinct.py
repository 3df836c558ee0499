"""Whole paths: how many distinct ones there are, and the most frequent, both exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.jit import inlined, kernel
from flows.engine.kernels import ROWS
from flows.engine.log import CODE_SHIFT, END_SHIFT, LENGTH_MASK, STATE_MASK, STATES, U
from flows.engine.source import Paths, PathSource

Array = Any

HASH, COUNTS, CODES = 0, 1, 5  # columns of an entry: hash, four counts by end state, labels two by two
ENTRIES_AT_FIRST = 1 << 12


@kernel
def _hash_paths(items: Array, hashes: Array, heads: Array) -> None:
    """64-bit hash of each label sequence, and where its path begins."""
    at: Array = 0
    for row in range(hashes.size):
        heads[U(row)] = at
        h = np.uint64(0x9E3779B97F4A7C15)
        stop = at + 1 + np.int64(items[U(at)] & LENGTH_MASK)
        for k in range(at + 1, stop):
            h = (h ^ np.uint64((items[U(k)] >> CODE_SHIFT) + 1)) * np.uint64(0xD6E8FEB86659FD93)
            h ^= h >> np.uint64(32)
        hashes[U(row)] = h
        at = stop


@inlined
def _pair(items: Array, first: Array, stop: Array) -> Array:
    """Two label codes + 1 as one number, 0 behind the end of the path."""
    low = np.int64(items[U(first + 1)] >> CODE_SHIFT) + 1 if first + 1 < stop else np.int64(0)
    return (np.int64(items[U(first)] >> CODE_SHIFT) + 1) << 32 | low


@kernel
def _add_paths(
    items: Array,
    hashes: Array,
    heads: Array,
    part: Array,
    parts: Array,
    row: Array,
    slots: Array,
    entries: Array,
    used: Array,
) -> Array:
    """Count the paths of one partition from ``row`` on; returns (first row not done, entries used).

    slots : int32[power of two], index + 1 of an entry or 0; entries : int64[room, CODES + pairs].
    """
    mask = np.uint64(slots.size - 1)
    pairs = entries.shape[1] - CODES
    while row < hashes.size:
        hashed = hashes[U(row)]
        if (hashed >> np.uint64(40)) % np.uint64(parts) != np.uint64(part):
            row += 1
            continue
        if used == entries.shape[0]:
            break
        head = np.int64(items[U(heads[U(row)])])
        first = heads[U(row)] + 1
        stop = first + (head & LENGTH_MASK)
        filled = (stop - first + 1) // 2
        slot = hashed & mask
        while True:
            k = np.int64(slots[slot]) - 1
            if k < 0:
                k = used
                used += 1
                slots[slot] = used
                entries[U(k), U(HASH)] = np.int64(hashed)
                for state in range(COUNTS, CODES):
                    entries[U(k), U(state)] = 0
                for pair in range(pairs):
                    entries[U(k), U(CODES + pair)] = _pair(items, first + 2 * pair, stop) if pair < filled else 0
                break
            same = entries[U(k), U(HASH)] == np.int64(hashed) and (
                filled == pairs or entries[U(k), U(CODES + filled)] == 0
            )
            pair = 0
            while same and pair < filled:
                same = entries[U(k), U(CODES + pair)] == _pair(items, first + 2 * pair, stop)
                pair += 1
            if same:
                break
            slot = (slot + np.uint64(1)) & mask
        entries[U(k), U(COUNTS + (head >> END_SHIFT & STATE_MASK))] += 1
        row += 1
    return row, used


@kernel
def _fill_slots(slots: Array, entries: Array, used: Array) -> None:
    mask = np.uint64(slots.size - 1)
    for k in range(used):
        slot = np.uint64(entries[U(k), U(HASH)]) & mask
        while slots[slot]:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = k + 1


@dataclass(slots=True)
class _Partition:
    """The distinct paths whose hash falls into one share."""

    part: int
    parts: int
    pairs: int
    used: int = 0
    slots: NDArray[np.int32] = field(init=False)
    entries: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.entries = np.empty((ENTRIES_AT_FIRST, CODES + self.pairs), np.int64)
        self.slots = np.zeros(2 * ENTRIES_AT_FIRST, np.int32)

    def add(self, paths: Paths, hashes: NDArray[np.uint64], heads: IntArray) -> None:
        row = 0
        while row < paths.rows:
            row, self.used = _add_paths(
                paths.log.items, hashes, heads, self.part, self.parts, row, self.slots, self.entries, self.used
            )
            if self.used == len(self.entries):
                self._grow()

    def _grow(self) -> None:
        entries = np.empty((2 * len(self.entries), CODES + self.pairs), np.int64)
        entries[: self.used] = self.entries
        self.entries = entries
        self.slots = np.zeros(2 * len(entries), np.int32)
        _fill_slots(self.slots, entries, self.used)


@dataclass(frozen=True, slots=True, order=True)
class WholePath:
    """Label sequence with its end; orders as the result lists it."""

    minus_count: int
    labels: tuple[str, ...]
    end: str


def whole_paths(source: PathSource, wanted: int, budget: int) -> tuple[int, list[WholePath]]:
    """Count whole paths before bucketing.

    Parameters
    ----------
    source : PathSource
        After its first pass.
    wanted : int
        How many of the most frequent (labels, end) to list.
    budget : int
        Bytes for distinct paths. If all paths were distinct and did not fit, the work is cut into several
        passes, each over a share of the hashes.

    Returns
    -------
    int
        Number of distinct label sequences.
    list of WholePath
        By (−count, labels, end).

    Notes
    -----
    Open addressing by a 64-bit hash; equal hashes are compared label by label, so a collision costs time and
    no exactness.
    """
    pairs = (source.rules.steps + 2) // 2
    rows = int(source.totals[ROWS])
    entry_bytes = 8 * (CODES + pairs) + 16
    passes = max(1, -(-rows * entry_bytes // max(budget, 1)))
    threads = source.crew.threads
    parts = passes * threads
    distinct = 0
    best: list[WholePath] = []
    for turn in range(passes):
        shares = [_Partition(turn * threads + i, parts, pairs) for i in range(threads)]
        for found in source.waves():
            hashed = source.crew.map(_hashes, found)

            def add(share: _Partition, found: list[Paths] = found, hashed: list[Any] = hashed) -> None:
                for paths, (hashes, heads) in zip(found, hashed, strict=True):
                    share.add(paths, hashes, heads)

            source.crew.map(add, shares)
        distinct += sum(share.used for share in shares)
        entries = [share.entries[: share.used] for share in shares]
        counts = np.concatenate(source.crew.map(_counts, entries))
        best = sorted(best + _most_frequent(entries, counts, wanted, source.labels.names))[:wanted]
    return distinct, best


def _hashes(paths: Paths) -> tuple[NDArray[np.uint64], IntArray]:
    hashes, heads = np.empty(paths.rows, np.uint64), np.empty(paths.rows, np.int64)
    _hash_paths(paths.log.items, hashes, heads)
    return hashes, heads


def _counts(entries: NDArray[np.int64]) -> IntArray:
    """int64[4 · entries]: counts by end state."""
    return entries[:, COUNTS:CODES].ravel()


def _least_of_most(counts: IntArray, wanted: int) -> int:
    """The smallest of the ``wanted`` largest counts, or 1; most counts are small, and soon left behind."""
    least = 1
    found = counts[counts > 0]
    while len(larger := found[found > 2 * least]) >= wanted:
        found, least = larger, 2 * least
    return int(np.partition(found, -wanted)[-wanted]) if len(found) >= wanted else 1


def _most_frequent(
    shares: Sequence[NDArray[np.int64]], counts: IntArray, wanted: int, names: Sequence[str]
) -> list[WholePath]:
    """The most frequent (labels, end) of some partitions, in the order of the result."""
    if not counts.any():
        return []
    least = _least_of_most(counts, wanted)
    sure, ties = np.flatnonzero(counts > least), np.flatnonzero(counts == least)
    bounds = np.cumsum([0, *map(len, shares)])

    def pairs(at: IntArray) -> IntArray:
        """int64[paths, pairs]: the labels of entries, which are numbered through all shares."""
        owner = np.searchsorted(bounds, at, side="right") - 1
        found = np.empty((len(at), shares[0].shape[1] - CODES), np.int64)
        for number, share in enumerate(shares):
            here = owner == number
            found[here] = share[at[here] - bounds[number], CODES:]
        return found

    if len(ties) > wanted - len(sure):
        ties = ties[_alphabetically_first(pairs(ties >> 2), wanted - len(sure), names)]
    found = np.concatenate((sure, ties))
    rows = [
        WholePath(-int(counts[at]), tuple(names[label - 1] for label in labels if label), STATES[at & 3])
        for at, labels in zip(found.tolist(), _labels(pairs(found >> 2)).tolist(), strict=True)
    ]
    return sorted(rows)[:wanted]


def _labels(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label codes + 1 in order of steps, 0 behind the end of the path."""
    return np.stack((pairs >> 32, pairs & 0xFFFFFFFF), axis=-1).reshape(*pairs.shape[:-1], -1)


def _alphabetically_first(pairs: NDArray[np.int64], wanted: int, names: Sequence[str]) -> NDArray[np.int64]:
    """Indices of the rows that come first by their labels: at least ``wanted``; equal rows stay together."""
    labels = _labels(pairs)
    sure: list[NDArray[np.int64]] = []
    open_rows = np.arange(len(labels))
    for step in range(labels.shape[1]):
        if len(open_rows) <= wanted:
            break
        column = labels[open_rows, step]
        present = np.flatnonzero(np.bincount(column))
        rank = np.zeros(present[-1] + 1, np.int64)
        rank[sorted(present.tolist(), key=lambda label: (label > 0, names[label - 1]))] = np.arange(len(present))
        ranks = rank[column]
        limit = np.partition(ranks, wanted - 1)[wanted - 1]
        sure.append(open_rows[ranks < limit])
        wanted -= len(sure[-1])
        open_rows = open_rows[ranks == limit]
    return np.concatenate((*sure, open_rows))
