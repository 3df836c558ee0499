"""What a template is made of. A lane gives one tuple of cards for each step of the map, in their order."""

from dataclasses import dataclass

from maps.models import Card, JourneyMap, Lane, Opportunity


@dataclass(frozen=True, slots=True)
class CardSeed:
    """A card; what its lane's kind does not know is left at its default."""

    body: str
    evidence: str = Card.Evidence.ASSUMED
    severity: int = 2
    channel: str = ""
    importance_to_customer: int = 3
    importance_to_business: int = 3
    value: int = 3
    business_value: int = 3
    effort: int = 3
    status: str = Opportunity.Status.IDEA


@dataclass(frozen=True, slots=True)
class EmotionSeed:
    score: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class StepSeed:
    name: str
    moment_of_truth: bool = False


@dataclass(frozen=True, slots=True)
class StageSeed:
    name: str
    steps: tuple[StepSeed, ...]
    goal: str = ""


@dataclass(frozen=True, slots=True)
class LaneSeed:
    """`cells` is empty, or has an entry for every step."""

    kind: str
    title: str
    role: str = Lane.Role.NONE
    cells: tuple[tuple[CardSeed | EmotionSeed, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    key: str
    title: str
    about: str
    stages: tuple[StageSeed, ...]
    lanes: tuple[LaneSeed, ...]
    kind: str = JourneyMap.Kind.JOURNEY
    scenario: str = ""
    expectations: str = ""

    @property
    def steps(self) -> int:
        return sum(len(stage.steps) for stage in self.stages)


def stage(name: str, *steps: str, goal: str = "") -> StageSeed:
    """A step whose name begins with a star is a moment of truth."""
    return StageSeed(
        name=name,
        goal=goal,
        steps=tuple(StepSeed(step.removeprefix("*"), step.startswith("*")) for step in steps),
    )


Written = str | CardSeed | EmotionSeed | None


def lane(kind: str, title: str, *cells: Written | list[Written], role: str = Lane.Role.NONE) -> LaneSeed:
    """One cell a step: None for an empty one, a text or a seed for one card, a list for several."""
    return LaneSeed(kind=kind, title=title, role=role, cells=tuple(_seeds(cell) for cell in cells))


def _seeds(cell: Written | list[Written]) -> tuple[CardSeed | EmotionSeed, ...]:
    written = cell if isinstance(cell, list) else [cell]
    return tuple(CardSeed(one) if isinstance(one, str) else one for one in written if one)


def at(channel: str, body: str, customer: int = 3, business: int = 3) -> CardSeed:
    """A touchpoint on a channel, with its importance to both sides."""
    return CardSeed(body, channel=channel, importance_to_customer=customer, importance_to_business=business)


def pain(body: str, severity: int = 2, evidence: str = Card.Evidence.ASSUMED) -> CardSeed:
    return CardSeed(body, severity=severity, evidence=evidence)


def idea(body: str, value: int = 3, effort: int = 3, business: int = 3) -> CardSeed:
    return CardSeed(body, value=value, effort=effort, business_value=business, evidence=Card.Evidence.PROPOSED)


def feels(score: int, label: str) -> EmotionSeed:
    return EmotionSeed(score, label)
