"""The sheets of a map: one large one for a screen, or as many of paper as it takes to be readable."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from flows.lettering import cut_middle, printable
from maps import colours
from maps.documents.shapes import MapDocument
from maps.drawing.marks import STRONG, Box, Mark, Type, Words
from maps.drawing.plan import COLUMN, LANE, WIDEST, Plan, Slice, plan, slices
from maps.drawing.sheet import HEADS, height_of, sheet, stages_over
from maps.models import JourneyMap

# Landscape, in millimetres.
PAPERS = {"a4": (297, 210), "a3": (420, 297), "a2": (594, 420), "a1": (841, 594), "a0": (1189, 841)}
PIXELS = 96 / 25.4  # CSS pixels in a millimetre
MARGIN = 0.034  # of the width of the paper
SCREEN = 1440
SCREEN_MARGIN = 24
# The smallest prints running text in 6.5 points.
SCALES = (4.0, 3.2, 2.6, 2.1, 1.7, 1.4, 1.2, 1.0, 0.9, 0.8, 0.72)
MOST_PAGES = 100_000
FOOT = 22
RUNNING = 24
_TITLE = Type(20, 26, colours.INK, STRONG)
_FACTS = Type(12, 18, colours.INK_3)
_TEXT = Type(12.5, 18, colours.INK_2)
_SMALL = Type(10, 14, colours.INK_3)
_WIDEST_TEXT = 860


@dataclass(frozen=True, slots=True)
class Page:
    """`scale` is how many CSS pixels of the paper one of the picture takes."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands over the map on its first sheet."""

    title: tuple[str, ...]
    facts: str
    texts: tuple[str, ...]
    width: float

    @property
    def height(self) -> float:
        return 26 * len(self.title) + 18 + 18 * len(self.texts) + (6 if self.texts else 0) + 14

    def marks(self) -> Iterator[Mark]:
        yield from _TITLE.set(self.title, 0, 0, self.width)
        y = 26 * len(self.title)
        yield from _FACTS.set([self.facts], 0, y, self.width)
        yield from _TEXT.set(self.texts, 0, y + 24, min(self.width, _WIDEST_TEXT))


def poster(document: MapDocument) -> Page:
    """The whole map on one sheet, as wide as a screen or wider."""
    marks, width, height = _laid(document, range(len(document.steps)))
    head = _head(document, width)
    return _page((*head.marks(), *_moved(marks, 0, head.height)), width, head.height + height, SCREEN_MARGIN)


def excerpt(document: MapDocument, steps: range) -> Page:
    """Some steps of the map on one sheet, without its title over them."""
    return _page(*_laid(document, steps), SCREEN_MARGIN)


def _laid(document: MapDocument, steps: range) -> tuple[list[Mark], float, float]:
    """The columns of these steps, as wide as the screen asks for, with their width and height."""
    room = SCREEN - 2 * SCREEN_MARGIN - LANE
    planned = plan(document, steps, min(WIDEST, max(COLUMN, room / len(steps))))
    parts = [part for row in planned.rows for part in slices(row, float("inf"), float("inf"))]
    return list(sheet(planned, parts)), LANE + planned.column * len(steps), height_of(parts)


def pages(document: MapDocument, paper: str) -> list[Page]:
    """On paper of that size: the fewest pages that are readable, and the largest letters on these."""
    wide, high = (PIXELS * side for side in PAPERS[paper])
    margin = MARGIN * wide
    fewest = _sets(document, wide - 2 * margin, high - 2 * margin, SCALES[-1])
    tries = (_sets(document, wide - 2 * margin, high - 2 * margin, scale, len(fewest)) for scale in SCALES)
    found = next(filter(None, tries))
    return [_printed(each, number, found, wide, high, margin) for number, each in enumerate(found)]


@dataclass(frozen=True, slots=True)
class _Set:
    """What stands on one page of paper."""

    plan: Plan
    parts: tuple[Slice, ...]
    head: _Head | None
    scale: float


def _sets(document: MapDocument, wide: float, high: float, scale: float, limit: int = MOST_PAGES) -> list[_Set]:
    """Band by band, each from top to bottom. Empty where it takes more than `limit` pages."""
    width, height = wide / scale, high / scale - FOOT
    found: list[_Set] = []
    for steps in _bands(document, max(1, int((width - LANE) // COLUMN))):
        planned = plan(document, steps, min(WIDEST, (width - LANE) / len(steps)))
        head = None if found else _head(document, width)
        parts: list[Slice] = []
        for row in planned.rows:
            for part in slices(row, _room(height, head, parts) - row.above - 1, height - HEADS - RUNNING):
                above = 0 if part.continues else row.above
                if parts and part.height + above > _room(height, head, parts):
                    found.append(_Set(planned, tuple(parts), head, scale))
                    head, parts = None, []
                parts.append(part)
        found.append(_Set(planned, tuple(parts), head, scale))
        if len(found) > limit:
            return []
    return found


def _room(height: float, head: _Head | None, parts: Sequence[Slice]) -> float:
    """What is left of a page."""
    return height - (head.height if head else RUNNING) - height_of(parts)


def _bands(document: MapDocument, most: int) -> list[range]:
    """Steps for each page across, at most `most`; they end with a stage where that takes no page more."""
    steps = len(document.steps)
    ends = set(accumulate(len(stage.steps) for stage in document.stages))
    left, start = -(-steps // most), 0
    bands: list[range] = []
    while start < steps:
        least = max(start + 1, steps - (left - 1) * most)
        even = start + -(-(steps - start) // left)
        last = min(start + most, steps)
        at_stage = [end for end in range(least, last + 1) if end in ends]
        stop = min(at_stage, key=lambda end: abs(end - even)) if at_stage else max(least, even)
        bands.append(range(start, stop))
        start, left = stop, left - 1
    return bands


def _head(document: MapDocument, width: float) -> _Head:
    facts = (
        JourneyMap.Kind(document.kind).label,
        f"{JourneyMap.State(document.state).label} state",
        JourneyMap.Status(document.status).label,
    )
    room = min(width, _WIDEST_TEXT)
    texts = [line for text in (document.scenario, document.expectations) if text for line in _TEXT.lines(text, room, 3)]
    return _Head(tuple(_TITLE.lines(document.title, width, 2)), " · ".join(facts), tuple(texts), width)


def _printed(each: _Set, number: int, all_: Sequence[_Set], wide: float, high: float, margin: float) -> Page:
    scale = each.scale
    width, height, edge = wide / scale, high / scale, margin / scale
    inner = width - 2 * edge
    top = each.head.height if each.head else RUNNING
    title = each.plan.document.title
    marks: list[Mark] = [*(each.head.marks() if each.head else _SMALL.set([_short(title, inner)], 0, 2, inner))]
    marks += _moved(sheet(each.plan, each.parts), 0, top)
    foot = height - 2 * edge - 4
    if len(all_) > 1:
        marks.append(Words(0, foot, 10, (_SMALL.run(_where(each)),)))
        marks.append(Words(inner, foot, 10, (_SMALL.run(f"{number + 1} / {len(all_)}"),), anchor="end"))
    return Page(width, height, (_paper(width, height), *_moved(marks, edge, edge)), scale)


def _short(text: str, width: float) -> str:
    return cut_middle(printable(text), width, _SMALL.size)


def _where(each: _Set) -> str:
    """Which stages stand on a page, where not all do."""
    here = [stage.place + 1 for stage in stages_over(each.plan)]
    stages = len(each.plan.document.stages)
    if len(here) == stages or not here:
        return ""
    return f"Stage {here[0]} of {stages}" if len(here) == 1 else f"Stages {here[0]}–{here[-1]} of {stages}"


def _page(marks: Iterable[Mark], width: float, height: float, margin: float) -> Page:
    width, height = width + 2 * margin, height + 2 * margin
    return Page(width, height, (_paper(width, height), *_moved(marks, margin, margin)))


def _paper(width: float, height: float) -> Box:
    return Box(0, 0, width, height, colours.PAPER)


def _moved(marks: Iterable[Mark], x: float, y: float) -> Iterator[Mark]:
    for mark in marks:
        yield replace(mark, x=mark.x + x, y=mark.y + y)
