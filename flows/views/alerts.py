"""When a chart is asked again by itself, and who is told about its numbers."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import access
from flows.contexts.alerts import label_of, number_options
from flows.forms.alerts import AlertForm, RefreshForm
from flows.models import FlowChart
from flows.services import alerts, refreshing
from flows.views.keeping import back, page


@require_POST
@team_view(Role.EDITOR)
def set_refresh(request: TeamRequest, pk: int) -> HttpResponse:
    chart = access.chart_of(request.team, pk)
    form = RefreshForm(request.POST)
    if not form.is_valid():
        return page(request, chart, refresh=form)
    refreshing.set_refresh(chart=chart, refresh=FlowChart.Refresh(form.cleaned_data["refresh"]))
    return back(request, chart, "#fresh")


@require_POST
@team_view(Role.EDITOR)
def add_alert(request: TeamRequest, pk: int) -> HttpResponse:
    chart = access.chart_of(request.team, pk)
    form = AlertForm(request.POST, chart=chart, numbers=number_options(chart, None), by=request.user)
    if form.is_valid():
        data = form.cleaned_data
        selector = data.pop("number")
        try:
            alerts.create_alert(
                chart=chart, selector=selector, label=label_of(chart, selector), by=request.user, **data
            )
            return back(request, chart, "#alerts")
        except ValidationError as error:
            form.add_error(None, error)
    return page(request, chart, alert=form)


@require_POST
@team_view(Role.EDITOR)
def remove_alert(request: TeamRequest, pk: int, alert: int) -> HttpResponse:
    chart = access.chart_of(request.team, pk)
    alerts.remove_alert(alert=access.alert_of(chart, alert))
    return back(request, chart, "#alerts")


@require_POST
@team_view(Role.EDITOR)
def test_alert(request: TeamRequest, pk: int, alert: int) -> HttpResponse:
    chart = access.chart_of(request.team, pk)
    alerts.send_test(alert=access.alert_of(chart, alert))
    messages.success(request, "A test is on its way.")
    return back(request, chart, "#alerts")
