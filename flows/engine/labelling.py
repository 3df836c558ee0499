"""What a question says of every label: names become labels, labels get codes and values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from flows.engine.arrays import CodeArray, IntArray, SegmentArrays
from flows.engine.expand import Expansion, expand_events
from flows.engine.labels import (
    ANCHOR,
    EXCLUDED,
    LABEL_SHIFT,
    TARGET,
    VISIBLE,
    ExpandedEvent,
    Labels,
    Relabel,
)
from flows.engine.query import FlowQuery, QueryError, quoted

MAX_LABELS = 1 << 26
MAX_EXPANDED_LABELS = 4_000_000


def label_events(
    query: FlowQuery,
    segments: Sequence[SegmentArrays],
    catalogue: Collection[str] = (),
    relabel: Relabel | None = None,
) -> Labels:
    """Give every event name of the segments its label code, and mark what the question says about it.

    Names that ``relabel`` gives the same label share a code: the walk then cannot tell them apart.

    Before (one segment, start=a, hide=c) and after:

    ====  ====  =======================
    code  name  value
    ====  ====  =======================
    0     a     0 << 4 | VISIBLE | ANCHOR
    1     b     1 << 4 | VISIBLE
    2     c     0
    ====  ====  =======================

    Expanded (expand=(a, p)), values of p being x and y:

    =====  ====  =================================
    label  name  value
    =====  ====  =================================
    0      a     0 << 4 | VISIBLE | ANCHOR
    1      b     1 << 4 | VISIBLE
    2      c     0
    3      a: x  3 << 4 | VISIBLE | ANCHOR
    4      a: y  4 << 4 | VISIBLE | ANCHOR
    =====  ====  =================================

    Raises
    ------
    QueryError
        If the question names a label that neither a segment nor the catalogue of the dataset knows, or hides all
        labels of an anchor.
    ValueError
        If the question has rules and nobody says what becomes of the names.
    """
    if query.rules and relabel is None:
        raise ValueError("a question with rules needs somebody who turns names into labels")
    for event, _ in query.expand:
        if event not in catalogue and not any(event in segment.names for segment in segments):
            raise QueryError("expand", f"expand: there is no event {quoted(event)} in this dataset.")
    found = [expand_events(query.expand, segment) for segment in segments]
    cleaned = relabel(_names(segments, found)) if relabel else {}
    known: dict[str, int] = {}

    recode = _recode(segments, known, cleaned)
    if len(known) > MAX_LABELS:
        raise QueryError("start", f"start: the dataset has more than {MAX_LABELS} event names, which is too many.")
    names = len(known)
    expanded: list[list[ExpandedEvent]] = []
    families: dict[str, list[CodeArray]] = {name: [] for name, _ in query.expand}
    for codes, events in zip(recode, found, strict=True):
        expanded.append([])
        for each in events:
            labels = _codes(known, cleaned, each.labels(), len(each.present))
            plain = codes[[each.event]]
            families[each.name] += [labels, plain] if each.bare else [labels]
            if len(labels):
                expanded[-1].append(each.labelled(labels, plain))
        if len(known) - names > MAX_EXPANDED_LABELS:
            raise QueryError("expand", f"expand: there are more than {MAX_EXPANDED_LABELS} values, which is too many.")
    table = _values(query, _Named(known, families, catalogue))
    return Labels(list(known), table, recode, expanded, known)


def labels_of(query: FlowQuery, segments: Sequence[SegmentArrays], relabel: Relabel | None = None) -> set[str]:
    """Every label that the events of some segments may have."""
    names = _names(segments, [expand_events(query.expand, segment) for segment in segments])
    cleaned = relabel(names) if relabel else {}
    return {cleaned.get(name, name) for name in names}


def _names(segments: Sequence[SegmentArrays], found: Sequence[Sequence[Expansion]]) -> dict[str, None]:
    """Names of events, also expanded ones, in order of appearance."""
    names = dict.fromkeys(name for segment in segments for name in segment.names)
    names.update((label, None) for events in found for each in events for label in each.labels())
    return names


def _recode(segments: Sequence[SegmentArrays], known: dict[str, int], cleaned: Mapping[str, str]) -> list[CodeArray]:
    seen: dict[int, CodeArray] = {}
    for segment in segments:
        if id(segment.names) not in seen:
            seen[id(segment.names)] = _codes(known, cleaned, segment.names, len(segment.names))
    return [seen[id(segment.names)] for segment in segments]


def _codes(known: dict[str, int], cleaned: Mapping[str, str], names: Iterable[str], size: int) -> CodeArray:
    """Label codes of names, made on first sight (int32[size])."""
    if not known and not cleaned:
        # A million names one by one take long; those of one segment differ.
        known.update(zip(names, range(size), strict=True))
        if len(known) == size:
            return np.arange(size, dtype=np.int32)
        known.clear()
    return np.fromiter((known.setdefault(cleaned.get(name, name), len(known)) for name in names), np.int32, size)


@dataclass(frozen=True, slots=True)
class _Named:
    """What the lists of a question speak of: labels, and expanded events with all labels that come from them."""

    known: Mapping[str, int]
    families: Mapping[str, Sequence[CodeArray]]
    catalogue: Collection[str]

    def codes(self, field: str, name: str) -> IntArray:
        """Label codes of one name; none if only the catalogue knows it."""
        family = self.families.get(name, ())
        if name not in self.known and not family and name not in self.catalogue:
            raise QueryError(field, f"{field}: there is no event {quoted(name)} in this dataset.")
        own = np.array([self.known[name]] if name in self.known else [], np.int64)
        return np.unique(np.concatenate([own, *family]))

    def all(self, field: str, names: Iterable[str]) -> IntArray:
        return np.concatenate([np.zeros(0, np.int64), *(self.codes(field, name) for name in names)])


def _values(query: FlowQuery, named: _Named) -> CodeArray:
    start, end = named.all("start", query.start), named.all("end", query.end)
    visible = np.full(len(named.known), not query.only)
    visible[named.all("only", query.only)] = True
    visible[start] = visible[end] = True
    visible[named.all("hide", query.hide)] = False
    flags = np.full(len(visible), VISIBLE)
    flags[named.all("exclude", query.exclude)] |= EXCLUDED
    flags[end if query.backwards else start] |= ANCHOR
    if query.between:
        flags[end] |= TARGET
    for name in (*query.start, *query.end):
        codes = named.codes("start", name)
        if len(codes) and not visible[codes].any():
            raise QueryError("hide", f"hide: {quoted(name)} is a start or end event and cannot be hidden.")
    return np.where(visible, np.arange(len(visible)) << LABEL_SHIFT | flags, 0).astype(np.int32)
