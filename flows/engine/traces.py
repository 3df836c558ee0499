"""Where the paths through a node come from and go to: of every link, how many of these paths follow it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.compute import GIB, find_nodes, named_nodes
from flows.engine.crew import Crew
from flows.engine.histories import Given
from flows.engine.jit import kernel
from flows.engine.leaving import Nodes
from flows.engine.log import CODE_SHIFT, LENGTH_MASK, U
from flows.engine.query import FlowQuery, QueryError
from flows.engine.source import Paths, Watch, open_source

Array = Any
# A node as results name it: step, kind, label.
NodeKey = tuple[int, str, str]
# Source, target, and how many of the paths follow the link.
Followed = tuple[NodeKey, NodeKey, int]


@kernel
def _trace(
    items: Array,
    table: Array,
    leave: Array,
    enter: Array,
    rows: Array,
    nodes: Array,
    route: Array,
    counts: Array,
) -> None:
    """Add each path's links to the row of each of its nodes.

    Parameters
    ----------
    items, table, leave, enter
        Of a PathLog and of :class:`flows.engine.leaving.Nodes`, with one bucket a link.
    rows : int32[nodes]
        Number of a node → row of ``counts``, or −1.
    nodes, route : int64[steps + 1]
        Scratch: the nodes and the links of one path.
    counts : int64[rows, links]
    """
    at: Array = 0
    while at < items.size:
        length = np.int64(items[U(at)] & LENGTH_MASK)
        before = np.int64(0)
        for step in range(length):
            node = np.int64(table[U(step), U(items[U(at + 1 + step)] >> CODE_SHIFT)])
            nodes[U(step)] = node
            if step:
                route[U(step - 1)] = leave[U(before)] + enter[U(node)]
            before = node
        for step in range(length):
            row = rows[U(nodes[U(step)])]
            if row >= 0:
                for link in range(length - 1):
                    counts[U(row), U(route[U(link)])] += 1
        at += 1 + length


def trace_nodes(
    query: FlowQuery,
    given: Given,
    wanted: NodeKey,
    *,
    threads: int | None = None,
    budget: int = GIB,
) -> dict[NodeKey, list[Followed]]:
    """Trace the paths through each node of a flow over all its steps.

    Parameters
    ----------
    query : FlowQuery
    given : Given
    wanted : NodeKey
        The node that is asked about. The others are traced on the way where there is room for them.
    threads : int, optional
        Default: the processors this process may use.
    budget : int
        Bytes: half for paths, a quarter for counts.

    Returns
    -------
    dict
        Node → the links that its paths follow, with counts. Of the links at any step before the node, and of those at
        the node, the counts together are who came from there, or went on; before bucketing nothing is lost.

    Raises
    ------
    QueryError
        If the question names an event that is nowhere in the dataset, or the flow has no such node.

    Notes
    -----
    O(steps²) for each path, O(nodes · links) memory for each thread; beyond the budget only ``wanted`` is traced.

    Examples
    --------
    >>> rows = [(1, "visit", 0), (1, "look", 1), (1, "order", 2), (2, "visit", 0), (2, "look", 1)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=2)
    >>> traces = trace_nodes(FlowQuery(start=("visit",), steps=2), given, (2, "event", "order"))
    >>> [count for _, _, count in traces[2, "event", "order"]]
    [1, 1]
    """
    with Crew(threads) as crew:
        source = open_source(query, given, crew, budget // 2, Watch())
        steps = find_nodes(source, query, budget // 8)
        names = source.labels.names
        keys = [(step, kind, label) for step, kind, label, _ in named_nodes(steps, names)]
        if wanted not in keys:
            raise QueryError("set", "set: the flow has no such step.")
        numbered = Nodes.of([step.table(len(names)) for step in steps], [step.size for step in steps], 1)
        width = int(numbered.links[-1])
        everything = 8 * crew.threads * len(keys) * width <= budget // 4
        chosen = range(len(keys)) if everything else [keys.index(wanted)]
        rows = np.full(len(keys), -1, np.int32)
        rows[list(chosen)] = np.arange(len(chosen))

        def count(part: Sequence[Paths]) -> NDArray[np.int64]:
            counts = np.zeros((len(chosen), width), np.int64)
            room = np.empty((2, len(steps) + 1), np.int64)
            for paths in part:
                _trace(paths.log.items, numbered.table, numbered.leave, numbered.enter, rows, room[0], room[1], counts)
            return counts

        total = np.zeros((len(chosen), width), np.int64)
        for found in source.waves():
            for counts in crew.each(count, crew.shares(found)):
                total += counts
    sources, targets = numbered.ends_of(np.arange(width))
    ends = [(keys[source], keys[target]) for source, target in zip(sources.tolist(), targets.tolist(), strict=True)]
    return {keys[node]: _followed(total[row], ends) for row, node in enumerate(chosen)}


def _followed(counts: IntArray, ends: Sequence[tuple[NodeKey, NodeKey]]) -> list[Followed]:
    found = np.flatnonzero(counts)
    return [(*ends[link], count) for link, count in zip(found.tolist(), counts[found].tolist(), strict=True)]
