"""What a picture is made of. Lengths are CSS pixels, colours `#rrggbb`."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.exports.words import MEDIUM, REGULAR, STRONG, Run, Words
from flows.lettering import printable, reads_from_the_right, wrap

# The letters of heavier weights are wider than those that `flows.lettering` knows.
_WIDER = {REGULAR: 1.0, MEDIUM: 1.03, STRONG: 1.06}


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    fill: str = ""
    stroke: str = ""
    radius: float = 0


@dataclass(frozen=True, slots=True)
class Path:
    """`d` as in SVG, moved by `x` and `y`."""

    d: str
    x: float = 0
    y: float = 0
    fill: str = ""
    stroke: str = ""
    weight: float = 1
    dash: str = ""
    opacity: float = 1


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture, as base64 of WebP, that fills its box; what is too long is cut off."""

    data: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Icon:
    """A lucide icon in a square of `size`."""

    name: str
    x: float
    y: float
    size: float
    colour: str
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Clip:
    """Marks of which only what lies within a box is seen; their places count from its corner."""

    x: float
    y: float
    width: float
    height: float
    marks: tuple["Box | Path", ...]


Mark = Box | Path | Icon | Photo | Words | Clip


@dataclass(frozen=True, slots=True)
class Type:
    """A size of letters, from one base line to the next, and how they look."""

    size: float
    leading: float
    colour: str
    weight: int = REGULAR

    def lines(self, text: str, width: float, most: int) -> list[str]:
        """`text` without what cannot be drawn, broken to fit."""
        clean = "\n".join(printable(line) for line in text[: 200 * most].split("\n"))
        return wrap(clean, width, self.size * _WIDER[self.weight], most)

    def set(self, lines: Sequence[str], x: float, y: float, width: float) -> list[Words]:
        """The lines below each other, the first one's top at `y`; each text begins at its own side of the column."""
        from_right = reads_from_the_right("".join(lines))
        start = x + width if from_right else x
        base = y + self.leading / 2 + self.size * 0.36
        return [
            Words(start, base + self.leading * place, self.size, (self.run(line),), from_right=from_right)
            for place, line in enumerate(lines)
        ]

    def run(self, text: str) -> Run:
        return Run(text, self.colour, self.weight)
