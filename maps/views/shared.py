"""A map for whoever holds a link, the page that makes such links, and the way to a dashboard."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.access import TeamRequest, team_view
from accounts.models import Role, ShareLink
from accounts.views.shared import share_page, shared_view
from flows.queries import dashboards
from maps import access
from maps.kept_drawings import drawing_of
from maps.models import JourneyMap
from maps.tiles import maps


@shared_view(JourneyMap)
def shared(request: HttpRequest, link: ShareLink, journey: JourneyMap) -> HttpResponse:
    return render(request, "maps/shared.html", {"link": link, "journey": journey, "drawing": drawing_of(journey)})


@team_view(Role.EDITOR)
def share_map(request: TeamRequest, pk: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    back = reverse("maps:map", args=[request.team.slug, pk])
    return share_page(request, journey, name=journey.title, back=back, shown_at="shared_maps:map")


@require_GET
@team_view(Role.EDITOR)
def to_dashboard(request: TeamRequest, pk: int) -> HttpResponse:
    """Which dashboard the map, or a stage of it, is put on; that page does it."""
    journey = access.map_of(request.team, pk)
    context = {
        "journey": journey,
        "whole": maps.value(journey),
        "stages": maps.stages_of(journey),
        "dashboards": dashboards(request.team),
    }
    name = "maps/to_dashboard.html#put" if request.htmx else "maps/to_dashboard.html"  # type: ignore[attr-defined]
    return render(request, name, context)
