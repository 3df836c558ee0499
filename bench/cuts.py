"""The same events in several segments, as a dataset holds them that was filled by several imports."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data import COLUMNS, DAY, NO_TIES, Generated, mapped
from flows.engine.arrays import SegmentArrays

TIME, ARRIVAL = "time", "arrival"
LATE = 0.2  # share of the events that arrive late
DELAY = 5 * DAY  # how late, on average


def cut(data: Generated, segments: int, by: str) -> list[SegmentArrays]:
    """Cut events into segments of about equal size, in order of arrival; files are made once.

    ``time``: each segment is a stretch of time, so that people stand in many segments. ``arrival``: a fifth of the
    events arrives days late, so that segments overlap in time as well and a person's events are interleaved.
    """
    home = data.directory / f"cut-by-{by}-{segments}"
    if not home.exists():
        draft = home.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        _write(data, draft, segments, by)
        draft.rename(home)
    names = data.names()
    return [mapped(home / str(number), names) for number in range(segments)]


def _write(data: Generated, draft: Path, segments: int, by: str) -> None:
    whole = data.segment()
    number = _numbers(whole.times, segments, by, data.seed)
    for i in range(segments):
        part = only(whole, np.flatnonzero(number == i))
        directory = draft / str(i)
        directory.mkdir(parents=True)
        for name, (file, dtype) in COLUMNS.items():
            getattr(part, name).astype(dtype, copy=False).tofile(directory / file)


def only(whole: SegmentArrays, rows: NDArray[np.int64]) -> SegmentArrays:
    """A segment, in memory, of some events of another, whose rows are given in ascending order."""
    people = np.searchsorted(whole.starts, rows, side="right") - 1
    first = np.flatnonzero(np.diff(people, prepend=-1))
    starts = np.append(first, len(rows))
    keys, times, codes = whole.keys[people[first]], whole.times[rows], whole.codes[rows]
    return SegmentArrays(keys, starts, times, codes, whole.names, NO_TIES)


def _numbers(times: NDArray[np.int64], segments: int, by: str, seed: int) -> NDArray[np.uint8]:
    """Number of the segment of each event."""
    arrived: NDArray[Any] = times
    if by == ARRIVAL:
        chance = np.random.default_rng(seed)
        late = np.flatnonzero(chance.random(len(times)) < LATE)
        arrived = times.copy()
        arrived[late] += chance.exponential(DELAY, len(late)).astype(np.int64)
    edges = np.quantile(arrived[:: max(1, len(times) // 1_000_000)], np.arange(1, segments) / segments)
    return np.searchsorted(edges, arrived).astype(np.uint8)
