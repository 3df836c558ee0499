"""A map for whoever holds a link, and the page that makes such links."""

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.access import TeamRequest, team_view
from accounts.models import Role, ShareLink
from accounts.views.shared import share_page, shared_view
from maps import access, queries
from maps.exports.formats import FORMATS
from maps.models import JourneyMap

DRAWING_KEPT = 24 * 3600  # seconds


@shared_view(JourneyMap)
def shared(request: HttpRequest, link: ShareLink, journey: JourneyMap) -> HttpResponse:
    """The map as a drawing, made once for each state of it."""
    key = f"shared-map:{journey.pk}:{journey.revision}"
    drawing = cache.get(key)
    if drawing is None:
        try:
            drawing = FORMATS["svg"].write(queries.document_of(link.team, journey)).decode()
        except ValidationError:
            drawing = ""  # more than a picture can hold
        cache.set(key, drawing, DRAWING_KEPT)
    return render(request, "maps/shared.html", {"link": link, "journey": journey, "drawing": drawing})


@team_view(Role.EDITOR)
def share_map(request: TeamRequest, pk: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    back = reverse("maps:map", args=[request.team.slug, pk])
    return share_page(request, journey, name=journey.title, back=back, shown_at="shared_maps:map")
