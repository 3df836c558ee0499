"""Retention as a triangle and a curve; events and people over time as lines and a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flows.answers.lines import Course, Drawing, draw
from flows.engine.result import OTHER
from flows.figures import figure, share
from flows.lettering import printable
from flows.sankey import COLOURS

HEATS = 9
SHOWN = 60  # periods in a table, the newest ones
SMALL = 30  # shares of fewer people than these are not to be leant on


@dataclass(frozen=True, slots=True)
class Return:
    count: int
    share: str
    heat: int
    complete: bool
    title: str


@dataclass(frozen=True, slots=True)
class RetentionRow:
    name: str
    size: int
    is_small: bool
    returns: tuple[Return, ...]


@dataclass(frozen=True, slots=True)
class Retention:
    """`overall` are the sums over the periods for which an offset is over."""

    people: int
    offsets: tuple[str, ...]
    overall: tuple[tuple[int, int, str], ...]
    rows: tuple[RetentionRow, ...]
    left_out: int
    drawing: Drawing
    measure: str

    @property
    def has_small(self) -> bool:
        return any(row.is_small for row in self.rows)


def retention_of(
    result: Mapping[str, Any], *, period: str, zone: ZoneInfo, measure: str, width: float, height: float
) -> Retention:
    names = [_name(each["from"], period, zone) for each in result["periods"]]
    most = len(result["periods"])
    offsets = tuple(f"{period.capitalize()} {offset}" for offset in range(min(most, SHOWN)))
    overall = result["overall"][:SHOWN]
    courses = [
        Course(title, colour, [100 * row[key] / row["size"] if row["size"] else 0.0 for row in overall], len(overall))
        for title, key, colour in (("In or after it", "unbounded", 6), ("In that period", "bounded", 2))
    ]
    began = [cohort for cohort in result["cohorts"] if cohort["size"]]
    return Retention(
        people=result["people"],
        offsets=offsets,
        overall=tuple((row[measure], row["size"], share(row[measure], row["size"])) for row in overall),
        rows=tuple(_cohort(cohort, names[cohort["period"]], measure) for cohort in began[-SHOWN:]),
        left_out=max(0, len(began) - SHOWN),
        drawing=draw(courses, offsets[: len(overall)], unit="%", width=width, height=height),
        measure=measure,
    )


def _cohort(cohort: Mapping[str, Any], name: str, measure: str) -> RetentionRow:
    size = cohort["size"]
    returns = []
    for each in cohort["returns"][:SHOWN]:
        part = share(each[measure], size)
        title = f"{figure(each[measure])} of {figure(size)} who began {name}, {part}"
        title += "" if each["complete"] else "; this period is not over"
        heat = round(HEATS * (each[measure] / size) ** 0.7) if size else 0
        returns.append(Return(each[measure], part, heat, each["complete"], title))
    return RetentionRow(name, size, size < SMALL, tuple(returns))


@dataclass(frozen=True, slots=True)
class TrendRow:
    name: str
    colour: int
    total: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """`columns` and the values of `rows` are the newest periods; `total` is over all."""

    columns: tuple[tuple[str, bool], ...]  # name, whether it is over
    rows: tuple[TrendRow, ...]
    all: TrendRow
    left_out: int
    drawing: Drawing
    measure: str

    @property
    def noun(self) -> str:
        """What the total counts."""
        return {"people": "person", "events": "event"}[self.measure] if self.all.total == 1 else self.measure


def trend_of(
    result: Mapping[str, Any], *, period: str, zone: ZoneInfo, measure: str, width: float, height: float
) -> Trend:
    buckets = result["buckets"]
    names = [_name(each["from"], period, zone) for each in buckets]
    sure = sum(each["complete"] for each in buckets)
    rows = list(_series(result, measure))
    courses = [Course(row.name, row.colour, row.values, sure) for row in rows]
    cut = slice(max(0, len(buckets) - SHOWN), None)
    whole = result["all"]
    return Trend(
        columns=tuple((name, each["complete"]) for name, each in zip(names, buckets, strict=True))[cut],
        rows=tuple(TrendRow(row.name, row.colour, row.total, row.values[cut]) for row in rows),
        all=TrendRow("All", 0, whole[f"total_{measure}"], tuple(whole[measure])[cut]),
        left_out=max(0, len(buckets) - SHOWN),
        drawing=draw(courses, names, width=width, height=height),
        measure=measure,
    )


def _series(result: Mapping[str, Any], measure: str) -> Iterator[TrendRow]:
    for number, row in enumerate(sorted(result["series"], key=lambda row: row["kind"] == OTHER)):
        other = row["kind"] == OTHER
        name = "Other" if other else printable(row["label"])
        colour = 0 if other else number % COLOURS + 1
        yield TrendRow(name, colour, row[f"total_{measure}"], tuple(row[measure]))


def _name(moment: str, period: str, zone: ZoneInfo) -> str:
    at = datetime.fromisoformat(moment).astimezone(zone)
    return f"{at:%b %Y}" if period == "month" else f"{at.day} {at:%b %Y}"
