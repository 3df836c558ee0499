"""Pages of the other kinds of charts: funnel, retention, trend; and of the people behind the numbers of a funnel."""

from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import access
from flows.answers.funnel import LOST
from flows.contexts.analysis_page import AnalysisPage, analysis_page, suggested_name
from flows.engine.query import MAX_STEPS
from flows.forms.analyses import AnalysisForm, is_option
from flows.forms.charts import NameForm
from flows.models import FlowChart, FlowRun
from flows.questions import FunnelQuestion
from flows.services import funnels
from flows.views import asking


def page(request: TeamRequest, saved: FlowChart | None, kind: str) -> HttpResponse:
    """A question of a kind and its answer; POST saves it."""
    form = asking.analysis(request, saved, kind)
    if form is None:
        return render(request, "flows/no_events.html", {"chart": saved})
    if request.method == "POST":
        return _save(request, saved, form)
    htmx = request.htmx  # type: ignore[attr-defined]
    run, turned_away = asking.run_of(request, form.dataset, form.query)
    if tick := asking.tick(request, form.dataset, run):
        return tick
    context = {"page": _page(request, saved, form, run, turned_away)}
    if not htmx or htmx.history_restore_request:
        return render(request, "flows/analysis/page.html", context)
    part = "answer" if htmx.target == "answer" else "another"
    response = render(request, f"flows/analysis/page.html#{part}", context)
    if htmx.trigger == "question":
        response["HX-Push-Url"] = context["page"].url
    return response


def _page(
    request: TeamRequest, saved: FlowChart | None, form: AnalysisForm, run: FlowRun | None, turned_away: str
) -> AnalysisPage:
    params = QueryDict(mutable=True)
    for name, values in request.GET.lists():
        if is_option(name):
            params.setlist(name, values)
    return analysis_page(
        membership=request.membership,
        saved=saved,
        form=form,
        run=run,
        path=request.path,
        params=params,
        measure=request.GET.get("measure", ""),
        is_paused=asking.is_paused(request),
        turned_away=turned_away,
    )


def _save(request: TeamRequest, saved: FlowChart | None, form: AnalysisForm) -> HttpResponse:
    name = NameForm(request.POST)
    if form.query is None or not name.is_valid():
        shown = _page(request, saved, form, *asking.run_of(request, form.dataset, form.query))
        reason = next((str(errors[0]) for errors in name.errors.values()), "") or shown.first_error
        context = {"page": shown, "refused": reason or "Choose an event before you save."}
        return render(request, "flows/analysis/page.html", context, status=422)
    text = name.cleaned_data["name"] or (saved.name if saved else suggested_name(form))
    return asking.keep(request, saved, form.dataset, form.query, text)


@require_safe
@team_view(Role.VIEWER)
def reached(request: TeamRequest, pk: int | None = None) -> HttpResponse:
    """Who reached a step of a funnel, or whose attempt ended there: of a funnel, or of a chain of nodes of a flow."""
    saved = access.chart_of(request.team, pk) if pk else None
    step, offset = asking.whole(request, "at") or 0, asking.whole(request, "offset") or 0
    state = request.GET.get("state") or None
    if state not in (None, *LOST, "completed"):
        raise Http404
    where = {"step": step, "state": state, "version": asking.whole(request, "version"), "offset": offset}
    chain = request.GET.getlist("chain")[: MAX_STEPS + 2]
    found, problem = _chain(request, saved, chain, where) if chain else _funnel(request, saved, where)
    names = {"team_slug": request.team.slug, **({"pk": saved.pk} if saved else {})}
    pages = ("funnel", "new_funnel") if chain else ("chart", "new")
    back = reverse(f"flows:{pages[not saved]}", kwargs=names)
    further = offset + funnels.PAGE
    context = {
        "found": found,
        "problem": problem,
        "saved": saved,
        "title": f"{'Step' if state is None else LOST.get(state, state).capitalize() + ' at step'} {step + 1}",
        "first": offset + 1,
        "last": offset + len(found.names) if found else 0,
        "back_url": f"{back}?{_without(request, 'at', 'state', 'offset')}",
        "more_url": f"?{_with(request, further)}" if found and further < found.people else "",
        "less_url": f"?{_with(request, max(0, offset - funnels.PAGE))}" if offset else "",
    }
    return render(request, "flows/reached.html", context)


def _chain(
    request: TeamRequest, saved: FlowChart | None, chain: list[str], where: dict[str, Any]
) -> tuple[funnels.People | None, str]:
    form = asking.question(request, saved)
    if form is None:
        return None, "There are no events."
    return asking.found(
        form,
        lambda query: funnels.people_of_chain(dataset=form.dataset, query=query, chain=chain, **where),
    )


def _funnel(request: TeamRequest, saved: FlowChart | None, where: dict[str, Any]) -> tuple[funnels.People | None, str]:
    form = asking.analysis(request, saved, FunnelQuestion.kind)
    if form is None:
        return None, "There are no events."
    question = form.query
    if not isinstance(question, FunnelQuestion):
        return None, next((str(errors[0]) for errors in form.errors.values()), "Choose the steps first.")
    return asking.tried(lambda: funnels.people_of_funnel(dataset=form.dataset, question=question, **where))


def _without(request: TeamRequest, *names: str) -> str:
    params = request.GET.copy()
    for name in names:
        params.pop(name, None)
    return params.urlencode()


def _with(request: TeamRequest, offset: int) -> str:
    params = request.GET.copy()
    params["offset"] = str(offset)
    return params.urlencode()
