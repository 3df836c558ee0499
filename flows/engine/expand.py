"""Labels that tell a property of their event: ``event: value``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from flows.engine.arrays import CodeArray, IntArray, SegmentArrays, read_only
from flows.engine.columns import Codes, as_codes
from flows.engine.jit import kernel
from flows.engine.kernels import U
from flows.engine.labels import ExpandedEvent
from flows.engine.marks import NO_COLUMN

Array = Any
PART = 1 << 20  # events that are read at once


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


@kernel
def _find_present(codes: Array, event: Array, values: Array, present: Array) -> None:
    """present : bool[texts + 1], the first for events without a value."""
    for i in range(codes.size):
        if codes[U(i)] == event:
            present[U(values[U(i)] + 1)] = True


@kernel
def _put_labels(codes: Array, event: Array, values: Array, labels: Array, out: Array) -> None:
    for i in range(out.size):
        if codes[U(i)] == event:
            out[U(i)] = labels[U(values[U(i)] + 1)]


def put_expanded(each: ExpandedEvent, segment: SegmentArrays, low: int, out: CodeArray) -> None:
    """Give an expanded event its label codes among the events from ``low`` on (int32[events])."""
    values = read_only(each.column.part(low, low + len(out)))
    _put_labels(segment.codes[low : low + len(out)], each.event, values, each.labels, out)


def expand_events(pairs: Sequence[tuple[str, str]], segment: SegmentArrays) -> list[Expansion]:
    """What of the expanded (event, property) pairs occurs in a segment; reads the columns of each pair once."""
    if not pairs:
        return []
    places = {name: code for code, name in enumerate(segment.names)}
    expansions = []
    for name, property_name in pairs:
        if name not in places:
            continue
        column = as_codes(segment.columns.get(property_name, NO_COLUMN))
        present = np.zeros(len(column.texts) + 1, bool)
        for low in range(0, segment.events, PART):
            high = min(low + PART, segment.events)
            values = read_only(column.part(low, high))
            _find_present(segment.codes[low:high], places[name], values, present)
        occurring = np.flatnonzero(present[1:])
        expansions.append(Expansion(name, places[name], column, occurring, bool(present[0])))
    return expansions
