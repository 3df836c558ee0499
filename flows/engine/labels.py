"""Filter, label, hide and anchor in one look-up: event code → what the walk needs to know about the event."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from flows.engine.arrays import CodeArray, SegmentArrays
from flows.engine.query import FlowQuery, QueryError, quoted

VISIBLE = 1
ANCHOR = 2
TARGET = 4
EXCLUDED = 8
LABEL_SHIFT = 4
MAX_LABELS = 1 << 26

CYCLE_SIGN = "⇄"


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
    tables : list of int32[codes of the segment]
        Per segment: local code → value.
    """

    names: list[str]
    table: CodeArray
    recode: list[CodeArray]
    tables: list[CodeArray]
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


def label_events(
    query: FlowQuery,
    segments: Sequence[SegmentArrays],
    catalogue: Collection[str] = (),
    relabel: Mapping[str, str] | None = None,
) -> Labels:
    """Give every event name of the segments its label code, and mark what the question says about it.

    Names that ``relabel`` maps to the same label share a code: the walk then cannot tell them apart.

    Before (one segment, start=a, hide=c) and after:

    ====  ====  =======================
    code  name  value
    ====  ====  =======================
    0     a     0 << 4 | VISIBLE | ANCHOR
    1     b     1 << 4 | VISIBLE
    2     c     0
    ====  ====  =======================

    Raises
    ------
    QueryError
        If the question names a label that neither a segment nor the catalogue of the dataset knows.
    ValueError
        If the question has rules and nobody says what becomes of the names.
    """
    if query.rules and relabel is None:
        raise ValueError("a question with rules needs the mapping from names to labels")
    relabel = relabel or {}
    known: dict[str, int] = {}
    recode: list[CodeArray] = []
    seen: dict[int, CodeArray] = {}
    for segment in segments:
        if id(segment.names) not in seen:
            codes = [known.setdefault(relabel.get(name, name), len(known)) for name in segment.names]
            seen[id(segment.names)] = np.array(codes, np.int32)
        recode.append(seen[id(segment.names)])
    if len(known) > MAX_LABELS:
        raise QueryError("start", f"start: the dataset has more than {MAX_LABELS} event names, which is too many.")
    table = _values(query, known, catalogue)
    return Labels(list(known), table, recode, [table[codes] for codes in recode], known)


def _values(query: FlowQuery, known: dict[str, int], catalogue: Collection[str]) -> CodeArray:
    def codes(name: str) -> list[int]:
        events: tuple[str, ...] = getattr(query, name)
        for event in events:
            if event not in known and event not in catalogue:
                raise QueryError(name, f"{name}: there is no event {quoted(event)} in this dataset.")
        return [known[event] for event in events if event in known]

    start, end = codes("start"), codes("end")
    table = (np.arange(len(known), dtype=np.int32) << LABEL_SHIFT) | VISIBLE
    if query.only:
        shown = np.zeros(len(known), bool)
        shown[codes("only") + start + end] = True
        table[~shown] = 0
    table[codes("exclude")] |= EXCLUDED * (table[codes("exclude")] != 0)
    table[codes("hide")] = 0
    table[end if query.backwards else start] |= ANCHOR
    if query.between:
        table[end] |= TARGET
    return table.astype(np.int32)
