"""A whole map as one value, for everything that leaves a database or enters one: exports, imports, copies, templates.

Steps are named by their place in the whole map (0, 1, 2 …), channels and personas by name, people by e-mail address.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from maps.models import Card, Channel, EmotionPoint, JourneyMap, Lane, Opportunity


@dataclass(frozen=True, slots=True)
class PersonaPart:
    name: str
    role: str = ""
    goals: str = ""
    needs: str = ""
    frustrations: str = ""
    quote: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ChannelPart:
    """How a channel looks where the team has none of that name yet."""

    name: str
    icon: str = Channel.Icon.OTHER.value


@dataclass(frozen=True, slots=True)
class StepPart:
    name: str
    moment_of_truth: bool = False


@dataclass(frozen=True, slots=True)
class StagePart:
    name: str
    steps: tuple[StepPart, ...]
    goal: str = ""


@dataclass(frozen=True, slots=True)
class TouchpointPart:
    channel: str = ""
    importance_to_customer: int = 3
    importance_to_business: int = 3


@dataclass(frozen=True, slots=True)
class OpportunityPart:
    value: int = 3
    business_value: int = 3
    effort: int = 3
    status: str = Opportunity.Status.IDEA.value
    link: str = ""


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture by the name that it has in its team; `data` is the picture itself, as base64, where it comes along.

    `width` and `height` are points of the picture, 0 where there is none.
    """

    picture: str = ""
    decorative: bool = False
    width: int = 0
    height: int = 0
    data: str = ""


@dataclass(frozen=True, slots=True)
class CardPart:
    """A card takes the kind of its lane; what the kind adds is there in lanes of that kind alone.

    `due` is a day as ISO 8601 writes it, or empty.
    """

    body: str
    evidence: str = Card.Evidence.ASSUMED.value
    severity: int = 2
    colour: str = ""
    owner: str = ""
    due: str = ""
    touchpoint: TouchpointPart | None = None
    opportunity: OpportunityPart | None = None
    image: ImagePart | None = None


@dataclass(frozen=True, slots=True)
class CellPart:
    step: int
    cards: tuple[CardPart, ...]
    span: int = 1


@dataclass(frozen=True, slots=True)
class FeelingPart:
    step: int
    score: int
    label: str = ""
    source: str = EmotionPoint.Source.JUDGED.value
    n: int | None = None


@dataclass(frozen=True, slots=True)
class LanePart:
    """`cells` in the order of the steps, without empty ones; an emotion lane has `feelings` instead."""

    kind: str
    title: str
    role: str = Lane.Role.NONE.value
    persona: str = ""
    collapsed: bool = False
    cells: tuple[CellPart, ...] = ()
    feelings: tuple[FeelingPart, ...] = ()


@dataclass(frozen=True, slots=True)
class MapDocument:
    """`channels` may leave out a channel that a touchpoint names; it then gets the icon that its name is known for."""

    title: str
    stages: tuple[StagePart, ...]
    lanes: tuple[LanePart, ...] = ()
    scenario: str = ""
    expectations: str = ""
    kind: str = JourneyMap.Kind.JOURNEY.value
    state: str = JourneyMap.State.CURRENT.value
    status: str = JourneyMap.Status.DRAFT.value
    personas: tuple[PersonaPart, ...] = ()
    channels: tuple[ChannelPart, ...] = ()

    @property
    def steps(self) -> tuple[StepPart, ...]:
        return tuple(step for stage in self.stages for step in stage.steps)

    def cards(self) -> Iterator[tuple[LanePart, CellPart, CardPart]]:
        for lane in self.lanes:
            for cell in lane.cells:
                for card in cell.cards:
                    yield lane, cell, card


def with_data(document: MapDocument, data: Mapping[str, str]) -> MapDocument:
    """The document with its pictures, given as base64 by name."""
    lanes = tuple(
        replace(
            lane,
            cells=tuple(
                replace(cell, cards=tuple(replace(card, image=_with_data(card.image, data)) for card in cell.cards))
                for cell in lane.cells
            ),
        )
        if lane.kind == Lane.Kind.IMAGE
        else lane
        for lane in document.lanes
    )
    return replace(document, lanes=lanes)


def _with_data(image: ImagePart | None, data: Mapping[str, str]) -> ImagePart | None:
    return replace(image, data=data.get(image.picture, "")) if image else None
