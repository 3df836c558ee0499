"""Beside two open products that answer such questions: retentioneering's step matrix and Umami's journeys."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

from bench.data import DAY, Generated, generate
from bench.part import Options, main, timed, timed_row
from bench.peers import postgres, retentioneering, umami
from bench.peers.venvs import NotInstallable
from bench.questions import (
    DEFAULT,
    SESSIONS,
    STEPS,
    USERS,
    WIDEST,
    Result,
    answer_of,
    asking,
    question,
    step_counts,
)
from bench.report import Part, Row
from flows.engine.query import MAX_DURATION
from flows.engine.warmup import compile_kernels

SHARE = 10  # of the main case
JOURNEY = 7  # events that Umami shows at most
MOST_PATHS = 10_000


def run(options: Options) -> Part:
    data = generate(options.directory, options.events // SHARE)
    compile_kernels()
    versions: dict[str, str] = {}
    rows = [*_step_matrix(data, options, versions), *_journeys(data, options, versions)]
    title = f"Open products: {data.events:,} events of {data.people:,} people"
    return Part("products", title, rows, versions)


def _step_matrix(data: Generated, options: Options, versions: dict[str, str]) -> list[Row]:
    """Nothing collapsed and no window, as there; every count of every step must be the same."""
    try:
        found = retentioneering.ask(data, data.names()[0], STEPS, options.threads, options.peer_repeat)
    except NotInstallable as error:
        print(error, file=sys.stderr)
        return [Row(who=retentioneering.NAME, question="step matrix", note="not measured: it cannot be installed here")]
    versions[retentioneering.NAME] = found.version
    rows = []
    for asked, start, theirs in (
        ("paths from their first event", data.names(), found.whole),
        (f"paths from {data.names()[0]}", data.names()[:1], found.anchored),
    ):
        queries = (question(USERS, top, start=start, within=MAX_DURATION, collapse="none") for top in (DEFAULT, WIDEST))
        default, widest = (timed(asking(query, data, options.threads), options.repeat) for query in queries)
        rows.append(timed_row("journeymap", f"users, {asked}", default))
        counts = step_counts(answer_of(widest.answer))
        paths = widest.answer["units"]["matched"]
        shares = {(step, event): round(share * paths) for (step, event), share in theirs.answer.items() if step >= 0}
        ratios = theirs.against(default_chart=default, widest=widest)
        same = shares == counts
        rows.append(timed_row(retentioneering.NAME, f"step matrix, {asked}", theirs, *ratios, same=same))
    return rows


def _journeys(data: Generated, options: Options, versions: dict[str, str]) -> list[Row]:
    """Sessions from their first event, as there a visit; the most frequent whole paths, and all steps and links."""
    names = data.names()
    asked: dict[str, Any] = {"start": names, "steps": JOURNEY - 1, "collapse": "none"}
    query = question(SESSIONS, paths=umami.SHOWN, **asked)
    ours = timed(asking(query, data, options.threads), options.repeat)
    # With the data's end far away no path is open: one that is shorter than the limit has one end, a longer one two.
    ample = question(SESSIONS, WIDEST, paths=MOST_PATHS, **asked)
    complete = asking(ample, data, options.threads, data_through=data.data_through + 400 * DAY)()
    rows = [timed_row("journeymap", f"sessions, flow and top {umami.SHOWN} paths of {JOURNEY} events", ours)]
    with postgres.serving(options.threads) as connection:
        versions[postgres.NAME] = postgres.version_of(connection)
        umami.load(connection, data)
        for name, distinct in (("as it is", True), ("without its distinct", False)):
            sql = umami.journeys(JOURNEY, distinct)
            spent = timed(lambda sql=sql: connection.execute(sql).fetchall(), options.peer_repeat)  # type: ignore[misc]
            everything = umami.sequences_of(connection.execute(umami.journeys(JOURNEY, distinct, None)).fetchall())
            same = _agrees(umami.sequences_of(spent.answer), everything, complete, names)
            ratios = spent.against(flow_and_top_paths=ours)
            rows.append(timed_row(umami.NAME, f"top {umami.SHOWN} journeys, {name}", spent, *ratios, same=same))
    return rows


def _agrees(shown: umami.Sequences, everything: umami.Sequences, ours: Result, names: list[str]) -> bool:
    """Whether its rows are the most frequent of our paths, and all of them add up to our nodes and links."""
    paths: Counter[tuple[str, ...]] = Counter()
    for path in ours["paths"]:
        paths[tuple(path["labels"])] += path["count"]
    code = {name: place for place, name in enumerate(names)}
    return (
        all(paths[path] == count for path, count in shown.items())
        and sorted(shown.values()) == sorted(everything.values())[-len(shown) :]
        and len(everything) == ours["distinct_paths"]
        and umami.answer_of(everything, code) == answer_of(ours)
    )


if __name__ == "__main__":
    sys.exit(main("products", run, __doc__))
