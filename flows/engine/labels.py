"""Filter, label, hide and anchor in one look-up: event code → what the walk needs to know about the event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from flows.engine.arrays import CodeArray
from flows.engine.columns import Codes

VISIBLE = 1
ANCHOR = 2
TARGET = 4
EXCLUDED = 8
LABEL_SHIFT = 4

CYCLE_SIGN = "⇄"

Relabel = Callable[[Iterable[str]], Mapping[str, str]]  # names → label of each that is not its own label


class ExpandedEvent(NamedTuple):
    """An event whose label depends on a property. event : local code; column : of the property; labels : int32[texts +
    1], label code of each value, the first for events without one."""

    event: int
    column: Codes
    labels: CodeArray


@dataclass(slots=True)
class Labels:
    """The labels of one question over all its segments.

    Attributes
    ----------
    names : list of str
        Label code → label; cycles are appended as they are found.
    table : int32[labels]
        Label code → value: 0 if hidden, else ``code << 4 | VISIBLE | ANCHOR | TARGET | EXCLUDED``.
    recode : list of int32[codes of the segment]
        Per segment: local code → label code.
    expanded : list of lists of ExpandedEvent
        Per segment: events whose label depends on a property.
    """

    names: list[str]
    table: CodeArray
    recode: list[CodeArray]
    expanded: list[list[ExpandedEvent]]
    known: dict[str, int] = field(repr=False)

    def intern(self, label: str) -> int:
        """Label code of a label that is not an event name, made on first sight."""
        code = self.known.setdefault(label, len(self.names))
        if code == len(self.names):
            self.names.append(label)
        return code

    def cycle(self, first: int, second: int) -> int:
        """Label code of the cycle of two labels: equal text is the same label."""
        return self.intern(f"{self.names[first]}{CYCLE_SIGN}{self.names[second]}")
