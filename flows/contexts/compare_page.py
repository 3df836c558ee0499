"""Everything that the page of a comparison shows. A is the first side, B the second."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict

from accounts.models import Team
from flows import queries
from flows.chart_view import NOUNS, ChartView, Noun, chart_view, end_words, link_selector, step_name
from flows.contexts.address import Address
from flows.contexts.contrasts import Chooser, chooser, side_names
from flows.contexts.sentence import spoken
from flows.contrasts import Contrast
from flows.difference import (
    FEW,
    FEWER,
    MORE,
    SAID,
    SAME,
    UNKNOWN,
    DifferenceView,
    bucketed,
    difference_view,
    kept_labels,
    verdict,
)
from flows.engine.query import FlowQuery
from flows.engine.result import OTHER
from flows.engine.selector import LINK, MATCHED, NODE, Selector
from flows.figures import figure, p_value, points, ratio, share
from flows.forms.charts import QuestionForm, params_of
from flows.forms.contrasts import write_contrast
from flows.lettering import printable
from flows.models import FlowChart, FlowRun
from flows.sankey import colours_by_rank
from flows.services.comparisons import Sides, wide

# The usual view of an address is not said in it.
DIFFERENCE, BESIDE = "sankey", "beside"
VIEWS = {DIFFERENCE: "Difference", BESIDE: "Side by side"}
LETTERS = ("a", "b")
CANVAS, BESIDE_PANEL, HALF = 1300, 1008, 636  # pixels of pictures on a desk
LISTED = 200
ORDER = (MORE, FEWER, SAME, FEW, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two flows: what it is called, asks and counts."""

    letter: str
    name: str
    sentence: str
    chart_url: str
    start: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of one side with its base; it opens the panel of its people."""

    count: str
    base: str
    share: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that can differ. `said` are the words of what can be said of it."""

    selector: Selector
    name: str
    place: str
    figures: tuple[Figure, ...]
    points: str
    interval: str
    ratio: str
    p: str
    verdict: str
    said: str
    picked: bool


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
    rows: tuple[Row, ...]
    left_out: int
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
    def differing(self) -> int:
        return sum(row.verdict in (MORE, FEWER) for row in self.rows)


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
    compared: Mapping[str, Any] | None,
    problem: str = "",
    is_paused: bool = False,
) -> ComparePage:
    """`chart` is the page of the question; `params` is what the address of this page says, `compared` what differs."""
    cohorts = queries.cohort_names(team, form.dataset)
    chart = replace(chart, params=_params(form, form.query, saved) if form.query else chart.params)
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
        rows=(),
        left_out=0,
        picture=None,
        charts=(),
        panel=None,
        tabs=(),
        problem=problem,
        is_paused=is_paused,
    )
    if contrast is None or pair is None or runs is None or compared is None:
        return page
    names = side_names(contrast, pair, form.zone, cohorts)
    starts = [side["units"]["matched"] for side in compared["sides"]]
    sides = tuple(
        Side(letter, name, spoken(query, form.zone, cohorts), _chart_url(page, chart, query), start)
        for letter, name, query, start in zip(LETTERS, names, pair, starts, strict=True)
    )
    return _answered(replace(page, sides=sides), pair, compared, chart)


def _answered(
    page: ComparePage, pair: tuple[FlowQuery, FlowQuery], compared: Mapping[str, Any], chart: Address
) -> ComparePage:
    """The page with its numbers."""
    assert page.runs is not None
    results = page.runs.results
    rows = sorted(_rows(page, compared, pair[0]), key=lambda row: ORDER.index(row.verdict))
    opened = next((row for row in rows if row.picked), None)
    if opened is None:
        page = replace(page, address=page.address.on(None))
    picture: DifferenceView | None = None
    charts: tuple[ChartView, ...] = ()
    colours = colours_by_rank([node for result in results for node in result["nodes"]])
    top = pair[0].top
    if page.address.view == BESIDE:
        kept = kept_labels(results, top)
        charts = tuple(
            chart_view(bucketed(result, kept), width=HALF, uid=side.letter, colours=colours, url=_opener(page, side))
            for result, side in zip(results, page.sides, strict=True)
        )
    elif not page.is_empty:
        picture = difference_view(
            results,
            compared,
            top=top,
            width=BESIDE_PANEL if opened else CANVAS,
            noun=page.noun,
            colours=colours,
            url=lambda selector: _url(page.address, page.letter, selector),
            picked=page.address.picked,
        )
    return replace(
        page,
        tests=compared["tests"],
        rows=tuple(rows[:LISTED]),
        left_out=max(0, len(rows) - LISTED),
        picture=picture,
        charts=charts,
        panel=_panel(page, opened, pair, chart) if opened else None,
        tabs=tuple(
            Tab(name, str(_sided(page.address.at(view=view), page.letter)), page.address.view == view)
            for view, name in VIEWS.items()
        ),
    )


def _params(form: QuestionForm, query: FlowQuery, saved: FlowChart | None) -> QueryDict:
    """A question as the address of its chart says it: not at all where it is the saved one."""
    params = params_of(query, form.dataset, form.zone)
    if saved is not None and query.canonical() == saved.query and form.dataset == saved.dataset:
        params.clear()
    return params


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


def _chart_url(page: ComparePage, chart: Address, query: FlowQuery) -> str:
    return str(replace(chart, params=_params(page.form, query, page.saved), view="sankey", picked=None))


def _rows(page: ComparePage, compared: Mapping[str, Any], query: FlowQuery) -> Iterator[Row]:
    steps = max((row["step"] for row in compared["nodes"]), default=0)
    words = end_words(steps, query.backwards)
    found = [(row, selector_of(row)) for kind in ("totals", "nodes", "links", "ends") for row in compared[kind]]
    found.sort(key=lambda pair: (pair[0]["difference"] is None, -abs(pair[0]["difference"] or 0.0)))
    for row, selector in found:
        name, place = named(selector, words, query.backwards)
        figures = tuple(
            Figure(
                figure(count),
                figure(base),
                share(count, base) if count is not None and base else "–",
                _url(page.address, letter, selector) if count else "",
            )
            for count, base, letter in zip(row["counts"], row["bases"], LETTERS, strict=True)
        )
        said = verdict(row)
        known = row["difference"] is not None
        one, two = row["shares"]
        yield Row(
            selector=selector,
            name=name,
            place=place,
            figures=figures,
            points=points(row["difference"]) if known else "–",
            interval=" to ".join(map(points, row["interval"])) if known else "–",
            ratio=ratio(two, one) if known else "–",
            p=p_value(row["adjusted_p"]),
            verdict=said,
            said=SAID[said],
            picked=selector == page.address.picked,
        )


def selector_of(row: Mapping[str, Any]) -> Selector:
    """Which number of a flow a row of a comparison is about."""
    if "source" in row:
        return link_selector(row)
    if "step" in row:
        return Selector(set=NODE, step=row["step"], kind=row["kind"], label=row["label"], state=row.get("state"))
    return Selector(set=MATCHED, state=row["state"])


def named(selector: Selector, words: Mapping[str, str], backwards: bool) -> tuple[str, str]:
    """What a number is of, and where it stands."""
    if selector.set == LINK:
        ends = [_label(selector.source_kind, selector.source), _label(selector.target_kind, selector.target)]
        assert selector.step is not None
        steps = [step_name(selector.step, backwards), step_name(selector.step + 1, backwards)]
        if backwards:
            ends.reverse()
            steps.reverse()
        return " → ".join(ends), f"{steps[0]} to {steps[1].lower()}"
    if selector.set == MATCHED:
        assert selector.state is not None
        return words[selector.state], "Over all steps"
    assert selector.step is not None
    name = _label(selector.kind, selector.label)
    ended = f", {words[selector.state].lower()}" if selector.state else ""
    return f"{name}{ended}", step_name(selector.step, backwards)


def _label(kind: str, label: str) -> str:
    return "Other" if kind == OTHER else printable(label)


def _panel(page: ComparePage, row: Row, pair: tuple[FlowQuery, FlowQuery], chart: Address) -> Panel:
    assert page.runs is not None
    at = LETTERS.index(page.letter)
    selector, query = row.selector, pair[at]
    if OTHER in (selector.kind, selector.source_kind, selector.target_kind):
        query = wide(query)  # Other is what is left beside the labels that were asked for
    there = replace(chart, params=_params(page.form, query, page.saved), view="sankey", picked=selector)
    return Panel(
        row=row,
        letter=page.letter,
        side=page.sides[at].name,
        people_url=there.below("people", version=str(page.runs.both[at].dataset_version)),
        chart_url=str(there),
        closed_url=str(page.address.on(None)),
    )
