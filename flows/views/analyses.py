"""Pages of the other kinds of charts: funnel, retention, trend."""

from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from accounts.access import TeamRequest
from flows.contexts.analysis_page import AnalysisPage, analysis_page, suggested_name
from flows.forms.analyses import AnalysisForm, is_option
from flows.forms.charts import NameForm
from flows.models import FlowChart, FlowRun
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
