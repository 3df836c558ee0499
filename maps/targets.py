"""What a thread is about: an element of the page as an address names it, and a part of the map as the log names it."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404

from maps import access
from maps.log.elements import GRID
from maps.log.parts import MAP, key_of, part_of
from maps.log.wording import short_name
from maps.models import Card, Comment, JourneyMap, Lane, Stage, Step

Part = Comment.Part
_ONE = re.compile(r"(stage|step|lane|card)-(\d{1,18})", re.ASCII)
_CELL = re.compile(r"cell-(\d{1,18})-(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """`element` is its id on the page, `drawn` the element that is sent anew when its mark changes."""

    part: str
    key: str
    name: str
    element: str
    drawn: str


def target_of(journey: JourneyMap, element: str) -> Target:
    """Raises Http404 for whatever is not on this map."""
    if element == MAP:
        return _of_map(journey)
    if found := _CELL.fullmatch(element):
        lane, step = access.lane_of(journey, int(found[1])), access.step_of(journey, int(found[2]))
        return _of_cell(lane, step)
    if not (found := _ONE.fullmatch(element)):
        raise Http404("Not on this map.")
    pk = int(found[2])
    if found[1] == Part.CARD:
        return _of_card(access.card_of(journey, pk))
    if found[1] == Part.STAGE:
        return _of_head(access.stage_of(journey, pk))
    return _of_head(access.step_of(journey, pk) if found[1] == Part.STEP else access.lane_of(journey, pk))


def targets_of(journey: JourneyMap, threads: Collection[Comment]) -> dict[str, Target]:
    """Where the threads are about something that is there now, by key; in at most four queries."""
    keys = {(thread.part, thread.key) for thread in threads}
    uids = {UUID(piece) for part, key in keys if part != Part.MAP for piece in key.split("/")}
    found = {MAP: _of_map(journey)}
    if not uids:
        return found
    parts = {part for part, _ in keys}
    crossing = Part.CELL in parts
    lanes = list(Lane.objects.filter(map=journey, uid__in=uids)) if crossing or Part.LANE in parts else []
    steps = list(Step.objects.filter(stage__map=journey, uid__in=uids)) if crossing or Part.STEP in parts else []
    stages = Stage.objects.filter(map=journey, uid__in=uids) if Part.STAGE in parts else []
    for heads in (lanes, steps, stages):
        found |= {key_of(head): _of_head(head) for head in heads}
    if Part.CARD in parts:
        cards = Card.objects.filter(cell__lane__map=journey, uid__in=uids).select_related("cell__lane", "cell__step")
        found |= {key_of(card): _of_card(card) for card in cards}
    if crossing:
        crossings = {f"{key_of(lane)}/{key_of(step)}": (lane, step) for lane in lanes for step in steps}
        found |= {key: _of_cell(*crossings[key]) for part, key in keys if part == Part.CELL and key in crossings}
    return found


def _of_map(journey: JourneyMap) -> Target:
    return Target(Part.MAP, MAP, journey.title, GRID, "")


def _of_head(row: Stage | Step | Lane) -> Target:
    part = part_of(row).name
    element = f"{part}-{row.pk}"
    return Target(part, key_of(row), short_name(str(row)), element, element)


def _of_cell(lane: Lane, step: Step) -> Target:
    name = f"{short_name(lane.title)} · {short_name(step.name)}"
    element = f"cell-{lane.pk}-{step.pk}"
    return Target(Part.CELL, f"{key_of(lane)}/{key_of(step)}", name, element, _cell(lane, step))


def _of_card(card: Card) -> Target:
    drawn = _cell(card.cell.lane, card.cell.step)
    return Target(Part.CARD, key_of(card), short_name(card.body), f"card-{card.pk}", drawn)


def _cell(lane: Lane, step: Step) -> str:
    """The curve of an emotion lane is drawn as a whole."""
    return f"row-{lane.pk}" if lane.kind == Lane.Kind.EMOTION else f"cell-{lane.pk}-{step.pk}"
