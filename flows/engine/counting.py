"""From paths to numbers: counts by label, links between nodes with histograms of their times, quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.jit import kernel
from flows.engine.kernels import END_SHIFT, LENGTH_MASK, MANY_REPEATS, U

Array = Any


@kernel
def count_labels(labels: Array, ends: Array, step: Array, counts: Array) -> None:
    """Add the labels at one step to ``counts`` (int64[labels]).

    Parameters
    ----------
    labels : int32[rows]
        Label codes at this step; meaningless where the path is shorter.
    ends : uint8[rows]
        ``state << 5 | length`` of each path.
    """
    for row in range(ends.size):
        if ends[U(row)] & LENGTH_MASK > step:
            counts[U(labels[U(row)])] += 1


@kernel
def count_links(
    labels: Array,
    next_labels: Array,
    next_gaps: Array,
    repeats: Array,
    ends: Array,
    step: Array,
    nodes: Array,
    next_nodes: Array,
    times: Array,
    node_repeats: Array,
    node_ends: Array,
) -> None:
    """Add what leaves the nodes of one step.

    Parameters
    ----------
    labels, next_labels : int32[rows]
        Label codes at this step and at the next.
    next_gaps : int16[rows]
        Buckets of the time between the two.
    repeats : uint8[rows]
        Repeats at this step; 255 stands for a number counted elsewhere.
    ends : uint8[rows]
    nodes, next_nodes : int32[labels]
        Label code → node of the step.
    times : int32|int64[nodes of this step, nodes of the next, buckets]
        Link times, added up.
    node_repeats : int64[nodes of this step]
    node_ends : int64[nodes of this step, 4]
    """
    for row in range(ends.size):
        end = ends[U(row)]
        length = end & LENGTH_MASK
        if length > step:
            node = nodes[U(labels[U(row)])]
            if length > step + 1:
                times[U(node), U(next_nodes[U(next_labels[U(row)])]), U(next_gaps[U(row)])] += 1
            else:
                node_ends[U(node), U(end >> END_SHIFT)] += 1
            more = repeats[U(row)]
            if more != 0 and more != MANY_REPEATS:
                node_repeats[U(node)] += more


@kernel
def pick_ranks(histogram: Array, tenths: Array, total: Array) -> Array:
    """Bucket of the smallest value that at least tenths/10 of all values do not exceed.

    Parameters
    ----------
    histogram : int[buckets]
    tenths, total : int
        Share, and how many values there are (at least 1).
    """
    rank = (total * tenths + 9) // 10
    seen = 0
    for bucket in range(histogram.size):
        seen += histogram[bucket]
        if seen >= rank:
            return bucket
    return histogram.size - 1


def bucket_seconds(bucket: int) -> float:
    """Middle of a bucket of :func:`flows.engine.kernels.gap_bucket`, in seconds.

    Examples
    --------
    >>> bucket_seconds(3)
    3e-06
    """
    if bucket < 128:
        return bucket / 1e6
    width = 1 << (bucket // 64 - 1)
    return ((bucket % 64 + 64) * width + (width - 1) / 2) / 1e6


def rank_labels(counts: NDArray[np.int64], names: list[str], top: int | None) -> list[int]:
    """Label codes by count, ties by label ascending; the ``top`` first, or all that occur.

    Parameters
    ----------
    counts : int64[labels]
    names : list of str
        Label code → label.
    top : int or None
    """
    found = np.flatnonzero(counts)
    if top is not None and len(found) > top:
        least = np.partition(counts[found], -top)[-top]
        found = found[counts[found] >= least]
    ranked = sorted(found.tolist(), key=lambda code: (-int(counts[code]), names[code]))
    return ranked[:top]
