"""A funnel as stairs, drawn like a flow: rows in, coordinates out (pixels, y downwards).

Every step is a bar as high as its count. A ribbon leads on to the next one, and who did not go on leaves below it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.answers.funnel import FunnelStep, Lost
from flows.figures import figure
from flows.lettering import SURE, cut_middle
from flows.sankey import BAR, COLOURS, HAIR, LABEL_GAP, MIN_BAR, STUB

BODY, HEAD, LINE = 200.0, 66.0, 15.0
PITCH, LAST = (230.0, 330.0), 230.0  # so far apart that no number is cut
NAME, SMALL = 12, 11  # sizes of type


@dataclass(frozen=True, slots=True)
class Loss:
    """Who left: a stub beside the bar, with words."""

    lost: Lost
    y: float
    height: float
    words: str
    words_y: float

    @property
    def look(self) -> str:
        """How it is drawn; what flows do not have looks different from all that they have."""
        return self.lost.state if self.lost.state in ("dropped", "open") else ""


@dataclass(frozen=True, slots=True)
class Stair:
    """`lines` stand over the bar, the first is its name; `onward` is the height of the ribbon, 0 for none."""

    step: FunnelStep
    colour: int
    x: float
    height: float
    onward: float
    ends: bool  # whether this is the last step, which all who reached it came through
    lines: tuple[tuple[float, str], ...]
    losses: tuple[Loss, ...]
    title: str


@dataclass(frozen=True, slots=True)
class Stairs:
    width: float
    height: float
    reach: float  # length of a ribbon
    rows: tuple[Stair, ...]

    top, bar, stub = HEAD, BAR, STUB - 2
    words_x = BAR + STUB + 3  # of words about who left, from the bar


def stairs_of(steps: Sequence[FunnelStep], width: float) -> Stairs:
    """Drawn for `width` pixels, and wider where the steps would stand too close."""
    last = len(steps) - 1
    pitch = min(max((width - LAST) / max(last, 1), PITCH[0]), PITCH[1])
    heights = [max(MIN_BAR, BODY * step.percent / 100) if step.count else 0.0 for step in steps]
    rows = tuple(
        Stair(
            step=step,
            colour=1 + place % COLOURS,
            x=round(place * pitch, 1),
            height=round(heights[place], 1),
            onward=round(heights[place + 1], 1) if place < last else 0.0,
            ends=place == last,
            lines=tuple(_lines(step, place, (LAST if place == last else pitch - LABEL_GAP) / SURE)),
            losses=tuple(_losses(step, heights[place], (*heights, 0.0)[place + 1], pitch)),
            title=_title(step),
        )
        for place, step in enumerate(steps)
    )
    lowest = max((loss.words_y for row in rows for loss in row.losses), default=0.0)
    return Stairs(round(last * pitch + LAST, 1), round(max(HEAD + BODY, lowest) + 4, 1), round(pitch - BAR, 1), rows)


def _lines(step: FunnelStep, place: int, room: float) -> Iterator[tuple[float, str]]:
    texts = [step.name, f"{figure(step.count)} · {step.of_start}"]
    if step.of_before:
        texts.append(f"{step.of_before} of step {place}")
    if step.of_before and step.count:
        texts.append(f"after {step.median}, 90 % in {step.p90}")
    for at, text in enumerate(texts):
        yield 12 + LINE * at, cut_middle(text, room, SMALL if at else NAME)


def _losses(step: FunnelStep, height: float, onward: float, pitch: float) -> Iterator[Loss]:
    room = (pitch - Stairs.words_x - LABEL_GAP) / SURE
    y = HEAD + onward
    words_y = y + SMALL - LINE  # the first words keep clear of the ribbon
    for lost in step.lost:
        high = height * lost.count / step.count
        words_y = max(words_y + LINE, y + high / 2 + 4)
        words = cut_middle(f"{figure(lost.count)} {lost.words}", room, SMALL)
        yield Loss(lost, round(y, 1), round(max(high, HAIR), 1), words, round(words_y, 1))
        y += high


def _title(step: FunnelStep) -> str:
    lost = ", ".join(f"{figure(each.count)} {each.words}" for each in step.lost)
    return f"{step.name}: {figure(step.count)}, {step.of_start} of the first{f'; {lost}' if lost else ''}"
