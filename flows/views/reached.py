"""The people behind the numbers of an analysis, and of a chain of nodes of a flow."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import access
from flows.contexts.people import PAGE
from flows.contexts.reached import reached_view
from flows.engine.query import QueryError
from flows.engine.spot import BEGAN, DID, RETURNED, STEP, Spot
from flows.forms.analyses import AnalysisForm
from flows.forms.charts import QuestionForm
from flows.models import FlowChart
from flows.services import spots
from flows.views import asking

KINDS = {STEP: "funnel", BEGAN: "retention", RETURNED: "retention", DID: "trend"}


@team_view(Role.VIEWER, write=Role.EDITOR)
def reached(request: TeamRequest, pk: int | None = None) -> HttpResponse:
    """The people behind a number, the newest first. POST saves them as a cohort."""
    saved = access.chart_of(request.team, pk) if pk else None
    spot = _spot(request)
    form = _form(request, saved, spot)
    if form is None:
        return render(request, "flows/no_events.html", {"chart": saved})
    if spot is None:
        raise Http404
    if request.method == "POST":
        question = form.query
        refused = asking.save_people(request, form.dataset, question, spot) if question else asking.first_error(form)
        return _people(request, saved, form, spot, refused) if refused else redirect(_back(request, saved, spot))
    return _people(request, saved, form, spot)


def _people(
    request: TeamRequest,
    saved: FlowChart | None,
    form: QuestionForm | AnalysisForm,
    spot: Spot,
    refused: str = "",
) -> HttpResponse:
    question, offset = form.query, asking.whole(request, "offset") or 0
    found, problem = None, asking.first_error(form)
    if question is not None:
        found, problem = asking.tried(
            lambda: spots.page_of_spot(
                dataset=form.dataset,
                question=question,
                spot=spot,
                version=asking.whole(request, "version"),
                offset=offset,
                limit=PAGE,
            )
        )
    view = reached_view(
        saved=saved,
        dataset=form.dataset,
        zone=form.zone,
        question=question,
        spot=spot,
        path=request.path,
        params=request.GET,
        back_url=_back(request, saved, spot),
        found=found,
        offset=offset,
        problem=problem,
    )
    context = {"set": view, "may_edit": request.membership.may(Role.EDITOR), "refused": refused}
    return render(request, "flows/reached.html", context, status=422 if refused else 200)


def _spot(request: TeamRequest) -> Spot | None:
    """The number that the address means; None where it means none that there could be."""
    try:
        return Spot.from_params(dict(request.GET.lists()))
    except QueryError:
        return None


def _form(request: TeamRequest, saved: FlowChart | None, spot: Spot | None) -> QuestionForm | AnalysisForm | None:
    if spot is None or spot.chain:
        return asking.question(request, saved)
    return asking.analysis(request, saved, KINDS[spot.set])


def _back(request: TeamRequest, saved: FlowChart | None, spot: Spot) -> str:
    """The page on which the number stands."""
    names = {"team_slug": request.team.slug, **({"pk": saved.pk} if saved else {})}
    pages = ("funnel", "new_funnel") if spot.chain else ("chart", "new")
    params = request.GET.copy()
    said = {"offset", *(name for name, _ in spot.to_params())} - {"chain", "measure"}
    for name in said if spot.chain else said | {"version"}:
        params.pop(name, None)
    path = reverse(f"flows:{pages[saved is None]}", kwargs=names)
    return f"{path}?{params.urlencode()}" if params else path
