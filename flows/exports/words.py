"""Texts in a drawing. Lengths are CSS pixels, colours `#rrggbb`."""

from dataclasses import dataclass

REGULAR, MEDIUM, STRONG = 400, 500, 600


@dataclass(frozen=True, slots=True)
class Run:
    text: str
    colour: str
    weight: int = REGULAR


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text. `x` is where its `anchor` stands: its start, middle or end as a reader sees them.

    The start of what reads from the right is its right end. `y` is the base line, `halo` a colour around the letters.
    """

    x: float
    y: float
    size: float
    runs: tuple[Run, ...]
    anchor: str = "start"
    from_right: bool = False
    halo: str = ""
