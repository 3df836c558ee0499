"""Funnel: how far people come along ordered steps, and what became of the others.

``strict``: the next visible event must be the step. Such a funnel is a chain of nodes of a flow, and is read from the
flow's own paths, so that both show the same numbers. ``eventual``: other events may stand between.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from flows.engine import kernels as paths
from flows.engine.analysis import Histories, canonical, fold_ranges, head, limits, name_events, plain, quantile_seconds
from flows.engine.arrays import KeyArray, SegmentArrays
from flows.engine.compute import GIB
from flows.engine.funnel_query import FunnelQuery, step_sets
from flows.engine.funnel_walk import (
    BETWEEN_SHIFT,
    COMPLETED,
    COUNTERS,
    ELIGIBLE,
    HIDDEN,
    MATCHED,
    OTHER_EVENT,
    RELEVANT,
    STATES,
    TIES,
    FunnelCounts,
    FunnelRules,
    follow_chain,
    follow_steps,
)
from flows.engine.labels import CYCLE_SIGN, Relabel
from flows.engine.plan import FOREVER
from flows.engine.query import FlowQuery, QueryError, quoted
from flows.engine.result import NotConserved
from flows.engine.source import Given, Paths, Watch, open_source


def compute_funnel(
    query: FunnelQuery,
    segments: Sequence[SegmentArrays],
    *,
    data_from: int | None,
    data_through: int | None,
    dataset_version: int,
    catalogue: Collection[str] = (),
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
    segments : sequence of SegmentArrays
        The segments that overlap the range, in order of arrival: equal times of one person keep this order.
    data_from, data_through : int or None
        Times (µs UTC) of the oldest and newest event of the whole dataset; None if it has no events.
    dataset_version : int
        Stands in the answer.
    catalogue : collection of str
        Event names the dataset knows besides those of the given segments.
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
        p90_seconds since the step before (None at step 0). ``ties``.

    Raises
    ------
    QueryError
        If the question names an event that is nowhere in the dataset.
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
    >>> funnel = compute_funnel(query, [segment_from_rows(rows)], data_from=0, data_through=2, dataset_version=1)
    >>> [(step["count"], step["completed"], step["open"]) for step in funnel["steps"]]
    [(2, 0, 1), (1, 1, 0)]
    """
    began = time.perf_counter()
    watch = Watch(progress, cancelled)
    if query.order == "strict":
        given = Given(segments=segments, data_from=data_from, data_through=data_through, catalogue=catalogue)
        counts = _count_chain(query.as_flow(), query.steps, "steps", given, threads, budget, watch)
    else:
        counts = _count_eventual(query, segments, data_through or 0, catalogue, threads, watch)
    question = canonical(query)
    question["exclusions"] = [
        {"events": list(each.events), "after": each.after, "before": each.before} for each in query.exclusions
    ]
    seconds = time.perf_counter() - began
    top = head(question, dataset_version=dataset_version, data_through=data_through, seconds=seconds)
    return {**top, **_body(query.steps, counts)}


def compute_chain(
    query: FlowQuery,
    chain: Sequence[Collection[str]],
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
    >>> chain = compute_chain(FlowQuery(start=("visit",)), [["visit"], ["order"]], [segment_from_rows(rows)],
    ...                       data_from=0, data_through=1, dataset_version=1)
    >>> [step["count"] for step in chain["steps"]]
    [2, 1]
    """
    began = time.perf_counter()
    steps = step_sets(tuple(chain), "chain", query.steps + 1)
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
    counts = _count_chain(query, steps, "chain", given, threads, budget, watch)
    question: dict[str, object] = {"flow": query.canonical(), "chain": plain(steps)}
    seconds = time.perf_counter() - began
    top = head(question, dataset_version=dataset_version, data_through=data_through, seconds=seconds)
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


def _count_eventual(
    query: FunnelQuery,
    segments: Sequence[SegmentArrays],
    data_through: int,
    catalogue: Collection[str],
    threads: int | None,
    watch: Watch,
) -> FunnelCounts:
    names = name_events(segments, catalogue)
    masks = np.zeros(len(names.names) + RELEVANT, np.int64)
    for number, step in enumerate(query.steps):
        masks[np.array(names.codes("steps", step), np.int64) + RELEVANT] |= 1 << number
    for each in query.exclusions:
        codes = np.array(names.codes("exclusions", each.events), np.int64)
        for gap in range(each.after, len(query.steps) - 1 if each.before is None else each.before):
            masks[codes + RELEVANT] |= 1 << (BETWEEN_SHIFT + gap)
    relevant = np.flatnonzero(masks) - RELEVANT
    table = np.where(names.visible(query.only, query.hide, relevant.tolist()), OTHER_EVENT, HIDDEN).astype(np.int32)
    table[relevant] = np.arange(RELEVANT, RELEVANT + len(relevant))
    masks = np.concatenate((np.zeros(RELEVANT, np.int64), masks[relevant + RELEVANT]))
    since, until = limits(query)
    sessions = query.count == "sessions"
    rules = FunnelRules(
        sessions=sessions,
        last=query.occurrence == "last",
        merge=query.collapse != "none",
        within=FOREVER if sessions else query.within,
        max_gap=FOREVER if sessions or query.max_gap is None else query.max_gap,
        session_gap=query.session_gap,
        since=since,
        until=until,
        data_end=min(until, data_through),
        steps=len(query.steps),
    )

    def add(counts: FunnelCounts, histories: Histories) -> None:
        follow_steps(*histories.columns, masks, rules, *counts)
        counts.counters[TIES] += histories.count_ties((since, until))

    return _sum(
        fold_ranges(
            segments, names, table, new=lambda: _no_counts(len(query.steps)), add=add, threads=threads, watch=watch
        )
    )


def _count_chain(
    query: FlowQuery,
    steps: Sequence[tuple[str, ...]],
    field: str,
    given: Given,
    threads: int | None,
    budget: int,
    watch: Watch,
) -> FunnelCounts:
    threads = threads or len(os.sched_getaffinity(0))

    def follow(walked: Paths) -> FunnelCounts:
        counts = _no_counts(len(steps))
        follow_chain(walked.log.items, member, len(steps), counts.ends, counts.gaps)
        return counts

    total = _no_counts(len(steps))
    with ThreadPoolExecutor(threads) as pool:
        source = open_source(query, given, pool, threads, budget, watch)
        labels = source.labels
        for name in (name for step in steps for name in step):
            cycle = query.collapse == "cycles" and CYCLE_SIGN in name
            if name not in labels.known and name not in given.catalogue and not cycle:
                raise QueryError(field, f"{field}: there is no event {quoted(name)} in this dataset.")
        for found in source.waves():
            member = np.zeros(len(labels.names), np.int32)  # cycles get their codes as they are met
            for number, step in enumerate(steps):
                member[[labels.known[name] for name in step if name in labels.known]] |= 1 << number
            total = _sum([total, *source.map(follow, found)])
    watch.report(1.0)
    total.counters[[ELIGIBLE, MATCHED, TIES]] = source.totals[[paths.ELIGIBLE, paths.ROWS, paths.TIES]]
    return total


def _no_counts(steps: int) -> FunnelCounts:
    ends, gaps = np.zeros((steps, len(STATES)), np.int64), np.zeros((steps, paths.MOST_BUCKETS), np.int64)
    return FunnelCounts(ends, gaps, np.zeros(COUNTERS, np.int64))


def _sum(parts: Sequence[FunnelCounts]) -> FunnelCounts:
    return FunnelCounts(*(sum(arrays[1:], arrays[0]) for arrays in zip(*parts, strict=True)))


def _body(steps: Sequence[tuple[str, ...]], found: FunnelCounts) -> dict[str, object]:
    counts = np.cumsum(found.ends.sum(axis=1)[::-1])[::-1].tolist()
    units = {"eligible": int(found.counters[ELIGIBLE]), "matched": int(found.counters[MATCHED])}
    units["completed"] = int(found.ends[-1, COMPLETED])
    check_funnel(counts, found.ends, found.gaps.sum(axis=1).tolist(), units)
    rows = [
        {
            "step": number,
            "events": list(step),
            "count": counts[number],
            "continued": counts[number + 1] if number + 1 < len(steps) else 0,
            **dict(zip(STATES, found.ends[number].tolist(), strict=True)),
            "median_seconds": quantile_seconds(found.gaps[number], 5),
            "p90_seconds": quantile_seconds(found.gaps[number], 9),
        }
        for number, step in enumerate(steps)
    ]
    return {"units": units, "steps": rows, "ties": int(found.counters[TIES])}
