"""Retention as a triangle and a curve; events and people over time as lines and a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flows.answers.funnel import Opened
from flows.answers.lines import Course, Drawing, draw
from flows.engine.result import OTHER
from flows.engine.spot import BEGAN, DID, PEOPLE, RETURNED, Spot
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
    url: str


@dataclass(frozen=True, slots=True)
class RetentionRow:
    name: str
    size: int
    url: str
    is_small: bool
    returns: tuple[Return, ...]


@dataclass(frozen=True, slots=True)
class Retention:
    """`overall` are the sums over the periods for which an offset is over: count, size, share, address."""

    people: int
    url: str
    offsets: tuple[str, ...]
    overall: tuple[tuple[int, int, str, str], ...]
    rows: tuple[RetentionRow, ...]
    left_out: int
    drawing: Drawing
    measure: str

    @property
    def has_small(self) -> bool:
        return any(row.is_small for row in self.rows)


def retention_of(
    result: Mapping[str, Any], *, period: str, zone: ZoneInfo, measure: str, opened: Opened, width: float, height: float
) -> Retention:
    starts = [each["from"] for each in result["periods"]]
    names = [period_name(start, period, zone) for start in starts]
    most = len(result["periods"])
    offsets = tuple(f"{period.capitalize()} {offset}" for offset in range(min(most, SHOWN)))
    overall = result["overall"][:SHOWN]
    courses = [
        Course(title, colour, [100 * row[key] / row["size"] if row["size"] else 0.0 for row in overall], len(overall))
        for title, key, colour in (("In or after it", "unbounded", 6), ("In that period", "bounded", 2))
    ]
    began = [cohort for cohort in result["cohorts"] if cohort["size"]]

    def shown(cohort: Mapping[str, Any]) -> RetentionRow:
        return _cohort(cohort, names[cohort["period"]], starts[cohort["period"]], measure, opened)

    return Retention(
        people=result["people"],
        url=opened(Spot(set=BEGAN)),
        offsets=offsets,
        overall=tuple(
            (row[measure], row["size"], share(row[measure], row["size"]), _returned(row, "", measure, opened))
            for row in overall
        ),
        rows=tuple(map(shown, began[-SHOWN:])),
        left_out=max(0, len(began) - SHOWN),
        drawing=draw(courses, offsets[: len(overall)], unit="%", width=width, height=height),
        measure=measure,
    )


def _returned(row: Mapping[str, Any], since: str, measure: str, opened: Opened) -> str:
    """The address of whoever came back."""
    return opened(Spot(set=RETURNED, since=since, later=row["offset"], measure=measure)) if row[measure] else ""


def _cohort(cohort: Mapping[str, Any], name: str, since: str, measure: str, opened: Opened) -> RetentionRow:
    size = cohort["size"]
    returns = []
    for each in cohort["returns"][:SHOWN]:
        part = share(each[measure], size)
        title = f"{figure(each[measure])} of {figure(size)} who began {name}, {part}"
        title += "" if each["complete"] else "; this period is not over"
        heat = round(HEATS * (each[measure] / size) ** 0.7) if size else 0
        url = _returned(each, since, measure, opened)
        returns.append(Return(each[measure], part, heat, each["complete"], title, url))
    return RetentionRow(name, size, opened(Spot(set=BEGAN, since=since)), size < SMALL, tuple(returns))


@dataclass(frozen=True, slots=True)
class TrendRow:
    name: str
    colour: int
    total: int
    values: tuple[int, ...]
    url: str
    urls: tuple[str, ...]  # of the values

    @property
    def cells(self) -> list[tuple[int, str]]:
        """The values, each with its address."""
        return list(zip(self.values, self.urls, strict=True))


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
    result: Mapping[str, Any], *, period: str, zone: ZoneInfo, measure: str, opened: Opened, width: float, height: float
) -> Trend:
    buckets = result["buckets"]
    names = [period_name(each["from"], period, zone) for each in buckets]
    sure = sum(each["complete"] for each in buckets)
    rows = list(_series(result, measure, opened))
    courses = [Course(row.name, row.colour, row.values, sure) for row in rows[:-1]]
    cut = slice(max(0, len(buckets) - SHOWN), None)
    rows = [replace(row, values=row.values[cut], urls=row.urls[cut]) for row in rows]
    return Trend(
        columns=tuple((name, each["complete"]) for name, each in zip(names, buckets, strict=True))[cut],
        rows=tuple(rows[:-1]),
        all=rows[-1],
        left_out=max(0, len(buckets) - SHOWN),
        drawing=draw(courses, names, width=width, height=height),
        measure=measure,
    )


def _series(result: Mapping[str, Any], measure: str, opened: Opened) -> Iterator[TrendRow]:
    """Other comes behind all labels, and behind it all of them together."""
    for number, row in enumerate(sorted(result["series"], key=lambda row: row["kind"] == OTHER)):
        other = row["kind"] == OTHER
        name = "Other" if other else printable(row["label"])
        colour = 0 if other else number % COLOURS + 1
        meant = Spot(set=DID, group=row["kind"], value=row["label"], measure=measure)
        yield _trend_row(result, name, colour, row, meant, opened)
    yield _trend_row(result, "All", 0, result["all"], Spot(set=DID, measure=measure), opened)


def _trend_row(
    result: Mapping[str, Any], name: str, colour: int, row: Mapping[str, Any], meant: Spot, opened: Opened
) -> TrendRow:
    measure = meant.measure or PEOPLE
    values, starts = tuple(row[measure]), (bucket["from"] for bucket in result["buckets"])
    urls = (opened(replace(meant, since=start)) if value else "" for value, start in zip(values, starts, strict=True))
    total = row[f"total_{measure}"]
    return TrendRow(name, colour, total, values, opened(meant) if total else "", tuple(urls))


def period_name(moment: str, period: str, zone: ZoneInfo) -> str:
    """A period of a result by its beginning."""
    at = datetime.fromisoformat(moment).astimezone(zone)
    return f"{at:%b %Y}" if period == "month" else f"{at.day} {at:%b %Y}"
