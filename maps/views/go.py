from django.http import HttpResponse
from django.shortcuts import render

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import places


@team_view(Role.VIEWER)
def go(request: TeamRequest) -> HttpResponse:
    """Everywhere one can go in a team, by what it is called; for htmx only the list."""
    asked = request.GET.get("q", "").replace("\0", "").strip()
    found = places.search(request.team, request.membership, asked)
    if request.htmx and "q" in request.GET:  # type: ignore[attr-defined]
        return render(request, "maps/go.html#found", {"groups": found, "asked": asked})
    template = "maps/go.html#box" if request.htmx else "maps/go.html"  # type: ignore[attr-defined]
    return render(request, template, {"groups": found, "asked": asked})
