"""What is done again and again: in a row, or back and forth between two events."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from flows.engine.labels import CYCLE_SIGN
from flows.engine.result import EVENT
from flows.insights import LEAST


@dataclass(frozen=True, slots=True)
class Loop:
    """A label, at how many steps of paths it stood, and how often it came once more there."""

    label: str
    count: int
    again: int
    step: int  # where most of it is

    @property
    def small(self) -> bool:
        return self.count < LEAST


def repeats(result: Mapping[str, Any], most: int = 3) -> list[Loop]:
    """Events that people do several times in a row, those with most repeats first.

    Only where repeats are collapsed does a result know them.
    """
    return _loops([node for node in result["nodes"] if node["kind"] == EVENT and node["repeats"]], most)


def cycles(result: Mapping[str, Any], names: Collection[str], most: int = 3) -> list[Loop]:
    """A B A B and longer, of a result whose cycles are collapsed; `again` counts the rounds behind the first.

    `names` are labels of events, which may look like those of cycles.
    """
    nodes = [node for node in result["nodes"] if CYCLE_SIGN in node["label"] and node["label"] not in names]
    return _loops(nodes, most)


def _loops(nodes: list[Mapping[str, Any]], most: int) -> list[Loop]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for node in nodes:
        found.setdefault(node["label"], []).append(node)
    loops = [
        Loop(
            label,
            sum(node["count"] for node in same),
            sum(node["repeats"] for node in same),
            max(same, key=lambda node: (node["repeats"], node["count"], -node["step"]))["step"],
        )
        for label, same in found.items()
    ]
    return sorted(loops, key=lambda loop: (-loop.again, -loop.count, loop.label))[:most]
