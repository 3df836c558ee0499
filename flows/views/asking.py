"""What an address asks, for every page about a question."""

from collections.abc import Callable
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import TeamRequest
from flows import access, queries
from flows.contexts.address import LOOKS, VIEWS, Address
from flows.contexts.answering import Progress
from flows.engine.query import MAX_STEPS, FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.engine.spot import Spot
from flows.figures import figure
from flows.forms.analyses import AnalysisForm, is_option, kind_of
from flows.forms.analyses import params_of as analysis_params
from flows.forms.charts import NameForm, QuestionForm, carried_over, data_of, event_names, is_question, question_params
from flows.models import Cohort, Dataset, FlowChart, FlowRun
from flows.questions import FLOW, KINDS, Analysis
from flows.services import charts, cohorts, runs, sets
from flows.services.line import TooManyWait
from flows.store import DamagedSegment

T = TypeVar("T")

# How long an answer is waited for before the page shows that it is on its way: most arrive sooner.
PATIENCE = 0.25


def question(request: TeamRequest, saved: FlowChart | None) -> QuestionForm | None:
    """What the address asks, or the saved question where it asks nothing; None without a dataset to ask."""
    zone = ZoneInfo(request.team.time_zone)
    dataset = _dataset(request, saved)
    if dataset is None:
        return None
    stored = runs.saved_query(saved.query) if saved and not any(map(is_question, request.GET)) else None
    stored = stored if isinstance(stored, FlowQuery) else None
    params = data_of(stored, zone) if stored else request.GET
    if params.get("asked", dataset.slug) != dataset.slug:
        params = carried_over(params, queries.unknown_events(dataset, event_names(params)))
    form = QuestionForm(params, dataset=dataset, zone=zone)
    form.is_valid()
    return form


def asked(request: TeamRequest, pk: int | None) -> tuple[FlowChart | None, QuestionForm | None, Address]:
    """The chart, the question, and where the page of the chart stands that a page below it is about."""
    saved = access.chart_of(request.team, pk) if pk else None
    names = {"team_slug": request.team.slug, **({"pk": saved.pk} if saved else {})}
    path = reverse("flows:chart" if saved else "flows:new", kwargs=names)
    return saved, question(request, saved), address(request, path)


def analysis(request: TeamRequest, saved: FlowChart | None, kind: str) -> AnalysisForm | None:
    """As `question`, of another kind of chart."""
    zone, dataset = ZoneInfo(request.team.time_zone), _dataset(request, saved)
    if dataset is None:
        return None
    stored = runs.saved_query(saved.query) if saved and not any(map(is_option, request.GET)) else None
    params = analysis_params(stored, dataset, zone) if isinstance(stored, Analysis) else request.GET
    form = AnalysisForm(params, kind=kind, dataset=dataset, zone=zone)
    form.is_valid()
    return form


def analysis_kind(request: TeamRequest, saved: FlowChart | None) -> str:
    """The kind of analysis that is asked for; "" for a flow."""
    kind = kind_of(request.GET) or (str(saved.query.get("kind", FLOW)) if saved else FLOW)
    return kind if kind in KINDS else ""


def anything(request: TeamRequest, saved: FlowChart | None) -> QuestionForm | AnalysisForm | None:
    """What is asked, of whatever kind."""
    kind = analysis_kind(request, saved)
    return analysis(request, saved, kind) if kind else question(request, saved)


def _dataset(request: TeamRequest, saved: FlowChart | None) -> Dataset | None:
    """The dataset that the address names, else that of the chart, else the freshest; None if it has no events."""
    dataset: Dataset | None
    if slug := request.GET.get("dataset", "").replace("\0", ""):
        dataset = access.dataset_of(request.team, slug)
    else:
        dataset = saved.dataset if saved else queries.freshest_dataset(request.team)
    return dataset if dataset is not None and dataset.events else None


def is_paused(request: TeamRequest) -> bool:
    """Whether the page is shown without asking again: somebody has just cancelled the computation."""
    return "paused" in request.GET


def run_of(request: TeamRequest, dataset: Dataset, query: FlowQuery | Analysis | None) -> tuple[FlowRun | None, str]:
    """The computation of what is asked, or why it was not begun.

    Whoever waits for one names it, so that a failed one is not begun again.
    """
    if query is None or is_paused(request):
        return None, ""
    awaited = queries.awaited_run(dataset, query, request.GET.get("run", ""))
    try:
        return runs.settled(run=awaited or runs.ask(dataset=dataset, query=query), within=PATIENCE), ""
    except TooManyWait as full:
        return None, str(full)


def tick(request: TeamRequest, dataset: Dataset, run: FlowRun | None) -> HttpResponse | None:
    """The progress alone for a page that goes on waiting, and stays as it is; None where there is more to be shown."""
    htmx = request.htmx  # type: ignore[attr-defined]
    if run is None or run.is_over or htmx.trigger != "ticking" or htmx.history_restore_request:
        return None
    progress = Progress(run, request.get_full_path(), dataset.events)
    response = render(request, "flows/waiting_tick.html", {"progress": progress})
    response["HX-Retarget"], response["HX-Reswap"] = "#ticking", "outerHTML"
    return response


def keep(
    request: TeamRequest, saved: FlowChart | None, dataset: Dataset, query: FlowQuery | Analysis, name: str
) -> HttpResponse:
    """Save over the chart, or as a new one, and go there."""
    if saved is None or request.POST.get("action") == "save_as":
        saved = charts.save_chart(team=request.team, dataset=dataset, name=name, query=query, owner=request.user)
    else:
        charts.update_chart(chart=saved, name=name, dataset=dataset, query=query, by=request.user)
    return redirect("flows:chart", team_slug=request.team.slug, pk=saved.pk)


def found(form: QuestionForm, look: Callable[[FlowQuery], T]) -> tuple[T | None, str]:
    """What there is, or the sentence that says why it cannot be shown."""
    query = form.query
    return tried(lambda: look(query)) if query else (None, first_error(form))


def first_error(form: QuestionForm | AnalysisForm) -> str:
    """Why the form holds no question."""
    unasked = "Choose a start event first." if isinstance(form, QuestionForm) else "Choose the events first."
    return next((str(errors[0]) for errors in form.errors.values()), unasked)


def tried(look: Callable[[], T]) -> tuple[T | None, str]:
    """What there is, or the sentence that says why it cannot be shown."""
    try:
        return look(), ""
    except QueryError as error:
        return None, error.sentence
    except (DamagedSegment, sets.Busy) as error:
        return None, str(error)


def save_people(request: TeamRequest, dataset: Dataset, query: FlowQuery | Analysis, selector: Selector | Spot) -> str:
    """Save the people behind a number as a cohort, as the form says; why that was refused, "" where it was not."""
    name = NameForm(request.POST)
    if not name.is_valid():
        return next(str(errors[0]) for errors in name.errors.values())

    def save() -> Cohort:
        return cohorts.save_cohort(
            dataset=dataset,
            query=query,
            selector=selector,
            name=name.cleaned_data["name"],
            by=request.user,
            version=whole(request, "version"),
        )

    try:
        made, problem = tried(save)
    except ValidationError as error:
        return str(error.messages[0])
    if made:
        noun = "person" if made.people == 1 else "people"
        messages.success(request, f"“{made.name}” is saved: {figure(made.people)} {noun}. Filters can name it now.")
    return problem


def whole(request: TeamRequest, name: str) -> int | None:
    """A number of the address; None where there is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def address(request: TeamRequest, path: str) -> Address:
    """Where the page at `path` stands by what this address says."""
    view = request.GET.get("view", "")
    view = view if view in VIEWS else VIEWS[0]
    look = [(name, text[:300].replace("\0", "")) for name in LOOKS.get(view, ()) for text in request.GET.getlist(name)]
    return Address(path, question_params(request.GET), view, picked(request), tuple(look[: MAX_STEPS + 1]))


def picked(request: TeamRequest) -> Selector | None:
    """The number that the address opens; None where it opens none that there could be."""
    try:
        return Selector.from_params(dict(request.GET.lists())) if "set" in request.GET else None
    except QueryError:
        return None
