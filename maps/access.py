"""How maps and what stands on them are fetched. Anything of another team or another map is a 404."""

import uuid
from collections.abc import Collection

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.models import Team, User
from maps.models import (
    Card,
    Channel,
    Comment,
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
    row = get_object_or_404(JourneyMap, team=team, pk=pk)
    row.team = team
    return row


def stage_of(journey: JourneyMap, pk: int) -> Stage:
    return get_object_or_404(Stage, map=journey, pk=pk)


def step_of(journey: JourneyMap, pk: int) -> Step:
    return get_object_or_404(Step.objects.select_related("stage"), stage__map=journey, pk=pk)


def lane_of(journey: JourneyMap, pk: int) -> Lane:
    return get_object_or_404(Lane, map=journey, pk=pk)


def card_of(journey: JourneyMap, pk: int, *beside: str) -> Card:
    """The card with its cell, lane, step, and what is asked for `beside`: every save pays for what is fetched here."""
    cards = Card.objects.select_related("cell__lane", "cell__step", *beside)
    return get_object_or_404(cards, cell__lane__map=journey, pk=pk)


def whole_card_of(journey: JourneyMap, pk: int) -> Card:
    """The card also with whatever its kind adds, its owner, and who changed it last."""
    return card_of(journey, pk, "touchpoint__channel", "opportunity", "image__picture", "owner", "updated_by")


def personas_of(team: Team, keys: Collection[int]) -> list[Persona]:
    found = list(Persona.objects.filter(team=team, pk__in=keys))
    if len(found) != len(set(keys)):
        raise Http404("No such persona.")
    return found


def snapshot_of(journey: JourneyMap, pk: int) -> Snapshot:
    return get_object_or_404(Snapshot, map=journey, pk=pk)


def channel_of(team: Team, pk: int) -> Channel:
    return get_object_or_404(Channel, team=team, pk=pk)


def comment_of(journey: JourneyMap, pk: int) -> Comment:
    return get_object_or_404(Comment.objects.select_related("author", "thread"), map=journey, pk=pk)


def own_comment_of(journey: JourneyMap, pk: int, author: User) -> Comment:
    """Raises PermissionDenied where somebody else wrote it. A comment that has been removed is gone."""
    comment = comment_of(journey, pk)
    if comment.author_id != author.pk:
        raise PermissionDenied("Only whoever wrote a comment may change it.")
    if comment.removed_at is not None:
        raise Http404("This comment has been removed.")
    return comment


def thread_of(journey: JourneyMap, pk: int) -> Comment:
    """The first comment of a thread. One of which nothing is left is gone."""
    threads = Comment.objects.select_related("author", "resolved_by")
    return get_object_or_404(threads, map=journey, thread=None, size__gt=0, pk=pk)


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
