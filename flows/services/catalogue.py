"""Which properties the events of a dataset have, for whoever writes a condition.

Looked up in a part of each segment and remembered for as long as the cache likes: segments never change.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.core.cache import cache

from flows import queries
from flows.engine.conditions import LabelRule
from flows.engine.query import QueryError, quoted
from flows.labels import relabel
from flows.models import Dataset, Segment
from flows.store import DamagedSegment, EventStore
from flows.store.properties import EXAMPLES, NAMES, SEEN, Seen

DAYS_REMEMBERED = 30
SEGMENTS_SEEN = 40  # the largest
FEW = 8  # segments in which all events are looked at while somebody waits
MOST = 500


@dataclass(frozen=True, slots=True)
class Property:
    """`events` are those that were looked at and have it; `kind` is text, number, boolean or time."""

    name: str
    kind: str
    events: int
    examples: tuple[str, ...]


def properties_of(dataset: Dataset) -> list[Property]:
    """The properties of the newest events, the most frequent first. A damaged segment has none."""
    store = EventStore(dataset.team_id)
    rows = sorted(store.rows(dataset), key=lambda row: -row.rows)[:SEGMENTS_SEEN]
    return _together(seen for each in _seen(store, rows) for seen in each or ())


def lacking(dataset: Dataset, names: Collection[str], version: int | None = None) -> set[str]:
    """Those of some properties that no event of a version has; none where that would take reading many events."""
    store = EventStore(dataset.team_id)
    rows = store.rows(dataset, version) if names else []
    if not rows or len(rows) > FEW or sum(row.rows for row in rows) > SEEN:
        return set()
    found: set[str] = set()
    for each in _seen(store, rows):
        if each is None or len(each) == NAMES:
            return set()
        found.update(seen.name for seen in each)
    return set(names) - found


def unknown_labels(*, dataset: Dataset, rules: Sequence[LabelRule], labels: Collection[str]) -> set[str]:
    """Those of some labels that the rules make of no event of the dataset. Raises QueryError where a rule is wrong."""
    if not rules:
        return queries.unknown_events(dataset, labels)
    names = list(queries.event_names(dataset).values_list("name", flat=True))
    cleaned = relabel(rules, names)
    return set(labels) - {cleaned.get(name, name) for name in names}


def check_properties(*, dataset: Dataset, named: Collection[tuple[str, str]], version: int | None = None) -> None:
    """Raises QueryError for the first (option, property) that no event of a version has, as far as that is known."""
    absent = lacking(dataset, {name for _, name in named}, version)
    for option, name in named:
        if name in absent:
            raise QueryError(option, f"{option}: no event of this dataset has the property {quoted(name)}.")


def _seen(store: EventStore, rows: Iterable[Segment]) -> list[list[Seen] | None]:
    """What was seen in each of some segments, None for a damaged one: the answer to a question names it."""
    keys = {f"properties:{row.checksum}": row for row in rows}
    known: dict[str, list[Seen] | None] = cache.get_many(keys)
    missing = {key: _look(store, row) for key, row in keys.items() if key not in known}
    if new := {key: each for key, each in missing.items() if each is not None}:
        cache.set_many(new, DAYS_REMEMBERED * 24 * 3600)
    return [*known.values(), *missing.values()]


def _look(store: EventStore, row: Segment) -> list[Seen] | None:
    try:
        return store.seen_properties(row)
    except DamagedSegment:
        return None


def _together(seen: Iterable[Seen]) -> list[Property]:
    found: dict[str, Property] = {}
    for each in seen:
        other = found.get(each.name, Property(each.name, each.kind, 0, ()))
        found[each.name] = Property(
            each.name,
            each.kind if each.kind == other.kind else "text",
            each.events + other.events,
            tuple(dict.fromkeys((*other.examples, *each.examples)))[:EXAMPLES],
        )
    return sorted(found.values(), key=lambda each: (-each.events, each.name))[:MOST]
