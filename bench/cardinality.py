"""A million distinct events: time, and memory against the budget, with DuckDB as the judge of the answer."""

from __future__ import annotations

import sys

from bench.child import memory, watch
from bench.data import event_name, generate
from bench.part import Options, main, timed, timed_row
from bench.peers import duck
from bench.questions import START, USERS, WIDEST, answer_of, asking, bucketed, numbers_of, question
from bench.report import Part
from flows.engine.query import MAX_STEPS
from flows.engine.warmup import compile_kernels

SHARE = 4  # of the main case
EVENTS_PER_LABEL = 5


def run(options: Options) -> Part:
    events = options.events // SHARE
    data = generate(options.directory, events, labels=events // EVENTS_PER_LABEL)
    compile_kernels()
    query = question(USERS, WIDEST, steps=MAX_STEPS, start=(event_name(START, data.labels),))
    spent = timed(asking(query, data, options.threads), options.peer_repeat)
    watched = watch(data.directory, query, options.threads, times=2)
    with duck.connected(data, options.threads) as connection:
        theirs = timed(lambda: duck.rows_of(connection, duck.windows_of_users(MAX_STEPS)), 1)
    same = bucketed(duck.answer_of(theirs.answer), WIDEST) == answer_of(spent.answer)
    asked = f"{MAX_STEPS} steps, top {WIDEST}"
    rows = [
        timed_row("journeymap", asked, spent),
        *memory(asked, watched, same=watched.result == numbers_of(spent.answer)),
        timed_row(duck.NAME, f"{MAX_STEPS} steps, windows", theirs, *theirs.against(ours=spent), same=same),
    ]
    title = f"Many labels: {data.labels:,} distinct events in {data.events:,} events of {data.people:,} people"
    return Part("cardinality", title, rows, {duck.NAME: duck.VERSION})


if __name__ == "__main__":
    sys.exit(main("cardinality", run, __doc__))
