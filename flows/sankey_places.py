"""The order of bars within their columns, and how high they stand: the numeric half of the flow chart."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SLOT = 32.0  # room for a label of two lines
GAP = 12.0
TOP = 4.0


def columns_of(nodes: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    steps: dict[int, list[Mapping[str, Any]]] = {}
    for node in nodes:
        if node["count"] > 0:
            steps.setdefault(node["step"], []).append(node)
    return [sorted(steps[step], key=_rank) for step in sorted(steps)]


def _rank(node: Mapping[str, Any]) -> tuple[bool, int, str]:
    return node["kind"] == "other", -node["count"], node["label"]


def flows_of(columns: list[list[Mapping[str, Any]]], links: Sequence[Mapping[str, Any]]) -> list[Floats]:
    """For each pair of neighbouring columns the counts between their nodes, shape (sources, targets)."""
    places = [{(node["kind"], node["label"]): i for i, node in enumerate(column)} for column in columns]
    at = {column[0]["step"]: s for s, column in enumerate(columns)}
    flows = [np.zeros((len(a), len(b))) for a, b in itertools.pairwise(columns)]
    for link in links:
        s = at[link["step"]]
        source = places[s][link["source_kind"], link["source"]]
        target = places[s + 1][link["target_kind"], link["target"]]
        flows[s][source, target] += link["count"]
    return flows


def order_of(columns: list[list[Mapping[str, Any]]], flows: list[Floats]) -> list[list[int]]:
    """The order of every column from top to bottom that crosses little.

    Each column first follows the mean place of where its people come from; then neighbours change places
    as long as that lowers the crossings on both sides. Roots keep one broad ribbon from outweighing the rest.
    """
    order = [list(range(len(columns[0])))]
    for flow in flows:
        before = flow[order[-1]]
        places = np.arange(len(before))[:, None]
        mean = (before * places).sum(axis=0) / np.maximum(before.sum(axis=0), 1e-9)
        order.append(np.argsort(mean, kind="stable").tolist())
    weights = [np.sqrt(flow) for flow in flows]
    for sweep in range(4):
        moved = False
        for s in range(len(order)) if sweep % 2 else reversed(range(len(order))):
            if len(order[s]) == 1:
                continue
            cost = np.zeros((len(order[s]), len(order[s])))
            if s > 0:
                cost += _crossings(weights[s - 1][order[s - 1]])
            if s < len(flows):
                cost += _crossings(weights[s][:, order[s + 1]].T)
            moved |= _settle(order[s], cost)
        if not moved:
            break
    return order


def _crossings(flow: Floats) -> Floats:
    """How much crosses if target p stands above target q, for all p, q. `flow`: (ordered sources, targets)."""
    above = np.cumsum(flow, axis=0) - flow
    return flow.T @ above


def _settle(order: list[int], cost: Floats) -> bool:
    """Let neighbours change places while it pays; True if any did."""
    gain = (cost - cost.T).tolist()
    moved = False
    for _ in order:
        changed = False
        for i in range(len(order) - 1):
            if gain[order[i]][order[i + 1]] > 1e-9:
                order[i], order[i + 1] = order[i + 1], order[i]
                changed = True
        if not changed:
            break
        moved = True
    return moved


def scale_for(counts: Floats, room: float) -> float:
    """Pixels for one person so that the column just fills `room`: Σ max(scale × count + GAP, SLOT) = room."""
    falling = np.sort(counts)[::-1]
    tall = np.arange(1, len(falling) + 1)
    scales = (room - (len(falling) - tall) * SLOT - tall * GAP) / np.cumsum(falling)
    fits = scales * falling + GAP >= SLOT
    return float(scales[fits][-1]) if fits.any() else float(scales[0])


class Ties:
    """The ribbons between two columns: how thick they are at both ends, and where on the bars they start."""

    def __init__(self, flow: Floats, per_source: Floats, per_target: Floats) -> None:
        self.flow = flow
        self.thick_out = flow * per_source[:, None]
        self.thick_in = flow * per_target[None, :]
        self.at_out = np.cumsum(self.thick_out, axis=1) - self.thick_out
        self.at_in = np.cumsum(self.thick_in, axis=0) - self.thick_in
        # A ribbon lies level if the source's top minus the target's top is this.
        self.level = (self.at_in + self.thick_in / 2) - (self.at_out + self.thick_out / 2)

    def pull_targets(self, tops: Floats) -> tuple[Floats, Floats]:
        """Sum of the tops that the targets would like, and the weight of each wish."""
        return (self.flow * (tops[:, None] - self.level)).sum(axis=0), self.flow.sum(axis=0)

    def pull_sources(self, tops: Floats) -> tuple[Floats, Floats]:
        return (self.flow * (tops[None, :] + self.level)).sum(axis=1), self.flow.sum(axis=1)


def relax(
    counts: list[Floats], heights: list[Floats], slots: list[Floats], ties: list[Ties], room: float
) -> list[Floats]:
    """Tops of all bars: as level to their neighbours as slots and room allow."""
    margins = [(slot - height) / 2 for slot, height in zip(slots, heights, strict=True)]
    tops = [
        np.cumsum(slot) - slot + margin + (room - slot.sum()) / 2 for slot, margin in zip(slots, margins, strict=True)
    ]
    last = len(tops) - 1
    sweeps = [
        (1, 0),
        (0, 1),
        (1, 0),
        (0, 1),
        (1, 1),
        (1, 1),
    ]  # which neighbours pull: those before, those after
    for turn, (before, after) in enumerate(sweeps):
        steps = range(last + 1) if turn % 2 == 0 else range(last, -1, -1)
        for s in steps:
            wish, weight = np.zeros_like(tops[s]), np.zeros_like(tops[s])
            if before and s > 0:
                pull, force = ties[s - 1].pull_targets(tops[s - 1])
                wish, weight = wish + pull, weight + force
            if after and s < last:
                pull, force = ties[s].pull_sources(tops[s + 1])
                wish, weight = wish + pull, weight + force
            if not weight.any():
                continue
            wanted = np.where(weight > 0, wish / np.maximum(weight, 1e-9), tops[s])
            tops[s] = _place(wanted - margins[s], slots[s], counts[s], room) + margins[s]
    return [top + TOP for top in tops]


def _place(wanted: Floats, slots: Floats, weights: Floats, room: float) -> Floats:
    """Tops of the slots nearest to `wanted` (least squares) that keep order and room and do not overlap."""
    starts = np.cumsum(slots) - slots
    pools: list[tuple[float, float, int]] = []  # mean, weight, length
    for value, weight in zip((wanted - starts).tolist(), weights.tolist(), strict=True):
        mean, total, length = value, weight, 1
        while pools and pools[-1][0] > mean:
            other, other_total, other_length = pools.pop()
            mean = (mean * total + other * other_total) / (total + other_total)
            total, length = total + other_total, length + other_length
        pools.append((mean, total, length))
    shifts = np.repeat([pool[0] for pool in pools], [pool[2] for pool in pools])
    return np.clip(shifts, 0.0, max(0.0, room - float(slots.sum()))) + starts
