from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms import LaneForm, NameForm, PlaceForm, TargetForm
from maps.views import answers


@team_view(Role.EDITOR)
def new(request: TeamRequest, pk: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    place = {"before": request.GET.get("before"), "after": request.GET.get("after")}
    form = LaneForm(request.POST or None, initial={name: key for name, key in place.items() if key})
    if request.method == "POST" and form.is_valid():
        values = {**form.cleaned_data, "role": form.cleaned_data["role"] or "none"}
        try:
            lane = services.add_lane(journey=journey, by=request.user, **values)
            return answers.grid(request, journey, anchor=f"lane-{lane.pk}", rename="rename" in request.POST)
        except ValidationError as error:
            form.add_error(None, error)
    if form.is_bound:
        answer = answers.panel(request, journey, "lane_new", form=form, title="Add a lane", status=422)
        answer["HX-Retarget"], answer["HX-Reswap"] = "#map-dialog", "innerHTML"
        return answer
    return answers.panel(request, journey, "lane_new", form=form, title="Add a lane")


@team_view(Role.EDITOR)
def menu(request: TeamRequest, pk: int, lane: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = access.lane_of(journey, lane)
    siblings = list(queries.list_lanes(journey))
    place = siblings.index(row)
    return answers.panel(
        request,
        journey,
        "lane",
        lane=row,
        title=row.title,
        above=siblings[place - 1] if place else None,
        below=siblings[place + 1] if place + 1 < len(siblings) else None,
    )


@team_view(Role.EDITOR)
def rename(request: TeamRequest, pk: int, lane: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = access.lane_of(journey, lane)
    form = NameForm(request.POST or None, initial={"name": row.title})
    if request.method == "POST" and form.is_valid():
        try:
            row = services.rename_lane(journey=journey, by=request.user, lane=lane, title=form.cleaned_data["name"])
            head = queries.lane_head(row)
            return answers.part(request, journey, "lane", anchor=f"lane-{lane}", row=head)
        except ValidationError as error:
            form.add_error("name", error)
    status = 422 if form.is_bound else 200
    return answers.panel(request, journey, "rename", form=form, title=f"Rename {row.title}", status=status)


@require_POST
@team_view(Role.EDITOR)
def collapse(request: TeamRequest, pk: int, lane: int) -> HttpResponse:
    """Shows a lane as its title alone (`collapsed=1`), or all of it again."""
    journey = access.map_of(request.team, pk)
    services.collapse_lane(journey=journey, by=request.user, lane=lane, collapsed=request.POST.get("collapsed") == "1")
    return answers.grid(request, journey, anchor=f"lane-{lane}")


@require_POST
@team_view(Role.EDITOR)
def move(request: TeamRequest, pk: int, lane: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    place = PlaceForm(request.POST)
    beside = place.cleaned_data if place.is_valid() else {}
    services.move_lane(journey=journey, by=request.user, lane=lane, **beside)
    return answers.grid(request, journey, anchor=f"lane-{lane}")


@require_POST
@team_view(Role.EDITOR)
def duplicate(request: TeamRequest, pk: int, lane: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    try:
        twin = services.duplicate_lane(journey=journey, by=request.user, lane=lane)
    except ValidationError as error:
        return answers.refused(request, journey, error)
    return answers.grid(request, journey, anchor=f"lane-{twin.pk}")


@team_view(Role.EDITOR)
def copy(request: TeamRequest, pk: int, lane: int) -> HttpResponse:
    """Choose another map of the team; a POST copies the lane there and goes along."""
    journey = access.map_of(request.team, pk)
    row = access.lane_of(journey, lane)
    form = TargetForm(request.POST or None, journey=journey)
    if request.method == "POST" and form.is_valid():
        target = form.cleaned_data["target"]
        try:
            twin = services.copy_lane(journey=journey, by=request.user, lane=lane, target=target)
            return answers.go_to(request, target, anchor=f"lane-{twin.pk}")
        except ValidationError as error:
            form.add_error("target", error)
    return answers.copying(request, journey, row, form)


@require_POST
@team_view(Role.EDITOR)
def remove(request: TeamRequest, pk: int, lane: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = access.lane_of(journey, lane)
    contents = queries.contents_of_lane(row)
    if contents and "confirmed" not in request.POST:
        return answers.ask(request, journey, title=f"Remove the lane “{row.title}”?", contents=contents)
    services.remove_lane(journey=journey, by=request.user, lane=lane)
    return answers.grid(request, journey)
