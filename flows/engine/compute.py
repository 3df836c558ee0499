"""Compute a flow: label, walk, count everything, and only then bucket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.counting import bucket_seconds, count_labels, rank_labels
from flows.engine.crew import Crew
from flows.engine.distinct import whole_paths
from flows.engine.histories import Given
from flows.engine.kernels import CONVERSIONS, ELIGIBLE, ROWS, SESSIONS, TIES
from flows.engine.leaving import Leaving, Nodes
from flows.engine.log import MOST_BUCKETS, STATES, gap_bucket
from flows.engine.query import FlowQuery
from flows.engine.result import EVENT, OTHER, Links, Node, flow_result
from flows.engine.source import PathSource, Watch, open_source

GIB = 1 << 30


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
        """int32[labels]: label code → node of this step."""
        nodes = np.full(labels, len(self.codes), np.int32)
        nodes[self.codes] = np.arange(len(self.codes))
        return nodes


def compute_flow(
    query: FlowQuery,
    given: Given,
    *,
    dataset_version: int,
    threads: int | None = None,
    budget: int = GIB,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, object]:
    """Answer one question about paths.

    Parameters
    ----------
    query : FlowQuery
    given : Given
    dataset_version : int
        Stands in the result.
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
        If the question has rules and ``given`` has no ``relabel``.
    Cancelled
        If ``cancelled`` said so.
    NotConserved
        If the numbers do not add up.

    Examples
    --------
    >>> rows = [(1, "visit", 0), (1, "order", 5_000_000), (2, "visit", 0)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=5_000_000)
    >>> flow = compute_flow(FlowQuery(start=("visit",)), given, dataset_version=1)
    >>> [(node["label"], node["count"], node["open"]) for node in flow["nodes"]]
    [('visit', 2, 1), ('order', 1, 1)]
    """
    began = time.perf_counter()
    watch = Watch(progress, cancelled)
    with Crew(threads) as crew:
        source = open_source(query, given, crew, budget // 2, watch, counted=budget // 8)
        steps = find_nodes(source, query, budget // 8)
        nodes, links = find_links(source, steps, budget // 4)
        watch.report(0.9)
        distinct, paths = whole_paths(source, query.paths, budget // 4) if query.paths else (None, [])
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
        data_through=given.data_through,
        dataset_version=dataset_version,
        computed_in_ms=round((time.perf_counter() - began) * 1000),
    )


def find_nodes(source: PathSource, query: FlowQuery, budget: int, through: int | None = None) -> list[StepNodes]:
    """Count every label of every step (or of those up to ``through``), then keep the most frequent ones as nodes (all
    anchors at step 0)."""
    through = query.steps if through is None else through
    nodes: list[StepNodes] = []
    for step, counts in enumerate(_label_counts(source, through, budget)):
        codes = rank_labels(counts, source.labels.names, query.top_at(step) if step else None)
        kept = counts[codes].tolist()
        nodes.append(StepNodes(codes, kept, int(counts.sum()) - sum(kept)))
    return nodes


def _label_counts(source: PathSource, through: int, budget: int) -> Iterator[IntArray]:
    """int64[labels] for each step: as the walk has counted them, else from the paths, some steps a pass."""
    if not source.complete:
        for _ in source.waves():
            pass
    counted = source.counts()
    if counted is not None:
        yield from counted[: through + 1]
        return
    labels = len(source.labels.names)
    group = max(1, budget // (8 * max(1, labels)))
    for first in range(0, through + 1, group):
        counts = np.zeros((min(group, through + 1 - first), labels), np.int64)
        for found in source.waves():
            for paths in found:
                count_labels(paths.log.items, first, counts)
        yield from counts


def find_links(source: PathSource, steps: Sequence[StepNodes], budget: int) -> tuple[list[Node], Links]:
    """Nodes with repeats and ends, links with times. As many steps a pass as the budget allows."""
    rules, names = source.rules, source.labels.names
    buckets = MOST_BUCKETS if rules.unit == SESSIONS else gap_bucket(rules.within) + 1
    numbered = Nodes.of([step.table(len(names)) for step in steps], [step.size for step in steps], buckets)
    most = budget // source.crew.threads
    places = int(numbered.places[-1])
    repeats, ends = np.zeros(places, np.int64), np.zeros((places, len(STATES)), np.int64)
    found = [np.zeros((0, 4), np.int64)]
    first = 0
    while first < len(steps):
        sizes = (numbered.links[first + 1 :] - numbered.links[first]) * buckets
        stop = max(first + 1, first + int(np.searchsorted(sizes, most, side="right")))
        leaving = Leaving(numbered, first, stop, source.crew.threads, most)
        for paths in source.waves():
            source.crew.map(leaving.add, [each.log for each in paths])
        repeats += leaving.repeats()
        ends += leaving.ends()
        found.append(leaving.links(source.crew.map))
        first = stop
    nodes = [
        Node(step, kind, label, count, more, tuple(ended))
        for (step, kind, label, count), more, ended in zip(
            named_nodes(steps, names), repeats.tolist(), ends.tolist(), strict=True
        )
    ]
    number, count, median, p90 = np.concatenate(found).T
    return nodes, Links(*numbered.ends_of(number), count, bucket_seconds(median), bucket_seconds(p90))


def named_nodes(steps: Sequence[StepNodes], names: Sequence[str]) -> Iterator[tuple[int, str, str, int]]:
    """Step, kind, label and count of the nodes in the order of their numbers: those of a step, then its Other."""
    for step, found in enumerate(steps):
        for code, count in zip(found.codes, found.counts, strict=True):
            yield step, EVENT, names[code], count
        yield step, OTHER, "", found.other
