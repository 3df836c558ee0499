"""Any number of a funnel is a set: exactly the attempts behind it, and their people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from flows.engine.analysis import check_choice
from flows.engine.arrays import KeyArray
from flows.engine.compute import GIB
from flows.engine.funnel_chain import Chain
from flows.engine.funnel_eventual import Eventual
from flows.engine.funnel_query import FunnelQuery, step_sets
from flows.engine.funnel_walk import STATES, Attempts
from flows.engine.histories import Given
from flows.engine.query import FlowQuery, QueryError
from flows.engine.source import Watch


@dataclass(frozen=True, slots=True)
class FunnelSet:
    """``total`` attempts, which is the number itself, and the keys of their people, ascending, each once."""

    total: int
    keys: KeyArray


def funnel_set(
    query: FunnelQuery,
    given: Given,
    step: int,
    state: str | None = None,
    *,
    threads: int | None = None,
    budget: int = GIB,
) -> FunnelSet:
    """Who reached a step of a funnel, or whose attempt ended there in one way.

    Parameters
    ----------
    query : FunnelQuery
    given : Given
        What :func:`flows.engine.funnel.compute_funnel` is asked of.
    step : int
    state : str, optional
        One of the end states of the funnel. None: everybody who reached the step.
    threads, budget : int
        As for :func:`flows.engine.funnel.compute_funnel`.

    Raises
    ------
    QueryError
        If the question cannot be answered, or has no such step or state.

    Examples
    --------
    >>> rows = [(1, "visit", 0), (1, "order", 2), (2, "visit", 0)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=2)
    >>> found = funnel_set(FunnelQuery(steps=(("visit",), ("order",))), given, 0, "open")
    >>> found.total, found.keys.tolist()
    (1, [2])
    """
    _check(step, state, len(query.steps))
    if query.order == "strict":
        attempts = Chain(query.as_flow(), query.steps, "steps", given, threads, budget, Watch()).attempts()
    else:
        attempts = Eventual(query, given, threads, Watch()).attempts()
    return _chosen(attempts, step, state)


def chain_set(
    query: FlowQuery,
    chain: Sequence[Collection[str]],
    given: Given,
    step: int,
    state: str | None = None,
    *,
    threads: int | None = None,
    budget: int = GIB,
) -> FunnelSet:
    """Whose paths begin with the first labels of a chain of nodes; as :func:`funnel_set`, of
    :func:`flows.engine.funnel.compute_chain`."""
    steps = step_sets(tuple(chain), "chain", query.steps + 1)
    _check(step, state, len(steps))
    attempts = Chain(query, steps, "chain", given, threads, budget, Watch()).attempts()
    return _chosen(attempts, step, state)


def _check(step: int, state: str | None, steps: int) -> None:
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < steps:
        raise QueryError("step", f"step: must be a whole number from 0 to {steps - 1}.")
    if state is not None:
        check_choice("state", state, STATES)


def _chosen(attempts: Sequence[Attempts], step: int, state: str | None) -> FunnelSet:
    keys = [np.zeros(0, np.uint64)]
    for each in attempts:
        chosen = each.reached >= step
        if state is not None:
            chosen = (each.reached == step) & (each.states == STATES.index(state))
        keys.append(each.people[chosen])
    together = np.concatenate(keys)
    return FunnelSet(len(together), np.unique(together))
