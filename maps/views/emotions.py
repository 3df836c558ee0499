from typing import cast

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms.cards import EmotionForm
from maps.models import EmotionPoint, JourneyMap
from maps.services import Conflict
from maps.views import answers


@team_view(Role.VIEWER)
def table(request: TeamRequest, pk: int, lane: int) -> HttpResponse:
    """The curve of a lane as a table, a row for each step."""
    journey = access.map_of(request.team, pk)
    row = queries.row_of(journey, lane)
    return answers.panel(request, journey, "emotions", row=row, title=row.lane.title)


@team_view(Role.EDITOR)
def emotion(request: TeamRequest, pk: int, lane: int, step: int) -> HttpResponse:
    """How people feel at a step: a form, and its answer."""
    journey = access.map_of(request.team, pk)
    point = queries.judged_at(journey, lane, step)
    known = {"score": point.score, "label": point.label, "version": point.version} if point else {"version": 0}
    form = EmotionForm(request.POST or None, initial=known)
    theirs = None
    if request.method == "POST" and form.is_valid():
        try:
            services.set_emotion(journey=journey, by=request.user, lane=lane, step=step, **form.cleaned_data)
            return _row(request, journey, lane, step)
        except ValidationError as error:
            form.add_error(None, error)
        except Conflict as conflict:
            theirs = cast(EmotionPoint, conflict.theirs)
            form = _with_both(form, theirs)
    status = 409 if theirs else 422 if form.is_bound else 200
    row, column = access.lane_of(journey, lane), access.step_of(journey, step)
    answer = answers.panel(
        request,
        journey,
        "emotion",
        form=form,
        point=point,
        lane=row,
        step=column,
        title=column.name,
        status=status,
        theirs=queries.row_of(journey, lane) if theirs and request.htmx else None,  # type: ignore[attr-defined]
    )
    if form.is_bound:
        answer["HX-Retarget"], answer["HX-Reswap"] = "#map-menu", "innerHTML"
    return answer


@require_POST
@team_view(Role.EDITOR)
def clear(request: TeamRequest, pk: int, lane: int, step: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    services.clear_emotion(journey=journey, by=request.user, lane=lane, step=step)
    return _row(request, journey, lane, step)


def _with_both(form: EmotionForm, theirs: EmotionPoint) -> EmotionForm:
    """What was sent, now on the version of somebody else, and what stands there."""
    again = EmotionForm({**form.cleaned_data, "version": theirs.version})
    who = theirs.updated_by or "Somebody"
    again.add_error(
        None, f"{who} changed this to “{theirs}” meanwhile. Save puts yours in its place; Esc leaves theirs."
    )
    return again


def _row(request: TeamRequest, journey: JourneyMap, lane: int, step: int) -> HttpResponse:
    """The whole lane: the curve runs through all of it."""
    row = queries.row_of(journey, lane)
    return answers.part(request, journey, "row", element=f"row-{lane}", anchor=f"cell-{lane}-{step}", row=row)
