from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms.heads import LaneForm, WhoseForm
from maps.views import answers, heads
from maps.views.heads import Head, neighbours

LANE = Head(
    kind="lane",
    row=access.lane_of,
    part=lambda journey, lane: {"row": queries.lane_head(access.lane_of(journey, lane))},
    contents=queries.contents_of_lane,
    rename=services.rename_lane,
    duplicate=services.duplicate_lane,
    remove=services.remove_lane,
    title="title",
)
rename = heads.renaming(LANE)
move = heads.moving(LANE, services.move_lane)
duplicate = heads.duplicating(LANE)
copy = heads.copying(LANE, services.copy_lane)
remove = heads.removing(LANE)


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
    beside = neighbours(list(queries.list_lanes(journey)), row)
    personas = list(queries.personas_of(journey))
    return answers.panel(request, journey, "lane", lane=row, title=row.title, personas=personas, **beside)


@require_POST
@team_view(Role.EDITOR)
def collapse(request: TeamRequest, pk: int, lane: int) -> HttpResponse:
    """Shows a lane as its title alone (`collapsed=1`), or all of it again."""
    journey = access.map_of(request.team, pk)
    services.collapse_lane(journey=journey, by=request.user, lane=lane, collapsed=request.POST.get("collapsed") == "1")
    return answers.parts(request, journey, [f"row-{lane}"], anchor=f"lane-{lane}")


@require_POST
@team_view(Role.EDITOR)
def persona(request: TeamRequest, pk: int, lane: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    form = WhoseForm(request.POST)
    if not form.is_valid():
        raise Http404("No such persona.")
    services.say_whose_lane(journey=journey, by=request.user, lane=lane, **form.cleaned_data)
    return answers.parts(request, journey, [f"lane-{lane}"], anchor=f"lane-{lane}")
