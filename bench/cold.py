"""The first question of a fresh process, with and without kernels and cached files, and the memory that it takes."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.child import MIB, Watched, forget, memory, watch
from bench.data import generate
from bench.part import Options, Timed, main, timed_row
from bench.questions import SESSIONS, USERS, WIDEST, question
from bench.report import Part, Ratio, Row
from flows.engine.warmup import compile_kernels

PATHS = 50


def run(options: Options) -> Part:
    data = generate(options.directory, options.events)
    compile_kernels()
    query = question(USERS)
    home, threads = data.directory, options.threads
    warm = [watch(home, query, threads, times=options.repeat + 1) for _ in range(options.peer_repeat)]
    cold = []
    for _ in range(options.peer_repeat):
        forget(home)
        cold.append(watch(home, query, threads))
    with tempfile.TemporaryDirectory() as empty:
        uncompiled = [watch(home, query, threads, cache=Path(empty))]
    again = [seconds for each in warm for seconds in each.asked[1:]]
    read = max(each.read for each in cold) / MIB
    same = all(each.result == warm[0].result for each in [*warm, *cold, *uncompiled])
    rows = [
        Row(who="journeymap", question="asked again in the same process", best=min(again) * 1e3, same=same),
        _first("kernels on disk, files in memory", warm, min(again)),
        _first(f"kernels on disk, files dropped from memory ({read:,.0f} MiB read)", cold, min(again)),
        _first("no kernels yet, files in memory", uncompiled, min(again)),
    ]
    for count, top, paths in ((USERS, 8, 0), (SESSIONS, WIDEST, PATHS)):
        asked = f"{count}, top {top}" + (", top paths" if paths else "")
        rows += memory(asked, watch(home, question(count, top, paths=paths), threads, times=2))
    title = f"A fresh process: {data.events:,} events of {data.people:,} people, flow of users"
    return Part("cold", title, rows)


def _first(question: str, found: Sequence[Watched], again: float) -> Row:
    """From the start of Python to the first answer."""
    quickest = min(found, key=lambda each: each.first)
    spent = Timed(tuple(each.first for each in found), quickest.result)
    note = f"{quickest.started * 1e3:,.0f} ms to import, {quickest.asked[0] * 1e3:,.0f} ms to ask"
    return timed_row("journeymap", question, spent, Ratio(spent.best / again, "asked again"), note=note)


if __name__ == "__main__":
    sys.exit(main("cold", run, __doc__))
