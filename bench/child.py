"""A process that answers one question, watched from outside: time from its start, bytes read, memory by kind.

The watcher looks at ``/proc`` (Linux) and sleeps between looks, so that it takes nothing from the process it watches.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.data import COLUMNS, opened
from bench.questions import Result, asking, numbers_of
from bench.report import Ratio, Row
from flows.engine.compute import GIB
from flows.engine.query import FlowQuery

LOOK_EVERY = 0.001
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Watched:
    """What a child answered and took.

    Attributes
    ----------
    result : dict
        Without the time it took.
    started, mapped : float
        Seconds from the start of the process until its modules were there, and until the events were mapped.
    asked : list of float
        Seconds of each asking, the first one with everything that the engine does only once.
    read : int
        Bytes that the process made the system fetch from the disk.
    idle : int
        Anonymous bytes before the first asking.
    anonymous, mapped_files : int
        Most bytes of each kind that were resident while it was asked, as seen each millisecond.
    """

    result: Result
    started: float
    mapped: float
    asked: list[float]
    read: int
    idle: int
    anonymous: int
    mapped_files: int

    @property
    def first(self) -> float:
        """Seconds from the start of the process to its first answer."""
        return self.mapped + self.asked[0]


@dataclass(slots=True)
class _Peaks:
    anonymous: int = 0
    mapped_files: int = 0
    first: dict[str, int] = field(default_factory=dict)

    def look(self, pid: int) -> None:
        kinds = _resident(pid)
        self.first = self.first or kinds
        self.anonymous = max(self.anonymous, kinds["RssAnon"])
        self.mapped_files = max(self.mapped_files, kinds["RssFile"])


def watch(home: Path, query: FlowQuery, threads: int, times: int = 1, cache: Path | None = None) -> Watched:
    """Ask a question of generated events in a process of its own.

    Parameters
    ----------
    home : Path
        What :func:`bench.data.generate` wrote.
    times : int
        How often to ask.
    cache : Path, optional
        Directory for compiled kernels instead of the usual one.
    """
    order = {"home": str(home), "query": query.canonical(), "threads": threads, "times": times}
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": str(cache)} if cache else {})}
    order["began"] = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", __name__, json.dumps(order)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    lines: list[str] = []
    peaks = _Peaks()
    with child:
        if child.stdout.readline():
            peaks.look(child.pid)
            child.stdin.write("go\n")
            child.stdin.flush()
            listener = threading.Thread(target=lambda: lines.append(child.stdout.readline()))  # type: ignore[union-attr]
            listener.start()
            while listener.is_alive():
                peaks.look(child.pid)
                time.sleep(LOOK_EVERY)
    answer = "".join(lines)
    if not answer:
        raise RuntimeError(f"the process that was to answer ended with status {child.returncode}")
    found = json.loads(answer)
    return Watched(**found, idle=peaks.first["RssAnon"], anonymous=peaks.anonymous, mapped_files=peaks.mapped_files)


def memory(question: str, found: Watched, same: bool | None = None) -> list[Row]:
    """Rows of what a process had resident at most: of its own, and of mapped files."""
    of_its_own = Row(
        who="journeymap",
        question=f"peak memory of its own: {question}",
        best=found.anonymous / MIB,
        unit="MiB",
        ratios=(Ratio((found.anonymous - found.idle) / GIB, "the budget of 1 GiB"),),
        same=same,
        note=f"{found.idle / MIB:,.0f} MiB of it before it was asked, which the ratio leaves out",
    )
    mapped = Row(
        who="journeymap",
        question=f"peak of mapped files: {question}",
        best=found.mapped_files / MIB,
        unit="MiB",
        note="events and programs; the system takes them back at will",
    )
    return [of_its_own, mapped]


def forget(home: Path) -> None:
    """Let the system drop the columns of generated events from its memory; they must not be mapped anywhere."""
    for file, _ in COLUMNS.values():
        descriptor = os.open(home / file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _resident(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    return {name: int(found[name][0]) * 1024 if name in found else 0 for name in ("RssAnon", "RssFile")}


def _bytes_read() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


def main() -> None:
    order: dict[str, Any] = json.loads(sys.argv[1])
    started = time.perf_counter() - order["began"]
    data = opened(Path(order["home"]))
    query = FlowQuery.from_dict(order["query"])
    print("ready", flush=True)
    sys.stdin.readline()
    before = _bytes_read()
    began = time.perf_counter()
    ask = asking(query, data, order["threads"])
    mapped = started + time.perf_counter() - began
    asked = []
    for _ in range(order["times"]):
        began = time.perf_counter()
        result = ask()
        asked.append(time.perf_counter() - began)
    read = _bytes_read() - before
    found = {"result": numbers_of(result), "started": started, "mapped": mapped, "asked": asked, "read": read}
    # Whoever watches can look until it lets go.
    print(json.dumps(found), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
