"""How time grows with events, and what it costs that a dataset is in several segments."""

from __future__ import annotations

import sys

from bench.cuts import ARRIVAL, TIME, cut
from bench.data import generate
from bench.part import Options, Timed, main, timed, timed_row
from bench.questions import SESSIONS, USERS, Result, asking, numbers_of, question
from bench.report import Part, Ratio, Row
from flows.engine.warmup import compile_kernels

SIZES = (0.25, 1, 4)  # times the main case
SEGMENTS = (4, 16)
COUNTS = (USERS, SESSIONS)


def run(options: Options) -> Part:
    compile_kernels()
    rows = [*_sizes(options), *_segments(options)]
    return Part("scaling", "More events, more segments: the default chart", rows)


def _sizes(options: Options) -> list[Row]:
    """Nanoseconds for each event; level if they are the same for every size."""
    rows = []
    spent: dict[tuple[str, float], tuple[Timed[Result], int]] = {}
    for size in SIZES:
        data = generate(options.directory, int(options.events * size))
        for count in COUNTS:
            spent[count, size] = (
                timed(asking(question(count), data, options.threads), options.repeat),
                data.events,
            )
    for count in COUNTS:
        usual = spent[count, 1][0].best / spent[count, 1][1]
        for size in SIZES:
            found, events = spent[count, size]
            each = 1e9 / events
            rows.append(
                Row(
                    who="journeymap",
                    question=f"{count}, {events:,} events",
                    best=found.best * each,
                    median=found.median * each,
                    unit="ns/event",
                    ratios=(Ratio(found.best / events / usual, f"per event of {spent[count, 1][1]:,}"),),
                    note=f"{found.best * 1e3:,.1f} ms",
                )
            )
    return rows


def _segments(options: Options) -> list[Row]:
    """The same events, once in one segment and then in several, whose answers must be the same to the last number."""
    data = generate(options.directory, options.events)
    rows = []
    for count in COUNTS:
        whole = timed(asking(question(count), data, options.threads), options.repeat)
        rows.append(timed_row("journeymap", f"{count}, 1 segment", whole))
        for by in (TIME, ARRIVAL):
            for number in SEGMENTS:
                parts = cut(data, number, by)
                spent = timed(asking(question(count), data, options.threads, parts), options.repeat)
                same = numbers_of(spent.answer) == numbers_of(whole.answer)
                asked = f"{count}, {number} segments, cut by {by}"
                rows.append(timed_row("journeymap", asked, spent, *spent.against(one_segment=whole), same=same))
    return rows


if __name__ == "__main__":
    sys.exit(main("scaling", run, __doc__))
