"""Everything that the page of a chart shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from accounts.models import Membership, Role
from flows import queries
from flows.chart_view import ChartView, chart_view
from flows.contexts.address import VIEWS, Address, Asker, asked_params
from flows.contexts.answering import AnswerPage, Tab, notes_on, shown_run
from flows.contexts.builder import FIELDS, Builder, Choice, builder, choices
from flows.contexts.cohorts import place
from flows.contexts.contrasts import CHOICES
from flows.contexts.insights import PARTS, Group, Teller
from flows.contexts.matrix import Matrix, matrix_of
from flows.contexts.panel import Panel, panel_of
from flows.contexts.paths import PathList, path_list
from flows.contexts.sentence import sentence
from flows.contexts.tree import Tree, tree_view
from flows.engine.query import MAX_TOP
from flows.engine.result import EVENT, OTHER
from flows.engine.selector import MATCHED, NODE, PATH, Selector
from flows.exports.formats import FORMATS, Format
from flows.forms.charts import QuestionForm, params_of
from flows.forms.contrasts import WITH
from flows.lettering import cut_middle_to, printable
from flows.models import FlowChart, FlowRun
from flows.questions import FLOW
from flows.sankey import colours_by_rank
from flows.services.names import NAME_LENGTH

CANVAS, BESIDE_PANEL = 1080, 788  # pixels that the picture has on a desk, without and with the panel
SUGGESTED = 8


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPage(AnswerPage):
    """One state of the page of a flow."""

    address: Address
    form: QuestionForm
    builder: Builder
    chart: ChartView | None
    panel: Panel | None
    tabs: tuple[Tab, ...]
    insights: tuple[Group, ...]
    later: tuple[tuple[str, str], ...]  # insights that are computed on their own: title and address
    paths: PathList | None
    matrix: Matrix | None
    tree: Tree | None
    actions: tuple[Action, ...]
    funnel_url: str  # of the chain that leads to the open number
    comparisons: tuple[tuple[str, str], ...]  # what the question, or the open number, can be compared with
    expand: tuple[tuple[str, str], ...] | None  # the question as fields, where the open event can be expanded
    suggestions: tuple[Suggestion, ...]

    @property
    def first_error(self) -> str:
        return next((f"{FIELDS.get(name, name)}: {text}" for name, text in self.builder.errors.items()), "")

    @property
    def url(self) -> str:
        return str(self.address)

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
        return [(form, address.below(f"export/{form.key}", version=version)) for form in FORMATS[FLOW].values()]

    def trace_url(self) -> str:
        """Where the paths through a node are told, by its place in the result."""
        version = self.shown.dataset_version if self.shown else 0
        return self.address.on(None).below("trace", version=str(version))

    @property
    def tops(self) -> list[str]:
        """Steps with another number of labels, as the form takes them."""
        return [f"{step}:{most}" for step, most in self.form.query.tops] if self.form.query else []

    @property
    def cohort_name(self) -> str:
        """What the open set is called unless somebody knows better."""
        query, panel = self.form.query, self.panel
        return place(query, panel.selector)[:NAME_LENGTH] if query and panel else ""


def chart_page(
    *,
    membership: Membership,
    saved: FlowChart | None,
    form: QuestionForm,
    run: FlowRun | None,
    address: Address,
    is_paused: bool = False,
    turned_away: str = "",
    is_drawn: bool = True,
) -> ChartPage:
    """Without `is_drawn` what stands on the page stays there, and only what is around it is told."""
    team = membership.team
    shown = shown_run(form.dataset, form.query, run)
    result = shown.result if shown else None
    drawn = result if is_drawn else None
    if form.query is not None:
        address = replace(address, params=asked_params(form.query, form.dataset, form.zone, saved))
    cohorts = queries.cohort_names(team, form.dataset)
    colours = colours_by_rank(result["nodes"]) if result else {}
    chart = _chart(drawn, address, form, colours) if drawn else None
    panel = panel_of(drawn, chart, address.picked, address.opener()) if drawn and chart else None
    if chart and not panel:
        address = address.on(None)
    told = address.view == "insights"
    opener = address.opener()
    tree = None
    if shown and chart and form.query and address.view == "tree":
        tree = tree_view(form.dataset, form.query, chart, address, shown.dataset_version)
    matrix = None
    if drawn and chart and address.view == "matrix":
        matrix = matrix_of(form, drawn, chart, address, opener)
    return ChartPage(
        team=team,
        saved=saved,
        may_edit=membership.may(Role.EDITOR),
        address=address,
        form=form,
        builder=builder(team, form, address, result, colours, cohorts),
        sentence=sentence(form.query, form.zone, cohorts) if form.query else (),
        title=saved.name if saved else suggested_name(form),
        run=run,
        shown=shown,
        chart=chart,
        panel=panel,
        tabs=tuple(_tabs(address)),
        insights=Teller(form.query, address.on(None), form).at_once(drawn) if told and drawn and form.query else (),
        later=tuple(_later(address)) if told and drawn else (),
        paths=path_list(drawn, chart, address, opener) if drawn and chart and address.view == "paths" else None,
        matrix=matrix,
        tree=tree,
        actions=tuple(_actions(panel, form, address)),
        funnel_url=_funnel_url(drawn, panel, address) if drawn and panel else "",
        comparisons=tuple(_comparisons(address)) if form.query else (),
        expand=_expandable(panel, form),
        suggestions=() if form.is_asked else tuple(_suggestions(form, address)),
        notes=notes_on(team, saved, form.query, form.zone),
        is_paused=is_paused,
        turned_away=turned_away,
    )


def _chart(result: Mapping[str, Any], address: Address, form: QuestionForm, colours: Mapping[str, int]) -> ChartView:
    picked, query = address.picked, form.query

    def tops(step: int, most: int) -> str:
        if query is None:
            return ""
        others = [pair for pair in query.tops if pair[0] != step]
        return Asker(address, query, form.dataset, form.zone).other(tops=(*others, (step, most)))

    width = BESIDE_PANEL if picked else CANVAS
    tables = address.view == "table"
    return chart_view(
        result,
        width=width,
        colours=colours,
        url=address.opener(),
        closed=str(address.on(None)),
        picked=picked,
        tops=tops,
        tables=tables,
    )


def suggested_name(form: QuestionForm) -> str:
    """What a chart is called until somebody gives it a name."""
    names = [cut_middle_to(printable(name), 60) for field in ("start", "end") for name in form.events(field)[:1]]
    if form.query is None or not names:
        return "New chart"
    if form.query.between:
        return f"From {names[0]} to {names[1]}"[:NAME_LENGTH]
    return f"{'Before' if form.query.backwards else 'After'} {names[0]}"


def _tabs(address: Address) -> Iterator[Tab]:
    for view, name in zip(VIEWS, ("Sankey", "Tree", "Top paths", "Matrix", "Table", "Insights"), strict=True):
        yield Tab(name, str(address.at(view=view)), address.view == view)


def _actions(panel: Panel | None, form: QuestionForm, address: Address) -> Iterator[Action]:
    """Other questions that begin at the open number."""
    if panel is None or form.query is None or not panel.is_node:
        return
    query, name = form.query, panel.label
    asker = Asker(address, query, form.dataset, form.zone)
    offers: list[tuple[str, str, str, bool]] = []
    if panel.is_other:
        shown = query.top_at(panel.selector.step or 0)
        if shown < MAX_TOP:
            others = [pair for pair in query.tops if pair[0] != panel.selector.step]
            more = asker.other(tops=(*others, (panel.selector.step, min(MAX_TOP, 2 * shown))))
            offers.append(("Show more of Other", "list-plus", more, True))
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
    return address.below("funnel", chain=chain, version=str(result["dataset_version"])) if chain else ""


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


def _later(address: Address) -> Iterator[tuple[str, str]]:
    for part, title in PARTS.items():
        yield title, address.below("insights", about=part)


def _comparisons(address: Address) -> Iterator[tuple[str, str]]:
    for kind, name in CHOICES.items():
        yield name, address.below("compare", **{WITH: kind})


def _suggestions(form: QuestionForm, address: Address) -> Iterator[Suggestion]:
    for choice in choices(queries.catalogue(form.dataset, limit=SUGGESTED), ()):
        params = address.params.copy()
        params["dataset"] = form.dataset.slug
        params.setlist("start", [choice.name])
        yield Suggestion(choice, str(replace(address, params=params)))
