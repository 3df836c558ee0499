"""Events as a question with properties sees them: their codes derived anew, for one key range at a time.

The codes of a lens are those of labels, and behind them, where anchors have conditions, the same labels again for
events that are no anchors; the last code is that of removed events. They index one table for all segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flows.engine.arrays import CodeArray, SegmentArrays
from flows.engine.expand import put_expanded
from flows.engine.jit import kernel
from flows.engine.kernels import first_at_or_after, session_end
from flows.engine.labels import ANCHOR, TARGET, ExpandedEvent
from flows.engine.log import U
from flows.engine.marks import Group, Marks
from flows.engine.query import FlowQuery

Array = Any


@kernel
def _recode(codes: Array, recode: Array, out: Array) -> None:
    for i in range(out.size):
        out[U(i)] = recode[U(codes[U(i)])]


@kernel
def _apply_marks(marks: Array, labels: Array, anchors: Array, removed: Array, out: Array) -> None:
    """Bit 0 of a mark removes the event, bits 1 and above (those of ``anchors``) choose its kind of the label."""
    for i in range(out.size):
        mark = marks[U(i)]
        kind = np.int32((mark >> np.uint32(1)) & np.uint32(anchors))
        out[U(i)] = removed if mark & np.uint32(1) else out[U(i)] + kind * np.int32(labels)


@kernel
def count_seen(times: Array, codes: Array, starts: Array, skip: Array, removed: Array, scope: Array) -> Array:
    """People, or sessions, of whom an event in range is left."""
    units = 0
    for person in range(starts.size - 1):
        low, high = starts[U(person)], starts[U(person + 1)]
        if scope.bounded:
            low = first_at_or_after(times, low, high, scope.since)
            high = first_at_or_after(times, low, high, scope.until)
        if skip.size and skip[U(person)]:
            continue
        while low < high:
            end = session_end(times, low, high, scope.session_gap) if scope.sessions else high
            while low < end and codes[U(low)] == removed:
                low += 1
            units += low < end
            low = end
    return units


class Lens:
    """Derives the codes of a question.

    Parameters
    ----------
    table : int32[labels]
        Label code → value.
    recode : list of int32[codes of the segment]
        Per segment: local code → label code.
    expanded : list of lists of ExpandedEvent
        Per segment.
    flags : sequence of int
        For each condition on anchors, the flag that an event loses which fails it; its mark is bit 1, 2 …

    Attributes
    ----------
    table : int32[codes of the lens]
        Code → value.
    removed : int
        Code of removed events.
    """

    def __init__(
        self,
        table: CodeArray,
        recode: Sequence[CodeArray],
        expanded: Sequence[Sequence[ExpandedEvent]] = (),
        flags: Sequence[int] = (),
    ) -> None:
        kinds = [table]
        for flag in flags:
            kinds += [each & ~np.int32(flag) for each in kinds]
        self.table = np.concatenate([*kinds, np.zeros(1, np.int32)])
        self.removed = len(self.table) - 1
        self._labels = len(table)
        self._anchors = len(kinds) - 1
        self._recode = recode
        self._expanded = expanded or [()] * len(recode)

    def put(self, place: int, segment: SegmentArrays, low: int, marks: Marks | None, out: CodeArray) -> None:
        """Write the codes of the events from ``low`` on of the segment at a place (int32[events])."""
        _recode(segment.codes[low : low + len(out)], self._recode[place], out)
        for each in self._expanded[place]:
            put_expanded(each, segment, low, out)
        if marks is not None:
            _apply_marks(marks, self._labels, self._anchors, self.removed, out)


def anchor_conditions(query: FlowQuery) -> list[tuple[Group, int]]:
    """The conditions on anchors, each with the flag that an event loses which fails it."""
    end = ANCHOR if query.backwards else TARGET
    both = [(Group("start_where", query.start_where), ANCHOR), (Group("end_where", query.end_where), end)]
    return [(group, flag) for group, flag in both if group.filters]
