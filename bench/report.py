"""What benchmarks found: rows, the table that they make, and the JSON that they are kept in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

HEADINGS = ("who", "question", "best", "median", "ratio", "answer")


@dataclass(frozen=True, slots=True)
class Ratio:
    """``value`` times what ``to`` took."""

    value: float
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: who was asked what, the best and the median of several runs, and how that compares.

    ``same`` is whether the answer was ours to the same question, None where there is nothing to compare with.
    """

    who: str
    question: str
    best: float | None = None
    median: float | None = None
    unit: str = "ms"
    ratios: tuple[Ratio, ...] = ()
    same: bool | None = None
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        ratios = "; ".join(f"{_figures(ratio.value)} × {ratio.to}" for ratio in self.ratios)
        verdict = {True: "same answer", False: "**ANOTHER ANSWER**", None: ""}[self.same]
        spent = (f"{_figures(value)} {self.unit}" if value is not None else "" for value in (self.best, self.median))
        return (self.who, self.question, *spent, ratios, ", ".join(filter(None, (verdict, self.note))))


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one benchmark; ``versions`` are those of the programs that it measured."""

    name: str
    title: str
    rows: Sequence[Row]
    versions: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return all(row.same is not False for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Part:
        rows = [Row(**{**row, "ratios": tuple(Ratio(**each) for each in row["ratios"])}) for row in data["rows"]]
        return cls(**{**data, "rows": rows})


def markdown(machine: dict[str, str], parts: Sequence[Part]) -> str:
    """One table of all parts under one line about the machine."""
    versions = {name: version for part in parts for name, version in part.versions.items()}
    about = ", ".join(value for value in machine.values())
    programs = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    lines = [f"{about}; {programs}." if programs else f"{about}.", "", _line(HEADINGS), _line(["---"] * len(HEADINGS))]
    for part in parts:
        lines.append(_line([f"**{part.title}**", *[""] * (len(HEADINGS) - 1)]))
        lines += [_line(row.cells()) for row in part.rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _figures(value: float) -> str:
    """Three figures, and all of the whole ones."""
    places = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{places}f}"
