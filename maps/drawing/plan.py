"""How high everything is once the width of a column is known; nothing has a place yet."""

from collections.abc import Iterator
from dataclasses import dataclass

from maps import colours
from maps.curve import HEIGHT
from maps.documents.shapes import CellPart, LanePart, MapDocument
from maps.drawing.blocks import SMALL, Block, card_block
from maps.drawing.marks import STRONG, Type
from maps.models import Lane
from maps.page import dividers
from maps.services.channels import DEFAULTS

LANE = 148  # width of the column of lane titles
COLUMN = 153  # at least
WIDEST = 260
GAP = 6
PAD = 8
LOWEST = 52
DIVIDER = 22
EMOTION = HEIGHT + 1
TITLE = Type(12, 16, colours.INK, STRONG)
MOST_TITLE_LINES = 6


@dataclass(frozen=True, slots=True)
class Row:
    """A lane. `stacks` holds the blocks under each step that has any, `notes` what stands small below the title."""

    place: int
    lane: LanePart
    divider: str
    title: tuple[str, ...]
    note: str
    stacks: dict[int, tuple[Block, ...]]

    @property
    def is_emotion(self) -> bool:
        return self.lane.kind == Lane.Kind.EMOTION

    @property
    def head(self) -> float:
        """Height of the title."""
        return 22 + TITLE.leading * len(self.title) + (SMALL.leading if self.note else 0)

    @property
    def above(self) -> float:
        return DIVIDER if self.divider else 0


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a row that stands on one page: from which block to which, under each step."""

    row: Row
    blocks: dict[int, tuple[Block, ...]]
    height: float
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Some steps of a map, in columns of that width."""

    document: MapDocument
    steps: range
    column: float
    rows: tuple[Row, ...]


def plan(document: MapDocument, steps: range, column: float) -> Plan:
    icons = {**DEFAULTS, **{channel.name: channel.icon for channel in document.channels}}
    lines = dividers(document.lanes)
    rows = tuple(
        Row(
            place=place,
            lane=lane,
            divider=lines[place],
            title=tuple(TITLE.lines(lane.title, title_room(lane), MOST_TITLE_LINES)),
            note=lane.persona or ("Judged" if lane.kind == Lane.Kind.EMOTION else ""),
            stacks={cell.step: _stack(lane, cell, column, icons) for cell in lane.cells if cell.step in steps},
        )
        for place, lane in enumerate(document.lanes)
    )
    return Plan(document, steps, column, rows)


def title_room(lane: LanePart) -> float:
    """Beside the title of an emotion lane stands its scale."""
    return LANE - 12 - 20 - (30 if lane.kind == Lane.Kind.EMOTION else 8)


def _stack(lane: LanePart, cell: CellPart, column: float, icons: dict[str, str]) -> tuple[Block, ...]:
    return tuple(card_block(card, lane, _span(lane, cell) * column - 2 * PAD, icons) for card in cell.cards)


def _span(lane: LanePart, cell: CellPart) -> int:
    """A cell stretches over its steps as far as these are empty."""
    following = min((other.step for other in lane.cells if other.step > cell.step), default=cell.step + cell.span)
    return min(cell.span, following - cell.step)


def stack_height(blocks: tuple[Block, ...]) -> float:
    return sum(block.height for block in blocks) + GAP * (len(blocks) - 1) + 2 * PAD if blocks else 0


def slices(row: Row, room: float, whole: float) -> Iterator[Slice]:
    """The row in parts, the first not higher than `room`, the others not than `whole`.

    It is one part where that fits `whole`, and then may be higher than `room`.
    """
    stacks = row.stacks
    height = _height(row, stacks)
    if row.is_emotion or height + row.above <= whole:
        yield Slice(row, stacks, height)
        return
    continues = False
    while True:
        fitting = {step: _fitting(blocks, room if not continues else whole) for step, blocks in stacks.items()}
        part = {step: stacks[step][:many] for step, many in fitting.items()}
        yield Slice(row, part, _height(row, part), continues)
        stacks = {step: blocks[fitting[step] :] for step, blocks in stacks.items() if blocks[fitting[step] :]}
        if not stacks:
            return
        continues = True


def _height(row: Row, stacks: dict[int, tuple[Block, ...]]) -> float:
    if row.is_emotion:
        return EMOTION
    return max([LOWEST, row.head, *map(stack_height, stacks.values())])


def _fitting(blocks: tuple[Block, ...], room: float) -> int:
    """How many of the blocks stand below each other in `room`; one at least."""
    many = 1
    while many < len(blocks) and stack_height(blocks[: many + 1]) <= room:
        many += 1
    return many
