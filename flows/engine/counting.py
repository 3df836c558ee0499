"""From paths to numbers: counts by label, the labels that stand as themselves, times of buckets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.jit import kernel
from flows.engine.log import CODE_SHIFT, EXACT_GAP, LENGTH_MASK, U

Array = Any


@kernel
def count_labels(items: Array, first: Array, counts: Array) -> None:
    """Add the labels of some steps to ``counts``.

    Parameters
    ----------
    items : uint32[n] or uint64[n]
        A :class:`PathLog`'s.
    first : int
        Step of the first row of ``counts``.
    counts : int64[steps, labels]
    """
    at: Array = 0
    while at < items.size:
        length = np.int64(items[U(at)] & LENGTH_MASK)
        for step in range(first, min(length, first + counts.shape[0])):
            counts[U(step - first), U(items[U(at + 1 + step)] >> CODE_SHIFT)] += 1
        at += 1 + length


def bucket_seconds(bucket: IntArray) -> NDArray[np.float64]:
    """Middle of buckets of :func:`flows.engine.log.gap_bucket`, in seconds.

    Parameters
    ----------
    bucket : int64[n]

    Returns
    -------
    float64[n]

    Examples
    --------
    >>> bucket_seconds(np.array([3, 128])).tolist()
    [3e-06, 0.0001285]
    """
    octave, place = np.maximum(bucket, 2 * EXACT_GAP) // EXACT_GAP, bucket % EXACT_GAP
    width = np.float64(1) * (1 << (octave - 1))
    return np.where(bucket < 2 * EXACT_GAP, bucket, (place + EXACT_GAP) * width + (width - 1) / 2) / 1e6


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
