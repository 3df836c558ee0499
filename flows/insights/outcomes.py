"""What those who got there did before, more or less often than those who dropped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.insights.sureness import adjusted


@dataclass(frozen=True, slots=True)
class Trait:
    """`hits` of the `size` who got there did it before, and `lost_hits` of the `lost` who dropped did it at all."""

    label: str
    hits: int
    size: int
    lost_hits: int
    lost: int
    adjusted_p: float | None  # None where the numbers are too small for the test
    small: bool

    @property
    def difference(self) -> float:
        return self.hits / self.size - self.lost_hits / self.lost


@dataclass(frozen=True, slots=True)
class Traits:
    """`told` of the `matched` are in the paths that were looked at, be they open or cut."""

    found: list[Trait]
    size: int
    lost: int
    tests: int
    told: int
    matched: int


def converters(result: Mapping[str, Any], most: int = 5) -> Traits:
    """Of a flow between two events: the events on the way of those who converted, against those who dropped."""
    ends = set(result["query"]["end"])
    return _traits(
        result, [(row, row["end"] == "converted", _before(row["labels"], ends)) for row in _paths(result)], most
    )


def reaching(result: Mapping[str, Any], label: str, most: int = 5) -> Traits:
    """The same of a chosen event: who came to it behind the start, against those who dropped without it."""
    rows = []
    for row in _paths(result):
        got_there = label in row["labels"][1:]
        rows.append((row, got_there, _before(row["labels"], {label}) if got_there else set(row["labels"][1:])))
    return _traits(result, rows, most)


def _paths(result: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Whole paths in the order of reading, which of all events is the order of time or its mirror."""
    yield from result["paths"]


def _before(labels: list[str], ends: set[str]) -> set[str]:
    """What stands between the start and the first of the ends."""
    found: set[str] = set()
    for label in labels[1:]:
        if label in ends:
            break
        found.add(label)
    return found


def _traits(result: Mapping[str, Any], rows: list[tuple[Mapping[str, Any], bool, set[str]]], most: int) -> Traits:
    size = sum(row["count"] for row, got_there, _ in rows if got_there)
    lost = sum(row["count"] for row, got_there, _ in rows if not got_there and row["end"] == "dropped")
    hits: dict[str, list[int]] = {}
    for row, got_there, labels in rows:
        if got_there or row["end"] == "dropped":
            for label in labels:
                hits.setdefault(label, [0, 0])[0 if got_there else 1] += row["count"]
    if not size or not lost:
        hits = {}
    sure = adjusted([(lost_did, lost, did, size) for did, lost_did in hits.values()])
    found = [
        Trait(label, did, size, lost_did, lost, p, p is None)
        for (label, (did, lost_did)), p in zip(hits.items(), sure, strict=True)
    ]
    found.sort(key=lambda trait: (trait.small, -abs(trait.difference), trait.label))
    tests = sum(p is not None for p in sure)
    told = sum(row["count"] for row, *_ in rows)
    return Traits(found[:most], size, lost, tests, told, result["units"]["matched"])
