"""Where paths come from: key ranges walked by threads, kept if memory allows, otherwise walked again when needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray, SegmentArrays
from flows.engine.crew import Crew
from flows.engine.histories import Given as Given
from flows.engine.histories import Histories, Reader, conditions_on
from flows.engine.items import find_item_paths
from flows.engine.jit import kernel
from flows.engine.kernels import (
    COUNTERS,
    CYCLES,
    ELIGIBLE,
    ITEMS,
    MANY,
    ROWS,
    SESSIONS,
    TIES,
    USERS,
    Rules,
    Scratch,
    find_session_paths,
    find_window_paths,
)
from flows.engine.labelling import label_events
from flows.engine.labels import Labels
from flows.engine.lens import Lens, anchor_conditions
from flows.engine.log import CODE_SHIFT, LENGTH_MASK, MANY_SHARE, PathLog, U
from flows.engine.marks import check_property
from flows.engine.plan import KeyRange, cut_keys, goes_by_id, rules_of, scope_of
from flows.engine.query import FlowQuery

RANGES_PER_WAVE = 64
FIRST_PASS = 0.8  # share of the work that walking is
NOTHING = np.zeros((0, 0), np.int64)

Array = Any


class Cancelled(Exception):
    """The computation was asked to stop."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: ``progress`` hears the share done (0 … 1), ``cancelled`` is asked whether to stop."""

    progress: Callable[[float], None] | None = None
    cancelled: Callable[[], bool] | None = None

    def report(self, share: float) -> None:
        if self.progress is not None:
            self.progress(share)

    def check(self) -> None:
        """Raises :class:`Cancelled` if somebody wants to stop."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one key range, as a kernel wrote them."""

    rows: int
    log: PathLog

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(array.nbytes for array in self.log)


@kernel
def _name_cycles(items: Array, first: Array, codes: Array) -> None:
    at: Array = 0
    while at < items.size:
        stop = at + 1 + np.int64(items[U(at)] & LENGTH_MASK)
        for k in range(at + 1, stop):
            cycle = np.int64(items[U(k)] >> CODE_SHIFT) - first
            if cycle >= 0:
                rest = np.int64(items[U(k)] & ((1 << CODE_SHIFT) - 1))
                items[U(k)] = np.int64(codes[U(cycle)]) << CODE_SHIFT | rest
        at = stop


class PathSource:
    """The paths of one question, wave by wave.

    Parameters
    ----------
    segments : sequence of SegmentArrays
        In order of arrival.
    reader : Reader
        Of these segments.
    labels : Labels
    rules : Rules
    ranges : list of KeyRange
    crew : Crew
        Its threads run kernels without the interpreter lock; its arrays hold the paths.
    budget : int
        Bytes of paths: half for those that are kept for later passes, half for those of the current wave.
    watch : Watch
        Asked before each wave; the first pass reports up to ``FIRST_PASS``.
    keyed : bool
        Whether the paths say whose they are.
    counted : int
        Bytes for counting labels by step on the way; with less than it takes, nothing is counted.

    Attributes
    ----------
    totals : int64[COUNTERS]
        Rows, eligible units, conversions, ties; complete after the first pass.
    complete : bool
        Whether the first pass is over.
    """

    def __init__(
        self,
        segments: Sequence[SegmentArrays],
        reader: Reader,
        labels: Labels,
        rules: Rules,
        ranges: Sequence[KeyRange],
        crew: Crew,
        budget: int,
        watch: Watch,
        *,
        keyed: bool = False,
        counted: int = 0,
    ) -> None:
        self.labels = labels
        self.rules = rules
        self.crew = crew
        self.totals = np.zeros(COUNTERS, np.int64)
        self.keyed = keyed
        self._reader = reader
        self._segments = segments
        self._keep_budget = self._wave_budget = budget // 2
        self._watch = watch
        self._ranges = list(ranges)
        self._waves: list[tuple[list[KeyRange], list[Paths] | None]] = []
        self.complete = False
        self._lock = threading.Lock()
        self._walk_kernel = kernel_for(rules)
        # Cycles are named as they are met, so the first pass cannot count them.
        counts = (rules.steps + 1, rules.labels)
        fits = 8 * counts[0] * counts[1] * crew.threads <= counted and not rules.fold
        self._counts = [np.zeros(counts if fits else (0, 0), np.int64) for _ in range(crew.threads)]
        self._free: SimpleQueue[IntArray] = SimpleQueue()
        for each in self._counts:
            self._free.put(each)

    def waves(self) -> Iterator[list[Paths]]:
        """All paths, those of some key ranges at a time. May be run again; people come in the same order."""
        if self.complete:
            for wave, kept in self._waves:
                self._watch.check()
                found = self._walk_all(wave, [])[0] if kept is None else kept
                yield found
                if kept is None:
                    self._forget(found)
            return
        done, walked, possible = 0, 0, 0
        while done < len(self._ranges):
            self._watch.check()
            wave = self._next_wave(self._ranges[done:], min(1.0, 2 * walked / possible) if possible else 1.0)
            found, counters = self._walk_all(wave, self._counts)
            self.totals += counters
            size = sum(paths.size for paths in found)
            keep = size <= self._keep_budget
            self._keep_budget -= size * keep
            self._waves.append((wave, found if keep else None))
            done += len(wave)
            walked += size
            possible += sum(map(self.most_bytes, wave))
            self._watch.report(FIRST_PASS * done / len(self._ranges))
            yield found
            if not keep:
                self._forget(found)
        self.complete = True

    def counts(self) -> IntArray | None:
        """int64[steps + 1, labels]: paths by step and label, after the first pass; None if they were not counted."""
        return sum(self._counts[1:], self._counts[0]) if self._counts[0].size else None

    def most_items(self, part: KeyRange) -> int:
        """The log of no key range is longer: an event is in one item of one path at most, a path has one head."""
        items = 0
        for segment, (first, stop) in zip(self._segments, part.people, strict=True):
            events = 2 * int(segment.starts[stop] - segment.starts[first])
            items += min(events, (self.rules.steps + 2) * (stop - first)) if self.rules.unit == USERS else events
        return items

    def most_bytes(self, part: KeyRange) -> int:
        return self.most_items(part) * (self.item_type.itemsize + 12 * self.keyed)

    @property
    def item_type(self) -> np.dtype[Any]:
        """The log's, as wide as the codes of labels ask for."""
        return np.dtype(np.uint64 if self.rules.fold or self.rules.labels >> (32 - CODE_SHIFT) else np.uint32)

    def _next_wave(self, ranges: Sequence[KeyRange], share: float) -> list[KeyRange]:
        """The first ranges whose paths will fit into the budget of a wave; one at least.

        ``share`` is twice the share of possible bytes that were real so far: keys are hashes, so ranges are alike.
        """
        room: float = self._wave_budget
        wave: list[KeyRange] = []
        for part in ranges[:RANGES_PER_WAVE]:
            room -= self.most_bytes(part) * share
            if wave and room < 0:
                break
            wave.append(part)
        return wave

    def _forget(self, found: Sequence[Paths]) -> None:
        for paths in found:
            self.crew.give(paths.log.items)

    def _walk_all(self, wave: Sequence[KeyRange], counts: Sequence[IntArray]) -> tuple[list[Paths], IntArray]:
        """Paths of some key ranges, and the sum of their counters; their labels are counted where there is room."""

        def walk(part: KeyRange) -> tuple[Paths, IntArray]:
            mine = self._free.get() if counts else NOTHING
            try:
                return self._walk(part, mine)
            finally:
                if counts:
                    self._free.put(mine)

        found = self.crew.map(walk, wave)
        self._forget([paths for paths, _ in found if not paths.rows])
        return [paths for paths, _ in found if paths.rows], np.sum([counters for _, counters in found], axis=0)

    def _walk(self, part: KeyRange, counts: IntArray) -> tuple[Paths, IntArray]:
        """Paths and counters of one key range."""
        writer = _Writer(self, part, counts)
        reading = self._reader.read(part)
        for histories in reading.histories:
            writer.walk(histories)
        paths, counters = writer.finish()
        counters[TIES] = reading.ties
        if reading.eligible is not None:
            counters[ELIGIBLE] = reading.eligible
        return paths, counters

    def name_cycles(self, items: NDArray[Any], cycles: IntArray) -> None:
        """Replace the numbers of cycles in a log by label codes: the same pair, the same code."""
        found, inverse = np.unique(cycles, return_inverse=True)
        with self._lock:
            codes = [self.labels.cycle(pair >> 32, pair & 0xFFFFFFFF) for pair in found.tolist()]
        _name_cycles(items, self.rules.labels, np.array(codes, np.int32)[inverse])


def kernel_for(rules: Rules) -> Callable[..., None]:
    """The quickest kernel that can answer: the quick ones write at most one path a unit, read forwards, no targets,
    no cycles."""
    simple = rules.direction > 0 and not rules.between and not rules.fold
    if simple and rules.unit == USERS:
        return find_window_paths
    if simple and rules.unit == SESSIONS and not rules.last:
        return find_session_paths
    return find_item_paths


def open_source(
    query: FlowQuery,
    given: Given,
    crew: Crew,
    budget: int,
    watch: Watch,
    *,
    keyed: bool = False,
    counted: int = 0,
) -> PathSource:
    """Plan the walk of a question.

    Raises
    ------
    QueryError
        If the question names an event, a property or a cohort that is nowhere in the dataset.
    ValueError
        If the question has rules without ``relabel``.
    """
    labels = label_events(query, given.segments, given.catalogue, given.relabel)
    rules = rules_of(query, given.data_from or 0, given.data_through or 0, len(labels.names))
    reader = _reader_of(query, given, labels, rules, crew)
    ranges = cut_keys(given.segments, crew.threads)
    return PathSource(
        given.segments,
        reader,
        labels,
        rules,
        ranges,
        crew,
        budget,
        watch,
        keyed=keyed,
        counted=counted,
    )


def _reader_of(query: FlowQuery, given: Given, labels: Labels, rules: Rules, crew: Crew) -> Reader:
    for _, name in query.expand:
        check_property("expand", name, given.segments, given.properties)
    anchors = anchor_conditions(query)
    conditions = conditions_on(given, query.where, query.people, [group for group, _ in anchors])
    by_id = goes_by_id(query)
    lens = None
    if query.where or anchors or query.expand or by_id:
        lens = Lens(labels.table, labels.recode, labels.expanded, [flag for _, flag in anchors])
    scope = scope_of(query, rules)
    return Reader(given.segments, labels.recode, labels.table, scope, conditions, crew, lens=lens, by_id=by_id)


class _Writer:
    """Writes the paths of one key range into a log."""

    def __init__(self, source: PathSource, part: KeyRange, counts: IntArray) -> None:
        self.source = source
        self.counts = counts
        self.counters = np.zeros(COUNTERS, np.int64)
        spans = [s.starts[first : stop + 1] for s, (first, stop) in zip(source._segments, part.people, strict=True)]
        events = sum(int(span[-1] - span[0]) for span in spans)
        items, many = source.most_items(part), events // MANY_SHARE + 1
        rows = items // 2 if source.keyed else 0
        # Room that is never written takes no memory.
        self.log = PathLog(
            source.crew.take(items, source.item_type),
            np.empty(many, np.int64),
            np.empty(many, np.int64),
            np.empty(many, np.int64),
            np.empty(rows, np.int64),
            np.empty(rows, np.uint64),
            np.empty(rows, np.int64),
        )
        self.scratch: tuple[NDArray[Any], ...] = ()
        if source._walk_kernel is find_item_paths:
            # A person may stand in every segment.
            longest = sum(int(np.diff(span).max(initial=0)) for span in spans)
            cycles = events // 4 + 1 if source.rules.fold else 0
            self.scratch = Scratch(
                np.empty(longest, np.int64),
                np.empty(longest, np.int32),
                np.empty(longest, np.int64),
                np.empty(cycles, np.int64),
            )

    def walk(self, histories: Histories) -> None:
        before = int(self.counters[ROWS])
        self.source._walk_kernel(
            *histories.columns, self.source.rules, self.counters, self.counts, *self.log, *self.scratch
        )
        new = self.log.people[before : self.counters[ROWS]]
        new[:] = histories.keys[new.astype(np.int64)]

    def finish(self) -> tuple[Paths, IntArray]:
        items, many, rows = (int(self.counters[name]) for name in (ITEMS, MANY, ROWS))
        log = self.log
        trimmed = PathLog(
            log.items[:items],
            log.many_at[:many],
            log.many_step[:many],
            log.many[:many],
            log.heads[:rows],
            log.people[:rows],
            log.anchors[:rows],
        )
        if self.counters[CYCLES]:
            self.source.name_cycles(trimmed.items, self.scratch[-1][: self.counters[CYCLES]])
        return Paths(rows, trimmed), self.counters
