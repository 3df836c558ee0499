"""How a number lies in time, as two small drawings: how long a step took, and when the people began."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from flows.contexts.dates import flags
from flows.engine.analysis import quantile_seconds
from flows.engine.arrays import IntArray
from flows.engine.counting import bucket_seconds
from flows.engine.selector import LINK, Selector
from flows.figures import duration, figure
from flows.models import Annotation
from flows.moments import moment_in
from flows.services.details import Glance

WIDTH, HEIGHT = 260.0, 62.0
FOOT, HEAD = 16.0, 14.0  # room for words below and above the bars
BINS_A_DECADE = 4
TICKS = (0.001, 0.1, 1, 10, 60, 600, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400)
TICK_APART = 44.0


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Small:
    """A small drawing with the words that say the same."""

    label: str
    bars: tuple[Bar, ...]
    ticks: tuple[Mark, ...]
    marks: tuple[Mark, ...]
    width: float = WIDTH
    height: float = HEIGHT
    base: float = HEIGHT - FOOT


@dataclass(frozen=True, slots=True)
class TimesView:
    histogram: Small | None
    gap_title: str
    median: str
    p90: str
    n: int
    is_said: bool  # whether the panel says median and p90 above
    trend: Small
    period: str
    notes: tuple[Annotation, ...]  # which the trend marks by their numbers, from 1


def times_view(
    glance: Glance, zone: ZoneInfo, selector: Selector, *, backwards: bool, notes: tuple[Annotation, ...] = ()
) -> TimesView:
    median, p90 = (quantile_seconds(glance.gaps, tenths) for tenths in (5, 9))
    step = (selector.step or 0) + (selector.set == LINK) - 1
    title = "Time between" if selector.set == LINK else f"Time {'to' if backwards else 'since'} step {step}"
    if selector.set != LINK and step == 0:
        title = "Time to the end" if backwards else "Time since the start"
    n = int(glance.gaps.sum())
    histogram = None
    if median is not None and p90 is not None:
        histogram = _histogram(glance.gaps, median, p90, title)
    return TimesView(
        histogram=histogram,
        gap_title=title,
        median=duration(median),
        p90=duration(p90),
        n=n,
        is_said=selector.set == LINK,
        trend=_trend(glance, zone, notes),
        period=glance.period,
        notes=notes,
    )


def _histogram(gaps: IntArray, median: float, p90: float, title: str) -> Small:
    """Bins as wide as each other in the logarithm of the time: a fine bucket lies in one of them by its middle."""
    there = np.flatnonzero(gaps)
    seconds = np.maximum(bucket_seconds(there), TICKS[0])
    places = np.floor(np.log10(seconds) * BINS_A_DECADE).astype(int)
    low, high = int(places.min()), int(places.max()) + 1
    if high - low < 2 * BINS_A_DECADE:
        low, high = low - BINS_A_DECADE // 2, high + BINS_A_DECADE // 2
    counts = np.bincount(places - low, weights=gaps[there], minlength=high - low).astype(int)
    wide = WIDTH / len(counts)

    def at(value: float) -> float:
        return round((np.log10(max(value, TICKS[0])) * BINS_A_DECADE - low) * wide, 1)

    def edge(place: int) -> str:
        return duration(float(10 ** ((low + place) / BINS_A_DECADE)))

    titles = [f"{edge(place)} to {edge(place + 1)}: {figure(int(count))}" for place, count in enumerate(counts)]
    ticks: list[Mark] = []
    for tick in TICKS:
        x = at(tick)
        if 0 <= x <= WIDTH - 8 and (not ticks or x - ticks[-1].x >= TICK_APART):
            ticks.append(Mark(x, duration(tick), "start" if x < 14 else "middle"))
    marks = tuple(
        Mark(min(at(value), WIDTH - 1), word, "end" if left else "start")
        for value, word, left in ((median, "median", True), (p90, "p90", False))
    )
    label = f"{title}: median {duration(median)}, 90 % within {duration(p90)}, of {figure(int(gaps.sum()))}"
    return Small(label, _bars(counts.tolist(), titles), tuple(ticks), _inside(marks))


def _inside(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """Words that stay within the drawing and, where both marks are at one place, apart."""
    median, p90 = marks
    return (
        Mark(median.x, median.text, "end" if median.x > 44 else "start"),
        Mark(p90.x, p90.text, "start" if p90.x < WIDTH - 26 and (median.x > 44 or p90.x - median.x > 46) else "end"),
    )


def _trend(glance: Glance, zone: ZoneInfo, notes: tuple[Annotation, ...]) -> Small:
    counts = glance.began.tolist()
    days = [moment_in(zone, edge) for edge in glance.edges]
    titles = [f"{_day(day, glance.period)}: {figure(count)}" for day, count in zip(days, counts, strict=False)]
    most = max(range(len(counts)), key=counts.__getitem__)
    label = f"When they began, by {glance.period}: {figure(sum(counts))} in {len(counts)}, most {titles[most]}"
    ends = (
        Mark(0, _day(days[0], glance.period), "start"),
        Mark(WIDTH, _day(days[len(counts) - 1], glance.period), "end"),
    )
    step = WIDTH / len(counts)
    marks = tuple(
        Mark(flag.x, flag.text, "end" if flag.x + flag.width > WIDTH else "start")
        for flag in flags([day.date() for day in days[: len(counts)]], notes, step / 2, step)
    )
    return Small(label, _bars(counts, titles), ends if len(counts) > 1 else ends[:1], marks)


def _bars(counts: list[int], titles: list[str]) -> tuple[Bar, ...]:
    most, wide = max(counts, default=0) or 1, WIDTH / max(len(counts), 1)
    room = HEIGHT - FOOT - HEAD
    gap = 1 if wide > 3 else 0
    bars = []
    for place, (count, title) in enumerate(zip(counts, titles, strict=True)):
        high = max(room * count / most, 1.0) if count else 0.0
        if count:
            bars.append(
                Bar(
                    round(place * wide, 1),
                    round(HEIGHT - FOOT - high, 1),
                    round(max(wide - gap, 0.8), 1),
                    round(high, 1),
                    title,
                )
            )
    return tuple(bars)


def _day(day: datetime, period: str) -> str:
    return f"{day:%b %Y}" if period == "month" else f"{day.day} {day:%b %Y}"
