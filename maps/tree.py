"""The team's maps as they stand within each other."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from maps.models import JourneyMap


@dataclass(frozen=True, slots=True)
class Branch:
    """A map, how deep it stands, and the step of the map above that opens it."""

    map: JourneyMap
    depth: int
    step: str


def branches(maps: Iterable[JourneyMap]) -> list[Branch]:
    """Every map once, each below the one whose step opens it; siblings in the order given.

    The maps come with their step and its stage. One whose step is gone stands by itself. A ring, which steps that come
    back can close, is cut where it is met first.
    """
    maps = list(maps)
    there = {journey.pk for journey in maps}
    below: dict[int | None, list[JourneyMap]] = defaultdict(list)
    for journey in maps:
        above = journey.parent_step.stage.map_id if journey.parent_step else None
        below[above if above in there else None].append(journey)
    found: dict[int, Branch] = {}
    for first in (*below[None], *maps):
        waiting = [(first, 0)]
        while waiting:
            journey, depth = waiting.pop()
            if journey.pk not in found:
                step = journey.parent_step.name if journey.parent_step and depth else ""
                found[journey.pk] = Branch(journey, depth, step)
                waiting += [(child, depth + 1) for child in reversed(below[journey.pk])]
    return list(found.values())
