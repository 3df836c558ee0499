"""What a range of a spreadsheet would do to a map: which cards it adds, which it changes, which stand there already."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.http import Http404

from maps.documents.reading import BODY, CHANNEL_NAME, FEELING_LABEL
from maps.documents.values import fault
from maps.limits import MOST_CARDS
from maps.models import Card, EmotionPoint, Lane
from maps.notation import feeling_of, written_cards
from maps.page import CellView, MapPage, StepHead

MOST_CHARACTERS = 200_000
MOST_CELLS = 1_000
# Spreadsheets put a cell in quotes where it holds a line break or a tab, and only there.
_QUOTED = re.compile(r'"((?:[^"]++|"")*+)"(?=[\t\n]|\Z)')
_PLAIN = re.compile(r"[^\t\n]*")

Fate = Literal["new", "changed", "same"]


@dataclass(frozen=True, slots=True)
class PastedCard:
    """`row` is the card that stands there with the same text, `details` what is not so yet, as `save_card` knows it."""

    body: str
    details: dict[str, Any]
    row: Card | None
    fate: Fate


@dataclass(frozen=True, slots=True)
class PastedFeeling:
    score: int
    label: str
    point: EmotionPoint | None
    fate: Fate


@dataclass(frozen=True, slots=True)
class PastedCell:
    lane: Lane
    step: StepHead
    standing: int = 0  # cards, before
    cards: tuple[PastedCard, ...] = ()
    feeling: PastedFeeling | None = None

    @property
    def things(self) -> tuple[PastedCard | PastedFeeling, ...]:
        return (*self.cards, self.feeling) if self.feeling else self.cards


@dataclass(frozen=True, slots=True)
class Paste:
    """`cells` has a row for each lane that is pasted into, and in it an entry for each of the `steps`."""

    steps: tuple[StepHead, ...]
    cells: tuple[tuple[PastedCell, ...], ...]

    def count(self, fate: Fate) -> int:
        return sum(thing.fate == fate for row in self.cells for cell in row for thing in cell.things)

    @property
    def new(self) -> int:
        return self.count("new")

    @property
    def changed(self) -> int:
        return self.count("changed")

    @property
    def same(self) -> int:
        return self.count("same")


def planned(page: MapPage, *, lane: int, step: int, text: str) -> Paste:
    """The range `text` with its first cell where `lane` and `step` cross.

    Nothing that stands there goes away: an empty cell changes nothing, a card with the same text takes over what stands
    behind it in brackets, every other card is added below. A feeling takes the place of the one before.
    Raises Http404 for a foreign lane or step, ValidationError where the range does not fit the map or its cells.
    """
    rows = _rows(text)
    top = _place([row.lane.pk for row in page.lanes], lane)
    left = _place([head.pk for head in page.steps], step)
    wide, high = max(map(len, rows), default=0), len(rows)
    if not any(any(row) for row in rows):
        raise ValidationError("There is nothing to paste.")
    if wide * high > MOST_CELLS:
        raise ValidationError(f"At most {MOST_CELLS:,} cells are pasted at once; this range has {wide * high:,}.")
    if (over := left + wide - len(page.steps)) > 0:
        raise ValidationError(f"The range ends {_many(over, 'step')} beyond the map. Add steps, or begin further left.")
    if (over := top + high - len(page.lanes)) > 0:
        raise ValidationError(f"The range ends {_many(over, 'lane')} below the map. Add lanes, or begin further up.")
    return Paste(
        page.steps[left : left + wide],
        tuple(
            tuple(
                _cell(view, row[at] if at < len(row) else "", f"Row {down + 1}, column {at + 1}")
                for at, view in enumerate(page.lanes[top + down].cells[left : left + wide])
            )
            for down, row in enumerate(rows)
        ),
    )


def _rows(text: str) -> list[list[str]]:
    """What a spreadsheet put on the clipboard: tabs between cells, line breaks between rows."""
    text = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    rows, at = [list[str]()], 0
    while True:
        quoted = _QUOTED.match(text, at)
        found = quoted if quoted and re.search(r"[\t\n]", quoted[1]) else _PLAIN.match(text, at)
        assert found is not None
        rows[-1].append(found[1].replace('""', '"') if found is quoted else found[0].strip())
        at = found.end()
        if at >= len(text):
            return rows
        if text[at] == "\n":
            rows.append([])
        at += 1


def _place(keys: Sequence[int], key: int) -> int:
    if key not in keys:
        raise Http404("Not on this map.")
    return keys.index(key)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _cell(view: CellView, text: str, place: str) -> PastedCell:
    if not text.strip():
        return PastedCell(view.lane, view.step)
    if view.lane.kind == Lane.Kind.EMOTION:
        return PastedCell(view.lane, view.step, feeling=_feeling(view, text, place))
    cards = tuple(_cards(view, text, place))
    if len(view.cards) + sum(card.fate == "new" for card in cards) > MOST_CARDS:
        raise fault(place, f"there is room for {MOST_CARDS} cards in a cell.")
    return PastedCell(view.lane, view.step, len(view.cards), cards)


def _feeling(view: CellView, text: str, place: str) -> PastedFeeling:
    found = feeling_of(text)
    if found is None:
        raise fault(place, f"“{view.lane.title[:60]}” takes feelings with their score, such as “Relieved (+1)”.")
    score, label = found[0], FEELING_LABEL(found[1], place)
    point = view.feeling.point if view.feeling else None
    if point is None:
        return PastedFeeling(score, label, None, "new")
    return PastedFeeling(score, label, point, "same" if (point.score, point.label) == (score, label) else "changed")


def _cards(view: CellView, text: str, place: str) -> Iterator[PastedCard]:
    standing = {card.body: card for card in view.cards}
    for card in {one.body: one for one in written_cards(view.lane.kind, text)}.values():
        body, row = BODY(card.body, place), standing.get(card.body)
        details = {name: value for name, value in card.details.items() if row is None or _said(row, name) != value}
        if "channel" in details:
            details["channel"] = CHANNEL_NAME(details["channel"], place)
        yield PastedCard(body, details, row, "new" if row is None else "changed" if details else "same")


def _said(row: Card, name: str) -> Any:
    """What the face of a card says."""
    if name == "channel":
        return row.touchpoint.channel.name if row.touchpoint.channel else ""
    return getattr(row if name in ("severity", "evidence") else row.opportunity, name)
