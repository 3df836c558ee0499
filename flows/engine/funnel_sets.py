"""Any number of a funnel is a set: exactly the attempts behind it, and their people."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from flows.engine.analysis import check_between, check_choice
from flows.engine.compute import GIB
from flows.engine.funnel_chain import Chain
from flows.engine.funnel_eventual import Eventual, group_names
from flows.engine.funnel_query import FunnelQuery, step_sets
from flows.engine.funnel_walk import STATES, Attempts
from flows.engine.histories import Given
from flows.engine.people_sets import Part, PeopleSet
from flows.engine.query import FlowQuery, QueryError
from flows.engine.source import Watch


def funnel_set(
    query: FunnelQuery,
    given: Given,
    step: int,
    state: str | None = None,
    group: tuple[str, str] | None = None,
    *,
    threads: int | None = None,
    budget: int = GIB,
) -> PeopleSet:
    """Who reached a step of a funnel, or whose attempt ended there in one way.

    Parameters
    ----------
    query : FunnelQuery
    given : Given
        What :func:`flows.engine.funnel.compute_funnel` is asked of.
    step : int
    state : str, optional
        One of the end states of the funnel. None: everybody who reached the step.
    group : (str, str), optional
        Kind and value of a group of the breakdown: only its attempts. A value that stands in Other is a set of its own.
    threads, budget : int
        As for :func:`flows.engine.funnel.compute_funnel`.

    Returns
    -------
    PeopleSet
        Of attempts; the moment is that of the first event.

    Raises
    ------
    QueryError
        If the question cannot be answered, or has no such step, state or group.

    Examples
    --------
    >>> rows = [(1, "visit", 0), (1, "order", 2), (2, "visit", 0)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=2)
    >>> found = funnel_set(FunnelQuery(steps=(("visit",), ("order",))), given, 0, "open")
    >>> found.total, found.keys.tolist()
    (1, [2])
    """
    _check(step, state, len(query.steps))
    if group is not None and query.breakdown is None:
        raise QueryError("group", "group: the funnel is not broken down.")
    if query.order == "strict":
        flow = query.as_flow()
        return _chosen(Chain(flow, query.steps, "steps", given, threads, budget, Watch()).attempts(), step, state)
    funnel = Eventual(query, given, threads, Watch())
    if group is None:
        return _chosen(funnel.attempts(), step, state)
    by = funnel.values(also=group[1] if group[0] == "value" else None)
    names = group_names(by)
    return _chosen(funnel.attempts(by), step, state, names.index(group)) if group in names else PeopleSet.of([])


def chain_set(
    query: FlowQuery,
    chain: Sequence[Collection[str]],
    given: Given,
    step: int,
    state: str | None = None,
    *,
    threads: int | None = None,
    budget: int = GIB,
) -> PeopleSet:
    """Whose paths begin with the first labels of a chain of nodes; as :func:`funnel_set`, of
    :func:`flows.engine.funnel.compute_chain`."""
    steps = step_sets(tuple(chain), "chain", query.steps + 1)
    _check(step, state, len(steps))
    return _chosen(Chain(query, steps, "chain", given, threads, budget, Watch()).attempts(), step, state)


def _check(step: int, state: str | None, steps: int) -> None:
    check_between("step", step, 0, steps - 1)
    if state is not None:
        check_choice("state", state, STATES)


def _chosen(attempts: Sequence[Attempts], step: int, state: str | None, group: int = 0) -> PeopleSet:
    parts: list[Part] = []
    for each in attempts:
        chosen = (each.groups == group) & (each.reached >= step)
        if state is not None:
            chosen &= (each.reached == step) & (each.states == STATES.index(state))
        parts.append((each.people[chosen], each.moments[chosen], np.ones(chosen.sum(), np.int64)))
    return PeopleSet.of(parts)
