"""The people behind a number of a funnel."""

from dataclasses import dataclass

from flows.engine.funnel_sets import chain_set, funnel_set
from flows.engine.query import FlowQuery
from flows.hashing import Keys
from flows.models import Dataset
from flows.questions import FunnelQuestion
from flows.services.sets import BUDGET, asked
from flows.store import EventStore, Snapshot

PAGE = 100


@dataclass(frozen=True, slots=True)
class People:
    """`total` attempts, which is the number, and a page of their people by id; `people` counts each person once."""

    total: int
    people: int
    names: list[str]
    dataset_version: int


def people_of_funnel(
    *, dataset: Dataset, question: FunnelQuestion, step: int, state: str | None, version: int | None, offset: int
) -> People:
    """Who reached a step, or whose attempt ended there. Raises QueryError, DamagedSegment and Busy."""
    with asked(dataset, question, version) as (given, snapshot, _):
        found = funnel_set(question.engine(), given, step, state, budget=BUDGET)
    return _page(dataset, snapshot, found.total, found.keys, offset)


def people_of_chain(
    *,
    dataset: Dataset,
    query: FlowQuery,
    chain: list[str],
    step: int,
    state: str | None,
    version: int | None,
    offset: int,
) -> People:
    """As `people_of_funnel`, of a chain of nodes of a flow."""
    with asked(dataset, query, version) as (given, snapshot, _):
        found = chain_set(query, [[label] for label in chain], given, step, state, budget=BUDGET)
    return _page(dataset, snapshot, found.total, found.keys, offset)


def _page(dataset: Dataset, snapshot: Snapshot, total: int, keys: Keys, offset: int) -> People:
    chosen = keys[offset : offset + PAGE].tolist()
    names = EventStore(dataset.team_id).actors(snapshot, set(chosen))
    return People(total, len(keys), [names[key] for key in chosen], snapshot.version)
