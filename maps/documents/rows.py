"""A document put together from rows that are already loaded."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from maps.documents.shapes import (
    CardPart,
    CellPart,
    ChannelPart,
    FeelingPart,
    ImagePart,
    LanePart,
    MapDocument,
    OpportunityPart,
    PersonaPart,
    StagePart,
    StepPart,
    TouchpointPart,
)
from maps.models import Card, EmotionPoint, JourneyMap, Lane, Persona, Stage, Step

Places = dict[int, int]


def document(
    journey: JourneyMap,
    *,
    stages: Sequence[Stage],
    steps: Sequence[Step],
    lanes: Sequence[Lane],
    cards: Iterable[Card],
    points: Iterable[EmotionPoint],
    personas: Iterable[Persona],
) -> MapDocument:
    """`steps` and `cards` are in the order of the map. Cards come with their cell, their details and their owner."""
    cards = list(cards)
    named = _names(lanes, personas)
    return MapDocument(
        title=journey.title,
        scenario=journey.scenario,
        expectations=journey.expectations,
        kind=journey.kind,
        state=journey.state,
        status=journey.status,
        personas=tuple(sorted(named.values(), key=lambda persona: persona.name)),
        channels=_channels(cards),
        stages=tuple(
            StagePart(
                name=stage.name,
                goal=stage.goal,
                steps=tuple(StepPart(step.name, step.moment_of_truth) for step in steps if step.stage_id == stage.pk),
            )
            for stage in stages
        ),
        lanes=_lanes(lanes, cards, points, {step.pk: place for place, step in enumerate(steps)}, named),
    )


def _names(lanes: Sequence[Lane], personas: Iterable[Persona]) -> dict[int, PersonaPart]:
    """Personas of the map and of its lanes by key. A name names one persona: the next of that name gets a number."""
    found = {row.pk: row for row in (*personas, *(lane.persona for lane in lanes)) if row}
    parts: dict[int, PersonaPart] = {}
    taken: set[str] = set()
    for key, row in sorted(found.items()):
        number, name = 2, row.name
        while name in taken:
            name, number = f"{row.name[:110]} ({number})", number + 1
        taken.add(name)
        parts[key] = PersonaPart(name, row.role, row.goals, row.needs, row.frustrations, row.quote, row.evidence)
    return parts


def _channels(cards: Iterable[Card]) -> tuple[ChannelPart, ...]:
    touchpoints = [card.touchpoint for card in cards if card.kind == Lane.Kind.TOUCHPOINT]
    icons = {one.channel.name: one.channel.icon for one in touchpoints if one.channel}
    return tuple(ChannelPart(name, icon) for name, icon in sorted(icons.items()))


def _lanes(
    lanes: Sequence[Lane],
    cards: Iterable[Card],
    points: Iterable[EmotionPoint],
    places: Places,
    personas: dict[int, PersonaPart],
) -> tuple[LanePart, ...]:
    cells: dict[int, dict[int, CellPart]] = defaultdict(dict)
    for card in cards:
        place = places[card.cell.step_id]
        row = cells[card.cell.lane_id]
        # Steps may have gone since the cell was stretched over them.
        cell = row.get(place) or CellPart(place, (), min(card.cell.span, len(places) - place))
        row[place] = replace(cell, cards=(*cell.cards, _card(card)))
    feelings: dict[int, list[FeelingPart]] = defaultdict(list)
    for point in points:
        feeling = FeelingPart(places[point.step_id], point.score, point.label, point.source, point.n)
        feelings[point.lane_id].append(feeling)
    return tuple(
        LanePart(
            kind=lane.kind,
            title=lane.title,
            role=lane.role,
            persona=personas[lane.persona_id].name if lane.persona_id else "",
            collapsed=lane.collapsed,
            cells=tuple(cell for _, cell in sorted(cells[lane.pk].items())),
            feelings=tuple(sorted(feelings[lane.pk], key=lambda feeling: (feeling.step, feeling.source))),
        )
        for lane in lanes
    )


def _card(card: Card) -> CardPart:
    part = CardPart(
        body=card.body,
        evidence=card.evidence,
        severity=card.severity,
        colour=card.colour,
        owner=card.owner.email if card.owner else "",
        due=card.due.isoformat() if card.due else "",
    )
    if card.kind == Lane.Kind.TOUCHPOINT:
        row = card.touchpoint
        channel = row.channel.name if row.channel else ""
        return replace(part, touchpoint=TouchpointPart(channel, row.importance_to_customer, row.importance_to_business))
    if card.kind == Lane.Kind.OPPORTUNITY:
        idea = card.opportunity
        return replace(
            part,
            opportunity=OpportunityPart(idea.value, idea.business_value, idea.effort, idea.status, idea.link),
        )
    if card.kind == Lane.Kind.IMAGE:
        return replace(part, image=_image(card))
    return part


def _image(card: Card) -> ImagePart:
    if not hasattr(card, "image"):
        return ImagePart()
    row, picture = card.image, card.image.picture
    if picture is None:
        return ImagePart(decorative=row.decorative)
    return ImagePart(str(picture.name), row.decorative, picture.width, picture.height)
