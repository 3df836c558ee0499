from accounts.models import User
from maps import access
from maps.limits import MOST_LANES
from maps.models import JourneyMap, Lane
from maps.services.changes import changing
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
    return lane


def rename_lane(*, journey: JourneyMap, by: User, lane: int, title: str) -> Lane:
    """Raises Http404 where the lane is not of this map, as all of these do."""
    title = one_line(title, "A lane")
    with changing(journey, by=by) as change:
        row = access.lane_of(journey, lane)
        change.set(row, title=title)
    return row


def move_lane(*, journey: JourneyMap, by: User, lane: int, before: int | None = None, after: int | None = None) -> Lane:
    with changing(journey, by=by) as change:
        lanes = list(journey.lanes.all())
        row = among(lanes, lane)
        change.arrange(put(lanes, row, before=before, after=after))
    return row


def remove_lane(*, journey: JourneyMap, by: User, lane: int) -> None:
    """Removes the lane with its cards or its emotions."""
    with changing(journey, by=by) as change:
        row = access.lane_of(journey, lane)
        others = [other for other in journey.lanes.all() if other.pk != row.pk]
        change.remove(row)
        change.arrange(others)
