"""The names of touchpoints, which are what their cards say, kept the same on all maps of a team."""

from collections import defaultdict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from maps.log.wording import short_name
from maps.models import Card, JourneyMap, Lane, Touchpoint
from maps.services.changes import Verb, changing, locked_maps
from maps.texts import one_line


def rename_touchpoint(*, touchpoint: Touchpoint, name: str, by: User) -> int:
    """Give all touchpoints of the team that are called like this one another name; on how many cards.

    Raises ValidationError for a blank or too long name, and for one that others have, in any case of the letters.
    """
    name, old = one_line(name, "A touchpoint"), touchpoint.card.body
    others = _cards(touchpoint).filter(body__iexact=name).exclude(body=old)
    if others.exists():
        raise ValidationError(f"There is a touchpoint “{name}” already. The two can be merged.")
    return _call(touchpoint, name, by, "renamed the touchpoint", "to")


def merge_touchpoints(*, touchpoint: Touchpoint, into: Touchpoint, by: User) -> int:
    """Let all that are called like the one be called like the other; on how many cards. Their channels stay.

    Raises ValidationError where both have one name.
    """
    if into.card.body == touchpoint.card.body:
        raise ValidationError("A touchpoint cannot be merged into itself.")
    return _call(touchpoint, into.card.body, by, "merged the touchpoint", "into")


@transaction.atomic
def _call(touchpoint: Touchpoint, name: str, by: User, did: str, to: str) -> int:
    old = touchpoint.card.body
    if old == name:
        return 0
    maps = locked_maps(touchpoint.team)
    found: dict[int, list[Card]] = defaultdict(list)
    for card in _cards(touchpoint).filter(body=old).select_related("cell__lane", "cell__step"):
        found[card.cell.lane.map_id].append(card)
    for journey in maps:
        if journey.pk in found:
            _write(journey, found[journey.pk], name, by, (did, old, to, name))
    return sum(map(len, found.values()))


def _cards(touchpoint: Touchpoint) -> QuerySet[Card]:
    return Card.objects.filter(team=touchpoint.team_id, kind=Lane.Kind.TOUCHPOINT)


def _write(journey: JourneyMap, cards: list[Card], name: str, by: User, words: tuple[str, ...]) -> None:
    with changing(journey, by=by) as change:
        for card in cards:
            change.set(card, body=name)
        change.says(Verb.WRITE, *map(short_name, words))
