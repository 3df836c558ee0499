"""The one shape of a flow's result, for command, API and page; and the proof that it adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.engine.distinct import WholePath
from flows.engine.kernels import STATES
from flows.engine.query import FlowQuery, format_time

EVENT, OTHER = "event", "other"


class NotConserved(AssertionError):
    """A result does not add up: a fault of the engine, never of the question."""


@dataclass(slots=True)
class Node:
    """One node with what leaves it; ``ends`` in the order of STATES."""

    step: int
    kind: str
    label: str
    count: int
    repeats: int
    ends: tuple[int, ...]


@dataclass(slots=True)
class Link:
    source: Node
    target: Node
    count: int
    median_seconds: float
    p90_seconds: float


def check_conservation(nodes: Sequence[Node], links: Sequence[Link]) -> None:
    """Every node equals what leaves it and, behind the anchor, what enters it.

    Raises
    ------
    NotConserved
        Naming the node.
    """
    leaving = {id(node): sum(node.ends) for node in nodes}
    entering = {id(node): 0 for node in nodes}
    for link in links:
        leaving[id(link.source)] += link.count
        entering[id(link.target)] += link.count
    for node in nodes:
        out, into = leaving[id(node)], entering[id(node)]
        if out != node.count or (node.step and into != node.count):
            name = f"step {node.step}, {node.kind} {node.label!r}"
            raise NotConserved(f"{name}: count {node.count}, leaving {out}, entering {into}")


def flow_result(
    query: FlowQuery,
    *,
    nodes: Sequence[Node],
    links: Sequence[Link],
    paths: Sequence[WholePath],
    distinct_paths: int | None,
    units: dict[str, int],
    ties: int,
    data_through: int | None,
    dataset_version: int,
    computed_in_ms: int,
) -> dict[str, object]:
    """Put a result together.

    Parameters
    ----------
    nodes, links, paths
        In any order.
    distinct_paths : int or None
        None if the question wanted no paths.
    units : dict
        eligible, matched, converted.
    data_through : int or None
        Newest event of the dataset, µs; None if there is none.

    Returns
    -------
    dict
        JSON-able; nodes by (step, −count, label), links by (step, −count, source, target), paths by
        (−count, labels, end).

    Raises
    ------
    NotConserved
    """
    check_conservation(nodes, links)
    return {
        "query": query.canonical(),
        "dataset_version": dataset_version,
        "data_through": None if data_through is None else format_time(data_through),
        "computed_in_ms": computed_in_ms,
        "units": units,
        "nodes": [_node_row(node) for node in sorted(nodes, key=_node_order)],
        "links": [_link_row(link) for link in sorted(links, key=_link_order)],
        "paths": [{"labels": list(path.labels), "count": -path.minus_count, "end": path.end} for path in sorted(paths)],
        "distinct_paths": distinct_paths,
        "ties": ties,
    }


def _node_row(node: Node) -> dict[str, object]:
    return {
        "step": node.step,
        "kind": node.kind,
        "label": node.label,
        "count": node.count,
        "repeats": node.repeats,
        **dict(zip(STATES, node.ends, strict=True)),
    }


def _link_row(link: Link) -> dict[str, object]:
    return {
        "step": link.source.step,
        "source": link.source.label,
        "source_kind": link.source.kind,
        "target": link.target.label,
        "target_kind": link.target.kind,
        "count": link.count,
        "median_seconds": link.median_seconds,
        "p90_seconds": link.p90_seconds,
    }


def _node_order(node: Node) -> tuple[int, int, str, str]:
    return node.step, -node.count, node.label, node.kind


def _link_order(link: Link) -> tuple[int, int, str, str, str, str]:
    source, target = link.source, link.target
    return source.step, -link.count, source.label, target.label, source.kind, target.kind
