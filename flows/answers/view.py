"""The answer to an analysis as it is shown: on its page, in a tile, behind a link, in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flows.answers.bars import Bars, bars_of
from flows.answers.funnel import FunnelStep, Group, Opened, funnel_steps, groups
from flows.answers.lines import Drawing
from flows.answers.periods import Retention, Trend, retention_of, trend_of
from flows.answers.stairs import Stairs, stairs_of
from flows.chart_view import NOUNS, Noun
from flows.figures import figure
from flows.questions import Analysis, FunnelQuestion, Periodic

WIDTH, HEIGHT = 1000, 300  # pixels of a drawing
MEASURES: Mapping[str, Mapping[str, str]] = {
    "retention": {"bounded": "In that period", "unbounded": "In or after it"},
    "trend": {"people": "People", "events": "Events"},
}


@dataclass(frozen=True, slots=True)
class Headline:
    """The one number to look at, in words, and what is to be added to it."""

    count: int
    words: str
    more: str


@dataclass(frozen=True, slots=True)
class AnswerView:
    """Of a funnel `funnel`, its drawings (`bars` for little room) and `groups` are there, of the others `retention` or
    `trend`; `period` is theirs."""

    kind: str
    noun: Noun
    funnel: tuple[FunnelStep, ...] = ()
    bars: Bars | None = None
    stairs: Stairs | None = None
    groups: tuple[Group, ...] = ()
    broken_down: str = ""
    retention: Retention | None = None
    trend: Trend | None = None
    period: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the answer holds nobody."""
        return (
            not (self.funnel and self.funnel[0].count)
            and not (self.retention and self.retention.people)
            and not (self.trend and self.trend.rows)
        )

    @property
    def lines(self) -> Drawing | None:
        shown = self.retention or self.trend
        return shown.drawing if shown else None

    @property
    def label(self) -> str:
        """What the drawing shows."""
        if self.retention:
            return "Share of people who came back"
        return f"{self.trend.measure.capitalize()} over time" if self.trend else "People at each step"

    @property
    def headline(self) -> Headline:
        if self.retention:
            then = self.retention.overall[1:2]
            more = f"{then[0][2]} came back in {self.retention.offsets[1].lower()}" if then else ""
            return Headline(
                self.retention.people, "person began" if self.retention.people == 1 else "people began", more
            )
        if self.trend:
            whole, over = self.trend.all, [n for n, (_, complete) in enumerate(self.trend.columns) if complete]
            more = f"{figure(whole.values[over[-1]])} in the last whole {self.period}" if over else ""
            return Headline(whole.total, f"{self.trend.noun} over the whole time", more)
        first, last = self.funnel[0], self.funnel[-1]
        more = f"{figure(last.count)} ({last.of_start}) came through" if len(self.funnel) > 1 else ""
        return Headline(first.count, f"{self._began(first.count)} began", more)

    def _began(self, count: int) -> str:
        return self.noun.one if count == 1 else self.noun.many


def answer_view(
    result: Mapping[str, Any],
    question: Analysis,
    *,
    measure: str = "",
    opened: Opened = lambda spot: "",
    width: float = WIDTH,
    height: float = HEIGHT,
) -> AnswerView:
    """Nothing of it leads anywhere without `opened`; `measure` is what is counted, where there is a choice."""
    if isinstance(question, FunnelQuestion):
        steps = tuple(funnel_steps(result["steps"], opened))
        return AnswerView(
            kind=question.kind,
            noun=NOUNS[question.count],
            funnel=steps,
            bars=bars_of(steps, width),
            stairs=stairs_of(steps, width),
            groups=tuple(groups(result.get("breakdown", ()), opened)),
            broken_down=question.breakdown or "",
        )
    assert isinstance(question, Periodic)
    kind, zone, measure = question.kind, ZoneInfo(question.zone), measure_of(question.kind, measure)
    words: dict[str, Any] = {
        "period": question.period,
        "zone": zone,
        "measure": measure,
        "opened": opened,
        "width": width,
        "height": height,
    }
    return AnswerView(
        kind=kind,
        noun=NOUNS["users"],
        retention=retention_of(result, **words) if kind == "retention" else None,
        trend=trend_of(result, **words) if kind == "trend" else None,
        period=question.period,
    )


def measure_of(kind: str, said: str) -> str:
    """What is counted; the first of the choices unless another is said, "" where there is none."""
    choices = MEASURES.get(kind, {})
    return said if said in choices else next(iter(choices), "")
