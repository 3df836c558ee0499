"""What every benchmark shares: its options, how runs are timed, and how it runs alone."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from bench.machine import machine
from bench.report import Part, Ratio, Row, markdown

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Options:
    """``events`` is the size of the main case; cases of other sizes are a fixed share or multiple of it."""

    events: int
    threads: int
    repeat: int
    peer_repeat: int
    directory: Path


@dataclass(frozen=True, slots=True)
class Timed(Generic[T_co]):
    """Seconds of several runs, and what the last one answered."""

    seconds: tuple[float, ...]
    answer: T_co

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return float(np.median(self.seconds))

    def against(self, **others: Timed[object]) -> tuple[Ratio, ...]:
        """Best against best; an underscore in a name is a space."""
        return tuple(Ratio(self.best / other.best, name.replace("_", " ")) for name, other in others.items())


def timed(run: Callable[[], T], repeat: int) -> Timed[T]:
    """Time some runs after a first one, which warms caches and does not count."""
    return timed_in_turn({"": run}, repeat)[""]


def timed_in_turn(runs: Mapping[K, Callable[[], T]], repeat: int) -> dict[K, Timed[T]]:
    """Time several runs by turns, so that whatever else the machine does falls on all of them and ratios stay true."""
    answers = {name: run() for name, run in runs.items()}
    seconds: dict[K, list[float]] = {name: [] for name in runs}
    for _ in range(repeat):
        for name, run in runs.items():
            began = time.perf_counter()
            answers[name] = run()
            seconds[name].append(time.perf_counter() - began)
    return {name: Timed(tuple(seconds[name]), answers[name]) for name in runs}


def timed_row(
    who: str, question: str, spent: Timed[object], *ratios: Ratio, same: bool | None = None, note: str = ""
) -> Row:
    return Row(
        who=who,
        question=question,
        best=spent.best * 1e3,
        median=spent.median * 1e3,
        ratios=ratios,
        same=same,
        note=note,
    )


def parser(description: str | None) -> argparse.ArgumentParser:
    cores = len(os.sched_getaffinity(0))
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    found.add_argument("--events", type=int, default=20_000_000, help="size of the main case")
    found.add_argument("--threads", type=int, default=min(2, cores), help="also the cores that anybody may use")
    found.add_argument("--repeat", type=int, default=9, help="runs of ours")
    found.add_argument("--peer-repeat", type=int, default=3, help="runs of a peer")
    found.add_argument("--directory", type=Path, default=Path(".data/bench"), help="for events, peers and results")
    return found


def options_of(given: argparse.Namespace) -> Options:
    return Options(given.events, given.threads, given.repeat, given.peer_repeat, given.directory.resolve())


def main(name: str, run: Callable[[Options], Part], description: str | None) -> int:
    """Run one benchmark alone: print its table, and keep it as JSON if asked to."""
    arguments = parser(description)
    arguments.add_argument("--json", type=Path, help="file for the rows")
    given = arguments.parse_args()
    options = options_of(given)
    options.directory.mkdir(parents=True, exist_ok=True)
    # Everybody asked from here on, in this process or in children, gets the same cores.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    began = time.perf_counter()
    found = run(options)
    part = Part(name, found.title, found.rows, found.versions, time.perf_counter() - began)
    print(markdown(machine(options.threads), [part]), flush=True)
    if given.json:
        given.json.write_text(json.dumps(part.to_json()))
    if not part.passed:
        print("ANOTHER ANSWER", file=sys.stderr)
    return 0 if part.passed else 1
