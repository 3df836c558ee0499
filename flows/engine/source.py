"""Where paths come from: key ranges walked by threads, kept if memory allows, otherwise walked again when needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import CodeArray, IntArray, KeyArray, SegmentArrays
from flows.engine.histories import Histories, Reader
from flows.engine.items import find_item_paths
from flows.engine.jit import kernel
from flows.engine.kernels import (
    COUNTERS,
    CYCLES,
    ELIGIBLE,
    MANY,
    MANY_SHARE,
    ROWS,
    TIES,
    USERS,
    Block,
    Rules,
    Scratch,
    U,
    find_forward_paths,
)
from flows.engine.labelling import label_events
from flows.engine.labels import Labels, Relabel
from flows.engine.lens import Lens, anchor_conditions
from flows.engine.marks import Group, PropertyMarks, check_property
from flows.engine.people import PeopleFilter
from flows.engine.plan import KeyRange, cut_keys, goes_by_id, reads_in_place, rules_of, scope_of
from flows.engine.query import FlowQuery

ROWS_PER_BLOCK = 1 << 17
RANGES_PER_WAVE = 64
FIRST_PASS = 0.8  # share of the work that walking is

T = TypeVar("T")
R = TypeVar("R")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a question is asked of; fields as for :func:`flows.engine.compute.compute_flow`."""

    segments: Sequence[SegmentArrays]
    data_from: int | None
    data_through: int | None
    catalogue: Collection[str] = ()
    properties: Collection[str] = ()
    relabel: Relabel | None = None
    cohorts: Mapping[int, KeyArray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PathTable:
    """Paths, one column a path, as the kernels wrote them; arrays as in :class:`flows.engine.kernels.Block`."""

    rows: int
    labels: CodeArray
    gaps: NDArray[np.int16]
    repeats: NDArray[np.uint8]
    ends: NDArray[np.uint8]
    many_row: IntArray
    many_step: IntArray
    many: IntArray
    people: KeyArray
    anchors: IntArray
    reached: NDArray[np.uint8]


@kernel
def _name_cycles(labels: Array, rows: Array, first: Array, codes: Array) -> None:
    for step in range(labels.shape[0]):
        for row in range(rows):
            cycle = labels[U(step), U(row)] - 1 - first
            if cycle >= 0:
                labels[U(step), U(row)] = codes[U(cycle)] + 1


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
    pool : Executor
        Threads; kernels run without the interpreter lock.
    budget : int
        Bytes of path tables: half for those that are kept for later passes, half for those of the current wave.
    watch : Watch
        Asked before each wave; the first pass reports up to ``FIRST_PASS``.
    keyed : bool
        Whether the tables say whose each path is.

    Attributes
    ----------
    totals : int64[COUNTERS]
        Rows, eligible units, conversions, ties; complete after the first pass.
    """

    def __init__(
        self,
        segments: Sequence[SegmentArrays],
        reader: Reader,
        labels: Labels,
        rules: Rules,
        ranges: Sequence[KeyRange],
        pool: Executor,
        budget: int,
        watch: Watch,
        keyed: bool = False,
    ) -> None:
        self.labels = labels
        self.rules = rules
        self.pool = pool
        self.totals = np.zeros(COUNTERS, np.int64)
        self.keyed = keyed
        self._reader = reader
        self.row_bytes = 7 * (rules.steps + 1) + 1 + 17 * keyed
        self._segments = segments
        self._keep_budget = self._wave_budget = budget // 2
        self._watch = watch
        self._ranges = list(ranges)
        self._waves: list[tuple[list[KeyRange], list[PathTable] | None]] = []
        self._complete = False
        self._lock = threading.Lock()

    def waves(self) -> Iterator[list[PathTable]]:
        """All paths, a list of tables at a time. May be run again; people come in the same order."""
        if self._complete:
            for wave, kept in self._waves:
                self._watch.check()
                yield self._walk_all(wave)[0] if kept is None else kept
            return
        done, possible = 0, 0
        while done < len(self._ranges):
            self._watch.check()
            share = min(1.0, 2 * int(self.totals[ROWS]) / possible) if possible else 1.0
            wave = self._next_wave(self._ranges[done:], share)
            tables, counters = self._walk_all(wave)
            self.totals += counters
            size = sum(table.rows for table in tables) * self.row_bytes
            keep = size <= self._keep_budget
            self._keep_budget -= size * keep
            self._waves.append((wave, tables if keep else None))
            done += len(wave)
            possible += sum(map(self.most_rows, wave))
            self._watch.report(FIRST_PASS * done / len(self._ranges))
            yield tables
        self._complete = True

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Run a function over items in the threads; results in order."""
        return list(self.pool.map(function, items))

    def most_rows(self, part: KeyRange) -> int:
        """No key range has more paths than this."""
        rows = 0
        for segment, (first, stop) in zip(self._segments, part.people, strict=True):
            one_each = self.rules.unit == USERS
            rows += stop - first if one_each else int(segment.starts[stop] - segment.starts[first])
        return rows

    def _next_wave(self, ranges: Sequence[KeyRange], share: float) -> list[KeyRange]:
        """The first ranges whose tables will fit into the budget of a wave; one at least.

        ``share`` is twice the share of possible rows that were real so far: keys are hashes, so ranges are alike.
        """
        room: float = self._wave_budget
        wave: list[KeyRange] = []
        for part in ranges[:RANGES_PER_WAVE]:
            room -= self.most_rows(part) * self.row_bytes * share
            if wave and room < 0:
                break
            wave.append(part)
        return wave

    def _walk_all(self, wave: Sequence[KeyRange]) -> tuple[list[PathTable], IntArray]:
        """Tables of some key ranges, and the sum of their counters."""
        found = self.map(self._walk, wave)
        return [table for tables, _ in found for table in tables], np.sum([counters for _, counters in found], axis=0)

    def _walk(self, part: KeyRange) -> tuple[list[PathTable], IntArray]:
        """Tables and counters of one key range."""
        writer = _Writer(self, part)
        reading = self._reader.read(part)
        for histories in reading.histories:
            writer.walk(histories)
        tables, counters = writer.finish()
        for counter, number in ((ELIGIBLE, reading.eligible), (TIES, reading.ties)):
            if number is not None:
                counters[counter] = number
        return tables, counters

    def name_cycles(self, block: Block, counters: IntArray, cycles: IntArray) -> None:
        """Replace the numbers of cycles in a block by label codes: the same pair, the same code."""
        found, inverse = np.unique(cycles[: counters[CYCLES]], return_inverse=True)
        with self._lock:
            codes = [self.labels.cycle(pair >> 32, pair & 0xFFFFFFFF) for pair in found.tolist()]
        _name_cycles(block.labels, counters[ROWS], self.rules.labels, np.array(codes, np.int32)[inverse])


def open_source(
    query: FlowQuery, given: Given, pool: Executor, threads: int, budget: int, watch: Watch, keyed: bool = False
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
    reader = _reader_of(query, given, labels, rules)
    ranges = cut_keys(given.segments, threads)
    return PathSource(given.segments, reader, labels, rules, ranges, pool, budget, watch, keyed)


def _reader_of(query: FlowQuery, given: Given, labels: Labels, rules: Rules) -> Reader:
    """In marks, first comes the bit of ``where``, then those of conditions on anchors, then those on people."""
    segments, catalogue = given.segments, given.catalogue
    for _, name in query.expand:
        check_property("expand", name, segments, given.properties)
    anchors = anchor_conditions(query)
    groups = [Group("where", query.where), *(group for group, _ in anchors)]
    people = PeopleFilter(query.people, segments, catalogue, given.cohorts, len(groups)) if query.people else None
    groups += [Group(each.kind, each.where) for each in (people.events if people else ())]
    marked = any(group.filters for group in groups)
    by_id = goes_by_id(query)
    lens = None
    if query.where or anchors or query.expand or by_id:
        lens = Lens(labels.table, labels.recode, labels.expanded, [flag for _, flag in anchors])
    return Reader(
        segments,
        labels.recode,
        labels.table,
        scope_of(query, rules),
        lens=lens,
        marks=PropertyMarks(groups, segments, catalogue, given.properties) if marked else None,
        people=people,
        by_id=by_id,
    )


class _Writer:
    """Fills blocks with the paths of one key range."""

    def __init__(self, source: PathSource, part: KeyRange) -> None:
        self.source = source
        self.rules = source.rules
        segments = source._segments
        spans = [segment.starts[first : stop + 1] for segment, (first, stop) in zip(segments, part.people, strict=True)]
        self.events = sum(int(span[-1] - span[0]) for span in spans)
        longest = sum(int(np.diff(span).max(initial=0)) for span in spans)
        self.room = min(source.most_rows(part), max(ROWS_PER_BLOCK, longest))
        self.in_place = reads_in_place(self.rules)
        items = 0 if self.in_place else longest
        self.scratch = Scratch(
            np.empty(items, np.int64),
            np.empty(items, np.int32),
            np.empty(items, np.int64),
            np.empty(self.events // 4 + 1 if self.rules.fold else 0, np.int64),
        )
        self.tables: list[PathTable] = []
        self.totals = np.zeros(COUNTERS, np.int64)
        self.counters = np.zeros(COUNTERS, np.int64)
        self.block = self._new_block()

    def walk(self, histories: Histories) -> None:
        self._walk(*histories)

    def finish(self) -> tuple[list[PathTable], IntArray]:
        self._seal()
        return self.tables, self.totals

    def _walk(
        self,
        times: IntArray,
        codes: CodeArray,
        starts: IntArray,
        skip: NDArray[np.uint8],
        table: CodeArray,
        keys: KeyArray,
    ) -> None:
        person, people = 0, len(keys)
        while person < people:
            before = int(self.counters[ROWS])
            events = (times, codes, starts, skip, person, people, table, self.rules, self.counters)
            if self.in_place:
                person = find_forward_paths(*events, *self.block)
            else:
                person = find_item_paths(*events, *self.block, *self.scratch)
            if self.source.keyed:
                new = self.block.people[before : self.counters[ROWS]]
                new[:] = keys[new.astype(np.int64)]
            if person < people:
                self._seal()
                self.block = self._new_block()

    def _new_block(self) -> Block:
        steps, many = self.rules.steps + 1, self.events // MANY_SHARE + 1
        cells = steps * self.room
        room = np.empty(7 * cells + self.room, np.uint8)  # one piece: large ones get large pages
        keyed = self.room if self.source.keyed else 0
        return Block(
            room[: 4 * cells].view(np.int32).reshape(steps, self.room),
            room[4 * cells : 6 * cells].view(np.int16).reshape(steps, self.room),
            room[6 * cells : 7 * cells].reshape(steps, self.room),
            room[7 * cells :],
            np.empty(many, np.int64),
            np.empty(many, np.int64),
            np.empty(many, np.int64),
            np.empty(keyed, np.uint64),
            np.empty(keyed, np.int64),
            np.empty(keyed, np.uint8),
        )

    def _seal(self) -> None:
        rows, many = int(self.counters[ROWS]), int(self.counters[MANY])
        if rows and self.counters[CYCLES]:
            self.source.name_cycles(self.block, self.counters, self.scratch.cycles)
        if rows:
            block = self.block
            self.tables.append(
                PathTable(
                    rows,
                    block.labels,
                    block.gaps,
                    block.repeats,
                    block.ends[:rows],
                    block.many_row[:many],
                    block.many_step[:many],
                    block.many[:many],
                    block.people[:rows],
                    block.anchors[:rows],
                    block.reached[:rows],
                )
            )
        self.totals += self.counters
        self.counters[:] = 0
