"""Labels that tell a property of their event: ``event: value``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np

from flows.engine.arrays import CodeArray, IntArray, SegmentArrays
from flows.engine.columns import Codes, as_codes
from flows.engine.labels import ExpandedEvent
from flows.engine.marks import NO_COLUMN

AT_ONCE = 1 << 20  # events


class Expansion(NamedTuple):
    """One event of one segment that is to tell its value.

    event : local code; column : of the property; present : int64[n], codes of the values that occur with the event,
    ascending; bare : whether it occurs without a value.
    """

    name: str
    event: int
    column: Codes
    present: IntArray
    bare: bool

    def labels(self) -> Iterator[str]:
        """One label for each value that occurs."""
        for text in self.occurring():
            yield f"{self.name}: {text}"

    def labelled(self, codes: CodeArray, plain: CodeArray) -> ExpandedEvent:
        """With the label codes of :meth:`labels` (int32[n]), and that of events without a value (int32[1])."""
        labels = np.repeat(plain, len(self.column.texts) + 1)
        labels[self.present + 1] = codes
        return ExpandedEvent(self.event, self.column, labels)

    def occurring(self) -> Iterator[str]:
        """The values that occur. NUL, which no database keeps in a text, is shown as a sign for it."""
        texts = self.column.texts
        found: Iterable[str] = (texts[code] for code in self.present.tolist())
        if 4 * len(self.present) >= len(texts):
            occurs = np.zeros(len(texts), bool)
            occurs[self.present] = True
            found = compress(texts, occurs.tolist())
        return (text.replace("\0", "\ufffd") for text in found)


def put_expanded(each: ExpandedEvent, segment: SegmentArrays, low: int, out: CodeArray) -> None:
    """Give an expanded event its label codes among the events from ``low`` on (int32[events])."""
    places = np.flatnonzero(segment.codes[low : low + len(out)] == each.event)
    out[places] = each.labels[each.column.of(low + places) + 1]


def expand_events(pairs: Sequence[tuple[str, str]], segment: SegmentArrays) -> list[Expansion]:
    """What of the expanded (event, property) pairs occurs in a segment."""
    if not pairs:
        return []
    codes = {name: code for code, name in enumerate(segment.names)}
    expansions = []
    for name, property_name in pairs:
        if name not in codes:
            continue
        column = as_codes(segment.columns.get(property_name, NO_COLUMN), _places(segment, codes[name]))
        present = np.zeros(len(column.texts) + 1, bool)
        for places in _places(segment, codes[name]):
            present[column.of(places) + 1] = True
        occurring = np.flatnonzero(present[1:])
        expansions.append(Expansion(name, codes[name], column, occurring, bool(present[0])))
    return expansions


def _places(segment: SegmentArrays, event: int) -> Iterator[IntArray]:
    """Where an event stands in a segment, some events at a time."""
    for low in range(0, segment.events, AT_ONCE):
        yield low + np.flatnonzero(segment.codes[low : low + AT_ONCE] == event)
