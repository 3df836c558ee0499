"""What the page of a map shows, put together from rows that are already loaded."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Protocol
from urllib.parse import urlencode

from django.utils.safestring import mark_safe

from maps.colours import stage_hue
from maps.curve import Curve, curve, places
from maps.models import Card, EmotionPoint, JourneyMap, Lane, Persona, Stage, Step
from maps.trust import Confirmed, confirmed

KIND_ICONS = {
    Lane.Kind.TEXT: "notebook-text",
    Lane.Kind.TOUCHPOINT: "link",
    Lane.Kind.CHANNEL: "route",
    Lane.Kind.EMOTION: "activity",
    Lane.Kind.QUOTE: "quote",
    Lane.Kind.PAIN: "triangle-alert",
    Lane.Kind.OPPORTUNITY: "lightbulb",
    Lane.Kind.METRIC: "gauge",
    Lane.Kind.IMAGE: "image",
    Lane.Kind.FLOW: "workflow",
    Lane.Kind.LINK: "external-link",
}
ROLE_ICONS = {
    Lane.Role.EVIDENCE: "eye",
    Lane.Role.CUSTOMER_ACTION: "user",
    Lane.Role.FRONTSTAGE: "hand-helping",
    Lane.Role.BACKSTAGE: "cog",
    Lane.Role.SUPPORT: "wrench",
}
ADDS = {
    Lane.Kind.TOUCHPOINT: "a touchpoint",
    Lane.Kind.EMOTION: "a feeling",
    Lane.Kind.QUOTE: "a thought",
    Lane.Kind.PAIN: "a pain point",
    Lane.Kind.OPPORTUNITY: "an opportunity",
    Lane.Kind.METRIC: "a figure",
    Lane.Kind.IMAGE: "a picture",
}
# How far a lane of a blueprint lies from the customer, and the line that is drawn on the way to each depth.
DEPTHS = {
    Lane.Role.EVIDENCE: 0,
    Lane.Role.CUSTOMER_ACTION: 0,
    Lane.Role.FRONTSTAGE: 1,
    Lane.Role.BACKSTAGE: 2,
    Lane.Role.SUPPORT: 3,
}
CARDS = {"mine": "Mine", "overdue": "Overdue"}  # Which cards alone are shown.
ZOOMS = (40, 75, 100, 125, 150, 200)  # Widths of columns in per cent; the least fits most maps into the window.
# How many open threads there are about a part of the map, by its key in the log; parts without any are left out.
Talk = Mapping[str, int]
SILENCE: Talk = {}
LINES = ("", "Line of interaction", "Line of visibility", "Line of internal interaction")


@dataclass(frozen=True, slots=True)
class StageHead:
    pk: int
    name: str
    goal: str
    number: int
    column: int
    span: int
    hue: int
    first: bool
    last: bool
    confirmed: Confirmed | None = None
    threads: int = 0


@dataclass(frozen=True, slots=True)
class StepHead:
    pk: int
    name: str
    stage: int
    column: int
    moment_of_truth: bool
    last_of_stage: bool
    uid: str
    opens: tuple[int, ...] = ()  # maps that show it closer, by key
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Feeling:
    """A score as it is written and drawn."""

    point: EmotionPoint
    y: float
    label_side: str

    @property
    def sign(self) -> str:
        return self.point.signed

    @property
    def tone(self) -> str:
        return "pos" if self.point.score > 0 else "neg" if self.point.score else "mid"


@dataclass(frozen=True, slots=True)
class CellView:
    lane: Lane
    step: StepHead
    cards: tuple[Card, ...]
    feeling: Feeling | None
    threads: int = 0

    @property
    def key(self) -> str:
        return mark_safe(f"{self.lane.pk}-{self.step.pk}")

    @property
    def path(self) -> str:
        """As it stands in addresses."""
        return mark_safe(f"{self.lane.pk}/{self.step.pk}")

    @property
    def state(self) -> tuple[Any, ...]:
        """All that the cell shows, as values that can be compared."""
        step = self.step
        return self.lane.kind, step.column, step.last_of_stage, self.threads, tuple(map(_values_of, self.cards))

    @property
    def adds(self) -> str:
        return ADDS.get(Lane.Kind(self.lane.kind), "a card")


def _values_of(card: Card) -> tuple[Any, ...]:
    """Every value of the card and of what its kind adds, whether or not it is shown: none can be forgotten here."""
    extra = getattr(card, card.kind, None)  # The kinds with an extra are named as their relation.
    named = getattr(extra, "channel", None) or getattr(extra, "picture", None)
    rows = [vars(row).items() for row in (card, extra, named) if row is not None]
    # A uid never changes; without it, what is kept is of no concern to the collector of garbage.
    own = [value for row in rows for name, value in row if name not in ("_state", "uid")]
    return card.owner_id and str(card.owner), *own


@dataclass(frozen=True, slots=True)
class LaneRow:
    lane: Lane
    number: int
    icon: str
    divider: str
    cells: tuple[CellView, ...]
    curve: Curve | None
    threads: int = 0

    @property
    def content(self) -> str:
        """How much stands in it, for a lane that is collapsed."""
        feelings = sum(cell.feeling is not None for cell in self.cells)
        count = feelings or sum(len(cell.cards) for cell in self.cells)
        return f"{count} {'feeling' if feelings else 'card'}{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody looks at a map: wide or narrow columns, without some lanes or cards. It stands in the address.

    `only` is a key of CARDS.
    """

    zoom: int = 100
    hidden: frozenset[int] = frozenset()
    persona: int = 0
    only: str = ""

    def shows(self, lane: Lane) -> bool:
        """Lanes of no persona are about all of them."""
        return lane.pk not in self.hidden and (not self.persona or lane.persona_id in (None, self.persona))

    def picks(self, card: Card, *, user: int, today: date) -> bool:
        """Whether the card is one of those that alone are shown."""
        if self.only == "mine":
            return card.owner_id == user
        return not self.only or bool(card.due and card.due < today and not card.over)

    @property
    def query(self) -> str:
        """As it stands in an address, without what is not out of the ordinary."""
        return self._query(self.zoom)

    @property
    def wider(self) -> str:
        return self._query(min(ZOOMS[-1], next((zoom for zoom in ZOOMS if zoom > self.zoom), ZOOMS[-1])))

    @property
    def narrower(self) -> str:
        return self._query(next((zoom for zoom in reversed(ZOOMS) if zoom < self.zoom), ZOOMS[0]))

    @property
    def fitting(self) -> str:
        return self._query(ZOOMS[0])

    @property
    def unfiltered(self) -> str:
        return Look(self.zoom).query

    def _query(self, zoom: int) -> str:
        pairs = [("zoom", zoom)] if zoom != 100 else []
        pairs += [("hide", lane) for lane in sorted(self.hidden)]
        pairs += [("persona", self.persona)] if self.persona else []
        return urlencode(pairs + ([("only", self.only)] if self.only else []))

    @property
    def filtered(self) -> bool:
        return bool(self.hidden or self.persona or self.only)


@dataclass(frozen=True, slots=True)
class MapPage:
    """A whole map: its heads, its lanes with a cell under every step, who it is about, and how many threads are open.

    Its cards know how many open `threads` there are about them.
    """

    map: JourneyMap
    stages: tuple[StageHead, ...]
    steps: tuple[StepHead, ...]
    lanes: tuple[LaneRow, ...]
    personas: tuple[Persona, ...]
    threads: int = 0

    @property
    def rows(self) -> int:
        return len(self.lanes) + 2

    def seen(self, look: "Look") -> "MapPage":
        """Without the lanes that somebody does not want to see."""
        return replace(self, lanes=tuple(row for row in self.lanes if look.shows(row.lane)))

    @property
    def columns(self) -> int:
        return len(self.steps) + 1


def heads(
    stages: Iterable[Stage], steps: Iterable[Step], talk: Talk = SILENCE, *, journey: JourneyMap, now: datetime
) -> tuple[tuple[StageHead, ...], tuple[StepHead, ...]]:
    """Stages and their steps in order, these with `opens`; stages take even hues, so that neighbours differ most."""
    of_stage: dict[int, list[Step]] = defaultdict(list)
    for step in steps:
        of_stage[step.stage_id].append(step)
    ordered = list(stages)
    stage_heads: list[StageHead] = []
    step_heads: list[StepHead] = []
    for place, stage in enumerate(ordered):
        members = of_stage[stage.pk]
        stage_heads.append(
            StageHead(
                pk=stage.pk,
                name=stage.name,
                goal=stage.goal,
                number=place + 1,
                column=len(step_heads) + 2,
                span=len(members),
                hue=stage_hue(place, len(ordered)),
                first=place == 0,
                last=place == len(ordered) - 1,
                confirmed=confirmed(stage, journey=journey, now=now),
                threads=threads_about(talk, stage),
            )
        )
        for step in members:
            step_heads.append(head_of_step(step, len(step_heads), last_of_stage=step is members[-1], talk=talk))
    return tuple(stage_heads), tuple(step_heads)


def head_of_step(step: Step, place: int, *, last_of_stage: bool, talk: Talk = SILENCE) -> StepHead:
    """`place` counts from 0 through the whole map."""
    return StepHead(
        pk=step.pk,
        name=step.name,
        stage=step.stage_id,
        column=place + 2,
        moment_of_truth=step.moment_of_truth,
        last_of_stage=last_of_stage,
        uid=str(step.uid),
        opens=tuple(step.opens),  # type: ignore[attr-defined]
        threads=threads_about(talk, step),
    )


def threads_about(talk: Talk, row: Any) -> int:
    return talk.get(str(row.uid), 0)


def threads_in(talk: Talk, lane: Lane, step: StepHead) -> int:
    return talk.get(f"{lane.uid}/{step.uid}", 0)


def alone(
    stages: tuple[StageHead, ...], steps: tuple[StepHead, ...], number: int
) -> tuple[tuple[StageHead, ...], tuple[StepHead, ...]]:
    """The stage with that number, or the nearest there is, and its steps, as if there were no other."""
    stage = stages[max(1, min(number, len(stages))) - 1]
    own = [step for step in steps if step.stage == stage.pk]
    placed = tuple(replace(step, column=place + 2) for place, step in enumerate(own))
    return (replace(stage, column=2, first=True, last=True),), placed


def lane_row(
    lane: Lane,
    number: int,
    steps: tuple[StepHead, ...],
    cards: Mapping[tuple[int, int], list[Card]],
    points: Mapping[tuple[int, int], EmotionPoint],
    divider: str = "",
    talk: Talk = SILENCE,
) -> LaneRow:
    """`cards` and `points` by (lane, step)."""
    feelings: list[Feeling | None] = [None] * len(steps)
    drawn = None
    if lane.kind == Lane.Kind.EMOTION:
        row_points = [points.get((lane.pk, step.pk)) for step in steps]
        scores = [point.score if point else None for point in row_points]
        drawn = curve(scores)
        feelings = [
            Feeling(point, place.y, place.label) if point and place else None
            for point, place in zip(row_points, places(scores), strict=True)
        ]
    cells = tuple(
        CellView(lane, step, tuple(cards.get((lane.pk, step.pk), ())), feeling, threads_in(talk, lane, step))
        for step, feeling in zip(steps, feelings, strict=True)
    )
    return LaneRow(lane, number, icon_of(lane), divider, cells, drawn, threads_about(talk, lane))


class HasRole(Protocol):
    """A lane, be it a row or a part of a document."""

    @property
    def kind(self) -> str: ...
    @property
    def role(self) -> str: ...


def icon_of(lane: HasRole) -> str:
    if lane.kind == Lane.Kind.TEXT and lane.role in ROLE_ICONS:
        return ROLE_ICONS[Lane.Role(lane.role)]
    return KIND_ICONS[Lane.Kind(lane.kind)]


def dividers(lanes: Sequence[HasRole]) -> list[str]:
    """The line drawn above each lane, where it lies deeper than the lane with a role over it; mostly none."""
    lines = [""] * len(lanes)
    with_role = [(i, DEPTHS[Lane.Role(lane.role)]) for i, lane in enumerate(lanes) if lane.role in DEPTHS]
    for (_, upper), (i, lower) in pairwise(with_role):
        if upper < lower:
            lines[i] = LINES[lower]
    return lines
