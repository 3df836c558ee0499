from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from maps import access
from maps.limits import MOST_STAGES
from maps.log.wording import beside, lost_with, name_of
from maps.models import JourneyMap, Stage, Step
from maps.services.changes import Verb, changing
from maps.services.order import among, put, room_for_one
from maps.texts import one_line, paragraphs


def add_stage(
    *, journey: JourneyMap, by: User, name: str, before: int | None = None, after: int | None = None
) -> Stage:
    """A stage with one step, beside the stage with the key `before` or `after`, or at the end."""
    name = one_line(name, "A stage")
    with changing(journey, by=by) as change:
        stages = list(journey.stages.all())
        room_for_one(stages, MOST_STAGES, "stages")
        stage = Stage(map=journey, name=name, position=len(stages))
        order = put(stages, stage, before=before, after=after)
        change.add(stage)
        change.arrange(order)
        change.add(Step(stage=stage, name="First step", position=0))
        change.says(Verb.ADD, "added the stage", stage, about=stage)
    return stage


def rename_stage(*, journey: JourneyMap, by: User, stage: int, name: str, goal: str | None = None) -> Stage:
    """Raises Http404 where the stage is not of this map, as all of these do."""
    values = {"name": one_line(name, "A stage")}
    if goal is not None:
        values["goal"] = paragraphs(goal)
    with changing(journey, by=by) as change:
        row = access.stage_of(journey, stage)
        old = name_of(row)
        if change.set(row, **values) and name_of(row) != old:
            change.says(Verb.CHANGE, "renamed the stage", old, "to", row, about=row)
        else:
            change.says(Verb.CHANGE, "wrote what the stage", row, "is for", about=row)
    return row


def confirm_stage(*, journey: JourneyMap, by: User, stage: int) -> Stage:
    """Say that what stands there is true, today and by this person."""
    with changing(journey, by=by) as change:
        row = access.stage_of(journey, stage)
        change.set(row, confirmed_at=timezone.now(), confirmed_by=by)
        JourneyMap.objects.filter(pk=journey.pk).update(confirmed=True)
        change.says(Verb.CHANGE, "confirmed the stage", row, about=row)
    return row


def move_stage(
    *, journey: JourneyMap, by: User, stage: int, before: int | None = None, after: int | None = None
) -> Stage:
    """Its steps, and what stands under them, go along."""
    with changing(journey, by=by) as change:
        stages = list(journey.stages.all())
        row = among(stages, stage)
        order = put(stages, row, before=before, after=after)
        change.arrange(order)
        change.says(Verb.MOVE, "moved the stage", row, *beside(order, row), about=row)
    return row


def remove_stage(*, journey: JourneyMap, by: User, stage: int) -> None:
    """Removes the stage with its steps and their cards. Raises ValidationError for the only stage."""
    with changing(journey, by=by) as change:
        row = access.stage_of(journey, stage)
        others = [other for other in journey.stages.all() if other.pk != row.pk]
        if not others:
            raise ValidationError(f"“{row.name}” is the only stage, and a map needs one.")
        change.remove(row)
        change.says(Verb.REMOVE, "removed the stage", row, *lost_with(row, change.records), about=row)
        change.arrange(others)
