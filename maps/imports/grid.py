"""A map from rows of text: stages and steps on top, a row a lane, as `maps.exports.grid` or a person writes it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError

from maps.documents.reading import BODY, NAME, TITLE, WORDS
from maps.documents.shapes import CardPart, CellPart, FeelingPart, LanePart, MapDocument, StagePart, StepPart
from maps.documents.values import fault
from maps.exports.grid import KIND, MOMENT_OF_TRUTH, ROLE, STEP
from maps.exports.xlsx import about
from maps.limits import MOST_LANES, MOST_STEPS
from maps.models import JourneyMap, Lane
from maps.notation import cards_of, feeling_of
from maps.texts import flat

MOST_ROWS = MOST_LANES + 2
MOST_COLUMNS = MOST_STEPS + 3

Rows = Sequence[Sequence[str]]

# What the title of a lane says about its kind where no column does.
_HINTS = {
    Lane.Kind.EMOTION: r"emotion|feeling|mood|satisfaction",
    Lane.Kind.TOUCHPOINT: r"touch ?points?|contact",
    Lane.Kind.PAIN: r"pain|problem|friction|frustration|failure",
    Lane.Kind.OPPORTUNITY: r"opportunit|idea|improvement|solution",
    Lane.Kind.QUOTE: r"think|thought|quote|says|saying",
    Lane.Kind.METRIC: r"metric|kpi|measure|duration|^time$",
}


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand; `first` is the column of the first step, None stands for a column that is not there."""

    first: int
    kind: int | None
    role: int | None
    heads: int  # rows


def read(rows: Rows, *, title: str, told: Mapping[str, str] | None = None) -> MapDocument:
    """`told` is what a sheet besides the grid says about the map, by the labels of `maps.exports.xlsx.about`.

    Raises ValidationError that names the cell, such as “Cell C7”.
    """
    rows = _trimmed(rows)
    if len(rows) > MOST_ROWS:
        raise ValidationError(f"There are more than {MOST_ROWS} rows: two of heads and {MOST_LANES} lanes.")
    if not rows or not any(rows[0][1:]):
        raise ValidationError("No stages found: the first row has to name them, from its second cell on.")
    columns = _columns(rows)
    stages = _stages(rows, columns)
    lanes = [_lane(rows, row, columns) for row in range(columns.heads, len(rows)) if any(rows[row])]
    document = MapDocument(title=TITLE(title, "The title"), stages=stages, lanes=tuple(lanes))
    return _described(document, told or {})


def _trimmed(rows: Rows) -> list[list[str]]:
    """All rows of one length, without empty rows and columns at the end."""
    kept = [[text if text.strip() else "" for text in row] for row in rows]
    while kept and not any(kept[-1]):
        kept.pop()
    width = max((place + 1 for row in kept for place, text in enumerate(row) if text), default=0)
    if width > MOST_COLUMNS:
        raise ValidationError(f"There are {width:,} columns; a map has at most {MOST_STEPS} steps.")
    return [[*row[:width], *[""] * (width - len(row))] for row in kept]


def _columns(rows: Rows) -> _Columns:
    labels = [_label(text) for text in rows[1]] if len(rows) > 1 else []
    stepped = bool(labels) and (labels[0] == _label(STEP) or (not labels[0] and any(labels)))
    heads = [rows[0], rows[1]] if stepped else [rows[0]]
    leading = [(_label(text), place) for row in heads for place, text in enumerate(row[:3]) if place]
    found = {word: dict(leading).get(word) for word in (_label(KIND), _label(ROLE))}
    leads = [place for place in found.values() if place is not None]
    return _Columns(max([0, *leads]) + 1, found[_label(KIND)], found[_label(ROLE)], len(heads))


def _label(text: str) -> str:
    """“Steps:” and “step” are the same label."""
    return flat(text).lower().rstrip(":").removesuffix("s")


def _stages(rows: Rows, columns: _Columns) -> tuple[StagePart, ...]:
    stages: list[StagePart] = []
    for column in range(columns.first, len(rows[0])):
        above, below = rows[0][column], rows[columns.heads - 1][column]
        if above:
            stages.append(StagePart(NAME(above, address(0, column)), ()))
        if not below and not above:
            raise fault(address(columns.heads - 1, column), "a step needs a name.")
        if not stages:
            raise fault(address(0, column), "the first step stands under no stage.")
        name = flat(below or above)
        plain = name.removesuffix(MOMENT_OF_TRUTH).strip() or name
        step = StepPart(NAME(plain, address(columns.heads - 1, column)), plain != name)
        stages[-1] = replace(stages[-1], steps=(*stages[-1].steps, step))
    return tuple(stages)


def _lane(rows: Rows, row: int, columns: _Columns) -> LanePart:
    title = NAME(rows[row][0], address(row, 0))
    cells = {column: text for column, text in enumerate(rows[row]) if column >= columns.first and text}
    told = rows[row][columns.kind] if columns.kind is not None else ""
    kind = _kind(told, address(row, columns.kind or 0)) if told else _guessed(title, list(cells.values()))
    role = _role(rows[row][columns.role], address(row, columns.role)) if columns.role is not None else Lane.Role.NONE
    lane = LanePart(kind=kind.value, title=title, role=role.value)
    if kind == Lane.Kind.EMOTION:
        feelings = (_feeling(text, column - columns.first, address(row, column)) for column, text in cells.items())
        return replace(lane, feelings=tuple(feelings))
    return replace(
        lane,
        cells=tuple(
            CellPart(column - columns.first, cards(kind, text, address(row, column))) for column, text in cells.items()
        ),
    )


def cards(kind: str, text: str, place: str) -> tuple[CardPart, ...]:
    """The cards of a cell within their limits."""
    return tuple(replace(card, body=BODY(card.body, place)) for card in cards_of(kind, text))


def _feeling(text: str, step: int, place: str) -> FeelingPart:
    found = feeling_of(text)
    if found is None:
        raise fault(place, "a feeling with its score from −2 to +2 belongs here, such as “Relieved (+1)”.")
    return FeelingPart(step, *found)


def _kind(text: str, place: str) -> Lane.Kind:
    for kind in Lane.Kind:
        if _label(text) in (_label(kind.label), _label(kind.value)):
            return kind
    raise fault(place, f"“{flat(text)[:40]}” is no kind of lane; known are {', '.join(Lane.Kind.labels)}.")


def _role(text: str, place: str) -> Lane.Role:
    if not text:
        return Lane.Role.NONE
    for role in Lane.Role:
        if _label(text) in (_label(role.label), _label(role.value)):
            return role
    raise fault(place, f"“{flat(text)[:40]}” is no role of a lane; known are {', '.join(Lane.Role.labels)}.")


def _guessed(title: str, texts: list[str]) -> Lane.Kind:
    for kind, hint in _HINTS.items():
        if re.search(hint, title.lower()) and (kind != Lane.Kind.EMOTION or all(map(feeling_of, texts))):
            return kind
    return Lane.Kind.TEXT


def _described(document: MapDocument, told: Mapping[str, str]) -> MapDocument:
    said = {_label(label): text for label, text in told.items()}
    labels = dict(zip(("title", "scenario", "expectations", "kind", "state"), about(document), strict=True))
    values = {name: said.get(_label(label), "") for name, label in labels.items()}
    kinds = {_label(kind.label): kind.value for kind in JourneyMap.Kind}
    states = {_label(state.label): state.value for state in JourneyMap.State}
    return replace(
        document,
        title=TITLE(values["title"], "The title") if flat(values["title"]) else document.title,
        scenario=WORDS(values["scenario"], "The scenario"),
        expectations=WORDS(values["expectations"], "The expectations"),
        kind=kinds.get(_label(values["kind"]), document.kind),
        state=states.get(_label(values["state"]), document.state),
    )


def address(row: int, column: int) -> str:
    """`Cell C7`, for the places in rows and columns that begin at 0."""
    letters, number = "", column + 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return f"Cell {letters}{row + 1}"
