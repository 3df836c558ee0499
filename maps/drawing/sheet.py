"""A rectangle of a map, put in its place: the heads of some steps, and parts of lanes below them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.lettering import cut_middle, printable
from maps import colours
from maps.drawing.blocks import SMALL
from maps.drawing.feelings import emotion_row
from maps.drawing.marks import MEDIUM, STRONG, Box, Icon, Mark, Path, Run, Type, Words
from maps.drawing.plan import GAP, LANE, PAD, TITLE, Plan, Row, Slice, title_room
from maps.models import JourneyMap
from maps.page import icon_of

STAGE = 38
STEP = 38
POINT = 10
HEADS = STAGE + STEP
_STAGE_NAME = Type(13, 18, colours.PAPER, STRONG)
_STEP_NAME = Type(12.5, 16, colours.INK, MEDIUM)
_LABEL = Type(11, 14, colours.INK_3)
_CORNER = Type(12, 16, colours.INK, STRONG)


@dataclass(frozen=True, slots=True)
class StageHere:
    """The part of a stage that stands over these steps."""

    place: int
    first: int  # step
    steps: int
    begins: bool
    ends: bool


def sheet(plan: Plan, parts: Sequence[Slice]) -> Iterator[Mark]:
    """With the corner at the origin. `parts` are drawn below each other."""
    width = LANE + plan.column * len(plan.steps)
    yield Box(0, 0, width, height_of(parts), colours.GROUND)
    yield from _heads(plan)
    y, bottoms = float(HEADS), f"M0 {HEADS}H{width:g}"
    for part in parts:
        if part.row.divider and not part.continues:
            yield from _divider(part.row.divider, y, width)
            y += part.row.above
        if part.row.is_emotion:
            yield from emotion_row(part.row.lane, plan, y)
        yield from _grid(plan, y, part.height)
        yield from _title(part.row, y, part.continues)
        if not part.row.is_emotion:
            yield from _cells(plan, part, y)
        y += part.height
        bottoms += f"M0 {y:g}H{width:g}"
    yield Path(bottoms, stroke=colours.LINE)


def height_of(parts: Sequence[Slice]) -> float:
    return HEADS + sum(part.height + (0 if part.continues else part.row.above) for part in parts)


def _heads(plan: Plan) -> Iterator[Mark]:
    yield from _corner(plan)
    for stage in stages_over(plan):
        yield from _stage(plan, stage)
    for place, step in enumerate(plan.steps):
        yield from _step(plan, step, LANE + place * plan.column)
    yield Path(f"M{LANE} {STAGE}V{HEADS}", stroke=colours.LINE)


def stages_over(plan: Plan) -> Iterator[StageHere]:
    first = 0
    for place, stage in enumerate(plan.document.stages):
        here = range(max(first, plan.steps.start), min(first + len(stage.steps), plan.steps.stop))
        if here:
            last = first + len(stage.steps)
            yield StageHere(place, here.start, len(here), here.start == first, here.stop == last)
        first += len(stage.steps)


def _stage(plan: Plan, here: StageHere) -> Iterator[Mark]:
    """An arrow; flat where the stage begins or goes on beyond this sheet, and at both ends of the map."""
    stage, stages = plan.document.stages[here.place], len(plan.document.stages)
    x = LANE + (here.first - plan.steps.start) * plan.column
    width, middle = here.steps * plan.column, STAGE / 2
    notch = POINT if here.begins and here.first > plan.steps.start else 0
    last = here.first + here.steps == plan.steps.stop
    tip = width if last else width + POINT - 3
    flat = last and not here.ends
    right = f"H{tip:g}V{STAGE}" if flat else f"H{tip - POINT:g}L{tip:g} {middle:g}L{tip - POINT:g} {STAGE}"
    yield Path(f"M0 0{right}H0L{notch} {middle:g}Z", x, fill=colours.stage_colour(here.place, stages))
    left, end = x + (20 if notch else 12), x + tip - 14
    base = middle + 4.7
    number = str(here.place + 1)
    pale = colours.oklch(0.9, 0.02, colours.stage_hue(here.place, stages))
    yield Words(left, base, 13, (Run(number, pale),))
    left += 9 + 8 * len(number)
    note = f"{len(stage.steps)} steps" if here.steps > 1 and here.begins and here.ends else ""
    if not here.begins:
        note = "continued"
    if note:
        yield Words(end, base - 0.4, 11, (Run(note, colours.PAPER),), anchor="end")
        end -= 8 * len(note) * 0.75 + 8
    name = cut_middle(printable(stage.name), (end - left) / 1.15, _STAGE_NAME.size)
    yield from _STAGE_NAME.set([name], left, middle - 9, end - left)


def _step(plan: Plan, place: int, x: float) -> Iterator[Mark]:
    step = plan.document.steps[place]
    room = plan.column - 24 - (18 if step.moment_of_truth else 0)
    lines = _STEP_NAME.lines(step.name, room, 2)
    yield from _STEP_NAME.set(lines, x + 12, STAGE + (STEP - 16 * len(lines)) / 2, room)
    if step.moment_of_truth:
        yield Icon("star", x + plan.column - 26, STAGE + STEP / 2 - 6.5, 12, colours.ACCENT, filled=True)
    yield Path(f"M{x + plan.column:g} {STAGE}V{HEADS}", stroke=colours.LINE_SOFT)


def _corner(plan: Plan) -> Iterator[Mark]:
    """Whom the map is about, or else of what kind it is."""
    people = plan.document.personas
    label = ("Persona" if len(people) == 1 else "Personas") if people else "Map"
    kind = JourneyMap.Kind(plan.document.kind).label
    lines = _CORNER.lines(", ".join(person.name for person in people) or kind, LANE - 20, 2)
    role = people[0].role if len(people) == 1 and len(lines) == 1 else ""
    notes = SMALL.lines(role, LANE - 20, 2) if role else []
    y = (HEADS - 14 - 16 * len(lines) - 14 * len(notes)) / 2
    yield from _LABEL.set([label], 12, y, LANE - 20)
    yield from _CORNER.set(lines, 12, y + 14, LANE - 20)
    yield from SMALL.set(notes, 12, y + 14 + 16 * len(lines), LANE - 20)


def _divider(text: str, y: float, width: float) -> Iterator[Mark]:
    yield from _LABEL.set([text], 12, y + 4, width)
    yield Path(f"M0 {y + 22:g}H{width:g}", stroke=colours.LINE_FIRM, dash="4 3")


def _grid(plan: Plan, y: float, height: float) -> Iterator[Mark]:
    bottom = y + height
    ends = {stage.first + stage.steps for stage in stages_over(plan) if stage.ends}
    for strong, colour in ((False, colours.LINE_SOFT), (True, colours.LINE)):
        lines = [
            f"M{LANE + (step + 1 - plan.steps.start) * plan.column:g} {y:g}V{bottom:g}"
            for step in plan.steps
            if (step + 1 in ends) == strong
        ]
        if lines:
            yield Path("".join(lines), stroke=colour)
    yield Path(f"M{LANE} {y:g}V{bottom:g}", stroke=colours.LINE)


def _title(row: Row, y: float, continues: bool) -> Iterator[Mark]:
    yield Icon(icon_of(row.lane), 12, y + 12, 14, colours.INK_3)
    room = title_room(row.lane)
    yield from TITLE.set(row.title, 32, y + 11, room)
    note = "continued" if continues else row.note
    if note:
        lines = SMALL.lines(note, room, 1)
        yield from SMALL.set(lines, 32, y + 13 + TITLE.leading * len(row.title), room)


def _cells(plan: Plan, part: Slice, y: float) -> Iterator[Mark]:
    for step, blocks in part.blocks.items():
        x, top = LANE + (step - plan.steps.start) * plan.column + PAD, y + PAD
        for block in blocks:
            yield from block.draw(x, top)
            top += block.height + GAP
