"""What the engine needs to answer a question beside the question: events with their properties, and what else is known.

Columns of properties are made when they are first asked for, which takes a while; nothing here asks the database.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from flows.engine.arrays import SegmentArrays
from flows.engine.labelling import labels_of
from flows.engine.labels import Relabel
from flows.engine.query import FILTERS, FlowQuery
from flows.engine.source import Cancelled
from flows.labels import relabel
from flows.models import Segment
from flows.store import EventStore, Snapshot

LABELS = ("start", "end", "only", "hide", "exclude")  # options that speak of labels


@dataclass(frozen=True, slots=True)
class Material:
    """`catalogue` and `properties` are what the question names and the dataset has, be it in these segments or not."""

    segments: list[SegmentArrays]
    catalogue: set[str]
    properties: set[str]
    relabel: Relabel | None


def material(query: FlowQuery, snapshot: Snapshot, cancelled: Callable[[], bool] | None = None) -> Material:
    """The events of a snapshot for a question that `check` has let pass. Raises DamagedSegment, Cancelled."""
    names = query.properties
    segments = [
        _with_columns(arrays, row, names, cancelled)
        for arrays, row in zip(snapshot.segments, snapshot.rows, strict=True)
    ]
    clean = partial(relabel, query.rules) if query.rules else None
    # `check` has found the names of events in the dataset; labels with a value in them it cannot know.
    named = {name for option in LABELS for name in getattr(query, option)}
    doubtful = {name for name in named if may_be_expanded(query, name)}
    known = {*(named - doubtful), *(event for _, event in events_named(query))}
    properties = {name for name in names if not _absent(segments, name)}
    if doubtful or len(properties) < len(names):
        others = [_with_columns(_opened(row), row, names, cancelled) for row in snapshot.others]
        known |= doubtful & labels_of(query, others, clean)
        properties |= {name for name in names if not _absent(others, name)}
    return Material(segments, known, properties, clean)


def events_named(query: FlowQuery) -> list[tuple[str, str]]:
    """(option, event) wherever a question names an event as it was recorded, and not a label."""
    limited = [(field, event) for field in FILTERS for each in getattr(query, field) for event in each.on]
    people = [(each.kind, each.event) for each in query.people if each.event]
    return [*people, *limited, *(("expand", event) for event, _ in query.expand)]


def properties_named(query: FlowQuery) -> list[tuple[str, str]]:
    """(option, property) wherever a question names a property."""
    filters = [(field, each.name) for field in FILTERS for each in getattr(query, field)]
    people = [(each.kind, one.name) for each in query.people for one in each.where]
    return [*filters, *people, *(("expand", name) for _, name in query.expand)]


def may_be_expanded(query: FlowQuery, label: str) -> bool:
    """Whether a label may hold a value of a property, so that no catalogue of events knows it."""
    if not query.expand or label in dict(query.expand):
        return False
    return any(label.startswith(f"{event}: ") for event, _ in query.expand) or any(
        rule.label == label for rule in query.rules
    )


def _with_columns(
    arrays: SegmentArrays, row: Segment, names: Iterable[str], cancelled: Callable[[], bool] | None
) -> SegmentArrays:
    store, columns = EventStore(row.team_id), {}
    for name in names:
        if cancelled is not None and cancelled():
            raise Cancelled
        columns[name] = store.column(row, name)
    return replace(arrays, columns=columns) if columns else arrays


def _opened(row: Segment) -> SegmentArrays:
    return EventStore(row.team_id).open(row).arrays


def _absent(segments: Iterable[SegmentArrays], name: str) -> bool:
    return all(segment.columns[name].absent for segment in segments)
