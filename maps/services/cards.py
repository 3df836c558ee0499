"""Cards, and what their kind adds: touchpoints, pain points, opportunities, pictures."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.access import member_of
from accounts.models import Notification, User
from accounts.services import notify
from maps import access
from maps.limits import MOST_CARDS
from maps.log.wording import name_of
from maps.models import Card, CardExtra, Cell, Image, JourneyMap, Lane, Opportunity, Picture, Step, Touchpoint
from maps.services.changes import Change, Conflict, Verb, changing
from maps.services.order import put, room_for_one
from maps.texts import EXCERPT, body_of

EXTRAS: dict[str, type[CardExtra]] = {
    Lane.Kind.TOUCHPOINT: Touchpoint,
    Lane.Kind.OPPORTUNITY: Opportunity,
    Lane.Kind.IMAGE: Image,
}
ON_CARD = frozenset({"evidence", "severity", "colour", "owner", "due"})
ON_EXTRA: dict[str, frozenset[str]] = {
    Lane.Kind.TOUCHPOINT: frozenset({"channel", "importance_to_customer", "importance_to_business"}),
    Lane.Kind.OPPORTUNITY: frozenset({"value", "business_value", "effort", "status", "link"}),
    Lane.Kind.IMAGE: frozenset({"picture", "decorative"}),
}

# These are named by their keys, and looked up in the team.
BY_KEY = frozenset({"channel", "owner", "picture"})

Details = Mapping[str, Any]


def add_card(
    *,
    journey: JourneyMap,
    by: User,
    lane: int,
    step: int,
    body: str,
    details: Details | None = None,
    uid: uuid.UUID | None = None,
) -> Card:
    """A card at the end of the cell where `lane` and `step` cross.

    `uid` is chosen by the caller: asking again with the same one (a lost answer) returns the card that is there.
    Raises ValidationError for a blank or too long body, Http404 for a lane or step of another map.
    """
    body = body_of(body)
    with changing(journey, by=by) as change:
        if uid is not None and (known := _added_before(journey, uid)):
            return known
        cell = cell_at(change, access.lane_of(journey, lane), access.step_of(journey, step))
        cards = list(cell.cards.all())
        room_for_one(cards, MOST_CARDS, "cards in a cell")
        card = Card(cell=cell, kind=cell.lane.kind, body=body, position=len(cards), uid=uid or uuid.uuid4())
        change.add(card)
        give_extra(change, card)
        if details:
            write_details(change, card, details)
        change.says(Verb.ADD, "added", card, *_where(cell), about=card)
    return access.card_of(journey, card.pk)


def save_card(
    *,
    journey: JourneyMap,
    by: User,
    card: int,
    version: int,
    body: str | None = None,
    details: Details | None = None,
) -> Card:
    """Write the body, the details, or both; nothing that stays the same makes a new version.

    Raises Conflict where the card is no longer in the `version` that the save started from.
    """
    if body is not None:
        body = body_of(body)
    with changing(journey, by=by) as change:
        row = access.card_of(journey, card)
        if body is not None and row.body == body and not details:
            return row  # What is asked for stands there already, whoever wrote it.
        _same_version(row, version)
        old, owner = name_of(row), row.owner_id
        wrote = body is not None and change.set(row, body=body)
        detailed = write_details(change, row, details or {})
        if detailed:
            change.says(Verb.CHANGE, "changed the details of", row, *_where(row.cell), about=row)
        elif wrote:
            change.says(Verb.WRITE, "wrote", row, "instead of", old, *_where(row.cell), about=row)
        if row.owner and row.owner_id != owner:
            _tell_owner(change, row)
    return row


def move_card(
    *,
    journey: JourneyMap,
    by: User,
    card: int,
    lane: int,
    step: int,
    before: int | None = None,
    after: int | None = None,
) -> Card:
    """Put the card into another cell, or elsewhere in its own; it takes the kind of the lane."""
    with changing(journey, by=by) as change:
        row = access.card_of(journey, card)
        cell = cell_at(change, access.lane_of(journey, lane), access.step_of(journey, step))
        siblings = list(cell.cards.all())
        if cell.pk != row.cell_id:
            room_for_one(siblings, MOST_CARDS, "cards in a cell")
            left_behind = [other for other in row.cell.cards.all() if other.pk != row.pk]
            change.set(row, cell=cell, position=len(siblings), kind=cell.lane.kind)
            change.arrange(left_behind)
            give_extra(change, row)
        else:
            siblings = [row if other.pk == row.pk else other for other in siblings]
        change.arrange(put(siblings, row, before=before, after=after))
        change.says(Verb.MOVE, "moved", row, *_where(cell), about=row)
    return access.card_of(journey, card)


def remove_card(*, journey: JourneyMap, by: User, card: int, version: int | None = None) -> Card:
    """Returns the card as it was. Raises Conflict where it is no longer in `version`, if one is given."""
    with changing(journey, by=by) as change:
        row = access.card_of(journey, card)
        if version is not None:
            _same_version(row, version)
        others = list(row.cell.cards.exclude(pk=row.pk))
        change.remove(row)
        change.says(Verb.REMOVE, "removed", row, "from", row.cell.lane, "at", row.cell.step, about=row)
        change.arrange(others)
    return row


def _added_before(journey: JourneyMap, uid: uuid.UUID) -> Card | None:
    found = Card.objects.filter(team=journey.team_id, uid=uid).values_list("pk", "cell__lane__map").first()
    if found is None:
        return None
    if found[1] != journey.pk:
        raise ValidationError("This card stands on another map. Reload the page and add it again.")
    return access.card_of(journey, found[0])


def _tell_owner(change: Change, card: Card) -> None:
    """Whoever is to see to the card hears of it."""
    assert card.owner is not None
    where = reverse("maps:map", args=[change.map.team.slug, change.map.pk])
    notify(
        team=change.map.team,
        kind=Notification.Kind.ASSIGNMENT,
        # Being given the same card a second time is another event.
        key=f"card:{card.uid}:{card.version}",
        text=f"gave you a card in “{change.map.title}”",
        excerpt=card.body[:EXCERPT],
        url=f"{where}#card-{card.pk}",
        to=[card.owner],
        by=change.by,
    )


def _where(cell: Cell) -> tuple[str | Model, ...]:
    return "in", cell.lane, "at", cell.step


def cell_at(change: Change, lane: Lane, step: Step) -> Cell:
    """Where they cross; made now, if nothing has stood there. Raises ValidationError for a lane of feelings."""
    if lane.kind == Lane.Kind.EMOTION:
        raise ValidationError("An emotion lane holds one score at each step, and no cards.")
    cell = Cell.objects.filter(lane=lane, step=step).first() or change.add(Cell(lane=lane, step=step))
    cell.lane, cell.step = lane, step
    return cell


def _same_version(row: Card, version: int) -> None:
    if row.version != version:
        raise Conflict(row)


def give_extra(change: Change, card: Card) -> None:
    """What its kind adds, at the defaults, where the card has none yet."""
    model = EXTRAS.get(card.kind)
    if model and not model._default_manager.filter(card=card).exists():
        change.add(model(card=card))


def write_details(change: Change, card: Card, details: Details) -> bool:
    """Tells whether anything is different now.

    Keys that the kind of the card does not know are a mistake of the caller and raise ValidationError. People,
    channels and pictures are named by key; those of others raise Http404.
    """
    of_extra = ON_EXTRA.get(card.kind, frozenset())
    if unknown := set(details) - ON_CARD - of_extra:
        raise ValidationError(f"A card of this kind has no {', '.join(sorted(unknown))}.")
    found = _looked_up(change.map, details)
    own = {name: value for name, value in found.items() if name in ON_CARD}
    extra = {name: value for name, value in found.items() if name in of_extra}
    _check(card, own)
    wrote = change.set(card, **own)
    if not extra:
        return wrote
    give_extra(change, card)  # A card may be older than what its kind adds.
    row = EXTRAS[card.kind]._default_manager.get(card=card)
    row.card = card
    _check(row, extra)
    detailed = change.set(row, **extra)
    if detailed and not wrote:
        change.touch(card)
    setattr(card, card.kind, row)  # The kinds with an extra are named as their relation.
    return wrote or detailed


def _looked_up(journey: JourneyMap, details: Details) -> dict[str, Any]:
    """Raises Http404 for a channel or a picture of another team, and for an owner who is no member."""
    found = dict(details)
    if found.get("channel"):
        found["channel"] = access.channel_of(journey.team, found["channel"])
    if found.get("owner"):
        found["owner"] = member_of(journey.team, found["owner"])
    if found.get("picture"):
        found["picture"] = get_object_or_404(Picture, team=journey.team_id, pk=found["picture"])
    return found


def _check(row: Card | CardExtra, values: Mapping[str, Any]) -> None:
    """Raises ValidationError for a value that the database would refuse."""
    for name, value in values.items():
        highest = 3 if name == "severity" else 5
        if type(value) is int and not 1 <= value <= highest:
            raise ValidationError(f"{name.replace('_', ' ').capitalize()} goes from 1 to {highest}.")
        if name not in BY_KEY:
            row._meta.get_field(name).clean(value, row)  # type: ignore[union-attr]
