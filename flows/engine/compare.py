"""Compare two flows: differences in share, how sure they are, and where numbers are too small to tell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.log import STATES
from flows.engine.query import QueryError
from flows.engine.result import OTHER

Z95 = 1.959963984540054
LEAST_EXPECTED = 5
LEAST_SIZE = 30
SAME = ("start", "end", "count", "occurrence", "collapse")

NODE, LINK = ("step", "kind", "label"), ("step", "source", "source_kind", "target", "target_kind")
ORDER = ("step", "label", "kind", "source", "target", "source_kind", "target_kind", "state")
UNTESTED = dict.fromkeys(("difference", "interval", "z", "p", "adjusted_p", "small"))

Floats = NDArray[np.float64]
Place = tuple[int, str, str]  # step, kind, label
Link = tuple[int, str, str, str, str]  # step, source, source kind, target, target kind


def two_proportion_test(hits: int, size: int, other_hits: int, other_size: int) -> tuple[float, float] | None:
    """Pooled two-proportion z test, two-sided.

    z = (p₂ − p₁) / √(p (1 − p) (1/n₁ + 1/n₂)) with p = (k₁ + k₂) / (n₁ + n₂)

    Parameters
    ----------
    hits, size, other_hits, other_size : int
        k₁ of n₁, and k₂ of n₂.

    Returns
    -------
    (z, p value), or None if a group is empty
        If nobody or everybody did it in both groups, z is 0 and p is 1.

    Notes
    -----
    Groups are taken to be independent samples. People who stand in both make the test cautious, and journeys of one
    person make it too sure.

    References
    ----------
    A. Agresti, Categorical Data Analysis, 3rd ed., section 3.2.

    Examples
    --------
    >>> z, p = two_proportion_test(45, 100, 60, 100)
    >>> round(z, 4), round(p, 4)
    (2.124, 0.0337)
    """
    if not size or not other_size:
        return None
    z, p = _tests(*(np.array([number]) for number in (hits, size, other_hits, other_size)))
    return float(z[0]), float(p[0])


def _tests(hits: IntArray, size: IntArray, other_hits: IntArray, other_size: IntArray) -> tuple[Floats, Floats]:
    """z and p of many tables with no group empty."""
    pooled = (hits + other_hits) / (size + other_size)
    variance = pooled * (1 - pooled) * (1 / size + 1 / other_size)
    differs = variance > 0
    z = np.where(differs, other_hits / other_size - hits / size, 0.0) / np.sqrt(np.where(differs, variance, 1.0))
    return z, np.array([math.erfc(each) for each in (np.abs(z) / math.sqrt(2)).tolist()], np.float64)


def wilson_interval(hits: Any, size: Any, z: float = Z95) -> tuple[Any, Any]:
    """Wilson score interval of a share, or of many.

    (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n)

    Parameters
    ----------
    hits, size : int or int64[shares]
        k of n; n at least 1.
    z : float
        Quantile of the normal distribution; the default gives 95 %.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).

    Examples
    --------
    >>> [round(float(bound), 4) for bound in wilson_interval(56, 70)]
    [0.6918, 0.877]
    """
    share = hits / size
    middle = share + z * z / (2 * size)
    half = z * np.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    scale = 1 + z * z / size
    return np.where(hits == 0, 0.0, (middle - half) / scale), np.where(hits == size, 1.0, (middle + half) / scale)


def difference_interval(
    hits: int, size: int, other_hits: int, other_size: int, z: float = Z95
) -> tuple[float, float] | None:
    """Newcombe's hybrid score interval of the difference p₂ − p₁; None if a group is empty.

    With Wilson intervals (l, u) of both shares: d − √((p₂ − l₂)² + (u₁ − p₁)²), d + √((u₂ − p₂)² + (p₁ − l₁)²)

    Parameters
    ----------
    hits, size, other_hits, other_size : int
        k₁ of n₁, and k₂ of n₂.
    z : float
        Quantile of the normal distribution; the default gives 95 %.

    References
    ----------
    R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17
    (1998), method 10.

    Examples
    --------
    >>> [round(bound, 4) for bound in difference_interval(48, 80, 56, 70)]
    [0.0524, 0.3339]
    """
    if not size or not other_size:
        return None
    low, high = _intervals(hits, size, other_hits, other_size, z)
    return float(low), float(high)


def _intervals(hits: Any, size: Any, other_hits: Any, other_size: Any, z: float = Z95) -> tuple[Any, Any]:
    one, two = hits / size, other_hits / other_size
    (low, high), (other_low, other_high) = wilson_interval(hits, size, z), wilson_interval(other_hits, other_size, z)
    difference = two - one
    return difference - np.hypot(two - other_low, high - one), difference + np.hypot(other_high - two, one - low)


def adjust_p_values(values: Sequence[float]) -> NDArray[np.float64]:
    """Benjamini–Hochberg: p values adjusted so that those under q hold a share of at most q false discoveries.

    adjusted₍ᵢ₎ = min over j ≥ i of m p₍ⱼ₎ / j, at most 1

    Parameters
    ----------
    values : sequence of float [m]
        p values, in any order.

    Returns
    -------
    float64[m]
        In the same order.

    References
    ----------
    Y. Benjamini, Y. Hochberg, Controlling the false discovery rate, JRSS B 57 (1995).

    Examples
    --------
    >>> adjust_p_values([0.01, 0.04, 0.03, 0.5]).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    p = np.asarray(values, np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty(len(p), np.float64)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def too_small(hits: int, size: int, other_hits: int, other_size: int) -> bool:
    """Whether the normal approximation is doubtful: a group under 30, or an expected count under 5 in any cell of the
    2 × 2 table.

    Examples
    --------
    >>> too_small(1, 1000, 2, 1000), too_small(100, 1000, 120, 1000)
    (True, False)
    """
    return bool(_small(hits, size, other_hits, other_size))


def _small(hits: Any, size: Any, other_hits: Any, other_size: Any) -> Any:
    everybody, smaller = size + other_size, np.minimum(size, other_size)
    fewest = np.minimum(hits + other_hits, everybody - hits - other_hits)
    return (smaller < LEAST_SIZE) | (fewest * smaller < LEAST_EXPECTED * everybody)


def compare_flows(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, object]:
    """Say how two flows differ: node by node, link by link, end by end.

    Shares of nodes are of start (``units.matched``), shares of links of their source node, those of ends of the node
    where they end. ``totals`` are the ends of all nodes together, of start.

    Parameters
    ----------
    first, second : dict
        Results in the shape of :mod:`flows.engine.result`, of questions with the same anchors, counting unit and
        collapse; they may differ in range, cohort or filter.

    Returns
    -------
    dict
        ``nodes``, ``links``, ``ends`` and ``totals``, by −|difference|, those that cannot be compared last. Each row
        names its place (step, kind, label; step, source, source_kind, target, target_kind; step, kind, label, state;
        or state) and has ``counts``, ``bases``, ``shares`` (of first and second), ``difference`` (second − first),
        ``interval`` (95 %), ``z``, ``p``, ``adjusted_p`` (None where ``small``), ``small``.
        ``tests``: over how many p values they are adjusted.

    Raises
    ------
    QueryError
        If the two ask different questions.

    Notes
    -----
    What cannot be known is None, not 0: a label that is a node here may stand in Other there, and Other is compared
    with Other only if they stand for the same labels. Ask with a larger ``top`` to know it. A step 0 with a single
    anchor is not listed: its share is 1 by definition, and an idle test would weaken the others. For the same reason
    rows that are too small for the test have no part in the adjustment: which ones these are depends on the sums of
    both flows alone, not on how they differ.
    """
    for field in SAME:
        if first["query"][field] != second["query"][field]:
            raise QueryError(field, f"{field}: the two flows must agree in it to be compared.")
    sides = _Side(first), _Side(second)
    sides[0].other, sides[1].other = sides[1], sides[0]
    ends = [
        _Row(("state",), (state,), [side.total(state) for side in sides], [side.matched for side in sides])
        for state in STATES
    ]
    found = {
        "nodes": _rows(_nodes(sides)),
        "links": _rows(_links(sides)),
        "ends": _rows(_ends(sides)),
        "totals": _rows([row for row in ends if any(row.counts)]),
    }
    tested = [row for rows in found.values() for row in rows if row["p"] is not None and not row["small"]]
    for row, adjusted in zip(tested, adjust_p_values([row["p"] for row in tested]).tolist(), strict=True):
        row["adjusted_p"] = adjusted
    return {**{name: sorted(rows, key=_order) for name, rows in found.items()}, "tests": len(tested)}


class _Row(NamedTuple):
    """What is compared: its place, and how many of how many are there, on both sides. None: not known."""

    names: tuple[str, ...]
    place: tuple[object, ...]
    counts: list[int | None]
    bases: list[int | None]


def _nodes(sides: tuple[_Side, _Side]) -> Iterator[_Row]:
    places = set(sides[0].nodes) | set(sides[1].nodes)
    anchors = sum(place[0] == 0 for place in places)
    for place in places:
        if place[0] or anchors > 1:
            yield _Row(NODE, place, [side.count(place) for side in sides], [side.matched for side in sides])


def _links(sides: tuple[_Side, _Side]) -> Iterator[_Row]:
    for link in sides[0].links.keys() | sides[1].links.keys():
        step, source, source_kind, target, target_kind = link
        bases = [side.count((step, source_kind, source)) for side in sides]
        there = [side.count((step + 1, target_kind, target)) for side in sides]
        counts = [
            None if base is None or known is None else side.links.get(link, 0)
            for side, base, known in zip(sides, bases, there, strict=True)
        ]
        yield _Row(LINK, link, counts, bases)


def _ends(sides: tuple[_Side, _Side]) -> Iterator[_Row]:
    for place in set(sides[0].nodes) | set(sides[1].nodes):
        bases = [side.count(place) for side in sides]
        for state in STATES:
            ends = [side.ends.get((*place, state), 0) for side in sides]
            if any(ends):
                known = [None if base is None else end for end, base in zip(ends, bases, strict=True)]
                yield _Row((*NODE, "state"), (*place, state), known, bases)


class _Side:
    """One of the two flows, with what it cannot tell compared with the other one."""

    other: _Side

    def __init__(self, flow: Mapping[str, Any]) -> None:
        self.matched: int = flow["units"]["matched"]
        self.depth: int = flow["query"]["steps"]
        self.nodes: dict[Place, int] = {
            (node["step"], node["kind"], node["label"]): node["count"] for node in flow["nodes"]
        }
        self.links: dict[Link, int] = {
            (link["step"], link["source"], link["source_kind"], link["target"], link["target_kind"]): link["count"]
            for link in flow["links"]
        }
        self.ends: dict[tuple[int, str, str, str], int] = {
            (node["step"], node["kind"], node["label"], state): node[state]
            for node in flow["nodes"]
            for state in STATES
        }
        self._named: dict[int, set[str]] = {}
        for step, kind, label in self.nodes:
            self._named.setdefault(step, set())
            if kind != OTHER:
                self._named[step].add(label)
        self._counts: dict[Place, int | None] = {}

    def named(self, step: int) -> set[str]:
        return self._named.get(step, set())

    def has_other(self, step: int) -> bool:
        return (step, OTHER, "") in self.nodes

    def count(self, place: Place) -> int | None:
        """How many are there; None if this flow cannot tell."""
        if place not in self._counts:
            self._counts[place] = self._count(place)
        return self._counts[place]

    def _count(self, place: Place) -> int | None:
        step, kind, _ = place
        if step > self.depth:
            return None
        if kind == OTHER:
            return self.nodes.get(place, 0) if self._same_other(step) else None
        if place in self.nodes:
            return self.nodes[place]
        return None if self.has_other(step) else 0

    def total(self, state: str) -> int:
        return sum(count for (*_, ended), count in self.ends.items() if ended == state)

    def _same_other(self, step: int) -> bool:
        """Whether Other of both stands for the same labels: what one names, the other names or does not have."""
        here, there = self.named(step), self.other.named(step)
        return not (self.has_other(step) and there - here) and not (self.other.has_other(step) and here - there)


def _rows(found: Iterable[_Row]) -> list[dict[str, Any]]:
    """The rows as they are answered; those that can be compared are tested all at once."""
    rows, known, tables = [], [], []
    for names, place, counts, bases in found:
        shares = [
            count / base if count is not None and base else None for count, base in zip(counts, bases, strict=True)
        ]
        row: dict[str, Any] = dict(zip(names, place, strict=True))
        row |= {"counts": counts, "bases": bases, "shares": shares, **UNTESTED}
        rows.append(row)
        if None not in shares:
            known.append(row)
            tables.append((counts[0], bases[0], counts[1], bases[1]))
    if known:
        hits, size, other_hits, other_size = columns = np.array(tables, np.int64).T
        difference = other_hits / other_size - hits / size
        answers = (difference, np.stack(_intervals(*columns), axis=1), *_tests(*columns), _small(*columns))
        for row, *tested in zip(known, *(answer.tolist() for answer in answers), strict=True):
            row["difference"], row["interval"], row["z"], row["p"], row["small"] = tested
    return rows


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    place = tuple(row[key] for key in ORDER if key in row)
    return (row["difference"] is None, -abs(row["difference"] or 0.0), *place)
