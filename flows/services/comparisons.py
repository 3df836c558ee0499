"""Two questions side by side: both are asked and computed as any other, and their answers are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache

from flows import queries
from flows.chart_view import NOUNS
from flows.contrasts import Contrast
from flows.difference import FEWER, KINDS, MORE, DifferenceView, Drawn, difference_view, in_order, selector_of
from flows.engine.compare import compare_flows
from flows.engine.query import MAX_TOP, FlowQuery
from flows.engine.selector import Selector
from flows.models import Dataset, FlowRun
from flows.moments import microseconds
from flows.sankey import colours_by_rank
from flows.services import runs

KEPT = 24 * 3600  # seconds
LISTED = 200  # rows of a page
WIDTH = 1300  # pixels of the picture
NAMES = {each.name: each.default for each in fields(Selector) if each.name not in ("set", "path")}


@dataclass(frozen=True, slots=True)
class Sides:
    """The computations of the two questions, first and second, on one version of the events."""

    first: FlowRun
    second: FlowRun

    @property
    def both(self) -> tuple[FlowRun, FlowRun]:
        return self.first, self.second

    @property
    def are_done(self) -> bool:
        return all(run.status == FlowRun.Status.DONE for run in self.both)

    @property
    def are_over(self) -> bool:
        """Nothing more is to be waited for: both are there, or one will never be."""
        return self.are_done or any(run.is_over and run.status != FlowRun.Status.DONE for run in self.both)

    @property
    def error(self) -> str:
        """Why there will be no answer; "" where there is one, or may be one."""
        ended = [run for run in self.both if run.is_over and run.status != FlowRun.Status.DONE]
        return next((run.error or run.get_status_display() for run in ended), "")

    @property
    def fraction(self) -> float:
        return sum(1.0 if run.is_over else run.fraction for run in self.both) / 2

    @property
    def results(self) -> tuple[dict[str, Any], dict[str, Any]]:
        assert self.first.result is not None
        assert self.second.result is not None
        return self.first.result, self.second.result


@dataclass(frozen=True, slots=True)
class Told:
    """A comparison as a page shows it.

    `compared` has of the rows only the first and those that the picture opens; `rows` says how many there are,
    `differing` how many are more than chance, `steps` how deep they go.
    """

    compared: Mapping[str, Any]
    picture: DifferenceView


def pair_of(*, dataset: Dataset, query: FlowQuery, contrast: Contrast, zone: ZoneInfo) -> tuple[FlowQuery, FlowQuery]:
    """The two questions, which the dataset can answer. Raises QueryError."""
    through = microseconds(dataset.data_through) if dataset.data_through else None
    pair = contrast.pair(query, zone, through)
    for each in pair:
        runs.check(dataset=dataset, query=each)
    return pair


def wide(query: FlowQuery) -> FlowQuery:
    """The question with as many labels as there can be, so that what is a node on one side hides in Other on no side.

    Numbers of events do not depend on it.
    """
    return replace(query, top=MAX_TOP, paths=0)


def ask(
    *, dataset: Dataset, pair: tuple[FlowQuery, FlowQuery], awaited: tuple[str, str] = ("", ""), within: float
) -> Sides:
    """Ask both, and wait a little. Who waits names the runs, so that failed ones are not begun again.

    Raises TooManyWait.
    """
    asked = []
    for query, number in zip(map(wide, pair), awaited, strict=True):
        asked.append(queries.awaited_run(dataset, query, number) or runs.ask(dataset=dataset, query=query))
    first, second = (runs.settled(run=run, within=within / 2) for run in asked)
    return Sides(first, second)


def compared(sides: Sides) -> dict[str, Any]:
    """What differs, in the shape of `compare_flows`, with what each side is.

    `sides` has of both the canonical question, its units, and the events that it knows.
    """
    return {"sides": [_side(result) for result in sides.results], **compare_flows(*sides.results)}


def told(sides: Sides, *, top: int, width: float, picked: Selector | None = None) -> Told:
    """What a page shows of a comparison; kept for a day, since neither result ever changes.

    `top` is how many labels of a step are drawn, `width` that of the picture. The row of `picked` is there, wherever it
    stands.
    """
    name = ":".join(["told", *(f"{run.pk}:{run.digest}" for run in sides.both), str(top), str(width)])
    known: Told | None = cache.get(name)
    if known is None or (picked and not any(selector_of(row) == picked for row, _ in in_order(known.compared))):
        known = _told(sides, top, width, picked)
        cache.set(name, known, KEPT)
    return known


def _told(sides: Sides, top: int, width: float, picked: Selector | None) -> Told:
    every, drawn = compared(sides), Drawn.of(sides.results, top)
    noun = NOUNS[every["sides"][0]["query"]["count"]]
    picture = difference_view(drawn, every, width=width, noun=noun, colours=colours_of(drawn))
    opened = {tuple(getattr(each, name) for name in NAMES) for each in picture.opened | {picked} if each}
    rows = in_order(every)
    first = {id(row) for row, _ in rows[:LISTED]}
    shown = {kind: [row for row in every[kind] if id(row) in first or _place(row) in opened] for kind in KINDS}
    counted = {
        "rows": len(rows),
        "differing": sum(said in (MORE, FEWER) for _, said in rows),
        "steps": max((row["step"] for row in every["nodes"]), default=0),
    }
    return Told({**every, **shown, **counted}, picture)


def _place(row: Mapping[str, Any]) -> tuple[object, ...]:
    """What of `selector_of` tells rows apart: there are tens of thousands."""
    return tuple(row.get(name, default) for name, default in NAMES.items())


def colours_of(drawn: Drawn) -> dict[str, int]:
    """Of the labels of both results, the same in all pictures of them."""
    return colours_by_rank([node for result in drawn.results for node in result["nodes"]])


def _side(result: Mapping[str, Any]) -> dict[str, Any]:
    return {name: result[name] for name in ("query", "units", "dataset_version", "data_through")}
