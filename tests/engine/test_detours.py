"""Ways from one event to another: cases on paper, and against the paths themselves."""

import doctest
import statistics
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given

from flows.engine import detours
from flows.engine.arrays import segment_from_rows
from flows.engine.detours import Leg, Ways, find_detours
from flows.engine.histories import Given
from flows.engine.members import open_sets
from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from tests.engine.cases import logs, questions, thorough
from tests.engine.compare import engine_flow, oldest_and_newest, relabelled

SECOND = 1_000_000


@contextmanager
def opened(segments, query):
    oldest, newest = oldest_and_newest(segments)
    arrays = [segment_from_rows(rows) for rows in segments]
    names = {*query.start, *query.end}
    everything = Given(
        segments=arrays, data_from=oldest, data_through=newest, relabel=relabelled(query), catalogue=names
    )
    with open_sets(query, everything) as sets:
        yield sets


def ways(segments, query, legs):
    with opened(segments, query) as sets:
        return find_detours(sets.source, legs, query.steps, between=query.between)


def history(person, *names, every=10):
    return [(person, name, number * every * SECOND) for number, name in enumerate(names)]


def test_direct_and_around_are_counted_and_timed():
    rows = [
        *history(1, "a", "b"),
        *history(2, "a", "x", "b"),
        *history(3, "a", "x", "y", "b", "z"),
        *history(4, "a", "x"),
        *history(5, "a", "b", "x", "b"),  # the first time counts
        (9, "end", 30 * 86_400 * SECOND),
    ]
    found = ways([sorted(rows)], FlowQuery(start=("a",)), [Leg(0, "a", "b"), Leg(1, "x", "b"), Leg(0, "a", "none")])
    direct, around = found[0]
    assert (direct.count, around.count) == (2, 2)
    assert direct.median_seconds == pytest.approx(10, rel=0.01)
    assert around.median_seconds == pytest.approx(25, rel=0.01)
    assert (direct.done, around.done) == (0, 0)  # all of them dropped out in the end
    assert [(each.count) for each in found[1]] == [1, 1]
    assert found[2] == (Ways(0, 0, 0.0), Ways(0, 0, 0.0))


def test_between_two_events_done_is_who_converted():
    rows = [
        *history(1, "a", "b", "end"),
        *history(2, "a", "x", "b", "end"),
        *history(3, "a", "x", "b"),
        (9, "z", 30 * 86_400 * SECOND),
    ]
    query = FlowQuery(start=("a",), end=("end",))
    direct, around = ways([sorted(rows)], query, [Leg(0, "a", "b")])[0]
    assert (direct.count, direct.done, around.count, around.done) == (1, 1, 2, 1)


@thorough
@given(logs(), questions())
def test_they_are_those_of_the_paths(segments, query):
    if query.backwards:
        query = replace(query, start=query.end, end=())
    result = engine_flow(segments, query, catalogue={*query.start, *query.end})
    legs = [Leg(step, link["source"], link["target"]) for link in result["links"] for step in range(link["step"] + 1)]
    legs = list(dict.fromkeys(leg for leg in legs if leg.source and leg.target))[:20]
    with opened(segments, query) as sets:
        found = find_detours(sets.source, legs, query.steps, between=query.between)
        paths = sets.members(Selector(set="matched"), limit=10_000).rows
    for leg, both in zip(legs, found, strict=True):
        times = [], []
        for path in paths:
            if len(path.labels) > leg.step and path.labels[leg.step] == leg.source:
                later = [at for at, label in enumerate(path.labels) if at > leg.step and label == leg.target]
                if later:
                    times[later[0] > leg.step + 1].append(sum(path.seconds[leg.step + 1 : later[0] + 1]))
        for way, want in zip(both, times, strict=True):
            assert way.count == len(want)
            assert way.median_seconds == pytest.approx(statistics.median(want) if want else 0.0)
        links = [(link["step"], link["source"], link["target"]) for link in result["links"]]
        if (leg.step, leg.source, leg.target) in links:
            assert both[0].count == result["links"][links.index((leg.step, leg.source, leg.target))]["count"]


def test_the_example_in_the_docstring_holds():
    names = {"segment_from_rows": segment_from_rows, "open_sets": open_sets, "FlowQuery": FlowQuery, "Given": Given}
    assert doctest.testmod(detours, extraglobs=names).failed == 0
