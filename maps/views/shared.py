"""A map for whoever holds a link, and the page that makes such links."""

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.access import TeamRequest, team_view
from accounts.models import Role, ShareLink
from accounts.views.shared import share_page, shared_view
from maps import access, queries, services
from maps.exports.formats import FORMATS
from maps.models import JourneyMap

DRAWING_KEPT = 24 * 3600  # seconds
MOST_PICTURES = 3 * 1024**2  # bytes; they stand in the page, which is sent whole


@shared_view(JourneyMap)
def shared(request: HttpRequest, link: ShareLink, journey: JourneyMap) -> HttpResponse:
    """The map as a drawing, made once for each state of it; only the last one is kept."""
    key = f"shared-map:{journey.pk}"
    revision, drawing = cache.get(key, (None, ""))
    if revision != journey.revision:
        document = services.with_pictures(queries.document_of(link.team, journey), team=link.team, most=MOST_PICTURES)
        try:
            drawing = FORMATS["svg"].write(document).decode()
        except ValidationError:
            drawing = ""  # more than a picture can hold
        cache.set(key, (journey.revision, drawing), DRAWING_KEPT)
    return render(request, "maps/shared.html", {"link": link, "journey": journey, "drawing": drawing})


@team_view(Role.EDITOR)
def share_map(request: TeamRequest, pk: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    back = reverse("maps:map", args=[request.team.slug, pk])
    return share_page(request, journey, name=journey.title, back=back, shown_at="shared_maps:map")
