"""Analyses beside the flow: what they name is checked, and they are computed."""

from collections.abc import Callable
from typing import Any

from flows import queries
from flows.engine.funnel import compute_funnel
from flows.engine.histories import Given
from flows.engine.query import QueryError
from flows.engine.retention import compute_retention
from flows.engine.timeline import compute_timeline
from flows.models import Dataset
from flows.questions import Analysis, FunnelQuestion, RetentionQuestion, TrendQuestion
from flows.services.catalogue import check_properties, unknown_labels
from flows.services.material import events_named, properties_named


def check_names(*, dataset: Dataset, question: Analysis, version: int | None = None) -> None:
    """Raises QueryError where the question names an event or a property that the dataset does not have."""
    shadow = question.shadow()
    named = [(option, name) for option, names in question.events.items() for name in names]
    # What a breakdown is to an analysis, an expansion is to a flow: of the first step, which is no event of its own.
    done = [(option, name) for option, name in events_named(shadow) if option != "expand"]
    missing = unknown_labels(dataset=dataset, rules=question.rules, labels=[name for _, name in named])
    unknown = queries.unknown_events(dataset, [name for _, name in done])
    for option, name, absent in [*((*each, missing) for each in named), *((*each, unknown) for each in done)]:
        if name in absent:
            raise QueryError(option, f"{option}: there is no event “{name[:80]}” in {dataset.name}.")
    properties = [("breakdown" if option == "expand" else option, name) for option, name in properties_named(shadow)]
    check_properties(dataset=dataset, named=properties, version=version)


def compute(
    question: Analysis,
    given: Given,
    *,
    version: int,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """The answer; `given` is what the engine is told beside the question."""
    watch: dict[str, Any] = {"progress": progress, "cancelled": cancelled, "dataset_version": version}
    since, through = given.data_from or 0, given.data_through or 0
    if isinstance(question, FunnelQuestion):
        found = compute_funnel(question.engine(), given, **watch)
    elif isinstance(question, RetentionQuestion):
        found = compute_retention(question.engine(since, through), given, **watch)
    elif isinstance(question, TrendQuestion):
        found = compute_timeline(question.engine(since, through), given, **watch)
    else:
        raise TypeError(f"{question.kind} is no analysis")
    return {**found, "query": question.canonical()}
