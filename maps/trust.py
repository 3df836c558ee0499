"""How far a map can be relied on: when its stages were last confirmed, and on what its cards rest."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from maps.models import Card, JourneyMap, Stage


@dataclass(frozen=True, slots=True)
class Confirmed:
    """When and by whom a stage was confirmed; `doubt` says why that no longer holds, and is empty where it does."""

    at: datetime
    by: str
    doubt: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Cards of a map by what they rest on."""

    observed: int = 0
    assumed: int = 0
    proposed: int = 0

    @property
    def total(self) -> int:
        return self.observed + self.assumed + self.proposed


def confirmed(stage: Stage, *, journey: JourneyMap, now: datetime) -> Confirmed | None:
    """`stage` comes with the person; None where nobody has confirmed it yet."""
    if stage.confirmed_at is None:
        return None
    doubt = ""
    if stage.changed_at and stage.changed_at > stage.confirmed_at:
        doubt = "changed since"
    elif now - stage.confirmed_at > timedelta(days=journey.review_days):
        doubt = f"longer ago than {journey.review_days} days"
    return Confirmed(stage.confirmed_at, str(stage.confirmed_by or "somebody who has left"), doubt)


def evidence_of(maps: Collection[int]) -> dict[int, Evidence]:
    """By map, in one query; maps without a card are left out."""
    counts = {kind.value: Count("pk", filter=Q(evidence=kind)) for kind in Card.Evidence}
    cards = Card.objects.filter(cell__lane__map__in=maps).values("cell__lane__map").annotate(**counts).order_by()
    return {key: Evidence(*found) for key, *found in cards.values_list("cell__lane__map", *counts)}


def evidence_in(cards: Iterable[Card]) -> Evidence:
    """The same of cards that are loaded."""
    return Evidence(**Counter(card.evidence for card in cards))
