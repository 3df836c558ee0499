"""Where most people leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows.insights import LEAST


@dataclass(frozen=True, slots=True)
class DropOff:
    """`dropped` of the `reached` went no further; the flow began with `start`."""

    step: int
    kind: str
    label: str
    dropped: int
    reached: int
    start: int

    @property
    def small(self) -> bool:
        return self.reached < LEAST


def drop_offs(result: Mapping[str, Any], most: int = 3) -> list[DropOff]:
    """The nodes at which most people dropped, the most first; read backwards, where most came in."""
    start = result["units"]["matched"]
    nodes = [node for node in result["nodes"] if node["dropped"]]
    nodes.sort(key=lambda node: (-node["dropped"], node["count"], node["step"], node["label"]))
    return [
        DropOff(node["step"], node["kind"], node["label"], node["dropped"], node["count"], start)
        for node in nodes[:most]
    ]
