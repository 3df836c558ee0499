"""How a template is written down: the parts of a map document, with less to type."""

from dataclasses import dataclass

from maps.documents.shapes import (
    CardPart,
    CellPart,
    FeelingPart,
    LanePart,
    MapDocument,
    OpportunityPart,
    StagePart,
    StepPart,
    TouchpointPart,
)
from maps.models import Card, JourneyMap, Lane, Opportunity


@dataclass(frozen=True, slots=True)
class Template:
    key: str
    title: str
    about: str
    stages: tuple[StagePart, ...]
    lanes: tuple[LanePart, ...]
    kind: str = JourneyMap.Kind.JOURNEY
    scenario: str = ""
    expectations: str = ""

    @property
    def steps(self) -> int:
        return len(self.document.steps)

    @property
    def document(self) -> MapDocument:
        return MapDocument(
            title=self.title,
            stages=self.stages,
            lanes=self.lanes,
            kind=self.kind,
            scenario=self.scenario,
            expectations=self.expectations,
        )


def stage(name: str, *steps: str, goal: str = "") -> StagePart:
    """A step whose name begins with a star is a moment of truth."""
    return StagePart(
        name=name,
        goal=goal,
        steps=tuple(StepPart(step.removeprefix("*"), step.startswith("*")) for step in steps),
    )


@dataclass(frozen=True, slots=True)
class Feels:
    score: int
    label: str


Written = str | CardPart | Feels | None


def lane(kind: str, title: str, *cells: Written | list[Written], role: str = Lane.Role.NONE) -> LanePart:
    """One entry a step, or none at all: None for an empty cell, a text or a part for one card, a list for several."""
    rows = [cell if isinstance(cell, list) else [cell] for cell in cells]
    cards = [tuple(_card(kind, one) for one in row if isinstance(one, str | CardPart)) for row in rows]
    return LanePart(
        kind=kind,
        title=title,
        role=role,
        cells=tuple(CellPart(step, found) for step, found in enumerate(cards) if found),
        feelings=tuple(
            FeelingPart(step, one.score, one.label)
            for step, row in enumerate(rows)
            for one in row
            if isinstance(one, Feels)
        ),
    )


def _card(kind: str, written: str | CardPart) -> CardPart:
    if isinstance(written, CardPart):
        return written
    return at("", written) if kind == Lane.Kind.TOUCHPOINT else CardPart(written)


def at(channel: str, body: str, customer: int = 3, business: int = 3) -> CardPart:
    """A touchpoint on a channel, with its importance to both sides."""
    return CardPart(body, touchpoint=TouchpointPart(channel, customer, business))


def pain(body: str, severity: int = 2, evidence: str = Card.Evidence.ASSUMED) -> CardPart:
    return CardPart(body, severity=severity, evidence=evidence)


def idea(
    body: str, value: int = 3, effort: int = 3, business: int = 3, status: str = Opportunity.Status.IDEA
) -> CardPart:
    part = OpportunityPart(value, business, effort, status)
    return CardPart(body, evidence=Card.Evidence.PROPOSED, opportunity=part)


def feels(score: int, label: str) -> Feels:
    return Feels(score, label)
