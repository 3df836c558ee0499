"""The same two events, one right behind the other or with others between: what the way round costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.engine.detours import Leg, Ways
from flows.engine.result import EVENT
from flows.insights.sureness import adjusted

ASKED = 12  # pairs that are followed through all paths


@dataclass(frozen=True, slots=True)
class Detour:
    """One pair with both ways. `adjusted_p` is of the difference in completion, None where it is too small to test."""

    leg: Leg
    direct: Ways
    around: Ways
    adjusted_p: float | None

    @property
    def small(self) -> bool:
        return self.adjusted_p is None

    @property
    def extra_seconds(self) -> float:
        return self.around.median_seconds - self.direct.median_seconds


def legs_of(result: Mapping[str, Any], most: int = ASKED) -> list[Leg]:
    """The busiest links between two different events, from whose step a way round may lead, too."""
    depth = result["query"]["steps"]
    links = [
        link
        for link in result["links"]
        if link["source_kind"] == link["target_kind"] == EVENT
        and link["source"] != link["target"]
        and link["step"] + 2 <= depth
    ]
    links.sort(key=lambda link: (-link["count"], link["step"], link["source"], link["target"]))
    return [Leg(link["step"], link["source"], link["target"]) for link in links[:most]]


def detours(legs: Sequence[Leg], ways: Sequence[tuple[Ways, Ways]], most: int = 3) -> list[Detour]:
    """Pairs that people go both ways, those first on which most time is spent on the way round altogether."""
    both = [
        (leg, direct, around) for leg, (direct, around) in zip(legs, ways, strict=True) if direct.count and around.count
    ]
    sure = adjusted([(direct.done, direct.count, around.done, around.count) for _, direct, around in both])
    found = [Detour(leg, direct, around, p) for (leg, direct, around), p in zip(both, sure, strict=True)]
    found.sort(key=lambda each: -each.around.count * max(each.extra_seconds, 0.0))
    return found[:most]
