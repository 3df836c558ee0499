from django.shortcuts import get_object_or_404

from accounts.models import User
from maps import access
from maps.limits import MOST_LANES
from maps.log.wording import beside, lost_with, name_of
from maps.models import JourneyMap, Lane
from maps.services.changes import Verb, changing
from maps.services.order import among, put, room_for_one
from maps.texts import one_line


def add_lane(
    *,
    journey: JourneyMap,
    by: User,
    title: str,
    kind: Lane.Kind,
    role: Lane.Role = Lane.Role.NONE,
    before: int | None = None,
    after: int | None = None,
) -> Lane:
    """A lane above or below the lane with the key `before` or `after`, or at the bottom."""
    title = one_line(title, "A lane")
    with changing(journey, by=by) as change:
        lanes = list(journey.lanes.all())
        room_for_one(lanes, MOST_LANES, "lanes")
        lane = Lane(map=journey, title=title, kind=Lane.Kind(kind), role=Lane.Role(role), position=len(lanes))
        order = put(lanes, lane, before=before, after=after)
        change.add(lane)
        change.arrange(order)
        change.says(Verb.ADD, "added the lane", lane, about=lane)
    return lane


def rename_lane(*, journey: JourneyMap, by: User, lane: int, title: str) -> Lane:
    """Raises Http404 where the lane is not of this map, as all of these do."""
    title = one_line(title, "A lane")
    with changing(journey, by=by) as change:
        row = access.lane_of(journey, lane)
        old = name_of(row)
        change.set(row, title=title)
        change.says(Verb.CHANGE, "renamed the lane", old, "to", row, about=row)
    return row


def collapse_lane(*, journey: JourneyMap, by: User, lane: int, collapsed: bool) -> Lane:
    """Show the lane as its title alone, to everybody, or all of it again."""
    with changing(journey, by=by) as change:
        row = access.lane_of(journey, lane)
        change.set(row, collapsed=collapsed)
        change.says(Verb.CHANGE, "collapsed the lane" if collapsed else "opened the lane", row, about=row)
    return row


def say_whose_lane(*, journey: JourneyMap, by: User, lane: int, persona: int | None) -> Lane:
    """Say which of the map's personas the lane speaks of, or that it speaks of all. Raises Http404 for any other."""
    with changing(journey, by=by) as change:
        row = access.lane_of(journey, lane)
        whose = get_object_or_404(journey.personas, pk=persona) if persona else None
        if change.set(row, persona=whose):
            about = ("is about", whose) if whose else ("is about everybody",)
            change.says(Verb.CHANGE, "said that the lane", row, *about, about=row)
    return row


def move_lane(*, journey: JourneyMap, by: User, lane: int, before: int | None = None, after: int | None = None) -> Lane:
    with changing(journey, by=by) as change:
        lanes = list(journey.lanes.all())
        row = among(lanes, lane)
        order = put(lanes, row, before=before, after=after)
        change.arrange(order)
        change.says(Verb.MOVE, "moved the lane", row, *beside(order, row), about=row)
    return row


def remove_lane(*, journey: JourneyMap, by: User, lane: int) -> None:
    """Removes the lane with its cards or its emotions."""
    with changing(journey, by=by) as change:
        row = access.lane_of(journey, lane)
        others = [other for other in journey.lanes.all() if other.pk != row.pk]
        change.remove(row)
        change.says(Verb.REMOVE, "removed the lane", row, *lost_with(row, change.records), about=row)
        change.arrange(others)
