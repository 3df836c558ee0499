"""Maps as a whole: made blank or from a template, renamed, described."""

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Team, User
from maps import access
from maps.library.shapes import CardSeed, EmotionSeed, Template
from maps.log.wording import short_name
from maps.models import Card, Cell, EmotionPoint, JourneyMap, Lane, Opportunity, Stage, Step, Touchpoint
from maps.services.changes import Change, Verb, changing
from maps.services.channels import ensure_channels
from maps.services.texts import TITLE_LIMIT, one_line, paragraphs

NEWS = {
    "title": "renamed the map to",
    "status": "set the status to",
    "state": "set what the map shows to",
    "scenario": "wrote as the scenario",
    "expectations": "wrote as the expectations",
    "personas": "drew the map for",
}


@transaction.atomic
def create_map(*, team: Team, by: User | None, title: str, template: Template) -> JourneyMap:
    """A map of the team, filled as the template says; `maps.library.BLANK` has one stage with one step."""
    journey = JourneyMap.objects.create(
        team=team,
        owner=by,
        title=one_line(title, "A map", TITLE_LIMIT),
        kind=template.kind,
        scenario=template.scenario,
        expectations=template.expectations,
    )
    with changing(journey, by=by) as change:
        _fill(change, template)
        change.says(Verb.CREATE, "drew the map from the template", template.title)
    return journey


def update_map(
    *,
    journey: JourneyMap,
    by: User,
    title: str | None = None,
    scenario: str | None = None,
    expectations: str | None = None,
    state: str | None = None,
    status: str | None = None,
    personas: Collection[int] | None = None,
) -> JourneyMap:
    """Write what is given, and return the map as it is then.

    Raises ValidationError for a blank title or an unknown state or status, Http404 for a persona of another team.
    """
    values: dict[str, str] = {}
    if title is not None:
        values["title"] = one_line(title, "A map", TITLE_LIMIT)
    if scenario is not None:
        values["scenario"] = paragraphs(scenario)
    if expectations is not None:
        values["expectations"] = paragraphs(expectations)
    if state is not None:
        values["state"] = _one_of(JourneyMap.State.values, state)
    if status is not None:
        values["status"] = _one_of(JourneyMap.Status.values, status)
    with changing(journey, by=by) as change:
        change.set(change.map, **values)
        if personas is not None:
            change.set_personas(access.personas_of(change.map.team, personas))
        change.says(Verb.CHANGE, *_news(change))
    return change.map


def _news(change: Change) -> list[str]:
    words: list[str] = []
    for name in next((record.after for record in change.records if record.after), {}):
        value = ", ".join(map(str, change.map.personas.all())) if name == "personas" else _shown(change.map, name)
        words += ["and " + NEWS[name] if words else NEWS[name], value]
    return words


def _shown(journey: JourneyMap, name: str) -> str:
    display = getattr(journey, f"get_{name}_display", None)
    return short_name(display() if display else getattr(journey, name))


def _one_of(known: list[str], value: str) -> str:
    if value not in known:
        raise ValidationError(f"“{value}” is not one of {', '.join(known)}.")
    return value


def _fill(change: Change, template: Template) -> None:
    journey = change.map
    stages = change.add_all(
        [
            Stage(map=journey, name=stage.name, goal=stage.goal, position=place)
            for place, stage in enumerate(template.stages)
        ]
    )
    steps = change.add_all(
        [
            Step(stage=stage, name=step.name, moment_of_truth=step.moment_of_truth, position=place)
            for stage, seed in zip(stages, template.stages, strict=True)
            for place, step in enumerate(seed.steps)
        ]
    )
    lanes = change.add_all(
        [
            Lane(map=journey, kind=lane.kind, role=lane.role, title=lane.title, position=place)
            for place, lane in enumerate(template.lanes)
        ]
    )
    emotions: list[EmotionPoint] = []
    cells: list[tuple[Cell, tuple[CardSeed, ...]]] = []
    for lane, lane_seed in zip(lanes, template.lanes, strict=True):
        for step, seeds in zip(steps, lane_seed.cells, strict=True) if lane_seed.cells else ():
            emotions += [
                EmotionPoint(lane=lane, step=step, score=seed.score, label=seed.label)
                for seed in seeds
                if isinstance(seed, EmotionSeed)
            ]
            if cards := tuple(seed for seed in seeds if isinstance(seed, CardSeed)):
                cells.append((Cell(lane=lane, step=step), cards))
    change.add_all(emotions)
    _put_cards(change, cells)


def _put_cards(change: Change, cells: list[tuple[Cell, tuple[CardSeed, ...]]]) -> None:
    change.add_all([cell for cell, _ in cells])
    pairs = [
        (
            Card(
                cell=cell,
                kind=cell.lane.kind,
                body=seed.body,
                evidence=seed.evidence,
                severity=seed.severity,
                position=place,
            ),
            seed,
        )
        for cell, seeds in cells
        for place, seed in enumerate(seeds)
    ]
    change.add_all([card for card, _ in pairs])
    named = {seed.channel for card, seed in pairs if card.kind == Lane.Kind.TOUCHPOINT and seed.channel}
    channels = ensure_channels(team=change.map.team, names=named)
    change.add_all(
        [
            Touchpoint(
                card=card,
                channel=channels.get(seed.channel),
                importance_to_customer=seed.importance_to_customer,
                importance_to_business=seed.importance_to_business,
            )
            for card, seed in pairs
            if card.kind == Lane.Kind.TOUCHPOINT
        ]
    )
    change.add_all(
        [
            Opportunity(
                card=card,
                value=seed.value,
                business_value=seed.business_value,
                effort=seed.effort,
                status=seed.status,
            )
            for card, seed in pairs
            if card.kind == Lane.Kind.OPPORTUNITY
        ]
    )
