"""Compile ahead, so that nobody waits for a compiler."""

from __future__ import annotations

from dataclasses import replace

from flows.engine.arrays import segment_from_rows
from flows.engine.compute import compute_flow
from flows.engine.conditions import PeopleCondition
from flows.engine.filters import PropertyFilter
from flows.engine.funnel import compute_chain, compute_funnel
from flows.engine.funnel_query import FunnelQuery
from flows.engine.histories import Given
from flows.engine.matrix import MatrixQuery, compute_matrix
from flows.engine.prefixes import grow_tree
from flows.engine.query import FlowQuery
from flows.engine.result import EVENT
from flows.engine.retention import RetentionQuery, compute_retention
from flows.engine.retention_sets import retention_set
from flows.engine.timeline import TimelineQuery, compute_timeline
from flows.engine.timeline_sets import timeline_set
from flows.engine.traces import trace_nodes


def compile_kernels() -> None:
    """Compile every kernel, or load it from the disk cache (``NUMBA_CACHE_DIR``), by tiny questions of every kind.

    Meant for the start of a worker: some tens of seconds the first time, under a second afterwards.
    """
    values = {"text": "x", "number": 1, "boolean": True, "time": "2026-01-01"}
    rows = [(person, name, time, values, "s") for person in (1, 2) for time, name in enumerate("cabababa")]
    early, late = segment_from_rows(rows[:12]), segment_from_rows(rows[12:])
    questions = (
        FlowQuery(start=("a",), people=(PeopleCondition("did", event="a"),)),
        FlowQuery(start=("a",), count="sessions"),
        FlowQuery(end=("a",), count="sessions"),
        FlowQuery(start=("c",), collapse="cycles"),
        FlowQuery(start=("a",), count="sessions", session_by="id"),
        FlowQuery(
            start=("a",),
            expand=(("a", "text"), ("b", "boolean")),
            where=(
                PropertyFilter("text", "is", ("x",), ("a",)),
                PropertyFilter("boolean", "is_set"),
                PropertyFilter("number", "is", ("1", "2")),
                PropertyFilter("time", ">", ("2025-01-01",)),
            ),
        ),
    )
    # With more names than 16 bits can number, the log of paths is wider.
    wide = replace(early, names=(*early.names, *map(str, range(1 << 16))))
    for query in questions:
        for segments in ([early], [early, late], [wide]):
            given = Given(segments=segments, data_from=0, data_through=7)
            compute_flow(query, given, dataset_version=0, threads=1)
    for segment in (early, wide):
        given = Given(segments=[segment], data_from=0, data_through=7)
        trace_nodes(questions[0], given, (0, EVENT, "a"), threads=1)
        grow_tree(questions[0], given, threads=1)
        compute_chain(questions[0], [["a"]], given, dataset_version=0, threads=1)
    _compile_analyses(Given(segments=[early, late], data_from=0, data_through=7))


def _compile_analyses(given: Given) -> None:
    steps = (("a",), ("b",))
    for funnel in (FunnelQuery(steps=steps), FunnelQuery(steps=steps, breakdown="text")):
        compute_funnel(funnel, given, dataset_version=0, threads=1)
    compute_matrix(MatrixQuery(), given, dataset_version=0, threads=1)
    retention, timeline = RetentionQuery(first=("a",), edges=(0, 4, 8)), TimelineQuery(edges=(0, 4, 8))
    compute_retention(retention, given, dataset_version=0, threads=1)
    compute_timeline(timeline, given, dataset_version=0, threads=1)
    retention_set(retention, given, 0, 1, threads=1)
    timeline_set(timeline, given, 0, threads=1)
