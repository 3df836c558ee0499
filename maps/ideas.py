"""The opportunities of all maps as they are weighed: narrowed, sorted, and on a board of impact and effort.

Impact is (value to the customer + value to the business) ÷ 2, and is counted in *points*, twice as much: 2 to 10.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet

from accounts.models import Team
from flows.shelves import filing
from maps.models import JourneyMap, Opportunity

OPEN = (Opportunity.Status.IDEA, Opportunity.Status.PLANNED, Opportunity.Status.DOING)
EFFORTS = range(1, 6)
POINTS = range(2, 11)
FILTERS = ("status", "map", "tag", "owner", "effort", "points")
DOTS = 7  # in one place; what is more is counted

_LAST = "\U0010ffff"
_RANKS = {status: rank for rank, status in enumerate(Opportunity.Status.values)}
ORDERS: dict[str, Callable[[Opportunity], Any]] = {
    "score": lambda idea: 0,
    "impact": lambda idea: -idea.impact,
    "effort": lambda idea: idea.effort,
    "status": lambda idea: _RANKS[idea.status],
    "map": lambda idea: (idea.map.title.casefold(), idea.map.pk),
    "owner": lambda idea: str(idea.card.owner).casefold() if idea.card.owner else _LAST,
}


@dataclass(frozen=True, slots=True)
class Dot:
    """An idea on the board, with its number in the list."""

    number: int
    idea: Opportunity


@dataclass(frozen=True, slots=True)
class Place:
    """Where ideas of one effort and one impact stand; `more` of them are not drawn."""

    effort: int
    points: int
    dots: tuple[Dot, ...]
    more: int

    @property
    def impact(self) -> float:
        return self.points / 2


@dataclass(frozen=True, slots=True)
class Choices:
    """What the ideas of a team can be narrowed by."""

    maps: list[tuple[int, str]]
    tags: list[str]
    owners: list[tuple[int, str]]
    total: int


def choices(team: Team) -> Choices:
    """In two queries."""
    rows = list(
        Opportunity.objects.filter(team=team, card__kind="opportunity").values_list(
            "card__cell__lane__map", "card__cell__lane__map__title", "card__cell__lane__map__tags", "card__owner"
        )
    )
    found = filing(("", tags, owner) for *_, tags, owner in rows)
    return Choices(
        maps=sorted({(key, title) for key, title, *_ in rows}, key=lambda pair: (pair[1].casefold(), pair[0])),
        tags=found.tags,
        owners=found.owners,
        total=len(rows),
    )


def weighed(ideas: QuerySet[Opportunity], chosen: Mapping[str, Any]) -> list[Opportunity]:
    """Those that fit all that is `chosen`, in its order; the same in that, by score, and then by impact.

    Ideas that are done or dropped, and those of archived maps, are there where they are asked for.
    """
    status = chosen.get("status")
    if status != "any":
        ideas = ideas.filter(status__in=[status] if status else OPEN)
    if "map" not in chosen:
        ideas = ideas.exclude(card__cell__lane__map__status=JourneyMap.Status.ARCHIVED)
    wanted = {
        "card__cell__lane__map": chosen.get("map"),
        "card__cell__lane__map__tags__contains": [chosen["tag"]] if "tag" in chosen else None,
        "card__owner": chosen.get("owner"),
        "effort": chosen.get("effort"),
    }
    ideas = ideas.filter(**{path: value for path, value in wanted.items() if value is not None})
    if "points" in chosen:
        ideas = ideas.filter(value=chosen["points"] - F("business_value"))
    first = ORDERS[chosen.get("sort", "score")]
    return sorted(ideas, key=lambda idea: (first(idea), -idea.score, -idea.impact, idea.pk))


def board(ideas: Sequence[Opportunity], *, shown: int = 0) -> list[list[Place]]:
    """Rows of places, most impact first, least effort first. The idea of the card `shown` is drawn in any case."""
    found: dict[tuple[int, int], list[Dot]] = defaultdict(list)
    for number, idea in enumerate(ideas, start=1):
        found[idea.points, idea.effort].append(Dot(number, idea))
    return [[_place(effort, points, found[points, effort], shown) for effort in EFFORTS] for points in reversed(POINTS)]


def _place(effort: int, points: int, dots: list[Dot], shown: int) -> Place:
    drawn = sorted(dots, key=lambda dot: dot.idea.card_id != shown)[:DOTS] if len(dots) > DOTS + 1 else dots
    ordered = sorted(drawn, key=lambda dot: dot.number)
    return Place(effort, points, tuple(ordered), len(dots) - len(drawn))


def shared_out(points: int, *, value: int, business_value: int) -> tuple[int, int]:
    """The values to customer and business that make so many points, as far apart as the old ones, as near as can be.

    Where the points are odd, the customer gets the half more.
    """
    apart = value - business_value
    possible = range(max(1, points - 5), min(5, points - 1) + 1)
    to_customer = min(possible, key=lambda to: (abs(2 * to - points - apart), -to))
    return to_customer, points - to_customer
