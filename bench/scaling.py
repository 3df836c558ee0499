"""How time grows with events, and what it costs that a dataset is in several segments."""

from __future__ import annotations

import sys

from bench.cuts import ARRIVAL, TIME, cut
from bench.data import generate
from bench.part import Options, main, timed_in_turn, timed_row
from bench.questions import SESSIONS, USERS, asking, numbers_of, question
from bench.report import Part, Ratio, Row
from flows.engine.warmup import compile_kernels

SIZES = (0.25, 1, 4)  # times the main case
SEGMENTS = (4, 16)
COUNTS = (USERS, SESSIONS)
ONE = (TIME, 1)


def run(options: Options) -> Part:
    compile_kernels()
    rows = [*_sizes(options), *_segments(options)]
    return Part("scaling", "More events, more segments: the default chart", rows)


def _sizes(options: Options) -> list[Row]:
    """Nanoseconds for each event; level if they are the same for every size."""
    datas = {size: generate(options.directory, int(options.events * size)) for size in SIZES}
    spent = timed_in_turn(
        {
            (count, size): asking(question(count), data, options.threads)
            for count in COUNTS
            for size, data in datas.items()
        },
        options.repeat,
    )
    rows = []
    for count in COUNTS:
        usual = spent[count, 1].best / datas[1].events
        for size, data in datas.items():
            found, events = spent[count, size], data.events
            each = 1e9 / events
            rows.append(
                Row(
                    who="journeymap",
                    question=f"{count}, {events:,} events",
                    best=found.best * each,
                    median=found.median * each,
                    unit="ns/event",
                    ratios=(Ratio(found.best / events / usual, f"per event of {datas[1].events:,}"),),
                    note=f"{found.best * 1e3:,.1f} ms",
                )
            )
    return rows


def _segments(options: Options) -> list[Row]:
    """The same events, once in one segment and then in several, whose answers must be the same to the last number."""
    data = generate(options.directory, options.events)
    several = {(by, number): cut(data, number, by) for by in (TIME, ARRIVAL) for number in SEGMENTS}
    rows = []
    for count in COUNTS:
        query = question(count)
        runs = {each: asking(query, data, options.threads, segments) for each, segments in several.items()}
        spent = timed_in_turn({ONE: asking(query, data, options.threads), **runs}, options.repeat)
        whole = spent.pop(ONE)
        rows.append(timed_row("journeymap", f"{count}, 1 segment", whole))
        for (by, number), found in spent.items():
            same = numbers_of(found.answer) == numbers_of(whole.answer)
            asked = f"{count}, {number} segments, cut by {by}"
            rows.append(timed_row("journeymap", asked, found, *found.against(one_segment=whole), same=same))
    return rows


if __name__ == "__main__":
    sys.exit(main("scaling", run, __doc__))
