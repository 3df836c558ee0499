"""What is around the numbers: errors, progress, cancelling, nothing to count, large dictionaries."""

import doctest
import json
import random
import sys
from dataclasses import replace

import numpy as np
import pytest

from flows.engine import arrays, compute, counting, query, result
from flows.engine.arrays import SegmentArrays, segment_from_rows
from flows.engine.compute import compute_flow
from flows.engine.counting import bucket_seconds
from flows.engine.filters import PropertyFilter
from flows.engine.funnel import compute_chain
from flows.engine.funnel_query import FunnelQuery
from flows.engine.funnel_sets import chain_set, funnel_set
from flows.engine.funnel_walk import follow_chain
from flows.engine.histories import Given
from flows.engine.log import gap_bucket
from flows.engine.query import FlowQuery, QueryError
from flows.engine.result import Links, Node, NotConserved, check_conservation
from flows.engine.retention import RetentionQuery
from flows.engine.retention_sets import retention_set
from flows.engine.source import Cancelled
from flows.engine.timeline import TimelineQuery
from flows.engine.timeline_sets import timeline_set
from flows.engine.warmup import compile_kernels
from tests.engine.compare import assert_engine_agrees, engine_flow


def random_rows(people=200, events=4000, names=300, seed=1):
    chance = random.Random(seed)
    return [
        (chance.randrange(people), f"name {int(names * chance.random() ** 3)}", chance.randrange(10**9))
        for _ in range(events)
    ]


@pytest.mark.parametrize("field", ["start", "only", "hide", "exclude"])
def test_an_event_that_nobody_knows_is_named(field):
    options = {"start": ("a",)} | {field: ("nowhere",)}
    with pytest.raises(QueryError, match="nowhere") as caught:
        engine_flow([[(1, "a", 0)]], FlowQuery(**options))
    assert caught.value.field == field


def test_an_event_of_the_catalogue_may_be_absent_from_the_segments():
    flow = engine_flow([[(1, "a", 0)]], FlowQuery(start=("b",), hide=("c",)), catalogue={"b", "c"})
    assert flow["nodes"] == []
    assert flow["units"] == {"eligible": 1, "matched": 0, "converted": 0}


@pytest.mark.parametrize("segments", [[], [segment_from_rows([])]])
def test_a_dataset_without_events_gives_an_empty_result(segments):
    given = Given(segments=segments, data_from=None, data_through=None, catalogue={"a"})
    flow = compute_flow(FlowQuery(start=("a",)), given, dataset_version=1)
    assert (flow["nodes"], flow["links"], flow["paths"], flow["distinct_paths"]) == ([], [], [], 0)
    assert flow["data_through"] is None


def test_a_result_is_json():
    flow = engine_flow([random_rows()], FlowQuery(start=("name 0",)))
    assert json.loads(json.dumps(flow)) == flow


def test_many_people_in_many_segments_and_threads_agree_with_the_reference():
    rows = random_rows(people=3000, events=20_000)
    assert_engine_agrees([rows[i::5] for i in range(5)], FlowQuery(start=("name 0", "name 1"), paths=20), threads=3)


def test_more_labels_than_fit_into_the_budget_are_counted_step_by_step():
    rows = random_rows(people=300, events=6000, names=3000)
    assert_engine_agrees([rows[:2000], rows[2000:]], FlowQuery(start=("name 0",), steps=6, top=50), budget=60_000)


def test_a_time_that_many_share_is_counted_beyond_a_byte():
    rows = [
        (person, name, time) for person in range(1500) for name, time in (("a", 0), ("b", 5), ("c", 5 + person % 2))
    ]
    flow = assert_engine_agrees([rows[:2000], rows[2000:]], FlowQuery(start=("a",)))
    assert [link["count"] for link in flow["links"]] == [1500, 1500]


def test_more_labels_than_sixteen_bits_can_name_stay_apart():
    many = [f"name {number}" for number in range((1 << 16) + 40)]
    rows = [(number // 8, name, number) for number, name in enumerate(many)] + [(1, many[-1], 10), (2, many[-1], 18)]
    assert_engine_agrees([rows], FlowQuery(start=(many[-1], many[8]), top=50))


def test_progress_grows_to_one():
    seen = []
    engine_flow([random_rows()], FlowQuery(start=("name 0",)), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_a_cancelled_computation_stops():
    with pytest.raises(Cancelled):
        engine_flow([random_rows()], FlowQuery(start=("name 0",)), cancelled=lambda: True)


def test_a_result_that_does_not_add_up_is_refused():
    start, target = Node(0, "event", "a", 2, 0, (0, 0, 1, 0)), Node(1, "event", "b", 1, 0, (0, 0, 1, 0))
    link = Links(*np.array([[0], [1], [1]]), np.zeros(1), np.zeros(1))
    check_conservation([start, target], link)
    with pytest.raises(NotConserved, match="step 0"):
        check_conservation([start, target], Links(*np.zeros((5, 0), np.int64)))
    start.count = target.count = target.ends = 2
    target.ends = (0, 0, 2, 0)
    with pytest.raises(NotConserved, match="step 1"):
        check_conservation([start, target], link)


@pytest.mark.parametrize("gap", [0, 1, 63, 64, 127, 128, 129, 1000, 10**6, 10**9 + 7, 10**15 + 1, 10**18])
def test_a_time_is_within_one_percent_of_the_middle_of_its_bucket(gap):
    assert abs(bucket_seconds(np.array([gap_bucket(gap)]))[0] - gap / 1e6) <= 0.008 * gap / 1e6


def test_segments_are_checked():
    good = segment_from_rows([(1, "a", 0), (2, "a", 0)])
    with pytest.raises(ValueError, match="starts"):
        SegmentArrays(good.keys, good.starts[:-1], good.times, good.codes, good.names, good.ties)
    with pytest.raises(ValueError, match="times"):
        SegmentArrays(good.keys, good.starts, good.times.astype("int32"), good.codes, good.names, good.ties)


def compiled():
    """How many versions of each kernel there are."""
    modules = [module for name, module in sys.modules.items() if name.startswith("flows.engine.")]
    found = {each for module in modules for each in vars(module).values() if hasattr(each, "nopython_signatures")}
    return {each: len(each.nopython_signatures) for each in found}


@pytest.mark.parametrize("more_names", [0, 1 << 16])
def test_what_is_compiled_ahead_is_all_that_analyses_and_chains_need(more_names):
    compile_kernels()
    known = compiled()
    assert known[follow_chain] >= 2
    rows = [(person, name, time, {"p": "x"}) for person in (1, 2, 3) for time, name in enumerate("abcab")]
    parts = [segment_from_rows(rows[:7]), segment_from_rows(rows[7:])]
    segments = [replace(part, names=(*part.names, *map(str, range(more_names)))) for part in parts]
    where = (PropertyFilter("p", "is", ("x",)),)
    flow, chain = FlowQuery(start=("a",)), [["a"], ["b"]]
    edges = {"edges": (0, 3, 6)}
    for given in (Given(segments=segments[:count], data_from=0, data_through=4) for count in (1, 2)):
        compute_chain(flow, chain, given, dataset_version=1)
        assert chain_set(flow, chain, given, 1).total
        for limited in ((), where):
            for more in ({}, {"count": "sessions"}, {"order": "strict"}, {"breakdown": "p"}):
                assert funnel_set(FunnelQuery(steps=(("a",), ("c",)), where=limited, **more), given, 0).total
            assert retention_set(RetentionQuery(first=("a",), where=limited, **edges), given, 0, 1).total
            assert timeline_set(TimelineQuery(where=limited, **edges), given, 0, ("other", "")).total == 0
    assert compiled() == known


@pytest.mark.parametrize("module", [arrays, compute, counting, query, result])
def test_examples_in_docstrings_hold(module):
    found = doctest.testmod(module, extraglobs={"segment_from_rows": segment_from_rows})
    assert found.failed == 0
