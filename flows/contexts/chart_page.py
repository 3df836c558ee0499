"""Everything that the page of a chart shows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Membership, Role, Team
from flows import queries
from flows.chart_view import ChartView, chart_view, end_words
from flows.contexts.address import VIEWS, Address, Asker
from flows.contexts.builder import FIELDS, Builder, Choice, builder, choices
from flows.contexts.cohorts import place
from flows.contexts.panel import Panel, panel_of
from flows.contexts.sentence import Words, sentence
from flows.engine.query import MAX_TOP
from flows.engine.result import EVENT, OTHER
from flows.engine.selector import MATCHED, NODE, PATH, Selector
from flows.exports.formats import FORMATS, Format
from flows.figures import share
from flows.forms.charts import QuestionForm, params_of
from flows.lettering import cut_middle_to, printable
from flows.models import Annotation, FlowChart, FlowRun
from flows.moments import moment_in
from flows.services.names import NAME_LENGTH

CANVAS, BESIDE_PANEL = 1080, 788  # pixels that the picture has on a desk, without and with the panel
EAGER = timedelta(seconds=3)
SUGGESTED = 8


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class PathStep:
    name: str
    colour: int


@dataclass(frozen=True, slots=True)
class PathRow:
    steps: tuple[PathStep, ...]
    end: str  # how it is drawn
    end_name: str
    count: int
    share: str  # of start
    url: str


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    icon: str
    url: str
    main: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    choice: Choice
    url: str


@dataclass(frozen=True, slots=True)
class ChartPage:
    """One state of the page.

    `run` is what was asked (None: nothing could be asked), `shown` the run whose result stands on the page: the same,
    an older one that is marked as stale, or none.
    """

    team: Team
    saved: FlowChart | None
    may_edit: bool
    address: Address
    form: QuestionForm
    builder: Builder
    sentence: tuple[Words, ...]
    title: str
    run: FlowRun | None
    shown: FlowRun | None
    chart: ChartView | None
    panel: Panel | None
    tabs: tuple[Tab, ...]
    paths: tuple[PathRow, ...]
    actions: tuple[Action, ...]
    funnel_url: str  # of the chain that leads to the open number
    expand: tuple[tuple[str, str], ...] | None  # the question as fields, where the open event can be expanded
    suggestions: tuple[Suggestion, ...]
    notes: tuple[Annotation, ...]  # on days of the range, the newest first
    is_paused: bool
    turned_away: str  # why it was not asked

    @property
    def is_waiting(self) -> bool:
        return self.run is not None and not self.run.is_over

    @property
    def is_stale(self) -> bool:
        return self.shown is not None and self.shown is not self.run

    @property
    def is_changed(self) -> bool:
        query = self.form.query
        return self.saved is not None and (query is None or query.canonical() != self.saved.query)

    @property
    def is_invalid(self) -> bool:
        return self.form.is_asked and self.form.query is None

    @property
    def error(self) -> str:
        if self.is_invalid:
            return next((f"{FIELDS.get(name, name)}: {text}" for name, text in self.builder.errors.items()), "")
        return self.run.error if self.run is not None and self.run.status == FlowRun.Status.FAILED else self.turned_away

    @property
    def was_cancelled(self) -> bool:
        return self.is_paused or (self.run is not None and self.run.status == FlowRun.Status.CANCELLED)

    @property
    def percent(self) -> int:
        return int(100 * self.run.fraction) if self.run else 0

    @property
    def data_through(self) -> datetime | None:
        """The newest event that the numbers on the page know."""
        result = self.shown.result if self.shown else None
        return datetime.fromisoformat(result["data_through"]) if result and result["data_through"] else None

    @property
    def poll_ms(self) -> int:
        """Often at first, then once a second."""
        return 300 if self.run and timezone.now() - self.run.created_at < EAGER else 1000

    @property
    def url(self) -> str:
        return str(self.address)

    @property
    def waiting_url(self) -> str:
        """The same page for whoever waits for the computation that has begun."""
        return f"{self.url}{'&' if '?' in self.url else '?'}run={self.run.pk}" if self.run else self.url

    @property
    def closed_url(self) -> str:
        return str(self.address.on(None))

    @property
    def picked_params(self) -> list[tuple[str, str]]:
        return self.address.picked.to_params() if self.address.picked else []

    @property
    def people_url(self) -> str:
        """The people behind the open number, on the version of the events that the number is of."""
        version = self.shown.dataset_version if self.shown else 0
        return self.address.below("people", version=str(version))

    @property
    def alert_url(self) -> str:
        """Where the open number of the saved question is watched; empty for who may not, and for other questions."""
        if not self.may_edit or self.saved is None or self.is_changed or self.panel is None:
            return ""
        return self.address.below("about") + "#alerts"

    @property
    def files(self) -> list[tuple[Format, str]]:
        """What these very numbers can be exported as, and where."""
        if self.shown is None:
            return []
        address, version = self.address.on(None), str(self.shown.dataset_version)
        return [(form, address.below(f"export/{form.key}", version=version)) for form in FORMATS.values()]

    @property
    def cohort_name(self) -> str:
        """What the open set is called unless somebody knows better."""
        query, panel = self.form.query, self.panel
        return place(query, panel.selector)[:NAME_LENGTH] if query and panel else ""

    @property
    def paths_count(self) -> int:
        """How many of the start the listed paths hold; a path that ends in several ways is listed for each."""
        return sum(path.count for path in self.paths)


def chart_page(
    *,
    membership: Membership,
    saved: FlowChart | None,
    form: QuestionForm,
    run: FlowRun | None,
    address: Address,
    is_paused: bool = False,
    turned_away: str = "",
) -> ChartPage:
    team = membership.team
    shown = _shown(form, run)
    result = shown.result if shown else None
    address = replace(address, params=_params(form, saved, address))
    cohorts = queries.cohort_names(team, form.dataset)
    chart = _chart(result, address) if result else None
    panel = panel_of(result, chart, address.picked, _opener(address)) if result and chart else None
    if chart and not panel:
        address = address.on(None)
    return ChartPage(
        team=team,
        saved=saved,
        may_edit=membership.may(Role.EDITOR),
        address=address,
        form=form,
        builder=builder(team, form, address, result, chart.colours if chart else {}, cohorts),
        sentence=sentence(form.query, form.zone, cohorts) if form.query else (),
        title=saved.name if saved else suggested_name(form),
        run=run,
        shown=shown,
        chart=chart,
        panel=panel,
        tabs=tuple(_tabs(address)),
        paths=tuple(_paths(result, chart, _opener(address))) if result and chart and address.view == "paths" else (),
        actions=tuple(_actions(panel, form, address)),
        funnel_url=_funnel_url(result, panel, address) if result and panel else "",
        expand=_expandable(panel, form),
        suggestions=() if form.is_asked else tuple(_suggestions(form, address)),
        notes=_notes(team, saved, form),
        is_paused=is_paused,
        turned_away=turned_away,
    )


def _opener(address: Address) -> Callable[[Selector | None], str]:
    """Addresses of the same page with another number open; the open one closes."""

    def url(selector: Selector | None) -> str:
        return str(address.on(None if selector == address.picked else selector))

    return url


def _chart(result: Mapping[str, Any], address: Address) -> ChartView:
    picked = address.picked
    return chart_view(result, width=BESIDE_PANEL if picked else CANVAS, url=_opener(address), picked=picked)


def _shown(form: QuestionForm, run: FlowRun | None) -> FlowRun | None:
    """The answer itself, or while it is computed the last one to the same question."""
    if run is not None and run.status == FlowRun.Status.DONE:
        return run
    return queries.last_answer(form.dataset, form.query) if form.query else None


def _params(form: QuestionForm, saved: FlowChart | None, address: Address) -> Any:
    """The question as the address should say it: short, and not at all where it is the saved one."""
    if form.query is None:
        return address.params
    params = params_of(form.query, form.dataset, form.zone)
    if saved is not None and form.query.canonical() == saved.query and form.dataset == saved.dataset:
        params.clear()
    return params


def suggested_name(form: QuestionForm) -> str:
    """What a chart is called until somebody gives it a name."""
    names = [cut_middle_to(printable(name), 60) for field in ("start", "end") for name in form.events(field)[:1]]
    if form.query is None or not names:
        return "New chart"
    if form.query.between:
        return f"From {names[0]} to {names[1]}"[:NAME_LENGTH]
    return f"{'Before' if form.query.backwards else 'After'} {names[0]}"


def _notes(team: Team, saved: FlowChart | None, form: QuestionForm) -> tuple[Annotation, ...]:
    if form.query is None:
        return ()
    since, until = (
        moment_in(form.zone, at).date() if at is not None else None
        for at in (form.query.range_from, form.query.range_to)
    )
    return tuple(reversed(queries.annotations(team, saved, since=since, until=until)))


def _tabs(address: Address) -> Iterator[Tab]:
    for view, name in zip(VIEWS, ("Sankey", "Top paths", "Table"), strict=True):
        yield Tab(name, str(address.at(view=view)), address.view == view)


def _paths(result: Mapping[str, Any], chart: ChartView, url: Callable[[Selector | None], str]) -> Iterator[PathRow]:
    words = end_words(chart.steps, chart.backwards)
    for path in result["paths"]:
        # Read backwards a path is told from its anchor; time runs the other way.
        labels = reversed(path["labels"]) if chart.backwards else path["labels"]
        steps = tuple(PathStep(printable(label), chart.colours.get(label, 0)) for label in labels)
        key = "entered" if chart.backwards and path["end"] == "dropped" else path["end"]
        opened = url(Selector(set=PATH, path=tuple(path["labels"]), state=path["end"]))
        yield PathRow(steps, key, words[path["end"]], path["count"], share(path["count"], chart.start), opened)


def _actions(panel: Panel | None, form: QuestionForm, address: Address) -> Iterator[Action]:
    """Other questions that begin at the open number."""
    if panel is None or form.query is None or not panel.is_node:
        return
    query, name = form.query, panel.label
    asker = Asker(address, query, form.dataset, form.zone)
    offers: list[tuple[str, str, str, bool]] = []
    if panel.is_other:
        if query.top < MAX_TOP:
            offers.append(("Show more of Other", "list-plus", asker.other(top=min(MAX_TOP, 2 * query.top)), True))
    else:
        offers.append(("Start here", "arrow-right-from-line", asker.other(start=(name,), end=(), **NO_END), True))
        offers.append(("End here", "arrow-right-to-line", asker.other(start=(), end=(name,), **NO_START), True))
    if not panel.is_other and name not in query.start and name not in query.end:
        if query.start:
            offers.append(("From start to here", "route", asker.other(end=(name,), end_where=()), False))
        offers.append(("Hide", "eye-off", asker.other(hide=(*query.hide, name)), False))
        offers.append(("Exclude", "ban", asker.other(exclude=(*query.exclude, name)), False))
        if name not in query.only:
            offers.append(("Only this", "focus", asker.other(only=(*query.only, name)), False))
    for title, icon, url, main in offers:
        if url:
            yield Action(title, icon, url, main)


NO_START: dict[str, object] = {"start_where": ()}
NO_END: dict[str, object] = {"start_where": (), "end_where": ()}


def _expandable(panel: Panel | None, form: QuestionForm) -> tuple[tuple[str, str], ...] | None:
    """The question as hidden fields of a form that asks for a property; None where there is nothing to expand."""
    query = form.query
    if panel is None or query is None or not panel.is_node or panel.is_other or panel.label in dict(query.expand):
        return None
    params = params_of(query, form.dataset, form.zone)
    return tuple((name, value) for name, values in params.lists() for value in values)


def _funnel_url(result: Mapping[str, Any], panel: Panel, address: Address) -> str:
    chain = chain_to(result, panel.selector)
    return address.below("funnel", chain=chain) if chain else ""


def chain_to(result: Mapping[str, Any], selector: Selector) -> list[str]:
    """The labels from step 0 to a number: of a path its own, else those of the broadest ribbons back to the anchor.

    None where Other is on the way, which is no event.
    """
    if selector.set == PATH:
        return list(selector.path)
    if selector.set == MATCHED or selector.step is None:
        return []
    label, chain = selector.label, []
    last = selector.step
    if selector.set == NODE and selector.kind == EVENT:
        chain = [label]
    elif selector.set != NODE and OTHER not in (selector.source_kind, selector.target_kind):
        label, chain = selector.source, [selector.source, selector.target]
    else:
        return []
    for step in range(last - 1, -1, -1):
        into = [
            link
            for link in result["links"]
            if (link["step"], link["target_kind"], link["target"]) == (step, EVENT, label)
            and link["source_kind"] == EVENT
        ]
        if not into:
            return []
        label = max(into, key=lambda link: link["count"])["source"]
        chain.insert(0, label)
    return chain if len(chain) > 1 else []


def _suggestions(form: QuestionForm, address: Address) -> Iterator[Suggestion]:
    for choice in choices(queries.catalogue(form.dataset, limit=SUGGESTED), ()):
        params = address.params.copy()
        params["dataset"] = form.dataset.slug
        params.setlist("start", [choice.name])
        yield Suggestion(choice, str(replace(address, params=params)))
