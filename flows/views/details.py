"""What a page asks about the answer that stands on it, part by part."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import access
from flows.contexts.tree import Grower, TreeRow
from flows.engine.query import MAX_STEPS, FlowQuery
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
            version=version,
        )

    found, problem = asking.found(form, look)
    if found is None:
        return JsonResponse({"error": problem}, status=409)
    response = JsonResponse({"count": found.count, "links": found.links})
    response["Cache-Control"] = "private, max-age=600"
    return response


@require_safe
@team_view(Role.VIEWER)
def tree(request: TeamRequest, pk: int | None = None) -> HttpResponse:
    """What follows one branch of the tree of paths: rows for the list that stands below it."""
    saved = access.chart_of(request.team, pk) if pk else None
    form = asking.question(request, saved)
    if form is None:
        return HttpResponse("There are no events.", status=409)
    names = {"team_slug": request.team.slug, **({"pk": saved.pk} if saved else {})}
    address = asking.address(request, reverse("flows:chart" if saved else "flows:new", kwargs=names))
    prefix = request.GET.getlist("root")[: MAX_STEPS + 1]

    def look(query: FlowQuery) -> TreeRow:
        result = details.result_of(dataset=form.dataset, query=query, version=asking.whole(request, "version"))
        version = result["dataset_version"]
        branch = details.tree_of(dataset=form.dataset, query=query, prefix=prefix, depth=1, version=version)
        return Grower.of(query, result, address).row(branch, branch.count)

    found, problem = asking.found(form, look)
    return render(request, "flows/tree_rows.html", {"row": found, "problem": problem}, status=409 if problem else 200)
