"""What stands in cells and heads: each block knows how high it is in a column of a given width, and draws itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flows.lettering import text_width
from maps import colours
from maps.documents.shapes import CardPart, LanePart
from maps.drawing.marks import STRONG, Box, Icon, Mark, Path, Photo, Type, Words
from maps.models import Card, Channel, Lane, Opportunity

BODY = Type(12, 16, colours.INK)
SMALL = Type(11, 14, colours.INK_3)
_FIGURE = Type(11, 14, colours.INK, STRONG)
QUOTE = Type(12.5, 17, colours.INK_2)
MOST_LINES = 16
DISC = 24
PAPER = (9, 6, 9, 7)  # Room around the text of a card: left, top, right, bottom.

Draw = Callable[[float, float], Iterator[Mark]]


@dataclass(frozen=True, slots=True)
class Block:
    height: float
    draw: Draw


def card_block(card: CardPart, lane: LanePart, width: float, icons: dict[str, str]) -> Block:
    """`icons` of the channels by name."""
    if lane.kind == Lane.Kind.TOUCHPOINT:
        return _touchpoint(card, width, icons)
    if lane.kind == Lane.Kind.QUOTE:
        return _quote(card, width)
    if card.image and card.image.data:
        return _photo(card.image.data, width)
    return _paper(card, lane, width)


def _paper(card: CardPart, lane: LanePart, width: float) -> Block:
    left, top, right, bottom = PAPER
    room = width - left - right
    lines = BODY.lines(card.body, room, MOST_LINES)
    feet = _feet(card, lane)
    foot = 4 + SMALL.leading * len(feet) if feet else 0
    height = top + BODY.leading * len(lines) + foot + bottom

    def draw(x: float, y: float) -> Iterator[Mark]:
        yield Box(x, y + 0.8, width, height, colours.LINE_FIRM, radius=4)
        yield Box(x, y, width, height, colours.PAPER, colours.LINE, 4)
        yield from BODY.set(lines, x + left, y + top, room)
        for place, paint in enumerate(feet):
            yield from paint(x + left, y + height - bottom - SMALL.leading * (len(feet) - place))

    return Block(height, draw)


def _feet(card: CardPart, lane: LanePart) -> list[Draw]:
    if lane.kind == Lane.Kind.PAIN:
        return [lambda x, y: _severity(card, x, y)]
    if lane.kind == Lane.Kind.OPPORTUNITY:
        return [lambda x, y: _scores(card, x, y), lambda x, y: _status(card, x, y)]
    return []


def _severity(card: CardPart, x: float, y: float) -> Iterator[Mark]:
    for bar in range(3):
        height = 3 + 3 * bar
        colour = colours.BAD if bar < card.severity else colours.LINE_FIRM
        yield Box(x + 5 * bar, y + 11.5 - height, 3, height, colour, radius=0.5)
    yield from SMALL.set([Card.Evidence(card.evidence).label], x + 21, y, 0)


def _scores(card: CardPart, x: float, y: float) -> Iterator[Mark]:
    if idea := card.opportunity:
        figures = (("Value ", idea.value), ("   Effort ", idea.effort))
        runs = tuple(run for label, value in figures for run in (SMALL.run(label), _FIGURE.run(str(value))))
        yield Words(x, y + SMALL.leading / 2 + SMALL.size * 0.36, SMALL.size, runs)


def _status(card: CardPart, x: float, y: float) -> Iterator[Mark]:
    if card.opportunity is None:
        return
    status = Opportunity.Status(card.opportunity.status)
    colour = {
        Opportunity.Status.PLANNED: colours.ACCENT,
        Opportunity.Status.DOING: colours.ACCENT,
        Opportunity.Status.DONE: colours.GOOD,
    }.get(status, colours.INK_3)
    centre = y + SMALL.leading / 2
    ring = f"M{x + 0.75:g} {centre:g}a3.25 3.25 0 1 1 6.5 0a3.25 3.25 0 1 1 -6.5 0z"
    yield Path(ring, stroke=colour, weight=1.5, fill=colour if status == Opportunity.Status.DONE else "")
    if status == Opportunity.Status.DOING:
        yield Path(f"M{x + 4:g} {centre - 3.25:g}a3.25 3.25 0 0 0 0 6.5z", fill=colour)
    yield from SMALL.set([status.label], x + 12, y, 0)
    if status == Opportunity.Status.DROPPED:
        yield Path(f"M{x + 12:g} {centre + 0.5:g}h{text_width(status.label, 11):.1f}", stroke=colours.INK_3)


def _touchpoint(card: CardPart, width: float, icons: dict[str, str]) -> Block:
    room = width - DISC - 6
    lines = BODY.lines(card.body, room, MOST_LINES)
    height = max(DISC, BODY.leading * len(lines))
    channel = card.touchpoint.channel if card.touchpoint else ""
    icon = icons.get(channel, Channel.Icon.OTHER.value) if channel else "circle-dashed"

    def draw(x: float, y: float) -> Iterator[Mark]:
        disc = y + (height - DISC) / 2
        yield Box(x, disc + 0.8, DISC, DISC, colours.LINE_FIRM, radius=DISC / 2)
        yield Box(x, disc, DISC, DISC, colours.PAPER, colours.LINE, DISC / 2)
        yield Icon(icon, x + 5, disc + 5, 14, colours.INK_2)
        top = y + (height - BODY.leading * len(lines)) / 2
        yield from BODY.set(lines, x + DISC + 6, top, room)

    return Block(height, draw)


def _photo(data: str, width: float) -> Block:
    height = 8 + (width - 8) * 3 / 4

    def draw(x: float, y: float) -> Iterator[Mark]:
        yield Box(x, y + 0.8, width, height, colours.LINE_FIRM, radius=4)
        yield Box(x, y, width, height, colours.PAPER, colours.LINE, 4)
        yield Photo(data, x + 4, y + 4, width - 8, height - 8)

    return Block(height, draw)


def _quote(card: CardPart, width: float) -> Block:
    lines = QUOTE.lines(f"“{card.body}”", width - 8, MOST_LINES)
    height = 6 + QUOTE.leading * len(lines)
    return Block(height, lambda x, y: iter(QUOTE.set(lines, x + 4, y + 3, width - 8)))
