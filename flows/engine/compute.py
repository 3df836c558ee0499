"""Compute a flow: label, walk, count everything, and only then bucket."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import KeyArray, SegmentArrays
from flows.engine.counting import LinkTimes, bucket_seconds, count_labels, follow_links, rank_labels
from flows.engine.distinct import whole_paths
from flows.engine.kernels import CONVERSIONS, ELIGIBLE, ROWS, SESSIONS, STATES, TIES, gap_bucket
from flows.engine.labels import Relabel
from flows.engine.query import FlowQuery
from flows.engine.result import EVENT, OTHER, Link, Node, flow_result
from flows.engine.source import Given, PathSource, PathTable, Watch, open_source

GIB = 1 << 30
MOST_BUCKETS = 3712
CELL_BYTES = 40  # of one cell that occurs, while it is sorted and merged


@dataclass(slots=True)
class StepNodes:
    """The nodes of one step: label codes that stand as themselves, their counts, and what is left for Other."""

    codes: list[int]
    counts: list[int]
    other: int

    @property
    def size(self) -> int:
        """Nodes, with room for Other behind the last one."""
        return len(self.codes) + 1

    def table(self, labels: int) -> NDArray[np.int32]:
        """int32[labels + 1]: label code + 1 → node of this step."""
        nodes = np.full(labels + 1, len(self.codes), np.int32)
        nodes[np.array(self.codes, np.int64) + 1] = np.arange(len(self.codes))
        return nodes


@dataclass(slots=True)
class StepLeaving:
    """What leaves the nodes of one step: links with their times, repeats (int64[nodes]), ends (int64[nodes, 4]).

    ``found`` is the summary of the links, once all of them are counted.
    """

    links: LinkTimes
    repeats: NDArray[np.int64]
    ends: NDArray[np.int64]
    found: list[tuple[int, int, int, int]] = field(default_factory=list)

    def summarize(self) -> None:
        self.found = self.links.summary()


def compute_flow(
    query: FlowQuery,
    segments: Sequence[SegmentArrays],
    *,
    data_from: int | None,
    data_through: int | None,
    dataset_version: int,
    catalogue: Collection[str] = (),
    properties: Collection[str] = (),
    relabel: Relabel | None = None,
    cohorts: Mapping[int, KeyArray] | None = None,
    threads: int | None = None,
    budget: int = GIB,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, object]:
    """Answer one question about paths.

    Parameters
    ----------
    query : FlowQuery
    segments : sequence of SegmentArrays
        The segments that overlap the range, in order of arrival: equal times of one person keep this order.
    data_from, data_through : int or None
        Times (µs UTC) of the oldest and newest event of the whole dataset; None if it has no events.
    dataset_version : int
        Stands in the result.
    catalogue : collection of str
        Labels, and event names for ``people``, that the dataset knows besides those of the given segments.
    properties : collection of str
        Properties that the dataset knows besides those of the given segments.
    relabel : callable, optional
        What the rules of the question make of names: names → mapping; a name not in it is its own label.
    cohorts : mapping, optional
        Id → actor keys (uint64, ascending) of the cohorts that the question names.
    threads : int, optional
        Default: the processors this process may use.
    budget : int
        Bytes beyond the mapped files that the computation plans with. Less means more passes, never fewer numbers.
    progress : callable, optional
        Called with the share done, 0 … 1, between waves.
    cancelled : callable, optional
        Asked between waves.

    Returns
    -------
    dict
        The result shape of :mod:`flows.engine.result`.

    Raises
    ------
    QueryError
        If the question names an event, a property or a cohort that is nowhere in the dataset.
    ValueError
        If the question has rules and ``relabel`` is missing.
    Cancelled
        If ``cancelled`` said so.
    NotConserved
        If the numbers do not add up.

    Examples
    --------
    >>> rows = [(1, "visit", 0), (1, "order", 5_000_000), (2, "visit", 0)]
    >>> flow = compute_flow(FlowQuery(start=("visit",)), [segment_from_rows(rows)], data_from=0,
    ...                     data_through=5_000_000, dataset_version=1)
    >>> [(node["label"], node["count"], node["open"]) for node in flow["nodes"]]
    [('visit', 2, 1), ('order', 1, 1)]
    """
    began = time.perf_counter()
    threads = threads or len(os.sched_getaffinity(0))
    watch = Watch(progress, cancelled)
    given = Given(
        segments=segments,
        data_from=data_from,
        data_through=data_through,
        catalogue=catalogue,
        properties=properties,
        relabel=relabel,
        cohorts=cohorts or {},
    )
    with ThreadPoolExecutor(threads) as pool:
        source = open_source(query, given, pool, threads, budget // 2, watch)
        steps = find_nodes(source, query, budget // 4)
        leaving = find_links(source, steps, budget // 4)
        watch.report(0.9)
        distinct, paths = whole_paths(source, query.paths, threads, budget // 4) if query.paths else (None, [])
    nodes, links = _name(steps, leaving, source.labels.names)
    totals = source.totals
    watch.report(1.0)
    return flow_result(
        query,
        nodes=nodes,
        links=links,
        paths=paths,
        distinct_paths=distinct,
        units={
            "eligible": int(totals[ELIGIBLE]),
            "matched": int(totals[ROWS]),
            "converted": int(totals[CONVERSIONS]),
        },
        ties=int(totals[TIES]),
        data_through=data_through,
        dataset_version=dataset_version,
        computed_in_ms=round((time.perf_counter() - began) * 1000),
    )


def find_nodes(source: PathSource, query: FlowQuery, budget: int, through: int | None = None) -> list[StepNodes]:
    """Count every label of every step (or of those up to ``through``), then keep the most frequent ones as nodes (all
    anchors at step 0)."""
    through = query.steps if through is None else through
    group = max(1, budget // (16 * max(1, len(source.labels.names))))
    nodes: list[StepNodes] = []
    while len(nodes) <= through:
        steps = range(len(nodes), min(len(nodes) + group, through + 1))
        counts = {step: np.zeros((2, 0), np.int64) for step in steps}
        for tables in source.waves():
            for step in steps:
                missing = len(source.labels.names) + 1 - counts[step].shape[1]
                counts[step] = np.pad(counts[step], ((0, 0), (0, missing)))

            def count(step: int, tables: list[PathTable] = tables, counts: dict[int, Any] = counts) -> None:
                for table in tables:
                    count_labels(table.labels[step, : table.rows], counts[step])

            source.map(count, steps)
        for step in steps:
            found = counts.pop(step).sum(axis=0)[1:]
            codes = rank_labels(found, source.labels.names, query.top if step else None)
            kept = found[codes].tolist()
            nodes.append(StepNodes(codes, kept, int(found.sum()) - sum(kept)))
    return nodes


def find_links(source: PathSource, steps: Sequence[StepNodes], budget: int) -> list[StepLeaving]:
    """Per step: links with times, repeats and ends of its nodes. As many steps a pass as the budget allows."""
    rules = source.rules
    buckets = MOST_BUCKETS if rules.unit == SESSIONS else gap_bucket(rules.within) + 1
    rows = int(source.totals[ROWS])
    done: list[StepLeaving] = []
    while len(done) < len(steps):
        group: dict[int, StepLeaving] = {}
        size = 0
        for step in range(len(done), len(steps)):
            here = steps[step].size
            links = here * steps[step + 1].size if step < rules.steps else 0
            size += CELL_BYTES * min(rows, links * buckets)
            if group and size > budget:
                break
            ends = np.zeros((here, len(STATES)), np.int64)
            group[step] = StepLeaving(LinkTimes(links, buckets), np.zeros(here, np.int64), ends)

        def follow(step: int, tables: list[PathTable], group: dict[int, StepLeaving] = group) -> None:
            _follow_step(tables, step, steps, len(source.labels.names), group[step])

        for tables in source.waves():
            source.map(lambda step, tables=tables, follow=follow: follow(step, tables), list(group))  # type: ignore[misc]
        source.map(StepLeaving.summarize, list(group.values()))
        done += group.values()
    return done


def _follow_step(
    tables: Sequence[PathTable], step: int, steps: Sequence[StepNodes], labels: int, leaving: StepLeaving
) -> None:
    last = step + 1 == len(steps)
    after = step if last else step + 1
    nodes, next_nodes = steps[step].table(labels), steps[after].table(labels)
    for table in tables:
        rows = table.rows
        labels_here = table.labels[step, :rows]
        cells = np.empty(rows, leaving.links.cell_type)
        n = follow_links(
            labels_here,
            np.zeros(rows, np.int32) if last else table.labels[after, :rows],
            table.gaps[after, :rows],
            table.repeats[step, :rows],
            table.ends,
            nodes,
            next_nodes,
            steps[after].size,
            leaving.links.buckets,
            cells,
            leaving.repeats,
            leaving.ends,
        )
        leaving.links.add(cells, n)
        here = table.many_step == step
        np.add.at(leaving.repeats, nodes[labels_here[table.many_row[here]]], table.many[here])
    leaving.links.settle()


def _name(
    steps: Sequence[StepNodes], leaving: Sequence[StepLeaving], names: Sequence[str]
) -> tuple[list[Node], list[Link]]:
    """Nodes and links with their labels; what does not occur is left out."""
    grid: list[list[Node]] = []
    for step, (found, out) in enumerate(zip(steps, leaving, strict=True)):
        labels = [(EVENT, names[code]) for code in found.codes] + [(OTHER, "")]
        counts = [*found.counts, found.other]
        grid.append(
            [
                Node(step, kind, label, count, int(repeats), tuple(ends))
                for (kind, label), count, repeats, ends in zip(
                    labels, counts, out.repeats, out.ends.tolist(), strict=True
                )
            ]
        )
    links = []
    for step, out in enumerate(leaving[:-1]):
        targets = len(grid[step + 1])
        for link, count, median, p90 in out.found:
            source, target = grid[step][link // targets], grid[step + 1][link % targets]
            links.append(Link(source, target, count, bucket_seconds(median), bucket_seconds(p90)))
    return [node for row in grid for node in row if node.count], links
