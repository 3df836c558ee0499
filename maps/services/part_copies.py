"""The same once more: cards, lanes, steps and stages, beside themselves or on another map of the team."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Model

from accounts.models import User
from maps import access
from maps.limits import MOST_CARDS, MOST_LANES, MOST_STAGES, MOST_STEPS
from maps.log.elements import CONFIRMED
from maps.models import Card, Cell, EmotionPoint, JourneyMap, Lane, Stage, Step
from maps.services.cards import EXTRAS, cell_at, give_extra
from maps.services.changes import Change, Verb, changing
from maps.services.order import among, check_room, put, room_for_one
from maps.texts import body_of

M = TypeVar("M", bound=Model)
# What a copy does not share. Nobody has confirmed it yet.
OWN = frozenset({"id", "uid", "team", "version", "updated_at", "updated_by", "changed_at", *CONFIRMED})

Lanes = Mapping[int, Lane]
Steps = Mapping[int, Step]


def duplicate_card(*, journey: JourneyMap, by: User, card: int) -> Card:
    """The copy stands right below, with all its details. Raises ValidationError where the cell is full."""
    with changing(journey, by=by) as change:
        row = access.card_of(journey, card)
        siblings = list(row.cell.cards.all())
        room_for_one(siblings, MOST_CARDS, "cards in a cell")
        copy = change.add(_like(row, position=len(siblings)))
        _copy_extras(change, [(row, copy)])
        change.arrange(put([*siblings, copy], copy, after=row.pk))
        change.says(Verb.ADD, "duplicated", row, "in", row.cell.lane, "at", row.cell.step, about=copy)
    return access.card_of(journey, copy.pk)


def paste_card(*, journey: JourneyMap, by: User, lane: int, step: int, card: int, body: str) -> Card:
    """A copy at the end of the cell where `lane` and `step` cross, with the text `body`.

    Its details are those of the `card`, as far as it still stands on a map of the team and the lane has them.
    Raises ValidationError for a blank or too long body and for a full cell, Http404 for a lane or step of another map.
    """
    body = body_of(body)
    with changing(journey, by=by) as change:
        cell = cell_at(change, access.lane_of(journey, lane), access.step_of(journey, step))
        siblings = list(cell.cards.all())
        room_for_one(siblings, MOST_CARDS, "cards in a cell")
        row = Card.objects.select_related(*EXTRAS).filter(team=journey.team_id, pk=card).first()
        values = {"cell": cell, "kind": cell.lane.kind, "position": len(siblings), "body": body}
        copy = change.add(_like(row, **values) if row else Card(**values))
        if row and row.kind == copy.kind:
            _copy_extras(change, [(row, copy)])
        else:
            give_extra(change, copy)
        change.says(Verb.ADD, "pasted", copy, "in", cell.lane, "at", cell.step, about=copy)
    return access.card_of(journey, copy.pk)


def duplicate_lane(*, journey: JourneyMap, by: User, lane: int) -> Lane:
    """Raises Http404 where the lane is not of this map, as all of these do for what they copy."""
    with changing(journey, by=by) as change:
        lanes = list(journey.lanes.all())
        row = among(lanes, lane)
        room_for_one(lanes, MOST_LANES, "lanes")
        copy = change.add(_like(row, position=len(lanes)))
        change.arrange(put([*lanes, copy], copy, after=row.pk))
        _copy_contents(change, {row.pk: copy}, {step.pk: step for step in _steps_of(journey)})
        change.says(Verb.ADD, "duplicated the lane", row, about=copy)
    return copy


def duplicate_step(*, journey: JourneyMap, by: User, step: int) -> Step:
    with changing(journey, by=by) as change:
        row = access.step_of(journey, step)
        room_for_one(_steps_of(journey), MOST_STEPS, "steps")
        siblings = list(row.stage.steps.all())
        copy = change.add(_like(row, position=len(siblings)))
        change.arrange(put([*siblings, copy], copy, after=row.pk))
        _copy_contents(change, {lane.pk: lane for lane in journey.lanes.all()}, {row.pk: copy})
        change.says(Verb.ADD, "duplicated the step", row, about=copy)
    return copy


def duplicate_stage(*, journey: JourneyMap, by: User, stage: int) -> Stage:
    """With its steps and what stands under them."""
    with changing(journey, by=by) as change:
        row = access.stage_of(journey, stage)
        copy = _copy_stage(change, row, {lane.pk: lane for lane in journey.lanes.all()}, after=row.pk)
        change.says(Verb.ADD, "duplicated the stage", row, about=copy)
    return copy


def copy_lane(*, journey: JourneyMap, by: User, lane: int, target: JourneyMap) -> Lane:
    """The lane with its contents at the bottom of `target`.

    What stands at a step goes to the step of the same name, else to the one at the same place, else to the last one.
    """
    with changing(target, by=by) as change:
        row = access.lane_of(journey, lane)
        lanes = list(target.lanes.all())
        room_for_one(lanes, MOST_LANES, "lanes")
        copy = change.add(_like(row, map=change.map, position=len(lanes)))
        _copy_contents(change, {row.pk: copy}, _matching(_steps_of(journey), _steps_of(target)))
        change.says(Verb.ADD, "copied the lane", row, "from the map", str(journey), about=copy)
    return copy


def copy_stage(*, journey: JourneyMap, by: User, stage: int, target: JourneyMap) -> Stage:
    """The stage with its steps at the end of `target`.

    What stands under them goes into the lanes of the same kind and title; those that are missing are added.
    """
    with changing(target, by=by) as change:
        row = access.stage_of(journey, stage)
        copy = _copy_stage(change, row, _lanes_for(change, row), map=change.map)
        change.says(Verb.ADD, "copied the stage", row, "from the map", str(journey), about=copy)
    return copy


def _copy_stage(change: Change, row: Stage, lanes: Lanes, *, after: int | None = None, **values: Any) -> Stage:
    stages, steps = list(change.map.stages.all()), list(row.steps.all())
    room_for_one(stages, MOST_STAGES, "stages")
    check_room(len(_steps_of(change.map)) + len(steps), MOST_STEPS, "steps")
    copy = change.add(_like(row, position=len(stages), **values))
    change.arrange(put([*stages, copy], copy, after=after))
    copies = change.add_all([_like(step, stage=copy) for step in steps])
    _copy_contents(change, lanes, {step.pk: twin for step, twin in zip(steps, copies, strict=True)})
    return copy


def _lanes_for(change: Change, stage: Stage) -> dict[int, Lane]:
    """The lane of the target for each lane that has something at the stage."""
    standing = list(change.map.lanes.all())
    free: dict[tuple[str, str], list[Lane]] = defaultdict(list)
    for lane in standing:
        free[lane.kind, lane.title].append(lane)
    used = {*Cell.objects.filter(step__stage=stage, cards__isnull=False).values_list("lane", flat=True)}
    used |= {*EmotionPoint.objects.filter(step__stage=stage).values_list("lane", flat=True)}
    lanes, missing = {}, []
    for lane in stage.map.lanes.filter(pk__in=used):
        if free[lane.kind, lane.title]:
            lanes[lane.pk] = free[lane.kind, lane.title].pop(0)
        else:
            missing.append(lane)
    check_room(len(standing) + len(missing), MOST_LANES, "lanes")
    places = range(len(standing), len(standing) + len(missing))
    added = change.add_all([_like(lane, map=change.map, position=at) for lane, at in zip(missing, places, strict=True)])
    return lanes | {lane.pk: twin for lane, twin in zip(missing, added, strict=True)}


def _matching(steps: Sequence[Step], others: Sequence[Step]) -> dict[int, Step]:
    named = {step.name: step for step in reversed(others)}
    return {step.pk: named.get(step.name) or others[min(at, len(others) - 1)] for at, step in enumerate(steps)}


def _copy_contents(change: Change, lanes: Lanes, steps: Steps) -> None:
    """Cards and feelings of `lanes` at `steps` (by key) onto the lanes and steps that these lead to.

    Where several steps lead to one, its cards stand one below the other, and the first feeling stands.
    """
    cells = Cell.objects.filter(lane__in=lanes, step__in=steps)
    cards = Card.objects.filter(cell__in=cells).select_related("cell", *EXTRAS)
    cards = cards.order_by("cell__step__stage__position", "cell__step__position", "position")
    made: dict[tuple[int, int], Cell] = {}
    for card in cards:
        lane, step = lanes[card.cell.lane_id], steps[card.cell.step_id]
        made.setdefault((lane.pk, step.pk), Cell(lane=lane, step=step, span=card.cell.span if len(steps) > 1 else 1))
    change.add_all(list(made.values()))
    heights: Counter[int] = Counter()
    pairs = []
    for card in cards:
        cell = made[lanes[card.cell.lane_id].pk, steps[card.cell.step_id].pk]
        pairs.append((card, _like(card, cell=cell, position=heights[cell.pk])))
        heights[cell.pk] += 1
    check_room(max(heights.values(), default=0), MOST_CARDS, "cards in a cell")
    change.add_all([copy for _, copy in pairs])
    _copy_extras(change, pairs)
    points = EmotionPoint.objects.filter(lane__in=lanes, step__in=steps)
    felt = {(lanes[one.lane_id].pk, steps[one.step_id].pk, one.source): one for one in reversed(points.order_by("pk"))}
    change.add_all([_like(one, lane=lanes[one.lane_id], step=steps[one.step_id]) for one in felt.values()])


def _copy_extras(change: Change, pairs: Sequence[tuple[Card, Card]]) -> None:
    for kind in EXTRAS:
        change.add_all([_like(getattr(card, kind), card=copy) for card, copy in pairs if hasattr(card, kind)])


def _like(row: M, **values: Any) -> M:
    """A new row with what `row` says, except for `values`."""
    fields = [field for field in row._meta.concrete_fields if field.name not in OWN and field.name not in values]
    return type(row)(**{field.attname: getattr(row, field.attname) for field in fields}, **values)


def _steps_of(journey: JourneyMap) -> list[Step]:
    return list(Step.objects.filter(stage__map=journey).order_by("stage__position", "position"))
