"""Events for the benchmarks: seeded, the same on every machine, shaped like a shop with an app.

People come in sessions; within a session the next event depends on the one before (every event has a few likely
successors, and may repeat). No two events of one person share a time, so that no program has to guess an order.

Events are made block by block, each block a range of the person keys with chances of its own, so that any number of
them takes the same memory and half of the keys are half of the events.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from flows.engine.arrays import SegmentArrays

VERSION = 2
COLUMNS = {"keys": ("keys.u64", "<u8"), "starts": ("starts.i64", "<i8")}
COLUMNS |= {"times": ("times.i64", "<i8"), "codes": ("codes.i32", "<i4")}
LABELS = 40
EVENTS_PER_PERSON = 22
EVENTS_PER_BLOCK = 1_000_000
BEGIN = 1_760_000_000_000_000
DAYS = 60
NO_TIES = np.zeros(0, np.int64)
MINUTE = 60_000_000
DAY = 1440 * MINUTE
NO_TIES = np.zeros(0, np.int64)  # steps between the events of a person are 1 µs and more


@dataclass(frozen=True, slots=True)
class Generated:
    """Where the files are, and what the questions need to know.

    ``blocks`` are (people, events) of each block; ``data_from`` and ``data_through`` the oldest and newest time, µs.
    """

    directory: Path
    seed: int
    labels: int
    blocks: tuple[tuple[int, int], ...]
    data_from: int
    data_through: int

    @property
    def people(self) -> int:
        return sum(people for people, _ in self.blocks)

    @property
    def events(self) -> int:
        return sum(events for _, events in self.blocks)

    def segment(self) -> SegmentArrays:
        """The events as the engine reads them: memory-mapped files."""
        return mapped(self.directory, self.names())

    def names(self) -> list[str]:
        """Event names in ascending order; the code of an event is its place here."""
        return [event_name(code, self.labels) for code in range(self.labels)]


def event_name(code: int, labels: int = LABELS) -> str:
    """Names sort as their codes do."""
    return f"event_{code:0{len(str(labels - 1))}d}"


def event_code(name: str) -> int:
    return int(name.removeprefix("event_"))


def mapped(directory: Path, names: Sequence[str]) -> SegmentArrays:
    """A segment whose columns stand in a directory."""
    keys, starts, times, codes = (np.memmap(directory / file, dtype, "r") for file, dtype in COLUMNS.values())
    return SegmentArrays(keys, starts, times, codes, names, NO_TIES)


def generate(directory: Path, events: int, labels: int = LABELS, seed: int = 7) -> Generated:
    """Write the columns of about ``events`` events into a directory of their own, unless they are there already.

    Parameters
    ----------
    directory : Path
        For all generated events.
    events : int
        Wanted number; people have 1 to 2 000 events, 22 on average.
    labels : int
        Distinct event names. Up to some hundred are walked as described above; of more, each occurs once at least and
        the others are drawn by rank, the first the most frequent.
    seed : int
    """
    home = directory / (f"events-{events}" if labels == LABELS else f"events-{events}-of-{labels}")
    wanted = {"events": events, "labels": labels, "seed": seed, "version": VERSION}
    note = home / "generated.json"
    if not note.exists() or json.loads(note.read_text())["wanted"] != wanted:
        # Tables that peers made of other events go too.
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        found = _write(home, events, labels, seed)
        note.write_text(json.dumps({"wanted": wanted, **found}))
    return opened(home)


def opened(home: Path) -> Generated:
    """What :func:`generate` wrote."""
    note = json.loads((home / "generated.json").read_text())
    blocks = tuple((people, events) for people, events in note["blocks"])
    wanted = note["wanted"]
    return Generated(home, wanted["seed"], wanted["labels"], blocks, note["data_from"], note["data_through"])


def _write(home: Path, events: int, labels: int, seed: int) -> dict[str, Any]:
    blocks: list[tuple[int, int]] = []
    oldest: list[int] = []
    newest: list[int] = []
    done = 0
    with ExitStack() as stack:
        files = {name: stack.enter_context((home / file).open("wb")) for name, (file, _) in COLUMNS.items()}
        files["starts"].write(np.zeros(1, "<i8").tobytes())
        for keys, ends, times, codes in _blocks(events, labels, seed):
            columns = {"keys": keys, "starts": done + ends, "times": times, "codes": codes}
            for name, column in columns.items():
                files[name].write(np.ascontiguousarray(column, COLUMNS[name][1]).data)
            done += len(times)
            blocks.append((len(keys), len(times)))
            oldest.append(int(times.min()))
            newest.append(int(times.max()))
    return {"blocks": blocks, "data_from": min(oldest), "data_through": max(newest)}


def _blocks(events: int, labels: int, seed: int) -> Iterator[tuple[NDArray[Any], ...]]:
    """Keys, ends of the people's events, times and codes of each block."""
    count = max(1, events // EVENTS_PER_BLOCK)
    transitions = _transitions(labels, np.random.default_rng(seed)) if labels <= 1000 else None
    for block in range(count):
        chance = np.random.default_rng((seed, block))
        span = (1 << 64) // count
        keys = np.unique(chance.integers(0, span, events // count // EVENTS_PER_PERSON, np.uint64))
        ends, times, new_session = _clock(events // count, len(keys), chance)
        if transitions is None:
            codes = _drawn(np.arange(block, labels, count), labels, len(times), chance)
        else:
            codes = _walk(ends, new_session, chance.random(len(times), np.float32), transitions)
        yield keys + np.uint64(block * span), ends, times, codes


def _clock(events: int, people: int, chance: np.random.Generator) -> tuple[NDArray[Any], ...]:
    """Ends of the people's events, times, and which events begin a session."""
    lengths = np.clip(chance.lognormal(2.4, 1.15, people), 1, 2000)
    lengths = np.maximum(1, np.rint(lengths * (events / lengths.sum()))).astype(np.int64)
    ends = np.cumsum(lengths)
    total = int(ends[-1])
    new_session = chance.random(total) < 0.12
    steps = (1 + chance.exponential(35e6, total)).astype(np.int64)
    steps[new_session] = 31 * MINUTE + chance.exponential(1.5 * DAY, int(new_session.sum()))
    clock = np.cumsum(steps)
    first = BEGIN + chance.integers(0, DAYS * DAY, people)
    return ends, clock + np.repeat(first - clock[ends - lengths], lengths), new_session


def _transitions(labels: int, chance: np.random.Generator) -> NDArray[np.float32]:
    """Cumulative chances of the next event: row = event before, last row = first event of a session."""
    popular = 1 / np.arange(1, labels + 1) ** 0.8
    weights = np.empty((labels + 1, labels))
    for code in range(labels):
        weights[code] = popular * chance.permutation(1 / np.arange(1, labels + 1) ** 1.6)
        weights[code, code] += 0.15 * weights[code].sum()
    weights[labels] = popular
    weights[labels, 0] = weights[labels].sum()
    shares: NDArray[np.float64] = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)


@njit(cache=True)
def _walk(ends: Any, new_session: Any, dice: Any, transitions: Any) -> Any:
    codes = np.empty(dice.size, np.int32)
    fresh = transitions.shape[0] - 1
    i = 0
    for end in ends:
        before = fresh
        while i < end:
            row = transitions[fresh if new_session[i] else before]
            before = min(np.searchsorted(row, dice[i]), fresh - 1)
            codes[i] = before
            i += 1
    return codes


def _drawn(each_once: NDArray[Any], labels: int, events: int, chance: np.random.Generator) -> NDArray[Any]:
    """Codes whose frequency falls as 1 / rank, and the given ones once at least."""
    codes = (labels ** chance.random(events)).astype(np.int64) - 1
    codes[chance.choice(events, len(each_once), replace=False)] = each_once
    return codes
