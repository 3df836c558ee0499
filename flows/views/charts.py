from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import access, queries
from flows.contexts.builder import OFFERED, choices
from flows.contexts.chart_page import ChartPage, chart_page, suggested_name
from flows.contexts.listing import chart_rows, chart_shelf, narrowed
from flows.forms.charts import EVENTS, NameForm, QuestionForm
from flows.forms.keeping import ORDERS, ChartsForm
from flows.models import FlowChart, FlowRun
from flows.services import catalogue, charts, jobs
from flows.views import analyses, asking

CHARTS_A_PAGE = 100


@require_safe
@team_view(Role.VIEWER)
def listing(request: TeamRequest) -> HttpResponse:
    """The team's charts, narrowed by what the address says."""
    form = ChartsForm(request.GET)
    chosen = form.chosen
    pages = Paginator(narrowed(request.team, chosen), CHARTS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "charts": chart_rows(request.team, pages),
        "pages": pages,
        "shelf": chart_shelf(request.team),
        "chosen": chosen,
        "filters": [name for name in chosen if name != "sort"],
        "orders": [(key, name) for key, (name, _) in ORDERS.items()],
        "has_events": queries.datasets_with_events(request.team).exists(),
        "may_edit": request.membership.may(Role.EDITOR),
    }
    name = "flows/list.html#charts" if request.htmx else "flows/list.html"  # type: ignore[attr-defined]
    return render(request, name, context)


@gzip_page
@vary_on_headers("HX-Request")
@team_view(Role.VIEWER, write=Role.EDITOR)
def new(request: TeamRequest) -> HttpResponse:
    """A question that is not saved; POST saves it."""
    if kind := asking.analysis_kind(request, None):
        return analyses.page(request, None, kind)
    form = asking.question(request, None)
    if form is None:
        return render(request, "flows/no_events.html")
    if request.method != "POST":
        return _show(request, None, form)
    return _save(request, None, form)


@gzip_page
@vary_on_headers("HX-Request")
@team_view(Role.VIEWER, write=Role.EDITOR)
def chart(request: TeamRequest, pk: int) -> HttpResponse:
    """A saved question, or another one that begins from it; POST changes what is saved."""
    saved = access.chart_of(request.team, pk)
    if kind := asking.analysis_kind(request, saved):
        return analyses.page(request, saved, kind)
    form = asking.question(request, saved)
    if form is None:
        return render(request, "flows/no_events.html", {"chart": saved})
    if request.method != "POST":
        return _show(request, saved, form)
    return _save(request, saved, form)


@require_POST
@team_view(Role.EDITOR)
def duplicate(request: TeamRequest, pk: int) -> HttpResponse:
    copy = charts.duplicate_chart(chart=access.chart_of(request.team, pk), owner=request.user)
    return redirect("flows:chart", team_slug=request.team.slug, pk=copy.pk)


@require_POST
@team_view(Role.EDITOR)
def delete(request: TeamRequest, pk: int) -> HttpResponse:
    charts.delete_chart(chart=access.chart_of(request.team, pk))
    return redirect("flows:list", team_slug=request.team.slug)


@require_POST
@team_view(Role.VIEWER)
def cancel_run(request: TeamRequest, pk: int) -> HttpResponse:
    """Stop a computation, and what is computed `also`; the page is given as `next` and shown without asking again."""
    also = [int(text) for text in request.POST.getlist("also") if text.isascii() and text.isdigit() and len(text) < 19]
    for run in [access.run_of(request.team, each) for each in (pk, *also[:1])]:
        jobs.cancel(run)
    path, _, params = request.POST.get("next", "").partition("?")
    here = reverse("flows:list", kwargs={"team_slug": request.team.slug})
    if not path.startswith(here):
        return redirect(here)
    address = QueryDict(params, mutable=True)
    address["paused"] = "1"
    return redirect(f"{path}?{address.urlencode()}")


@require_GET
@team_view(Role.VIEWER)
def events(request: TeamRequest, dataset_slug: str) -> HttpResponse:
    """Names for a picker, or for a field that is typed into, found by a part of them."""
    dataset = access.dataset_of(request.team, dataset_slug)
    field = request.GET.get("for", "")
    found = choices(queries.catalogue(dataset, search=request.GET.get("q", "")[:300], limit=OFFERED), ())
    if field == "names":
        return render(request, "flows/builder/event_options.html", {"choices": found})
    context = {"field": field if field in EVENTS else EVENTS[0], "choices": found}
    return render(request, "flows/builder/choices.html", context)


@require_GET
@team_view(Role.VIEWER)
def properties(request: TeamRequest, dataset_slug: str) -> HttpResponse:
    """Names of properties, and some of their values, for the fields of a condition."""
    dataset = access.dataset_of(request.team, dataset_slug)
    return render(request, "flows/builder/properties.html", {"properties": catalogue.properties_of(dataset)})


def _page(
    request: TeamRequest,
    saved: FlowChart | None,
    form: QuestionForm,
    run: FlowRun | None,
    turned_away: str,
    *,
    is_drawn: bool = True,
) -> ChartPage:
    address = asking.address(request, request.path)
    return chart_page(
        membership=request.membership,
        saved=saved,
        form=form,
        run=run,
        address=address,
        is_paused=asking.is_paused(request),
        turned_away=turned_away,
        is_drawn=is_drawn,
    )


def _show(request: TeamRequest, saved: FlowChart | None, form: QuestionForm) -> HttpResponse:
    """The whole page; for htmx what changes of it, and while it waits no more than that."""
    run, turned_away = asking.run_of(request, form.dataset, form.query)
    if tick := asking.tick(request, form.dataset, run):
        return tick
    htmx = request.htmx  # type: ignore[attr-defined]
    is_page = not htmx or htmx.history_restore_request
    is_whole = is_page or htmx.target == "content"
    stays = not is_whole and (
        asking.is_paused(request) or (form.is_asked and form.query is None) or (run is not None and not run.is_over)
    )
    page = _page(request, saved, form, run, turned_away, is_drawn=not stays)
    context: dict[str, Any] = {"page": page, "oob": not is_page}
    if is_whole:
        return render(request, "flows/chart.html" if is_page else "flows/chart.html#another", context)
    if stays:
        response = render(request, "flows/chart.html#waiting", context)
        response["HX-Retarget"], response["HX-Reswap"] = "#waiting", "outerHTML"
    else:
        response = render(request, "flows/chart.html#answer", context)
    if htmx.trigger == "question":
        response["HX-Push-Url"] = page.url
    return response


def _save(request: TeamRequest, saved: FlowChart | None, form: QuestionForm) -> HttpResponse:
    """Save over the chart, or as a new one. Without a name a chart is called after its question."""
    name = NameForm(request.POST)
    if form.query is None or not name.is_valid():
        page = _page(request, saved, form, *asking.run_of(request, form.dataset, form.query))
        reason = next((str(errors[0]) for errors in name.errors.values()), "") or page.error
        context = {"page": page, "refused": reason or "Choose a start event before you save."}
        return render(request, "flows/chart.html", context, status=422)
    text = name.cleaned_data["name"] or (saved.name if saved else suggested_name(form))
    return asking.keep(request, saved, form.dataset, form.query, text)
