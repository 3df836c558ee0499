from django.core.exceptions import ValidationError

from accounts.models import User
from maps import access
from maps.models import EmotionPoint, JourneyMap, Lane
from maps.services.changes import Conflict, Verb, changing
from maps.texts import LABEL_LIMIT, flat, short_enough

NEW = 0


def set_emotion(
    *, journey: JourneyMap, by: User, lane: int, step: int, score: int, label: str = "", version: int
) -> EmotionPoint:
    """How people are judged to feel at a step, −2 to +2. `version` is 0 where no point was there.

    Raises Conflict where the point is no longer in that version, ValidationError for a score out of range,
    Http404 for a step or an emotion lane that is not of this map.
    """
    if not -2 <= score <= 2:
        raise ValidationError("A score goes from −2 to +2.")
    label = short_enough(flat(label), LABEL_LIMIT)
    with changing(journey, by=by) as change:
        row = access.lane_of(journey, lane)
        column = access.step_of(journey, step)
        if row.kind != Lane.Kind.EMOTION:
            raise ValidationError("Only an emotion lane holds scores.")
        point = _judged(row.pk, column.pk)
        if point is None:
            point = change.add(EmotionPoint(lane=row, step=column, score=score, label=label))
            change.says(Verb.ADD, "judged the step", column, "as", str(point), about=point)
            return point
        if (point.score, point.label) == (score, label):
            return point
        if point.version != version:
            raise Conflict(point)
        change.set(point, score=score, label=label)
        change.says(Verb.CHANGE, "judged the step", column, "as", str(point), about=point)
    return point


def clear_emotion(*, journey: JourneyMap, by: User, lane: int, step: int, version: int | None = None) -> None:
    """Nothing happens where there is no point. Raises Conflict where it is no longer in `version`, if given."""
    with changing(journey, by=by) as change:
        point = _judged(access.lane_of(journey, lane).pk, access.step_of(journey, step).pk)
        if point is None:
            return
        if version is not None and point.version != version:
            raise Conflict(point)
        change.remove(point)
        change.says(Verb.REMOVE, "cleared the feeling at", point.step, about=point)


def _judged(lane: int, step: int) -> EmotionPoint | None:
    points = EmotionPoint.objects.select_related("lane", "step", "updated_by")
    return points.filter(lane=lane, step=step, source=EmotionPoint.Source.JUDGED).first()
