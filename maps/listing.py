"""The team's maps as they are looked through: narrowed, sorted, in columns, and by what they can be narrowed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower

from accounts.models import Team
from flows.shelves import FILED, Filing, filed, filing
from maps.models import JourneyMap

Status = JourneyMap.Status
REVIEWS = {"overdue": "Overdue", "month": "Due this month"}
FILTERS = ("status", "state", *FILED, "review")
ORDERS: dict[str, tuple[str | Combinable, ...]] = {
    "changed": ("-updated_at", "-pk"),
    "title": (Lower("title"), "pk"),
    "status": ("status", Lower("title"), "pk"),
    "stages": ("-stage_count", "-step_count", "pk"),
    "owner": (Lower("owner__name"), Lower("title"), "pk"),
    "review": (F("review_due").asc(nulls_last=True), "pk"),
}
CARDS_IN_A_COLUMN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf(Filing):
    """All of the team's maps at a glance: how many of each status, and what they can be narrowed by."""

    statuses: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.statuses.values())

    @property
    def archived(self) -> int:
        return self.statuses.get(Status.ARCHIVED, 0)


@dataclass(frozen=True, slots=True)
class Column:
    """The maps of one status, the first of `count`."""

    status: Status
    maps: list[JourneyMap]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.maps)


def shelf(team: Team) -> Shelf:
    """In two queries."""
    rows = list(JourneyMap.objects.filter(team=team).values_list("folder", "tags", "owner", "status"))
    found = filing(row[:3] for row in rows)
    return Shelf(
        statuses=Counter(status for *_, status in rows), folders=found.folders, tags=found.tags, owners=found.owners
    )


def narrowed(
    maps: QuerySet[JourneyMap], chosen: Mapping[str, Any], *, today: date, all_statuses: bool = False
) -> QuerySet[JourneyMap]:
    """Those that fit all that is `chosen`, in its order; archived ones only where they are asked for."""
    if all_statuses:
        pass
    elif status := chosen.get("status"):
        maps = maps.filter(status=status)
    else:
        maps = maps.exclude(status=Status.ARCHIVED)
    if "state" in chosen:
        maps = maps.filter(state=chosen["state"])
    maps = filed(maps, chosen)
    if chosen.get("review") == "overdue":
        maps = maps.filter(review_due__lt=today).exclude(status=Status.ARCHIVED)
    elif chosen.get("review") == "month":
        first = today.replace(day=1)
        maps = maps.filter(review_due__gte=first, review_due__lt=(first + timedelta(days=32)).replace(day=1))
    return maps.order_by(*ORDERS[chosen.get("sort", "changed")])


def columns(maps: Iterable[JourneyMap]) -> list[Column]:
    """A column for every status, however empty."""
    found: dict[str, list[JourneyMap]] = {status: [] for status in Status}
    for journey in maps:
        found[journey.status].append(journey)
    return [Column(status, found[status][:CARDS_IN_A_COLUMN], len(found[status])) for status in Status]
