"""The one shape of a flow's result, for command, API and page; and the proof that it adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.distinct import WholePath
from flows.engine.log import STATES
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


class Links(NamedTuple):
    """Links as columns, in any order.

    source, target : int64[links], places in a list of nodes; counts : int64[links]; median_seconds, p90_seconds :
    float64[links].
    """

    source: IntArray
    target: IntArray
    counts: IntArray
    median_seconds: NDArray[np.float64]
    p90_seconds: NDArray[np.float64]


def check_conservation(nodes: Sequence[Node], links: Links) -> None:
    """Every node equals what leaves it and, behind the anchor, what enters it.

    Raises
    ------
    NotConserved
        Naming the node.
    """
    leaving = np.array([sum(node.ends) for node in nodes], np.int64)
    entering = np.zeros(len(nodes), np.int64)
    np.add.at(leaving, links.source, links.counts)
    np.add.at(entering, links.target, links.counts)
    for node, out, into in zip(nodes, leaving.tolist(), entering.tolist(), strict=True):
        if out != node.count or (node.step and into != node.count):
            name = f"step {node.step}, {node.kind} {node.label!r}"
            raise NotConserved(f"{name}: count {node.count}, leaving {out}, entering {into}")


def flow_result(
    query: FlowQuery,
    *,
    nodes: Sequence[Node],
    links: Links,
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
        In any order; a node that does not occur is left out.
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
        "nodes": [_node_row(node) for node in sorted(nodes, key=_node_order) if node.count],
        "links": _link_rows(nodes, links),
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


def _node_order(node: Node) -> tuple[int, int, str, str]:
    return node.step, -node.count, node.label, node.kind


def _link_rows(nodes: Sequence[Node], links: Links) -> list[dict[str, object]]:
    """By (step, −count, source, target), equal labels by their kinds."""
    steps = np.array([node.step for node in nodes])
    labels = np.unique([node.label for node in nodes] or [""], return_inverse=True)[1]
    kinds = np.array([node.kind == OTHER for node in nodes])
    source, target = links.source, links.target
    order = np.lexsort((kinds[target], kinds[source], labels[target], labels[source], -links.counts, steps[source]))
    return [
        {
            "step": nodes[source].step,
            "source": nodes[source].label,
            "source_kind": nodes[source].kind,
            "target": nodes[target].label,
            "target_kind": nodes[target].kind,
            "count": count,
            "median_seconds": median,
            "p90_seconds": p90,
        }
        for source, target, count, median, p90 in zip(*(column[order].tolist() for column in links), strict=True)
    ]
