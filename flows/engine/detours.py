"""From one event to another, directly or by way of others: how many, how long, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.engine.arrays import IntArray
from flows.engine.counting import bucket_seconds
from flows.engine.log import CODE_SHIFT, END_SHIFT, GAP_MASK, LENGTH_MASK, REACHED_SHIFT, STATE_MASK, STATES
from flows.engine.members import PathRows
from flows.engine.source import Paths, PathSource

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Leg:
    """Whoever has ``source`` at ``step`` and ``target`` at a later one."""

    step: int
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Ways:
    """People who went one way, how many of them were done, and the median time to the target (0 without anyone)."""

    count: int
    done: int
    median_seconds: float


@dataclass(slots=True)
class _Rows:
    """Paths of one key range. codes, seconds : [paths, steps + 1], −1 and 0 behind the last; done : bool[paths]."""

    codes: IntArray
    seconds: NDArray[np.float64]
    done: Flags


def find_detours(source: PathSource, legs: Sequence[Leg], steps: int, *, between: bool) -> list[tuple[Ways, Ways]]:
    """Follow legs through all paths.

    Parameters
    ----------
    source : PathSource
        Of a question that is read forwards.
    legs : sequence of Leg
    steps : int
        Depth of the question.
    between : bool
        Whether the question has an end anchor: done is who reached it, else whoever did not drop out.

    Returns
    -------
    list of (Ways, Ways)
        Per leg: direct, where the target stands right behind the source, and around, where the first target behind it
        stands later. Times are sums of those between neighbours, relative error ≤ 1 %.

    Notes
    -----
    The count of the direct way is that of the link. Memory grows with the people of the legs, 8 bytes each.

    Examples
    --------
    >>> rows = [(1, "a", 0), (1, "b", 1_000_000), (2, "a", 0), (2, "x", 1_000_000), (2, "b", 3_000_000)]
    >>> given = Given(segments=[segment_from_rows(rows)], data_from=0, data_through=3_000_000)
    >>> with open_sets(FlowQuery(start=("a",)), given) as sets:
    ...     direct, around = find_detours(sets.source, [Leg(0, "a", "b")], 5, between=False)[0]
    >>> direct.count, around.count, direct.median_seconds < around.median_seconds
    (1, 1, True)
    """
    found: list[tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]] = [([], []) for _ in legs]
    done = np.zeros((len(legs), 2), np.int64)
    for walked in source.waves():
        known = source.labels.known
        for rows in (_rows_of(paths, steps, between) for paths in walked if paths.rows):
            for number, leg in enumerate(legs):
                for way, (seconds, ended) in enumerate(_follow(rows, leg, known)):
                    found[number][way].append(seconds)
                    done[number, way] += int(ended.sum())
    return [
        (_ways(direct, int(ended[0])), _ways(around, int(ended[1])))
        for (direct, around), ended in zip(found, done, strict=True)
    ]


def _rows_of(paths: Paths, steps: int, between: bool) -> _Rows:
    rows = PathRows.of(paths, np.arange(paths.rows), steps)
    there = np.arange(steps + 1) < (rows.heads & LENGTH_MASK)[:, None]
    seconds = np.where(there, bucket_seconds(rows.items & GAP_MASK), 0.0)
    if between:
        done = rows.heads >> REACHED_SHIFT > 0
    else:
        done = (rows.heads >> END_SHIFT & STATE_MASK) != STATES.index("dropped")
    return _Rows(np.where(there, rows.items >> CODE_SHIFT, -1), seconds, done)


def _follow(rows: _Rows, leg: Leg, known: dict[str, int]) -> Iterator[tuple[NDArray[np.float64], Flags]]:
    """Directly, then around: times to the target, and who was done."""
    first, second = known.get(leg.source), known.get(leg.target)
    if first is None or second is None:
        return
    behind = rows.codes[:, leg.step + 1 :] == second
    on_way = (rows.codes[:, leg.step] == first) & behind.any(axis=1)
    passed = behind.argmax(axis=1)
    times = np.cumsum(rows.seconds[:, leg.step + 1 :], axis=1)[np.arange(len(passed)), passed]
    for chosen in (on_way & (passed == 0), on_way & (passed > 0)):
        yield times[chosen], rows.done[chosen]


def _ways(times: list[NDArray[np.float64]], done: int) -> Ways:
    together = np.concatenate([*times, np.zeros(0)])
    return Ways(len(together), done, float(np.median(together)) if len(together) else 0.0)
