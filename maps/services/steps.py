from django.core.exceptions import ValidationError

from accounts.models import User
from maps import access
from maps.limits import MOST_STEPS
from maps.log.wording import beside, lost_with, name_of
from maps.models import JourneyMap, Stage, Step
from maps.services.changes import Verb, changing
from maps.services.order import among, put, room_for_one
from maps.texts import one_line


def add_step(
    *,
    journey: JourneyMap,
    by: User,
    name: str,
    stage: int | None = None,
    before: int | None = None,
    after: int | None = None,
) -> Step:
    """A step beside the step with the key `before` or `after`, or at the end of `stage`."""
    name = one_line(name, "A step")
    with changing(journey, by=by) as change:
        room_for_one(_steps(journey), MOST_STEPS, "steps")
        home = _home(journey, stage, before, after)
        siblings = list(home.steps.all())
        step = Step(stage=home, name=name, position=len(siblings))
        order = put(siblings, step, before=before, after=after)
        change.add(step)
        change.arrange(order)
        change.says(Verb.ADD, "added the step", step, "to", home, about=step)
    return step


def rename_step(*, journey: JourneyMap, by: User, step: int, name: str) -> Step:
    """Raises Http404 where the step is not of this map, as all of these do."""
    name = one_line(name, "A step")
    with changing(journey, by=by) as change:
        row = access.step_of(journey, step)
        old = name_of(row)
        change.set(row, name=name)
        change.says(Verb.CHANGE, "renamed the step", old, "to", row, about=row)
    return row


def mark_moment_of_truth(*, journey: JourneyMap, by: User, step: int, moment: bool) -> Step:
    with changing(journey, by=by) as change:
        row = access.step_of(journey, step)
        change.set(row, moment_of_truth=moment)
        marked = "marked as a moment of truth the step" if moment else "no longer calls a moment of truth the step"
        change.says(Verb.CHANGE, marked, row, about=row)
    return row


def move_step(
    *,
    journey: JourneyMap,
    by: User,
    step: int,
    stage: int | None = None,
    before: int | None = None,
    after: int | None = None,
) -> Step:
    """Put the step, with its cells, beside another step of any stage, or at the end of `stage`.

    Raises ValidationError where its stage would be left without a step.
    """
    with changing(journey, by=by) as change:
        row = access.step_of(journey, step)
        home = _home(journey, stage, before, after)
        siblings = list(home.steps.all())
        came_from = row.stage_id
        if home.pk != came_from:
            left_behind = [other for other in row.stage.steps.all() if other.pk != row.pk]
            _keep_a_step(row, left_behind)
            change.set(row, stage=home, position=len(siblings))
            change.arrange(left_behind)
            siblings.append(row)
        else:
            row = among(siblings, step)
        order = put(siblings, row, before=before, after=after)
        change.arrange(order)
        where = beside(order, row) if row.stage_id == came_from else ["into", name_of(home)]
        change.says(Verb.MOVE, "moved the step", row, *where, about=row)
    return row


def shift_step(*, journey: JourneyMap, by: User, step: int, right: bool) -> Step:
    """Move the step one column: past its neighbour, or at the edge of its stage into the next stage.

    Raises ValidationError where its stage would be left without a step; at the edge of the map nothing moves.
    """
    steps = _steps(journey)
    row = access.step_of(journey, step)
    place = next(place for place, other in enumerate(steps) if other.pk == row.pk)
    beside = place + (1 if right else -1)
    if not 0 <= beside < len(steps):
        return row
    neighbour = steps[beside]
    if neighbour.stage_id == row.stage_id:
        side = "after" if right else "before"
    else:
        side = "before" if right else "after"
    return move_step(journey=journey, by=by, step=step, **{side: neighbour.pk})


def remove_step(*, journey: JourneyMap, by: User, step: int) -> None:
    """Removes the step and its cards. Raises ValidationError for the only step of a stage."""
    with changing(journey, by=by) as change:
        row = access.step_of(journey, step)
        others = [other for other in row.stage.steps.all() if other.pk != row.pk]
        _keep_a_step(row, others)
        change.remove(row)
        change.says(Verb.REMOVE, "removed the step", row, *lost_with(row, change.records), about=row)
        change.arrange(others)


def _steps(journey: JourneyMap) -> list[Step]:
    return list(Step.objects.filter(stage__map=journey).order_by("stage__position", "position"))


def _home(journey: JourneyMap, stage: int | None, before: int | None, after: int | None) -> Stage:
    beside = after if before is None else before
    if beside is not None:
        return access.step_of(journey, beside).stage
    if stage is not None:
        return access.stage_of(journey, stage)
    raise ValidationError("Say which stage the step belongs to.")


def _keep_a_step(row: Step, others: list[Step]) -> None:
    if not others:
        raise ValidationError(
            f"“{row.name}” is the only step of “{row.stage.name}”. A stage needs one; remove the stage instead."
        )
