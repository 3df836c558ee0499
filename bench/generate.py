"""Events for the benchmarks: seeded, the same on every machine, shaped like a shop with an app.

People come in sessions; within a session the next event depends on the one before (every event has a few likely
successors, and may repeat). No two events of one person share a time, so that no program has to guess an order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from flows.engine.arrays import SegmentArrays

COLUMNS = ("keys", "starts", "times", "codes")
LABELS = 40
BEGIN = 1_760_000_000_000_000
DAYS = 60
DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Generated:
    """Where the files are, and what the questions need to know."""

    directory: Path
    events: int
    people: int
    start: str

    def segment(self) -> SegmentArrays:
        """The events as the engine reads them: memory-mapped files."""
        keys, starts, times, codes = (np.load(self.directory / f"{name}.npy", mmap_mode="r") for name in COLUMNS)
        return SegmentArrays(keys, starts, times, codes, names(), np.zeros(0, np.int64))


def names() -> list[str]:
    """Event names; the code of an event is its place here."""
    return [f"event_{code:02d}" for code in range(LABELS)]


def generate(directory: Path, events: int, seed: int = 7) -> Generated:
    """Write the columns of about ``events`` events into a directory, unless they are there already.

    Parameters
    ----------
    directory : Path
    events : int
        Wanted number; people have 1 to 2 000 events, 22 on average.
    seed : int
    """
    note = directory / "generated.json"
    wanted = {"events": events, "seed": seed, "version": 1}
    if not note.exists() or json.loads(note.read_text())["wanted"] != wanted:
        directory.mkdir(parents=True, exist_ok=True)
        found = _columns(events, np.random.default_rng(seed))
        for name, column in zip(COLUMNS, found, strict=True):
            np.save(directory / f"{name}.npy", column)
        note.write_text(json.dumps({"wanted": wanted, "events": len(found[2]), "people": len(found[0])}))
    counts = json.loads(note.read_text())
    return Generated(directory, counts["events"], counts["people"], names()[0])


def _columns(events: int, chance: np.random.Generator) -> tuple[NDArray[Any], ...]:
    people = events // 22
    lengths = np.clip(chance.lognormal(2.4, 1.15, people), 1, 2000)
    lengths = np.maximum(1, lengths * (events / lengths.sum())).astype(np.int64)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    total = int(starts[-1])
    some = np.unique(chance.integers(0, 1 << 63, people + people // 50 + 10, dtype=np.int64))
    keys = np.sort(chance.choice(some, people, replace=False)).astype(np.uint64) << np.uint64(1)
    first = BEGIN + chance.integers(0, DAYS * DAY, people)
    steps = np.empty(total, np.int64)
    new_session = chance.random(total) < 0.12
    steps[:] = 1 + chance.exponential(35e6, total)
    steps[new_session] = 31 * 60_000_000 + chance.exponential(1.5 * DAY, int(new_session.sum()))
    steps[starts[:-1]] = 0
    clock = np.cumsum(steps)
    times = clock - np.repeat(clock[starts[:-1]], lengths) + np.repeat(first, lengths)
    codes = _walk(starts, new_session, chance.random(total, np.float32), _transitions(chance))
    return keys, starts, times, codes


def _transitions(chance: np.random.Generator) -> NDArray[np.float32]:
    """Cumulative chances of the next event: row = event before, last row = first event of a session."""
    popular = 1 / np.arange(1, LABELS + 1) ** 0.8
    weights = np.empty((LABELS + 1, LABELS))
    for code in range(LABELS):
        weights[code] = popular * chance.permutation(1 / np.arange(1, LABELS + 1) ** 1.6)
        weights[code, code] += 0.15 * weights[code].sum()
    weights[LABELS] = popular
    weights[LABELS, 0] = weights[LABELS].sum()
    shares: NDArray[np.float64] = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)


@njit(cache=True)
def _walk(starts: Any, new_session: Any, dice: Any, transitions: Any) -> Any:
    codes = np.empty(dice.size, np.int32)
    fresh = transitions.shape[0] - 1
    for person in range(starts.size - 1):
        before = fresh
        for i in range(starts[person], starts[person + 1]):
            row = transitions[fresh if new_session[i] else before]
            code = min(np.searchsorted(row, dice[i]), fresh - 1)
            codes[i] = code
            before = code
    return codes
