"""Order among siblings, when a move is taken back and others have moved meanwhile. Keys and numbers only."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence


def movers(before: Sequence[str], after: Sequence[str], *, meant: str = "") -> set[str]:
    """The fewest keys that were moved to get from one order to the other; keys that are not in both do not count.

    Of two neighbours that changed places either may have moved: `meant` is then taken to be the one.

    >>> sorted(movers("abcd", "acdb")), sorted(movers("ab", "ba", meant="a"))
    (['b'], ['a'])
    """
    common = [key for key in before if key in set(after)]
    place = {key: number for number, key in enumerate(key for key in after if key in set(common))}
    if meant in place:
        others = [key for key in common if key != meant]
        if others == sorted(others, key=place.__getitem__):
            return set() if common == sorted(common, key=place.__getitem__) else {meant}
    return set(common) - _longest_in_order(common, place)


def _longest_in_order(keys: Sequence[str], place: Mapping[str, int]) -> set[str]:
    """A longest subsequence of `keys` whose places rise, by patience sorting."""
    tops: list[int] = []
    ends: list[str] = []
    below: dict[str, str | None] = {}
    for key in keys:
        pile = bisect_left(tops, place[key])
        below[key] = ends[pile - 1] if pile else None
        tops[pile : pile + 1] = [place[key]]
        ends[pile : pile + 1] = [key]
    found = set()
    key_or_none = ends[-1] if ends else None
    while key_or_none is not None:
        found.add(key_or_none)
        key_or_none = below[key_or_none]
    return found


def ordered(places: Mapping[str, int]) -> list[str]:
    return sorted(places, key=places.__getitem__)


def merge(
    current: Mapping[str, int], was: Mapping[str, int], becomes: Mapping[str, int], *, meant: str = ""
) -> list[str]:
    """A group of siblings after a recorded change of their places, carried out on the group as it is now.

    `current` are the places of those who stand there now; `was` and `becomes` are the places that the change names,
    from which others may have moved since. Whoever is in `becomes` but not in `current` comes in.
    Where nobody has moved since, everybody gets the recorded place; else the movers go beside their old neighbours.
    """
    wanted = {**current, **becomes}
    if sorted(wanted.values()) == list(range(len(wanted))):
        return ordered(wanted)
    recorded = ordered(becomes)
    moving = movers(ordered(was), recorded, meant=meant) | (set(becomes) - set(current))
    result = [key for key in ordered(current) if key not in moving]
    for place, key in enumerate(recorded):
        if key in moving:
            result.insert(_beside(result, recorded, place, becomes), key)
    return result


def _beside(result: Sequence[str], recorded: Sequence[str], place: int, becomes: Mapping[str, int]) -> int:
    key = recorded[place]
    for left in recorded[max(0, place - 1) : place]:
        if left in result and becomes[left] == becomes[key] - 1:
            return result.index(left) + 1
    for right in recorded[place + 1 :]:
        if right in result:
            return result.index(right)
    return min(becomes[key], len(result))
