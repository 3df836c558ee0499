"""Compile ahead, so that nobody waits for a compiler."""

from __future__ import annotations

from flows.engine.arrays import segment_from_rows
from flows.engine.compute import compute_flow
from flows.engine.query import FlowQuery


def compile_kernels() -> None:
    """Compile every kernel, or load it from the disk cache (``NUMBA_CACHE_DIR``), by tiny questions of every kind.

    Meant for the start of a worker: some tens of seconds the first time, under a second afterwards.
    """
    rows = [(person, name, time) for person in (1, 2) for time, name in enumerate("abababab")]
    early, late = segment_from_rows(rows[:12]), segment_from_rows(rows[12:])
    questions = (
        FlowQuery(start=("a",)),
        FlowQuery(end=("a",), count="sessions"),
        FlowQuery(start=("a",), hide=("b",), collapse="cycles"),
    )
    for query in questions:
        for segments in ([early], [early, late]):
            compute_flow(query, segments, data_from=0, data_through=7, dataset_version=0, threads=1)
