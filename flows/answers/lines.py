"""Lines over time or periods as a small drawing: numbers in, coordinates out (pixels, y downwards)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flows.figures import figure
from flows.lettering import SURE, cut_middle, printable, text_width

LEFT, RIGHT, TOP, BOTTOM = 52.0, 168.0, 12.0, 28.0
TYPE, APART = 11, 14.0


@dataclass(frozen=True, slots=True)
class Course:
    """What is drawn as one line; values are one a place. `sure` many are complete, the rest is dashed."""

    name: str
    colour: int
    values: Sequence[float]
    sure: int


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    short: str
    colour: int
    path: str
    dashed: str
    dots: tuple[tuple[float, float, str], ...]
    x: float
    y: float  # of the label, apart from the others
    said: str


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    width: float
    height: float
    left: float
    right: float
    bottom: float
    lines: tuple[Line, ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]


def draw(courses: Sequence[Course], places: Sequence[str], *, unit: str = "", width: float, height: float) -> Drawing:
    """Lines with their names at the right end; `places` name what stands along the bottom."""
    most = _round_up(max((value for course in courses for value in course.values), default=0))
    right, bottom = width - RIGHT, height - BOTTOM
    step = (right - LEFT) / max(len(places) - 1, 1)

    def at(place: int, value: float) -> tuple[float, float]:
        return round(LEFT + place * step, 1), round(bottom - (bottom - TOP) * value / most, 1)

    lines = []
    for course in courses:
        points = [at(place, value) for place, value in enumerate(course.values)]
        told = [f"{places[n]}: {_written(value, unit)}" for n, value in enumerate(course.values)]
        dots = tuple((x, y, f"{course.name}, {text}") for (x, y), text in zip(points, told, strict=True))
        lines.append(
            Line(
                name=course.name,
                short=cut_middle(printable(course.name), (RIGHT - 34) / SURE, TYPE),
                colour=course.colour,
                path=_path(points[: course.sure]),
                dashed=_path(points[max(course.sure - 1, 0) :]) if course.sure < len(points) else "",
                dots=dots if len(points) <= 120 else (),
                x=points[-1][0] + 10 if points else right,
                y=points[-1][1] if points else bottom,
                said=f"{course.name}: {', '.join(told[-12:])}",
            )
        )
    return Drawing(
        width=width,
        height=height,
        left=LEFT,
        right=right,
        bottom=bottom,
        lines=tuple(_apart(lines, bottom)),
        rows=tuple(Tick(at(0, most * part / 4)[1], _written(most * part / 4, unit)) for part in range(5)),
        columns=tuple(_columns(places, step)),
    )


def _columns(places: Sequence[str], step: float) -> list[Tick]:
    """As many names along the bottom as have room."""
    widest = max((text_width(place, TYPE) for place in places), default=0) + 16
    every = max(1, -(-int(widest) // max(int(step), 1)))
    return [Tick(round(LEFT + n * step, 1), place) for n, place in enumerate(places) if n % every == 0]


def _apart(lines: list[Line], bottom: float) -> list[Line]:
    """Names at least a line of text apart, as near to the ends of their lines as that allows."""
    placed: dict[int, float] = {}
    floor = TOP - APART
    for number in sorted(range(len(lines)), key=lambda n: lines[n].y):
        floor = max(lines[number].y, floor + APART)
        placed[number] = floor
    over = max(placed.values(), default=0.0) - bottom
    if over > 0:
        ceiling = bottom + APART
        for number in sorted(placed, key=lambda n: -placed[n]):
            ceiling = min(placed[number], ceiling - APART)
            placed[number] = ceiling
    return [replace(line, y=round(placed[number], 1)) for number, line in enumerate(lines)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if points else ""


def _round_up(value: float) -> float:
    """The next of 4, 8, 10, 20 times a power of ten: a quarter of it is easily read."""
    size = 4.0
    while True:
        for times in (1.0, 2.0, 2.5, 5.0):
            if value <= size * times:
                return size * times
        size *= 10


def _written(value: float, unit: str) -> str:
    text = figure(round(value)) if value >= 10 or value == int(value) else f"{value:.1f}"
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text
