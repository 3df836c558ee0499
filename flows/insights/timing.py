"""Where people take long."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows.insights import LEAST


@dataclass(frozen=True, slots=True)
class SlowLink:
    """A link with its row of the result, in seconds, and how many times the chart's middle its median is."""

    link: Mapping[str, Any]
    middle: float

    @property
    def times(self) -> float | None:
        return self.link["median_seconds"] / self.middle if self.middle else None


@dataclass(frozen=True, slots=True)
class SlowLinks:
    """`middle`: half of all moves are over links whose median is at most this (seconds). `small`: links not judged."""

    found: list[SlowLink]
    middle: float
    judged: int
    small: int


def slow_links(result: Mapping[str, Any], most: int = 3) -> SlowLinks:
    """Links whose median is above the chart's middle, the slowest first; those of few people are not judged."""
    links = result["links"]
    middle = middle_of([(link["median_seconds"], link["count"]) for link in links])
    judged = [link for link in links if link["count"] >= LEAST]
    slow = [link for link in judged if link["median_seconds"] > middle]
    slow.sort(key=lambda link: (-link["median_seconds"], -link["count"], link["step"], link["source"], link["target"]))
    return SlowLinks([SlowLink(link, middle) for link in slow[:most]], middle, len(judged), len(links) - len(judged))


def middle_of(weighted: list[tuple[float, int]]) -> float:
    """The smallest value at or below which at least half of the weight lies; 0 without any.

    >>> middle_of([(1.0, 1), (5.0, 2), (9.0, 1)])
    5.0
    """
    whole = sum(weight for _, weight in weighted)
    below = 0
    for value, weight in sorted(weighted):
        below += weight
        if 2 * below >= whole:
            return value
    return 0.0
