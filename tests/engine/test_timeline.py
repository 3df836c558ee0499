"""Events and people over time."""

import doctest
from collections import Counter
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import plan, timeline, timeline_sets
from flows.engine.arrays import segment_from_rows
from flows.engine.histories import Given
from flows.engine.query import QueryError
from flows.engine.result import NotConserved
from flows.engine.source import Cancelled
from flows.engine.timeline import TimelineQuery, check_timeline, compute_timeline
from flows.engine.timeline_sets import timeline_set
from tests.engine.cases import NAMES, PROPERTIES, narrowed, some, some_people, thorough, valued_logs
from tests.engine.compare import asked_of, given_of
from tests.engine.reference_analyses import occurrences, reference_timeline, top_labels
from tests.engine.test_retention import periods_in_a_range


def engine_timeline(segments, query, through=100, **options):
    asked, rest = asked_of(segments, {"data_through": through} | options)
    return compute_timeline(query, asked, dataset_version=1, **{"threads": 2} | rest)


@st.composite
def questions(draw):
    only, hide = draw(st.one_of(st.just(()), some(NAMES, 1, 4))), draw(some(NAMES))
    hide = () if only and set(only) <= set(hide) else hide
    return TimelineQuery(top=draw(st.integers(1, 7)), only=only, hide=hide, **draw(periods_in_a_range()))


@thorough
@given(valued_logs(), narrowed(questions()), some_people())
def test_timelines_agree_with_the_reference(segments, query, cohorts):
    with mock.patch.object(plan, "LEAST_EVENTS_PER_RANGE", 5):
        got = engine_timeline(segments, query, cohorts=cohorts, properties=PROPERTIES)
    for key, value in reference_timeline(segments, query, cohorts).items():
        assert got[key] == value, key


@thorough
@given(valued_logs(), narrowed(questions()), some_people(), st.data())
def test_every_number_of_a_timeline_is_its_set(segments, query, cohorts, data):
    about = given_of(segments, cohorts=cohorts, properties=PROPERTIES)
    seen = occurrences(segments, query, cohorts)
    node_of = top_labels(Counter(name for _, _, name in seen), query.top)
    for _ in range(4):
        place = data.draw(st.none() | st.integers(0, len(query.edges) - 2))
        node = data.draw(st.sampled_from([None, ("other", ""), *(("event", name) for name in NAMES)]))
        events = data.draw(st.booleans())
        here = [(person, name) for person, bucket, name in seen if place in (None, bucket)]
        want = Counter(person for person, name in here if node in (None, ("event", name), node_of(name)))
        with mock.patch.object(plan, "LEAST_EVENTS_PER_RANGE", 5):
            since = None if place is None else query.edges[place]
            found = timeline_set(query, about, since, node, events=events, threads=2)
        assert found.total == (want.total() if events else len(want))
        assert found.keys.tolist() == sorted(want)


def series(rows, **options):
    found = engine_timeline([rows], TimelineQuery(**{"edges": (0, 10, 20)} | options))
    return {row["label"]: (row["events"], row["people"], row["total_people"]) for row in found["series"]}


def test_events_and_people_are_counted_by_bucket():
    rows = [(1, "a", 0), (1, "a", 9), (1, "a", 10), (2, "a", 19), (3, "a", 20), (3, "b", 0)]
    assert series(rows) == {"a": ([2, 2], [1, 2], 2), "b": ([1, 0], [1, 0], 1)}


def test_a_person_with_two_labels_of_other_counts_once_there():
    rows = [(1, "a", 0), (1, "a", 1), (1, "b", 2), (1, "c", 3), (2, "c", 11)]
    assert series(rows, top=1) == {"": ([2, 1], [1, 1], 2), "a": ([2, 0], [1, 0], 1)}


def test_all_counts_each_person_once():
    found = engine_timeline([[(1, "a", 0), (1, "b", 1), (2, "b", 2)]], TimelineQuery(edges=(0, 10)))
    assert found["all"] == {"events": [3], "people": [2], "total_events": 3, "total_people": 2}


def test_hidden_events_are_not_there():
    assert series([(1, "a", 0), (1, "b", 1)], hide=("a",)) == {"b": ([1, 0], [1, 0], 1)}


def test_buckets_that_reach_beyond_the_data_are_incomplete():
    found = engine_timeline([[(1, "a", 0)]], TimelineQuery(edges=(0, 10, 20)), through=18)
    assert [bucket["complete"] for bucket in found["buckets"]] == [True, False]


@pytest.mark.parametrize("segments", [[], [segment_from_rows([])]])
def test_nothing_gives_an_empty_timeline(segments):
    asked = Given(segments=segments, data_from=None, data_through=None)
    found = compute_timeline(TimelineQuery(edges=(0, 10)), asked, dataset_version=1)
    assert found["series"] == []
    assert found["all"]["events"] == [0]


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("edges", {"edges": ()}),
        ("period", {"edges": tuple(range(5_002))}),
        ("top", {"top": 51}),
        ("only", {"only": (1,)}),
        ("hide", {"only": ("a",), "hide": ("a",)}),
    ],
)
def test_an_impossible_timeline_is_one_sentence_that_names_the_field(field, options):
    with pytest.raises(QueryError) as caught:
        TimelineQuery(**{"edges": (0, 1)} | options)
    assert caught.value.field == field
    assert caught.value.sentence.startswith(f"{field}: ")


def test_an_unknown_event_is_named():
    with pytest.raises(QueryError, match="nowhere") as caught:
        engine_timeline([[(1, "a", 0)]], TimelineQuery(edges=(0, 1), only=("nowhere",)))
    assert caught.value.field == "only"


def test_progress_and_cancelling():
    seen = []
    query = TimelineQuery(edges=(0, 1))
    engine_timeline([[(1, "a", 0)]], query, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    with pytest.raises(Cancelled):
        engine_timeline([[(1, "a", 0)]], query, cancelled=lambda: True)


def test_a_timeline_that_does_not_add_up_is_refused():
    good = np.array([[[2, 1, 3], [2, 1, 3]], [[2, 1, 2], [2, 1, 2]]])
    check_timeline(good)
    for wrong, change in (("events", (0, 0, 2)), ("people", (1, 0, 2))):
        grid = good.copy()
        grid[change] += 2
        with pytest.raises(NotConserved, match=wrong):
            check_timeline(grid)


@pytest.mark.parametrize("module", [timeline, timeline_sets])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module, extraglobs={"segment_from_rows": segment_from_rows}).failed == 0
