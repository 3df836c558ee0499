from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms import NameForm, PlaceForm, TargetForm
from maps.views import answers


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
    siblings = list(queries.list_stages(journey))
    place = siblings.index(row)
    return answers.panel(
        request,
        journey,
        "stage",
        stage=row,
        confirmed=queries.stage_head(journey, stage).confirmed,
        title=row.name,
        left=siblings[place - 1] if place else None,
        right=siblings[place + 1] if place + 1 < len(siblings) else None,
    )


@team_view(Role.EDITOR)
def rename(request: TeamRequest, pk: int, stage: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = access.stage_of(journey, stage)
    form = NameForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        try:
            services.rename_stage(journey=journey, by=request.user, stage=stage, **form.cleaned_data)
            head = queries.stage_head(journey, stage)
            return answers.part(request, journey, "stage", anchor=f"stage-{stage}", stage=head)
        except ValidationError as error:
            form.add_error("name", error)
    status = 422 if form.is_bound else 200
    return answers.panel(request, journey, "rename", form=form, title=f"Rename {row.name}", status=status)


@require_POST
@team_view(Role.EDITOR)
def confirm(request: TeamRequest, pk: int, stage: int) -> HttpResponse:
    """What stands there is true, says whoever asks."""
    journey = access.map_of(request.team, pk)
    services.confirm_stage(journey=journey, by=request.user, stage=stage)
    return answers.part(request, journey, "stage", anchor=f"stage-{stage}", stage=queries.stage_head(journey, stage))


@require_POST
@team_view(Role.EDITOR)
def move(request: TeamRequest, pk: int, stage: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    place = PlaceForm(request.POST)
    beside = place.cleaned_data if place.is_valid() else {}
    services.move_stage(journey=journey, by=request.user, stage=stage, **beside)
    return answers.grid(request, journey, anchor=f"stage-{stage}")


@require_POST
@team_view(Role.EDITOR)
def duplicate(request: TeamRequest, pk: int, stage: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    try:
        twin = services.duplicate_stage(journey=journey, by=request.user, stage=stage)
    except ValidationError as error:
        return answers.refused(request, journey, error)
    return answers.grid(request, journey, anchor=f"stage-{twin.pk}")


@team_view(Role.EDITOR)
def copy(request: TeamRequest, pk: int, stage: int) -> HttpResponse:
    """Choose another map of the team; a POST copies the stage there and goes along."""
    journey = access.map_of(request.team, pk)
    row = access.stage_of(journey, stage)
    form = TargetForm(request.POST or None, journey=journey)
    if request.method == "POST" and form.is_valid():
        target = form.cleaned_data["target"]
        try:
            twin = services.copy_stage(journey=journey, by=request.user, stage=stage, target=target)
            return answers.go_to(request, target, anchor=f"stage-{twin.pk}")
        except ValidationError as error:
            form.add_error("target", error)
    return answers.copying(request, journey, row, form)


@require_POST
@team_view(Role.EDITOR)
def remove(request: TeamRequest, pk: int, stage: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = access.stage_of(journey, stage)
    contents = queries.contents_of_stage(row)
    if contents and "confirmed" not in request.POST:
        return answers.ask(request, journey, title=f"Remove the stage “{row.name}”?", contents=contents)
    try:
        services.remove_stage(journey=journey, by=request.user, stage=stage)
    except ValidationError as error:
        return answers.refused(request, journey, error)
    return answers.grid(request, journey)
