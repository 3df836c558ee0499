"""What a page asks about the answer that stands on it, part by part."""

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import access
from flows.engine.query import FlowQuery
from flows.services import details
from flows.views import asking


@require_safe
@team_view(Role.VIEWER)
def trace(request: TeamRequest, pk: int | None = None) -> HttpResponse:
    """Where the paths through a node run, as JSON: `links` are source, target and count, by places in the result."""
    form = asking.question(request, access.chart_of(request.team, pk) if pk else None)
    if form is None:
        return JsonResponse({"error": "There are no events."}, status=409)

    def look(query: FlowQuery) -> details.Trace:
        version, place = (asking.whole(request, name) for name in ("version", "node"))
        return details.trace_of(
            dataset=form.dataset,
            query=query,
            place=-1 if place is None else place,
            version=form.dataset.version if version is None else version,
        )

    found, problem = asking.found(form, look)
    if found is None:
        return JsonResponse({"error": problem}, status=409)
    response = JsonResponse({"count": found.count, "links": found.links})
    response["Cache-Control"] = "private, max-age=600"
    return response
