"""Documents from plain data (what JSON holds) and back; every rule that a map keeps is checked on the way in."""

import base64
from collections import Counter
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator, validate_email

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
from maps.documents.values import day, fault, flag, line, name, of_type, one_of, optional, record, several, text, whole
from maps.limits import MOST_CARDS, MOST_LANES, MOST_STAGES, MOST_STEPS
from maps.models import Card, Channel, EmotionPoint, JourneyMap, Lane, Opportunity
from maps.pictures.drawn import CARD, MOST_BYTES
from maps.texts import BODY_LIMIT, LABEL_LIMIT, NAME_LIMIT, TITLE_LIMIT, body_of

FORMAT = "journeymap"
VERSION = 1
MOST_CARDS_IN_ALL = 20_000
MOST_PERSONAS = 50
MOST_CHANNELS = 500
UUID = r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"


NAME = name(NAME_LIMIT)
TITLE = name(TITLE_LIMIT)
WORDS = text(BODY_LIMIT)
FEELING_LABEL = line(LABEL_LIMIT)
CHANNEL_NAME = line(80)
BODY = text(BODY_LIMIT, clean=lambda given, _: body_of(given))


def _checked(limit: int, validator: Any) -> Any:
    """An empty line, or one that the validator lets pass."""

    def read(value: Any, place: str) -> str:
        found = line(limit)(value, place)
        try:
            if found:
                validator(found)
        except ValidationError as error:
            raise fault(place, error.messages[0]) from None
        return found

    return read


def _base64(value: Any, place: str) -> str:
    """What it holds is looked at when the picture is drawn anew."""
    given = of_type(value, str, place)
    try:
        if len(base64.b64decode(given, validate=True)) <= MOST_BYTES:
            return given
    except ValueError:
        raise fault(place, "this is no base64.") from None
    raise fault(place, f"a picture has at most {MOST_BYTES // 1024**2} MB.")


_SCORE = whole(1, 5)
_POINTS = whole(0, CARD)
_STEP = whole(0, MOST_STEPS - 1)
_PERSONA = record(
    PersonaPart,
    name=name(120),
    role=line(200),
    goals=WORDS,
    needs=WORDS,
    frustrations=WORDS,
    quote=line(300),
    evidence=WORDS,
)
_CHANNEL = record(ChannelPart, name=name(80), icon=one_of(Channel.Icon.values))
_STAGE = record(
    StagePart,
    name=NAME,
    goal=WORDS,
    steps=several(record(StepPart, name=NAME, moment_of_truth=flag), MOST_STEPS, least=1),
)
_CARD = record(
    CardPart,
    body=BODY,
    evidence=one_of(Card.Evidence.values),
    severity=whole(1, 3),
    colour=line(12),
    owner=_checked(254, validate_email),
    due=day,
    touchpoint=optional(
        record(TouchpointPart, channel=CHANNEL_NAME, importance_to_customer=_SCORE, importance_to_business=_SCORE)
    ),
    opportunity=optional(
        record(
            OpportunityPart,
            value=_SCORE,
            business_value=_SCORE,
            effort=_SCORE,
            status=one_of(Opportunity.Status.values),
            link=_checked(200, URLValidator(["http", "https"])),
        )
    ),
    image=optional(
        record(
            ImagePart,
            picture=_checked(36, RegexValidator(UUID, "this is no name of a picture.")),
            decorative=flag,
            width=_POINTS,
            height=_POINTS,
            data=_base64,
        )
    ),
)
_LANE = record(
    LanePart,
    kind=one_of(Lane.Kind.values),
    title=NAME,
    role=one_of(Lane.Role.values),
    persona=line(120),
    collapsed=flag,
    cells=several(
        record(CellPart, step=_STEP, span=whole(1, MOST_STEPS), cards=several(_CARD, MOST_CARDS, least=1)), MOST_STEPS
    ),
    feelings=several(
        record(
            FeelingPart,
            step=_STEP,
            score=whole(-2, 2),
            label=FEELING_LABEL,
            source=one_of(EmotionPoint.Source.values),
            n=optional(whole(0, 2**31 - 1)),
        ),
        2 * MOST_STEPS,
    ),
)
_DOCUMENT = record(
    MapDocument,
    title=TITLE,
    scenario=WORDS,
    expectations=WORDS,
    kind=one_of(JourneyMap.Kind.values),
    state=one_of(JourneyMap.State.values),
    status=one_of(JourneyMap.Status.values),
    personas=several(_PERSONA, MOST_PERSONAS),
    channels=several(_CHANNEL, MOST_CHANNELS),
    stages=several(_STAGE, MOST_STAGES, least=1),
    lanes=several(_LANE, MOST_LANES),
)


def from_data(data: Any) -> MapDocument:
    """The document that `as_data` wrote, or that somebody wrote by its rules.

    Raises ValidationError with one sentence that names the place of the first mistake.
    """
    given = dict(of_type(data, dict, "The file"))
    if given.pop("format", None) != FORMAT:
        raise ValidationError(f"This is no map: the field “format” has to say “{FORMAT}”.")
    version = given.pop("version", None)
    if version != VERSION or version is True:
        raise ValidationError(f"Version {str(version)[:20]} of the format is unknown; this program reads {VERSION}.")
    return checked(_DOCUMENT(given, ""))


def as_data(document: MapDocument) -> dict[str, Any]:
    """The document as JSON holds it. What is at its default is left out."""
    return {"format": FORMAT, "version": VERSION, **_plain(document)}


def _plain(part: Any) -> Any:
    if isinstance(part, tuple):
        return [_plain(each) for each in part]
    if not is_dataclass(part):
        return part
    values = {each.name: (getattr(part, each.name), each.default) for each in fields(part)}
    return {key: _plain(value) for key, (value, default) in values.items() if default is MISSING or value != default}


def checked(document: MapDocument) -> MapDocument:
    """The document in its canonical order, once everything in it agrees. Raises ValidationError otherwise."""
    steps = len(document.steps)
    if steps > MOST_STEPS:
        raise fault("stages", f"there is room for {MOST_STEPS} steps; this map has {steps}.")
    if (cards := sum(1 for _ in document.cards())) > MOST_CARDS_IN_ALL:
        raise fault("lanes", f"there is room for {MOST_CARDS_IN_ALL:,} cards; this map has {cards:,}.")
    _once("personas", (persona.name for persona in document.personas))
    _once("channels", (channel.name for channel in document.channels))
    known = {"", *(persona.name for persona in document.personas)}
    for at, lane in enumerate(document.lanes):
        if lane.persona not in known:
            raise fault(f"lanes[{at}].persona", f"“{lane.persona}” is not among the personas.")
    lanes = tuple(_lane(lane, f"lanes[{at}]", steps) for at, lane in enumerate(document.lanes))
    return replace(
        document,
        lanes=lanes,
        personas=tuple(sorted(document.personas, key=lambda persona: persona.name)),
        channels=tuple(sorted(document.channels, key=lambda channel: channel.name)),
    )


def _once(place: str, names: Iterable[str]) -> None:
    for found, times in Counter(names).items():
        if times > 1:
            raise fault(place, f"“{found}” stands here {times} times.")


def _lane(lane: LanePart, place: str, steps: int) -> LanePart:
    if lane.kind == Lane.Kind.EMOTION and lane.cells:
        raise fault(f"{place}.cells", "an emotion lane holds feelings and no cards.")
    if lane.kind != Lane.Kind.EMOTION and lane.feelings:
        raise fault(f"{place}.feelings", "only an emotion lane holds feelings.")
    for at, cell in enumerate(lane.cells):
        if cell.step + cell.span > steps:
            raise fault(f"{place}.cells[{at}].step", f"this cell ends beyond the last of {steps} steps.")
    for at, feeling in enumerate(lane.feelings):
        if feeling.step >= steps:
            raise fault(f"{place}.feelings[{at}].step", f"there is no step {feeling.step}: they are 0 to {steps - 1}.")
    _once(f"{place}.cells", (f"step {cell.step}" for cell in lane.cells))
    _once(f"{place}.feelings", (f"step {feeling.step}, {feeling.source}" for feeling in lane.feelings))
    return replace(
        lane,
        cells=tuple(
            replace(cell, cards=tuple(_card(card, lane.kind, f"{place}.cells[{at}]") for card in cell.cards))
            for at, cell in sorted(enumerate(lane.cells), key=lambda pair: pair[1].step)
        ),
        feelings=tuple(sorted(lane.feelings, key=lambda feeling: (feeling.step, feeling.source))),
    )


def _card(card: CardPart, kind: str, place: str) -> CardPart:
    """A card of a lane with details has them, be it at their defaults."""
    for part in (Lane.Kind.TOUCHPOINT.value, Lane.Kind.OPPORTUNITY.value, Lane.Kind.IMAGE.value):
        if getattr(card, part) is not None and kind != part:
            raise fault(place, f"a card of this lane has no “{part}”.")
    if kind == Lane.Kind.TOUCHPOINT:
        return replace(card, touchpoint=card.touchpoint or TouchpointPart())
    if kind == Lane.Kind.OPPORTUNITY:
        return replace(card, opportunity=card.opportunity or OpportunityPart())
    if kind == Lane.Kind.IMAGE:
        return replace(card, image=card.image or ImagePart())
    return card
