"""How maps and what stands on them are fetched. Anything of another team or another map is a 404."""

import uuid
from collections.abc import Collection

from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.models import Team, User
from maps.models import (
    Card,
    Channel,
    JourneyMap,
    Lane,
    Opportunity,
    Persona,
    Picture,
    Snapshot,
    Stage,
    Step,
    Touchpoint,
)


def map_of(team: Team, pk: int) -> JourneyMap:
    maps = JourneyMap.objects.select_related("owner", "team", "variant_of", "parent_step__stage__map")
    return get_object_or_404(maps, team=team, pk=pk)


def stage_of(journey: JourneyMap, pk: int) -> Stage:
    return get_object_or_404(Stage, map=journey, pk=pk)


def step_of(journey: JourneyMap, pk: int) -> Step:
    return get_object_or_404(Step.objects.select_related("stage"), stage__map=journey, pk=pk)


def lane_of(journey: JourneyMap, pk: int) -> Lane:
    return get_object_or_404(Lane, map=journey, pk=pk)


def card_of(journey: JourneyMap, pk: int) -> Card:
    """The card with its cell, lane, step and whatever its kind adds."""
    cards = Card.objects.select_related(
        "cell__lane", "cell__step", "touchpoint__channel", "opportunity", "image__picture", "owner", "updated_by"
    )
    return get_object_or_404(cards, cell__lane__map=journey, pk=pk)


def personas_of(team: Team, keys: Collection[int]) -> list[Persona]:
    found = list(Persona.objects.filter(team=team, pk__in=keys))
    if len(found) != len(set(keys)):
        raise Http404("No such persona.")
    return found


def member_of(team: Team, pk: int) -> User:
    return get_object_or_404(team.members, pk=pk)


def snapshot_of(journey: JourneyMap, pk: int) -> Snapshot:
    return get_object_or_404(Snapshot, map=journey, pk=pk)


def channel_of(team: Team, pk: int) -> Channel:
    return get_object_or_404(Channel, team=team, pk=pk)


def idea_of(team: Team, card: int) -> Opportunity:
    """The idea that stands on a card, with its card and its map."""
    ideas = Opportunity.objects.filter(team=team, card__kind=Lane.Kind.OPPORTUNITY)
    return get_object_or_404(ideas.select_related("card", "card__cell__lane__map__team"), card=card)


def persona_of(team: Team, pk: int) -> Persona:
    return get_object_or_404(Persona.objects.select_related("picture"), team=team, pk=pk)


def picture_of(team: Team, name: uuid.UUID) -> Picture:
    return get_object_or_404(Picture, team=team, name=name)


def touchpoint_of(team: Team, card: int) -> Touchpoint:
    touchpoints = Touchpoint.objects.select_related("card", "team").filter(card__kind=Lane.Kind.TOUCHPOINT)
    return get_object_or_404(touchpoints, team=team, card=card)
