"""Two flows side by side: what differs, and how sure that is."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows.contexts.address import Address
from flows.contexts.compare_page import BESIDE_PANEL, ComparePage, compare_page
from flows.engine.query import QueryError
from flows.forms.charts import QuestionForm, plain
from flows.forms.contrasts import read_contrast
from flows.models import FlowChart
from flows.services import comparisons
from flows.services.line import TooManyWait
from flows.views import asking

PATIENCE = 0.5


@gzip_page
@vary_on_headers("HX-Request")
@require_safe
@team_view(Role.VIEWER)
def compare(request: TeamRequest, pk: int | None = None) -> HttpResponse:
    """The comparison that the address asks for; for htmx what changes of it, and while it waits no more than that."""
    saved, form, chart = asking.asked(request, pk)
    if form is None:
        return render(request, "flows/no_events.html", {"chart": saved})
    page = _page(request, saved, form, chart)
    context = {"page": page}
    htmx = request.htmx  # type: ignore[attr-defined]
    if not htmx or htmx.history_restore_request:
        return render(request, "flows/compare.html", context)
    if page.is_waiting and htmx.trigger == "ticking":
        response = render(request, "flows/compare.html#tick", context)
        response["HX-Retarget"], response["HX-Reswap"] = "#ticking", "outerHTML"
        return response
    response = render(request, "flows/compare.html#answer", context)
    if htmx.trigger == "contrast" and not page.problem:
        response["HX-Push-Url"] = page.url
    return response


def _page(request: TeamRequest, saved: FlowChart | None, form: QuestionForm, chart: Address) -> ComparePage:
    contrast = pair = sides = told = None
    problem = "" if form.query else "Choose a start event before you compare."
    paused = "paused" in request.GET
    try:
        contrast = read_contrast(request.GET, form.zone)
        if contrast and form.query:
            pair = comparisons.pair_of(dataset=form.dataset, query=form.query, contrast=contrast, zone=form.zone)
        if pair and not paused:
            first, second = [*request.GET.getlist("run"), "", ""][:2]
            sides = comparisons.ask(dataset=form.dataset, pair=pair, awaited=(first, second), within=PATIENCE)
            if sides.are_done:
                width = BESIDE_PANEL if chart.picked else comparisons.WIDTH
                told = comparisons.told(sides, top=pair[0].top, width=width, picked=chart.picked)
    except QueryError as error:
        problem = plain(error)
    except TooManyWait as full:
        problem = str(full)
    return compare_page(
        team=request.team,
        saved=saved,
        form=form,
        params=request.GET,
        chart=chart,
        contrast=contrast,
        pair=pair,
        runs=sides,
        told=told,
        problem=problem,
        is_paused=paused,
    )
