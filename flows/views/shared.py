"""Charts for whoever holds a link, and the page that makes such links."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.access import TeamRequest, team_view
from accounts.models import Role, ShareLink
from accounts.views.shared import share_page, shared_view
from flows import access
from flows.contexts.shown_chart import shown_chart
from flows.models import FlowChart


@shared_view(FlowChart)
def chart(request: HttpRequest, link: ShareLink, chart: FlowChart) -> HttpResponse:
    """The chart as last computed: no people, no other question."""
    return render(request, "flows/shared/chart.html", {"link": link, "shown": shown_chart(chart)})


@team_view(Role.EDITOR)
def share_chart(request: TeamRequest, pk: int) -> HttpResponse:
    chart = access.chart_of(request.team, pk)
    back = reverse("flows:chart", args=[request.team.slug, pk])
    return share_page(request, chart, name=chart.name, back=back, shown_at="shared:chart")
