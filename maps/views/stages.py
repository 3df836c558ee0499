from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services, trust
from maps.forms.heads import PlaceForm
from maps.views import answers, heads
from maps.views.heads import Head, neighbours

STAGE = Head(
    kind="stage",
    row=access.stage_of,
    part=lambda journey, stage: {"stage": queries.stage_head(journey, stage)},
    contents=queries.contents_of_stage,
    rename=services.rename_stage,
    duplicate=services.duplicate_stage,
    remove=services.remove_stage,
)
rename = heads.renaming(STAGE)
move = heads.moving(STAGE, services.move_stage)
duplicate = heads.duplicating(STAGE)
copy = heads.copying(STAGE, services.copy_stage)
remove = heads.removing(STAGE)


@require_POST
@team_view(Role.EDITOR)
def add(request: TeamRequest, pk: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    place = PlaceForm(request.POST)
    try:
        beside = place.cleaned_data if place.is_valid() else {}
        stage = services.add_stage(journey=journey, by=request.user, name="New stage", **beside)
    except ValidationError as error:
        return answers.refused(request, journey, error)
    return answers.grid(request, journey, anchor=f"stage-{stage.pk}", rename=True)


@team_view(Role.EDITOR)
def menu(request: TeamRequest, pk: int, stage: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = access.stage_of(journey, stage)
    beside = neighbours(list(queries.list_stages(journey)), row)
    confirmed = trust.confirmed(row, journey=journey, now=timezone.now())
    return answers.panel(request, journey, "stage", stage=row, title=row.name, confirmed=confirmed, **beside)


@require_POST
@team_view(Role.EDITOR)
def confirm(request: TeamRequest, pk: int, stage: int) -> HttpResponse:
    """What stands there is true, says whoever asks."""
    journey = access.map_of(request.team, pk)
    services.confirm_stage(journey=journey, by=request.user, stage=stage)
    return answers.part(request, journey, "stage", anchor=f"stage-{stage}", **STAGE.part(journey, stage))
