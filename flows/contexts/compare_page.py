"""Everything that the page of a comparison shows. A is the first side, B the second."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict

from accounts.models import Team
from flows import queries
from flows.chart_view import NOUNS, ChartView, Noun, chart_view
from flows.contexts.address import Address, asked_params
from flows.contexts.compare_rows import LETTERS, Row, Rows, compare_rows
from flows.contexts.contrasts import Chooser, chooser, side_names
from flows.contexts.sentence import spoken
from flows.contrasts import Contrast
from flows.difference import DifferenceView, Drawn
from flows.engine.query import FlowQuery
from flows.engine.result import OTHER
from flows.engine.selector import MATCHED, Selector
from flows.forms.charts import QuestionForm
from flows.forms.contrasts import write_contrast
from flows.models import FlowChart, FlowRun
from flows.services.comparisons import LISTED, Sides, Told, colours_of, wide

# The usual view of an address is not said in it.
DIFFERENCE, BESIDE = "sankey", "beside"
VIEWS = {DIFFERENCE: "Difference", BESIDE: "Side by side"}
BESIDE_PANEL, HALF = 1008, 636  # pixels of pictures on a desk


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two flows: what it is called, asks and counts."""

    letter: str
    name: str
    sentence: str
    chart_url: str
    start: int


@dataclass(frozen=True, slots=True)
class Panel:
    """The open row, and the people of one side of it."""

    row: Row
    letter: str
    side: str  # what the side is called
    people_url: str
    chart_url: str  # the number on the chart of its side
    closed_url: str


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class ComparePage:
    """One state of the page. `runs` are None where nothing could be asked; then `problem` may say why."""

    team: Team
    saved: FlowChart | None
    form: QuestionForm
    chart_url: str
    address: Address
    letter: str
    chooser: Chooser
    fields: tuple[tuple[str, str], ...]  # the question, for the form that chooses
    sides: tuple[Side, ...]
    noun: Noun
    runs: Sides | None
    tests: int
    rows: Rows | None
    picture: DifferenceView | None
    charts: tuple[ChartView, ...]
    panel: Panel | None
    tabs: tuple[Tab, ...]
    problem: str
    is_paused: bool

    @property
    def url(self) -> str:
        return str(_sided(self.address, self.letter))

    @property
    def is_waiting(self) -> bool:
        return self.runs is not None and not self.runs.are_over

    @property
    def waiting_url(self) -> str:
        numbers = "".join(f"&run={run.pk}" for run in self.runs.both) if self.runs else ""
        return f"{self.url}{numbers if '?' in self.url else numbers.replace('&', '?', 1)}"

    @property
    def percent(self) -> int:
        return int(100 * self.runs.fraction) if self.runs else 0

    @property
    def error(self) -> str:
        failed = [run.error for run in self.runs.both if run.status == FlowRun.Status.FAILED] if self.runs else []
        return self.problem or next(iter(failed), "")

    @property
    def was_cancelled(self) -> bool:
        cancelled = self.runs and any(run.status == FlowRun.Status.CANCELLED for run in self.runs.both)
        return self.is_paused or bool(cancelled)

    @property
    def is_empty(self) -> bool:
        return bool(self.sides) and not any(side.start for side in self.sides)

    @property
    def pairs(self) -> list[tuple[ChartView, Side]]:
        """Both charts, where they stand side by side."""
        return list(zip(self.charts, self.sides, strict=False))


def compare_page(
    *,
    team: Team,
    saved: FlowChart | None,
    form: QuestionForm,
    params: QueryDict,
    chart: Address,
    contrast: Contrast | None,
    pair: tuple[FlowQuery, FlowQuery] | None,
    runs: Sides | None,
    told: Told | None,
    problem: str = "",
    is_paused: bool = False,
) -> ComparePage:
    """`chart` is the page of the question; `params` is what the address of this page says, `told` what differs."""
    cohorts = queries.cohort_names(team, form.dataset)
    if form.query is not None:
        chart = replace(chart, params=asked_params(form.query, form.dataset, form.zone, saved))
    letter = params.get("side", "")
    view = params.get("view", "")
    address = _address(chart, form, contrast, view if view in VIEWS else DIFFERENCE)
    page = ComparePage(
        team=team,
        saved=saved,
        form=form,
        chart_url=str(chart.on(None)),
        address=address,
        letter=letter if letter in LETTERS else LETTERS[0],
        chooser=chooser(params, form.query, cohorts),
        fields=tuple((name, value) for name, values in chart.params.lists() for value in values),
        sides=(),
        noun=NOUNS[form.query.count if form.query else "users"],
        runs=runs,
        tests=0,
        rows=None,
        picture=None,
        charts=(),
        panel=None,
        tabs=(),
        problem=problem,
        is_paused=is_paused,
    )
    if contrast is None or pair is None or runs is None or told is None:
        return page
    names = side_names(contrast, pair, form.zone, cohorts)
    starts = [side["units"]["matched"] for side in told.compared["sides"]]
    sides = tuple(
        Side(letter, name, spoken(query, form.zone, cohorts), str(_asked(page, chart, query, None)), start)
        for letter, name, query, start in zip(LETTERS, names, pair, starts, strict=True)
    )
    return _answered(replace(page, sides=sides), pair, told, chart)


def _answered(page: ComparePage, pair: tuple[FlowQuery, FlowQuery], told: Told, chart: Address) -> ComparePage:
    """The page with its numbers."""
    rows = compare_rows(
        told.compared, pair[0], lambda letter, one: _url(page.address, letter, one), page.address.picked, most=LISTED
    )
    opened = rows.opened
    if opened is None:
        page = replace(page, address=page.address.on(None))
    picture: DifferenceView | None = None
    charts: tuple[ChartView, ...] = ()
    if page.address.view == BESIDE:
        assert page.runs is not None
        drawn = Drawn.of(page.runs.results, pair[0].top)
        colours = colours_of(drawn)
        charts = tuple(
            chart_view(result, width=HALF, uid=side.letter, colours=colours, url=_opener(page, side))
            for result, side in zip(drawn.results, page.sides, strict=True)
        )
    elif not page.is_empty:
        picture = told.picture.linked(lambda selector: _url(page.address, page.letter, selector), page.address.picked)
    return replace(
        page,
        tests=told.compared["tests"],
        rows=rows,
        picture=picture,
        charts=charts,
        panel=_panel(page, opened, pair, chart) if opened else None,
        tabs=tuple(
            Tab(name, str(_sided(page.address.at(view=view), page.letter)), page.address.view == view)
            for view, name in VIEWS.items()
        ),
    )


def _address(chart: Address, form: QuestionForm, contrast: Contrast | None, view: str) -> Address:
    params = chart.params.copy()
    if contrast is not None:
        for name, values in write_contrast(contrast, form.zone).lists():
            params.setlist(name, values)
    return Address(f"{chart.path}compare/", params, view, chart.picked)


def _sided(address: Address, letter: str) -> Address:
    if letter == LETTERS[0] or address.picked is None:
        return address
    params = address.params.copy()
    params["side"] = letter
    return replace(address, params=params)


def _url(address: Address, letter: str, selector: Selector) -> str:
    return str(_sided(address.on(selector), letter))


def _opener(page: ComparePage, side: Side) -> Any:
    """Of a chart whose Other is a sum of its own: that opens nothing."""

    def url(selector: Selector) -> str:
        has_other = OTHER in (selector.kind, selector.source_kind, selector.target_kind)
        # Everybody at the start is no row of the comparison, for there the two cannot differ.
        listed = selector.set == MATCHED and selector.state is None
        return "" if has_other or listed else _url(page.address, side.letter, selector)

    return url


def _asked(page: ComparePage, chart: Address, query: FlowQuery, picked: Selector | None) -> Address:
    """The page of one side as a chart of its own."""
    params = asked_params(query, page.form.dataset, page.form.zone, page.saved)
    return replace(chart, params=params, view="sankey", picked=picked)


def _panel(page: ComparePage, row: Row, pair: tuple[FlowQuery, FlowQuery], chart: Address) -> Panel:
    assert page.runs is not None
    at = LETTERS.index(page.letter)
    selector, query = row.selector, pair[at]
    if OTHER in (selector.kind, selector.source_kind, selector.target_kind):
        query = wide(query)  # Other is what is left beside the labels that were asked for
    there = _asked(page, chart, query, selector)
    return Panel(
        row=row,
        letter=page.letter,
        side=page.sides[at].name,
        people_url=there.below("people", version=str(page.runs.both[at].dataset_version)),
        chart_url=str(there),
        closed_url=str(page.address.on(None)),
    )
