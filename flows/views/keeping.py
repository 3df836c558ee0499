"""What a chart is about, where it is filed, what it asked before, and what happened on which day."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import access, queries
from flows.contexts.alerts import alert_rows, number_options
from flows.contexts.listing import chart_shelf
from flows.contexts.shown_chart import shown_chart
from flows.contexts.versions import version_rows
from flows.engine.query import QueryError
from flows.forms.alerts import AlertForm, RefreshForm
from flows.forms.keeping import AnnotationForm, DescriptionForm
from flows.models import FlowChart
from flows.services import annotations, charts
from flows.views import asking


@team_view(Role.VIEWER, write=Role.EDITOR)
def about(request: TeamRequest, pk: int) -> HttpResponse:
    """Everything about a chart but its numbers; POST changes the description and where it is filed."""
    chart = access.chart_of(request.team, pk)
    form = DescriptionForm(request.POST or None, chart=chart)
    if request.method == "POST" and form.is_valid():
        try:
            charts.describe_chart(chart=chart, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "Saved.")
            return back(request, chart)
    return page(request, chart, form=form)


@require_POST
@team_view(Role.EDITOR)
def annotate(request: TeamRequest, pk: int) -> HttpResponse:
    """Write down what happened on a day, for this chart or for all; `next` is the state of the chart to go back to."""
    chart = access.chart_of(request.team, pk)
    form = AnnotationForm(request.POST)
    if not form.is_valid():
        return page(request, chart, note=form)
    data = form.cleaned_data
    try:
        annotations.annotate(
            team=request.team,
            day=data["day"],
            text=data["text"],
            by=request.user,
            chart=None if data["everywhere"] else chart,
        )
    except ValidationError as error:
        form.add_error(None, error)
        return page(request, chart, note=form)
    here, onwards = reverse("flows:chart", args=[request.team.slug, pk]), request.POST.get("next", "")
    return redirect(onwards) if onwards.startswith(here) else back(request, chart, "#notes")


@require_POST
@team_view(Role.EDITOR)
def remove_annotation(request: TeamRequest, pk: int, note: int) -> HttpResponse:
    chart = access.chart_of(request.team, pk)
    annotations.remove_annotation(annotation=access.annotation_of(request.team, note))
    return back(request, chart, "#notes")


@require_POST
@team_view(Role.EDITOR)
def restore_version(request: TeamRequest, pk: int, number: int) -> HttpResponse:
    chart = access.chart_of(request.team, pk)
    try:
        charts.restore_version(chart=chart, version=access.version_of(chart, number), by=request.user)
        messages.success(request, f"The chart asks again what it asked in version {number}.")
    except QueryError:
        messages.error(request, "This question is no longer understood.")
    return back(request, chart, "#versions")


def back(request: TeamRequest, chart: FlowChart, part: str = "") -> HttpResponse:
    return redirect(reverse("flows:about", args=[request.team.slug, chart.pk]) + part)


def page(request: TeamRequest, chart: FlowChart, **forms: Form) -> HttpResponse:
    """The page, with a form that came back with what is wrong in it as `form`, `note` or `alert`."""
    path = reverse("flows:chart", args=[request.team.slug, chart.pk])
    numbers = number_options(chart, asking.picked(request))
    context = {
        "chart": chart,
        "form": DescriptionForm(chart=chart),
        "note": AnnotationForm(),
        "alert": AlertForm(None, chart=chart, numbers=numbers, by=request.user),
        "refresh": RefreshForm(initial={"refresh": chart.refresh}),
        "alerts": alert_rows(chart),
        "shown": shown_chart(chart),
        "notes": queries.annotations(request.team, chart),
        "versions": version_rows(chart, path),
        "folders": chart_shelf(request.team).folders,
        "may_edit": request.membership.may(Role.EDITOR),
        **forms,
    }
    wrong = any(each.errors for each in forms.values())
    return render(request, "flows/about.html", context, status=422 if wrong else 200)
