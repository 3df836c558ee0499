"""Which properties the events of a dataset have, for whoever writes a condition.

Looked up in a part of each segment and remembered for as long as the cache likes: segments never change.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache

from flows.models import Dataset, Segment
from flows.store import DamagedSegment, EventStore
from flows.store.properties import EXAMPLES, Seen

DAYS_REMEMBERED = 30
SEGMENTS_SEEN = 40  # the largest
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
    keys = {f"properties:{row.checksum}": row for row in rows}
    known: dict[str, list[Seen]] = cache.get_many(keys)
    missing = {key: _look(store, row) for key, row in keys.items() if key not in known}
    if missing:
        cache.set_many(missing, DAYS_REMEMBERED * 24 * 3600)
    return _together(seen for each in (known | missing).values() for seen in each)


def _look(store: EventStore, row: Segment) -> list[Seen]:
    try:
        return store.seen_properties(row)
    except DamagedSegment:
        return []  # the answer to a question names it


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
