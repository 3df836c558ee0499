from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms import NameForm, StepPlaceForm
from maps.views import answers


@require_POST
@team_view(Role.EDITOR)
def add(request: TeamRequest, pk: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    place = StepPlaceForm(request.POST)
    try:
        beside = place.cleaned_data if place.is_valid() else {}
        step = services.add_step(journey=journey, by=request.user, name="New step", **beside)
    except ValidationError as error:
        return answers.refused(request, journey, error)
    return answers.grid(request, journey, anchor=f"step-{step.pk}", rename=True)


@team_view(Role.EDITOR)
def menu(request: TeamRequest, pk: int, step: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = access.step_of(journey, step)
    steps = queries.steps_in_order(journey)
    first, last = steps[0].pk == step, steps[-1].pk == step
    return answers.panel(request, journey, "step", step=row, first=first, last=last, title=row.name)


@team_view(Role.EDITOR)
def rename(request: TeamRequest, pk: int, step: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = access.step_of(journey, step)
    form = NameForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        try:
            services.rename_step(journey=journey, by=request.user, step=step, **form.cleaned_data)
            head = queries.step_head(journey, step)
            return answers.part(request, journey, "step", anchor=f"step-{step}", step=head)
        except ValidationError as error:
            form.add_error("name", error)
    status = 422 if form.is_bound else 200
    return answers.panel(request, journey, "rename", form=form, title=f"Rename {row.name}", status=status)


@require_POST
@team_view(Role.EDITOR)
def moment(request: TeamRequest, pk: int, step: int) -> HttpResponse:
    """Marks a moment of truth (`moment=1`) or takes the mark away."""
    journey = access.map_of(request.team, pk)
    marked = request.POST.get("moment") == "1"
    services.mark_moment_of_truth(journey=journey, by=request.user, step=step, moment=marked)
    return answers.grid(request, journey, anchor=f"step-{step}")


@require_POST
@team_view(Role.EDITOR)
def move(request: TeamRequest, pk: int, step: int) -> HttpResponse:
    """One column to the `side`, left or right, or beside another step or into a stage."""
    journey = access.map_of(request.team, pk)
    place = StepPlaceForm(request.POST)
    side = request.POST.get("side")
    try:
        if side in ("left", "right"):
            services.shift_step(journey=journey, by=request.user, step=step, right=side == "right")
        else:
            beside = place.cleaned_data if place.is_valid() else {}
            services.move_step(journey=journey, by=request.user, step=step, **beside)
    except ValidationError as error:
        return answers.refused(request, journey, error)
    return answers.grid(request, journey, anchor=f"step-{step}")


@require_POST
@team_view(Role.EDITOR)
def duplicate(request: TeamRequest, pk: int, step: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    try:
        twin = services.duplicate_step(journey=journey, by=request.user, step=step)
    except ValidationError as error:
        return answers.refused(request, journey, error)
    return answers.grid(request, journey, anchor=f"step-{twin.pk}")


@require_POST
@team_view(Role.EDITOR)
def remove(request: TeamRequest, pk: int, step: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = access.step_of(journey, step)
    contents = queries.contents_of_step(row)
    if contents and "confirmed" not in request.POST and row.stage.steps.count() > 1:
        return answers.ask(request, journey, title=f"Remove the step “{row.name}”?", contents=contents)
    try:
        services.remove_step(journey=journey, by=request.user, step=step)
    except ValidationError as error:
        return answers.refused(request, journey, error)
    return answers.grid(request, journey)
