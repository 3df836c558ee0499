from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms.maps import SubJourneyForm
from maps.listing import ORDERS
from maps.models import JourneyMap
from maps.tree import branches
from maps.views import answers


@team_view(Role.VIEWER)
def tree(request: TeamRequest) -> HttpResponse:
    """All maps that are not archived, as they stand within each other."""
    maps = queries.list_maps(request.team).exclude(status=JourneyMap.Status.ARCHIVED)
    found = branches(maps.select_related("owner", "parent_step__stage").order_by(*ORDERS["title"]))
    return render(request, "maps/tree.html", {"branches": found})


@team_view(Role.EDITOR)
def under(request: TeamRequest, pk: int, step: int) -> HttpResponse:
    """Which map a step opens: one that is there, or a new one."""
    journey = access.map_of(request.team, pk)
    row = access.step_of(journey, step)
    form = SubJourneyForm(request.POST or None, journey=journey)
    form.is_bound = request.method == "POST"
    if form.is_valid():
        try:
            if key := form.cleaned_data["map"]:
                child = access.map_of(request.team, key)
                services.put_under(journey=child, step=row)
            else:
                child = services.draw_under(step=row, by=request.user)
            return answers.to_map(request, child)
        except ValidationError as error:
            form.add_error("map", error)
    status = 422 if form.is_bound else 200
    title = "Open a sub-journey"
    return answers.panel(request, journey, "sub_journey", form=form, step=row, title=title, status=status)


@require_POST
@team_view(Role.EDITOR)
def take_out(request: TeamRequest, pk: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    services.take_out(journey=journey)
    return redirect("maps:map", request.team.slug, journey.pk)
