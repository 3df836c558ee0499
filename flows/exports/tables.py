"""The result of a flow as three tables of values: its steps, its links and its most frequent paths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.engine.result import OTHER
from flows.sankey import ENDS

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """`shares` are the columns that hold shares, from 0 to 1."""

    key: str
    name: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    shares: tuple[int, ...]


def flow_tables(result: Mapping[str, Any]) -> tuple[Table, ...]:
    start = sum(node["count"] for node in result["nodes"] if node["step"] == 0)
    return _steps(result["nodes"], start), _links(result["links"], result["nodes"]), _paths(result["paths"], start)


def _steps(nodes: Sequence[Mapping[str, Any]], start: int) -> Table:
    heads = (
        "Step",
        "Event",
        "Kind",
        "Count",
        "Share of start",
        "Onward",
        *(end.capitalize() for end in ENDS),
        "Repeats",
    )
    rows = []
    for node in nodes:
        ends = [node[end] for end in ENDS]
        onward = node["count"] - sum(ends)
        place = _place(node["kind"], node["label"])
        rows.append((node["step"], *place, node["count"], share(node["count"], start), onward, *ends, node["repeats"]))
    return Table("steps", "Steps", heads, tuple(rows), (4,))


def _links(links: Sequence[Mapping[str, Any]], nodes: Sequence[Mapping[str, Any]]) -> Table:
    heads = ("Step", "From", "From kind", "To", "To kind", "Count", "Share of from", "Median seconds", "P90 seconds")
    sizes = {(node["step"], node["kind"], node["label"]): node["count"] for node in nodes}
    rows = []
    for link in links:
        base = sizes[link["step"], link["source_kind"], link["source"]]
        source, target = (_place(link[f"{end}_kind"], link[end]) for end in ("source", "target"))
        times = (link["median_seconds"], link["p90_seconds"])
        rows.append((link["step"], *source, *target, link["count"], share(link["count"], base), *times))
    return Table("links", "Links", heads, tuple(rows), (6,))


def _paths(paths: Sequence[Mapping[str, Any]], start: int) -> Table:
    longest = max((len(path["labels"]) for path in paths), default=0)
    heads = ("Count", "Share of start", "End", *(f"Event {place}" for place in range(longest)))
    rows = []
    for path in paths:
        rest = [None] * (longest - len(path["labels"]))
        rows.append((path["count"], share(path["count"], start), path["end"], *path["labels"], *rest))
    return Table("paths", "Paths", heads, tuple(rows), (1,))


def _place(kind: str, label: str) -> tuple[str, str]:
    """Other is a kind, and no name of an event."""
    return ("Other" if kind == OTHER else label), kind


def share(part: int, base: int) -> float | None:
    return part / base if base else None
