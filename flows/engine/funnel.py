"""Funnel: how far people come along ordered steps, and what became of the others.

``strict``: the next visible event must be the step. Such a funnel is a chain of nodes of a flow, and is read from the
flow's own paths, so that both show the same numbers. ``eventual``: other events may stand between.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.analysis import canonical, head, plain, quantile_seconds
from flows.engine.compute import GIB
from flows.engine.funnel_chain import Chain
from flows.engine.funnel_eventual import Eventual, group_names
from flows.engine.funnel_query import FunnelQuery, step_sets
from flows.engine.funnel_walk import COMPLETED, ELIGIBLE, MATCHED, STATES, TIES, FunnelCounts
from flows.engine.histories import Given
from flows.engine.query import FlowQuery
from flows.engine.result import NotConserved
from flows.engine.source import Watch


def compute_funnel(
    query: FunnelQuery,
    given: Given,
    *,
    dataset_version: int,
    threads: int | None = None,
    budget: int = GIB,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, object]:
    """Count who reaches each step, and what became of those who do not reach the next.

    An attempt begins at the first (or last) event of the first step. ``eventual``: each further step is the first item
    of its events behind the step before, inside the window, which closes at the earlier of anchor + within and step
    before + max_gap, or with the session. ``strict``: the item right behind the step before must be of the next step.

    Parameters
    ----------
    query : FunnelQuery
    given : Given
    dataset_version : int
        Stands in the answer.
    threads : int, optional
        Default: the processors this process may use.
    budget : int
        Bytes that a strict funnel plans with for its paths.
    progress, cancelled : callable, optional
        Told the share done; asked whether to stop.

    Returns
    -------
    dict
        ``units``: eligible, matched (attempts), completed. ``steps``: step, events, count = continued + the end states
        completed (the last step), converted (reached the end anchor of a flow first), diverted (another event came
        next), excluded, dropped (nothing further, and the window is over), open (it is not over); median_seconds and
        p90_seconds since the step before (None at step 0). ``ties``. With a breakdown also ``breakdown``: kind (value,
        other, none: the event has none), value, and the ``steps`` of these attempts; all together are the steps above.

    Raises
    ------
    QueryError
        If the question names an event, a property or a cohort that is nowhere in the dataset.
    Cancelled
    NotConserved
        If the numbers do not add up.

    Notes
    -----
    ``journeys`` and cycles exist only for ``strict``. Median and p90 are within 1 %.

    Examples
    --------
    >>> rows = [(1, "visit", 0), (1, "look", 1), (1, "order", 2), (2, "visit", 0)]
    >>> query = FunnelQuery(steps=(("visit",), ("order",)))
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=2)
    >>> funnel = compute_funnel(query, given, dataset_version=1)
    >>> [(step["count"], step["completed"], step["open"]) for step in funnel["steps"]]
    [(2, 0, 1), (1, 1, 0)]
    """
    began = time.perf_counter()
    watch = Watch(progress, cancelled)
    broken_down: dict[str, object] = {}
    if query.order == "strict":
        counts = Chain(query.as_flow(), query.steps, "steps", given, threads, budget, watch).count()
    elif query.breakdown is None:
        counts = Eventual(query, given, threads, watch).count()
    else:
        counts, broken_down["breakdown"] = _broken_down(query, Eventual(query, given, threads, watch))
    seconds = time.perf_counter() - began
    top = head(_question(query), dataset_version=dataset_version, data_through=given.data_through, seconds=seconds)
    return {**top, **_body(query.steps, counts), **broken_down}


def compute_chain(
    query: FlowQuery,
    chain: Sequence[Collection[str]],
    given: Given,
    *,
    dataset_version: int,
    threads: int | None = None,
    budget: int = GIB,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, object]:
    """Open a chain of nodes of a flow as a funnel: step k counts the paths whose first k + 1 labels are the chain's.

    Parameters
    ----------
    query : FlowQuery
        Any: forwards, backwards or between, with every option.
    chain : sequence of collections of str
        For each step, from 0, the labels any of which is the node; at most ``query.steps`` + 1. A cycle is named by its
        label (``A⇄B``).

    Returns
    -------
    dict
        As of :func:`compute_funnel`; the other parameters are those of :func:`flows.engine.compute.compute_flow`.
        ``query`` holds ``flow`` and ``chain``. ``matched`` are all paths of the flow, whatever their first label. Read
        backwards, ``dropped`` and ``open`` look at the start of the data, and times are those back to the step before.

    Raises
    ------
    QueryError
        If the chain is empty or longer than the flow, or a label is nowhere in the dataset.
    Cancelled
    NotConserved

    Examples
    --------
    >>> rows = [(1, "visit", 0), (1, "order", 1), (2, "visit", 0)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=1)
    >>> chain = compute_chain(FlowQuery(start=("visit",)), [["visit"], ["order"]], given, dataset_version=1)
    >>> [step["count"] for step in chain["steps"]]
    [2, 1]
    """
    began = time.perf_counter()
    steps = step_sets(tuple(chain), "chain", query.steps + 1)
    watch = Watch(progress, cancelled)
    counts = Chain(query, steps, "chain", given, threads, budget, watch).count()
    question: dict[str, object] = {"flow": query.canonical(), "chain": plain(steps)}
    seconds = time.perf_counter() - began
    top = head(question, dataset_version=dataset_version, data_through=given.data_through, seconds=seconds)
    return {**top, **_body(steps, counts)}


def check_funnel(counts: Sequence[int], ends: NDArray[np.int64], gaps: Sequence[int], units: dict[str, int]) -> None:
    """Each step equals what goes on and what ends there; everybody behind step 0 has a time.

    Parameters
    ----------
    counts, gaps : sequence of int [steps]
        Who reached the step; of how many the time since the step before is known.
    ends : int64[steps, STATES]
    units : dict
        eligible, matched, completed.

    Raises
    ------
    NotConserved
    """
    for step, count in enumerate(counts):
        further = counts[step + 1] if step + 1 < len(counts) else 0
        if count != further + int(ends[step].sum()) or (step and count != gaps[step]) or further > count:
            raise NotConserved(f"step {step}: count {count}, further {further}, ends {ends[step].tolist()}")
    if counts[0] > units["matched"] or counts[-1] != units["completed"] or ends[:-1, COMPLETED].any():
        raise NotConserved(f"steps {counts} do not belong to {units}")


def _question(query: FunnelQuery) -> dict[str, object]:
    """``breakdown`` and ``top`` are there only if there is one."""
    question = canonical(query)
    question["exclusions"] = [
        {"events": list(each.events), "after": each.after, "before": each.before} for each in query.exclusions
    ]
    if query.breakdown is None:
        del question["breakdown"], question["top"]
    return question


def _broken_down(query: FunnelQuery, funnel: Eventual) -> tuple[FunnelCounts, list[dict[str, Any]]]:
    """All attempts as one group, and the rows of each group that has any, by (−count, kind, value).

    The histories are read twice: which values stand as themselves is known only when all attempts are counted.
    """
    by = funnel.values((0.0, 0.5))
    counts = funnel.count(by, (0.5, 1.0))
    rows: list[dict[str, Any]] = []
    for group, (kind, value) in enumerate(group_names(by)):
        steps = _step_rows(query.steps, counts.ends[group], counts.gaps[group])
        if steps[0]["count"]:
            rows.append({"kind": kind, "value": value, "steps": steps})
    whole = (counts.ends.sum(axis=0, keepdims=True), counts.gaps.sum(axis=0, keepdims=True))
    rows.sort(key=lambda row: (-row["steps"][0]["count"], row["kind"], row["value"]))
    return FunnelCounts(*whole, counts.counters), rows


def _body(steps: Sequence[tuple[str, ...]], found: FunnelCounts) -> dict[str, object]:
    units = {"eligible": int(found.counters[ELIGIBLE]), "matched": int(found.counters[MATCHED])}
    units["completed"] = int(found.ends[0, -1, COMPLETED])
    rows = _step_rows(steps, found.ends[0], found.gaps[0])
    check_funnel([row["count"] for row in rows], found.ends[0], found.gaps[0].sum(axis=1).tolist(), units)
    return {"units": units, "steps": rows, "ties": int(found.counters[TIES])}


def _step_rows(
    steps: Sequence[tuple[str, ...]], ends: NDArray[np.int64], gaps: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """ends : int64[steps, STATES]; gaps : int64[steps, buckets]."""
    counts = np.cumsum(ends.sum(axis=1)[::-1])[::-1].tolist()
    return [
        {
            "step": number,
            "events": list(step),
            "count": counts[number],
            "continued": counts[number + 1] if number + 1 < len(steps) else 0,
            **dict(zip(STATES, ends[number].tolist(), strict=True)),
            "median_seconds": quantile_seconds(gaps[number], 5),
            "p90_seconds": quantile_seconds(gaps[number], 9),
        }
        for number, step in enumerate(steps)
    ]
