"""A whole map at once, from a document."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any, TypeVar

from django.db import transaction

from accounts.models import Team, User
from maps.documents.shapes import CardPart, MapDocument, PersonaPart
from maps.models import (
    Card,
    Cell,
    EmotionPoint,
    Image,
    JourneyMap,
    Lane,
    Named,
    Opportunity,
    Persona,
    Stage,
    Step,
    Touchpoint,
)
from maps.services.changes import Change, Verb, changing
from maps.services.channels import ensure_channels
from maps.services.pictures import known_pictures
from maps.twins import Uids, uids_of_twins

N = TypeVar("N", bound=Named)


@transaction.atomic
def build_map(
    *,
    team: Team,
    by: User | None,
    document: MapDocument,
    told: Sequence[str] = ("brought in the map",),
    twin_of: JourneyMap | None = None,
    **filed: Any,
) -> JourneyMap:
    """A new map of the team, owned by `by`, in a number of queries that does not depend on its size.

    `told` is how the history tells it, `filed` where the map is filed. With `twin_of`, the map that the document was
    read from, the new one is its variant, and its rows are named as their twins (`maps.twins`).

    Channels and personas that the team has already are used again; a persona counts as the same if all of it agrees.
    So are pictures by their names; those that come along are drawn anew. Raises ValidationError where one cannot be.
    Owners of cards are found among the members by their addresses; others are left out. The document is not checked
    here: what comes from outside has passed `maps.documents.reading`.
    """
    journey = JourneyMap.objects.create(
        team=team,
        owner=by,
        title=document.title,
        kind=document.kind,
        state=document.state,
        status=document.status,
        scenario=document.scenario,
        expectations=document.expectations,
        variant_of=twin_of,
        **filed,
    )
    uids = uids_of_twins(twin_of, journey) if twin_of else {}
    with changing(journey, by=by) as change:
        personas = _personas(team, document.personas)
        change.set_personas(personas.values())
        steps = _columns(change, document, uids)
        _lanes(change, document, steps, personas, uids)
        change.says(Verb.CREATE, *told)
    return journey


def _personas(team: Team, parts: tuple[PersonaPart, ...]) -> dict[str, Persona]:
    """By name, those that are missing made."""
    shape = [each.name for each in fields(PersonaPart)]
    names = [part.name for part in parts]
    named = list(Persona.objects.filter(team=team, name__in=names)) if names else []
    known = {PersonaPart(**{key: getattr(row, key) for key in shape}): row for row in reversed(named)}
    missing = [Persona(team=team, **asdict(part)) for part in parts if part not in known]
    made = {row.name: row for row in Persona.objects.bulk_create(missing)}
    return {part.name: known.get(part) or made[part.name] for part in parts}


def _named(model: type[N], uids: Uids, **values: Any) -> N:
    return model(**values, **({"uid": next(uids[model])} if uids else {}))


def _columns(change: Change, document: MapDocument, uids: Uids) -> list[Step]:
    stages = change.add_all(
        [
            _named(Stage, uids, map=change.map, name=part.name, goal=part.goal, position=place)
            for place, part in enumerate(document.stages)
        ]
    )
    steps = [
        _named(Step, uids, stage=stage, name=step.name, moment_of_truth=step.moment_of_truth, position=place)
        for stage, part in zip(stages, document.stages, strict=True)
        for place, step in enumerate(part.steps)
    ]
    return list(change.add_all(steps))


def _lanes(change: Change, document: MapDocument, steps: list[Step], personas: dict[str, Persona], uids: Uids) -> None:
    lanes = change.add_all(
        [
            _named(
                Lane,
                uids,
                map=change.map,
                kind=part.kind,
                role=part.role,
                title=part.title,
                persona=personas.get(part.persona),
                collapsed=part.collapsed,
                position=place,
            )
            for place, part in enumerate(document.lanes)
        ]
    )
    both = list(zip(lanes, document.lanes, strict=True))
    change.add_all(
        [
            EmotionPoint(lane=lane, step=steps[one.step], score=one.score, label=one.label, source=one.source, n=one.n)
            for lane, part in both
            for one in part.feelings
        ]
    )
    cells = [
        (Cell(lane=lane, step=steps[cell.step], span=cell.span), cell.cards)
        for lane, part in both
        for cell in part.cells
    ]
    change.add_all([cell for cell, _ in cells])
    _cards(change, cells, {channel.name: channel.icon for channel in document.channels}, uids)


def _cards(change: Change, cells: list[tuple[Cell, tuple[CardPart, ...]]], icons: dict[str, str], uids: Uids) -> None:
    team = change.map.team
    people = {part.owner for _, cards in cells for part in cards} - {""}
    owners = {user.email: user for user in User.objects.filter(teams=team, email__in=people)} if people else {}
    pairs = [
        (
            _named(
                Card,
                uids,
                cell=cell,
                kind=cell.lane.kind,
                body=part.body,
                evidence=part.evidence,
                severity=part.severity,
                colour=part.colour,
                owner=owners.get(part.owner),
                due=date.fromisoformat(part.due) if part.due else None,
                position=place,
            ),
            part,
        )
        for cell, cards in cells
        for place, part in enumerate(cards)
    ]
    change.add_all([card for card, _ in pairs])
    named = {part.touchpoint.channel for _, part in pairs if part.touchpoint} - {""}
    channels = ensure_channels(team=team, icons={name: icons.get(name, "") for name in named})
    change.add_all(
        [
            Touchpoint(card=card, **{**asdict(part.touchpoint), "channel": channels.get(part.touchpoint.channel)})
            for card, part in pairs
            if part.touchpoint
        ]
    )
    change.add_all([Opportunity(card=card, **asdict(part.opportunity)) for card, part in pairs if part.opportunity])
    images = [(card, part.image) for card, part in pairs if part.image]
    pictures = known_pictures(team=team, parts=[image for _, image in images])
    change.add_all(
        [
            Image(card=card, picture=pictures.get((image.picture, image.data)), decorative=image.decorative)
            for card, image in images
        ]
    )
