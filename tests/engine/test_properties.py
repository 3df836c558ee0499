"""Random histories and questions: kernels and reference must agree exactly.

JOURNEYMAP_ENGINE_EXAMPLES raises the number of examples of each test (default 300).
"""

import os
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.engine import plan
from flows.engine.query import FlowQuery
from tests.engine.compare import assert_engine_agrees

EXAMPLES = int(os.environ.get("JOURNEYMAP_ENGINE_EXAMPLES", "300"))
NAMES = ["a", "b", "c", "d", "e", "a⇄b"]
TIMES = st.integers(0, 60)  # small, so that ties and equal windows happen

thorough = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def event(names):
    return st.tuples(st.integers(1, 4), st.sampled_from(names), TIMES)


@st.composite
def logs(draw, names=NAMES, most=40):
    """One to four segments, together holding every name."""
    everyone = [(9, name, 30) for name in names]
    segments = draw(st.lists(st.lists(event(names), max_size=most), min_size=1, max_size=4))
    return [*segments[:-1], segments[-1] + everyone]


def some(names, least=0, most=2):
    return st.lists(st.sampled_from(names), min_size=least, max_size=most, unique=True).map(tuple)


@st.composite
def questions(draw, names=NAMES):
    kind = draw(st.sampled_from(["start", "start", "end", "between"]))
    start = draw(some(names, 1)) if kind != "end" else ()
    end = draw(some(names, 1)) if kind != "start" else ()
    visible = [name for name in names if name not in start + end]
    limits = draw(st.lists(st.one_of(st.none(), TIMES), min_size=2, max_size=2))
    since, until = limits if None in limits or limits[0] < limits[1] else (None, limits[0])
    return FlowQuery(
        start=start,
        end=end,
        steps=draw(st.integers(1, 5)),
        top=draw(st.integers(1, 4)),
        count=draw(st.sampled_from(["users", "sessions", "journeys"])),
        occurrence=draw(st.sampled_from(["first", "last"])),
        within=draw(st.one_of(st.integers(1, 20), st.just(100))),
        session_gap=draw(st.one_of(st.integers(1, 8), st.just(100))),
        max_gap=draw(st.one_of(st.none(), st.integers(1, 10))),
        collapse=draw(st.sampled_from(["none", "consecutive", "cycles"])),
        only=draw(st.one_of(st.just(()), some(names, 1, 3))),
        hide=draw(st.one_of(st.just(()), some(visible))) if visible else (),
        exclude=draw(st.one_of(st.just(()), some(names))),
        range_from=since,
        range_to=until,
        paths=draw(st.sampled_from([0, 1, 3, 50])),
    )


@thorough
@given(logs(), questions())
def test_engine_agrees_with_the_reference(segments, query):
    assert_engine_agrees(segments, query, threads=2)


@thorough
@given(logs(names=["a", "b", "c"], most=60), questions(names=["a", "b", "c"]))
def test_engine_agrees_with_the_reference_on_loops_and_repeats(segments, query):
    assert_engine_agrees(segments, query, threads=1)


@thorough
@given(logs(), questions(), st.sampled_from([800, 5_000]))
def test_engine_agrees_with_the_reference_whatever_the_memory_and_the_cut(segments, query, budget):
    """Tiny ranges, blocks, histograms and budgets: many waves, tables not kept, several passes."""
    with mock.patch.object(plan, "LEAST_EVENTS_PER_RANGE", 5):
        assert_engine_agrees(segments, query, threads=2, budget=budget)
