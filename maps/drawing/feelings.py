"""The emotion curve of a lane, drawn under some of its steps."""

from collections.abc import Iterator

from flows.lettering import cut_middle, printable, text_width
from maps import colours
from maps.curve import HEIGHT, MIDDLE, STEP, curve, height_of, places
from maps.documents.shapes import FeelingPart, LanePart
from maps.drawing.marks import STRONG, Box, Clip, Mark, Path, Run, Words
from maps.drawing.plan import EMOTION, LANE, Plan
from maps.models import EmotionPoint
from maps.notation import signed

SIZE = 12


def emotion_row(lane: LanePart, plan: Plan, y: float) -> Iterator[Mark]:
    judged = {one.step: one for one in lane.feelings if one.source == EmotionPoint.Source.JUDGED}
    scores = [judged[step].score if step in judged else None for step in range(len(plan.document.steps))]
    width = plan.column * len(plan.steps)
    yield Box(LANE, y + 0.5, width, EMOTION - 0.5, colours.PAPER)  # Below the line of the lane above.
    for score in range(-2, 3):
        yield Words(LANE - 8, y + height_of(score) + 3.6, 10, (Run(signed(score), colours.INK_3),), anchor="end")
    drawn = curve(scores, plan.column)
    left = -plan.steps.start * plan.column
    grid = "".join(f"M0 {MIDDLE + STEP * line:g}H{width:g}" for line in (-2, -1, 1, 2))
    rules = (
        Path(grid, stroke=colours.LINE_SOFT),
        Path(f"M0 {MIDDLE:g}H{width:g}", stroke=colours.LINE_FIRM, dash="2 3"),
    )
    yield Clip(LANE, y, width, EMOTION, rules)
    if drawn.line:
        above = (Path(drawn.area, left, fill=colours.GOOD, opacity=0.1),)
        below = (Path(drawn.area, left, -MIDDLE, fill=colours.BAD, opacity=0.1),)
        yield Clip(LANE, y, width, MIDDLE, above)
        yield Clip(LANE, y + MIDDLE, width, HEIGHT - MIDDLE, below)
        yield Clip(LANE, y, width, EMOTION, (Path(drawn.line, left, stroke=colours.INK_2, weight=2),))
    for step, place in enumerate(places(scores)):
        if place and step in plan.steps:
            x = LANE + (step - plan.steps.start + 0.5) * plan.column
            yield from _point(judged[step], x, y, place.label, plan.column)


def _point(feeling: FeelingPart, x: float, y: float, side: str, column: float) -> Iterator[Mark]:
    """The sign and its label: above or below, and on a slope to the left, where the line has not come yet."""
    centre = y + height_of(feeling.score)
    yield _sign(feeling.score, x, centre)
    beside = side.endswith("start")
    room = column * (0.66 if beside else 1) - 16
    sign = signed(feeling.score)
    label = cut_middle(printable(feeling.label), room - text_width(f"{sign} ", SIZE), SIZE) if feeling.label else ""
    yield Words(
        x + 5 if beside else x,
        centre - 15 if side.startswith("above") else centre + 23,
        SIZE,
        (Run(f"{sign} " if label else sign, colours.INK, STRONG), Run(label, colours.INK_2)),
        anchor="end" if beside else "middle",
        halo=colours.PAPER,
    )


def _sign(score: int, x: float, y: float) -> Mark:
    """Green and upwards, red and downwards, a grey dot between."""
    if score > 0:
        return Path(f"M{x:g} {y - 6.5:g}l6.5 12h-13z", fill=colours.GOOD, stroke=colours.PAPER, weight=1.5)
    if score < 0:
        return Path(f"M{x:g} {y + 6.5:g}l6.5 -12h-13z", fill=colours.BAD, stroke=colours.PAPER, weight=1.5)
    return Path(
        f"M{x - 6:g} {y:g}a6 6 0 1 1 12 0a6 6 0 1 1 -12 0z", fill=colours.INK_3, stroke=colours.PAPER, weight=1.5
    )
