"""Random histories and questions of every kind: kernels and reference must agree exactly.

Every choice of every option meets every choice of every other one. JOURNEYMAP_ENGINE_CASES raises the number of cases,
JOURNEYMAP_ENGINE_SEED makes others of them.
"""

import os
from collections import Counter
from dataclasses import fields
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, seed, settings

from flows.engine.query import FlowQuery
from tests.engine.cases import OPTIONS, cases, pairs, small_parts, unless_anchors_are_hidden
from tests.engine.compare import (
    assert_numbers_are_sets,
    assert_same_flow,
    engine_flow,
    numbers,
    oldest_and_newest,
)
from tests.engine.reference import reference_flow, reference_members, tally

CASES = int(os.environ.get("JOURNEYMAP_ENGINE_CASES", "5040"))
SEED = int(os.environ.get("JOURNEYMAP_ENGINE_SEED", "0"))
SHARDS = 8


def assert_holds(case):
    segments, query, about = case.segments, case.query, oldest_and_newest(case.segments)
    found = tally(segments, query, *about, case.cohorts)
    with unless_anchors_are_hidden():
        flow = engine_flow(segments, query, **case.options)
    assert_same_flow(flow, reference_flow(segments, query, *about, found=found), query)
    everything = list(numbers(flow))
    chosen = [everything[pick % len(everything)] for pick in case.picks]
    wanted = reference_members(segments, query, *about, found=found)
    assert_numbers_are_sets(segments, query, chosen, wanted, **case.options)


def hold_cases(examples, number, met, wishes=()):
    """Random cases hold; ``met`` counts the choices that met in them, and what their histories had."""

    @seed(number + SEED * SHARDS)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases(wishes))
    def hold(case):
        with small_parts(case.tight):
            assert_holds(case)
        met["cases"] += 1
        met.update(features(case.segments))
        choices = case.choices
        met.update(combinations([(option, choice) for option in OPTIONS for choice in choices[option]], 2))

    hold()


def features(segments):
    """What makes histories difficult."""
    rows = [(number, *row[:3]) for number, rows in enumerate(segments) for row in rows]
    moments = Counter((person, time) for _, person, _, time in rows)
    spans = {}
    for number, person, _, time in rows:
        low, high = spans.get((person, number), (time, time))
        spans[person, number] = min(low, time), max(high, time)
    if max(moments.values()) > 1:
        yield "ties"
    if max(Counter(row[1:] for row in rows).values()) > 1:
        yield "duplicates"
    if any(
        one[0] == two[0] and spans[one][0] < spans[two][1] and spans[two][0] < spans[one][1]
        for one, two in combinations(spans, 2)
    ):
        yield "interleaved histories"


@pytest.mark.parametrize("shard", range(SHARDS))
def test_engine_agrees_with_the_reference_whatever_is_asked(shard):
    met = Counter()
    hold_cases(CASES // SHARDS, shard, met)
    for pair in list(pairs())[shard::SHARDS]:
        if not met[pair]:
            hold_cases(3, shard, met, pair)
        assert met[pair], pair
    assert met["cases"] >= CASES // SHARDS
    assert min(met[name] for name in ("ties", "duplicates", "interleaved histories")) > met["cases"] / 10


def test_every_option_of_a_question_has_its_choices():
    named = set(OPTIONS) - {"reading", "anchors", "segments", "memory"} | {"start", "end"}
    assert named == {field.name for field in fields(FlowQuery)}
