"""Notes on dates beside lines over time: numbered marks on the axis, and the notes that the numbers stand for."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import Team
from flows import queries
from flows.answers.lines import Drawing
from flows.forms.keeping import AnnotationForm
from flows.models import Annotation, FlowChart

HEIGHT, DIGIT, AROUND, APART = 14, 6.5, 8, 4  # pixels: of a mark, a letter in it, beside its letters, between marks


@dataclass(frozen=True, slots=True)
class Flag:
    """A mark in the middle of the axis at `x`, which stands for one note or for some that follow each other."""

    x: float
    text: str
    title: str
    width: float
    height: float = HEIGHT


@dataclass(frozen=True, slots=True)
class Dates:
    """`notes` are in the order of their numbers, which count from 1. `form` is None where nobody can add one."""

    flags: tuple[Flag, ...]
    notes: tuple[Annotation, ...]
    form: AnnotationForm | None


def dates_of(
    team: Team, saved: FlowChart | None, result: Mapping[str, Any], zone: ZoneInfo, drawing: Drawing, *, may_add: bool
) -> Dates:
    """The notes on days of the periods in a result, in one query."""
    form = AnnotationForm(auto_id="note-%s") if may_add and saved else None
    buckets = result["buckets"]
    if not buckets:
        return Dates((), (), form)
    begins = [datetime.fromisoformat(each["from"]).astimezone(zone) for each in buckets]
    notes = notes_within(team, saved, begins[0], datetime.fromisoformat(buckets[-1]["to"]).astimezone(zone))
    step = (drawing.right - drawing.left) / max(len(begins) - 1, 1)
    return Dates(flags([each.date() for each in begins], notes, drawing.left, step), notes, form)


def notes_within(team: Team, saved: FlowChart | None, low: datetime, high: datetime) -> tuple[Annotation, ...]:
    """In the order of their days; both moments are in the zone of the team, and `high` is no more inside."""
    until = (high - timedelta(microseconds=1)).date()
    return tuple(queries.annotations(team, saved, since=low.date(), until=until))


def flags(days: Sequence[date], notes: Sequence[Annotation], left: float, step: float) -> tuple[Flag, ...]:
    """`days` are those on which the periods begin; the first period stands at `left`, each other a `step` further."""
    places = [round(left + _bucket(days, note.day) * step, 1) for note in notes]
    return tuple(run.flag(notes) for run in _runs(places))


def _bucket(days: Sequence[date], day: date) -> int:
    """The period that holds a day; of those shorter than a day the first."""
    place = bisect_left(days, day)
    return place if place < len(days) and days[place] == day else place - 1


@dataclass(frozen=True, slots=True)
class _Run:
    """Notes from one number to another, between two places."""

    first: int
    last: int
    left: float
    right: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    @property
    def text(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"

    @property
    def width(self) -> float:
        return AROUND + DIGIT * len(self.text)

    def is_near(self, other: "_Run") -> bool:
        return other.middle - self.middle - (other.width + self.width) / 2 < APART

    def flag(self, notes: Sequence[Annotation]) -> Flag:
        told = (f"{n}. {notes[n - 1].day.day} {notes[n - 1].day:%b %Y}: {notes[n - 1].text}" for n in self.numbers)
        return Flag(round(self.middle, 1), self.text, "\n".join(told), self.width)

    @property
    def numbers(self) -> range:
        return range(self.first, self.last + 1)


def _runs(places: Sequence[float]) -> list[_Run]:
    """Notes that stand too near to each other for marks of their own share one."""
    runs: list[_Run] = []
    for number, x in enumerate(places, 1):
        run = _Run(number, number, x, x)
        while runs and runs[-1].is_near(run):
            before = runs.pop()
            run = _Run(before.first, run.last, before.left, run.right)
        runs.append(run)
    return runs
