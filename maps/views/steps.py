from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms.heads import StepPlaceForm
from maps.models import Step
from maps.views import answers, heads
from maps.views.heads import Head


def _contents(step: Step) -> dict[str, int]:
    """The only step of a stage stays in any case, so there is nothing to ask."""
    return queries.contents_of_step(step) if step.stage.steps.count() > 1 else {}


STEP = Head(
    kind="step",
    row=access.step_of,
    part=lambda journey, step: {"step": queries.step_head(journey, step)},
    contents=_contents,
    rename=services.rename_step,
    duplicate=services.duplicate_step,
    remove=services.remove_step,
)
rename = heads.renaming(STEP)
duplicate = heads.duplicating(STEP)
remove = heads.removing(STEP)


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


@require_POST
@team_view(Role.EDITOR)
def moment(request: TeamRequest, pk: int, step: int) -> HttpResponse:
    """Marks a moment of truth (`moment=1`) or takes the mark away."""
    journey = access.map_of(request.team, pk)
    marked = request.POST.get("moment") == "1"
    services.mark_moment_of_truth(journey=journey, by=request.user, step=step, moment=marked)
    return answers.parts(request, journey, [f"step-{step}"], anchor=f"step-{step}")


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
