"""A funnel as bars below each other: rows in, coordinates out (pixels, y downwards)."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.answers.funnel import FunnelStep
from flows.figures import figure
from flows.lettering import SURE, cut_middle

ROW, TYPE, TOLD = 58.0, 12, 160.0
LEAST = 2.0  # pixels of a bar that stands for anybody


@dataclass(frozen=True, slots=True)
class Bar:
    """`name` stands over the bar, `told` and `lost` below it."""

    y: float
    width: float
    name: str
    told: str
    lost: str
    title: str


@dataclass(frozen=True, slots=True)
class Bars:
    width: float
    height: float
    rows: tuple[Bar, ...]


def bars_of(steps: Sequence[FunnelStep], width: float) -> Bars:
    rows = []
    for place, step in enumerate(steps):
        lost = ", ".join(f"{figure(each.count)} {each.words}" for each in step.lost)
        told = f"{figure(step.count)} · {step.of_start}"
        rows.append(
            Bar(
                y=place * ROW,
                width=round(max(LEAST, width * step.percent / 100), 1) if step.count else 0.0,
                name=cut_middle(step.name, width / SURE, TYPE),
                told=told,
                lost=cut_middle(lost, (width - TOLD) / SURE, TYPE - 1),
                title=f"{step.name}: {told}{f'; {lost}' if lost else ''}",
            )
        )
    return Bars(width, len(rows) * ROW, tuple(rows))
