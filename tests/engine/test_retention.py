"""Retention, and the periods of a calendar."""

import doctest
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from unittest import mock
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import periods, plan, retention, retention_sets
from flows.engine.arrays import segment_from_rows
from flows.engine.histories import Given
from flows.engine.periods import calendar_edges
from flows.engine.query import DAY, HOUR, QueryError
from flows.engine.retention import RetentionQuery, compute_retention
from flows.engine.retention_sets import retention_set
from flows.engine.source import Cancelled
from tests.engine.cases import NAMES, PROPERTIES, narrowed, some, some_people, thorough, valued_logs
from tests.engine.compare import asked_of, given_of
from tests.engine.reference_analyses import beginners, reference_retention

EDGES = st.lists(st.integers(-5, 70), min_size=2, max_size=9, unique=True).map(lambda edges: tuple(sorted(edges)))


@st.composite
def periods_in_a_range(draw):
    """Edges, and a range that cuts the outer periods, or none."""
    edges = draw(EDGES)
    since = draw(st.none() | st.integers(edges[0], edges[1] - 1))
    low = max(edges[-2], edges[-2] if since is None else since)
    return {"edges": edges, "range_from": since, "range_to": draw(st.none() | st.integers(low + 1, edges[-1]))}


@st.composite
def questions(draw):
    return RetentionQuery(first=draw(some(NAMES, 1)), back=draw(some(NAMES)), **draw(periods_in_a_range()))


def engine_retention(segments, query, through, **options):
    asked, rest = asked_of(segments, {"data_through": through} | options)
    return compute_retention(query, asked, dataset_version=1, **{"threads": 2} | rest)


@thorough
@given(valued_logs(), narrowed(questions()), some_people(), st.integers(-6, 70), st.data())
def test_every_number_of_retention_is_its_set(segments, query, cohorts, through, data):
    about = given_of(segments, cohorts=cohorts, properties=PROPERTIES, data_through=through)
    people, edges = list(beginners(segments, query, cohorts)), query.edges
    seen = through if query.range_to is None else min(through, query.range_to - 1)
    over = sum(edge - 1 <= seen for edge in edges[1:])
    for _ in range(4):
        place = data.draw(st.none() | st.integers(0, len(edges) - 2))
        later = data.draw(st.none() | st.integers(0, len(edges) - 2 - (place or 0)))
        onwards = data.draw(st.booleans())
        last = over - later if later is not None else len(edges)  # among all, those for which it is over
        want = {}
        for person, cohort, back in people:
            if cohort != place if place is not None else cohort >= last:
                continue
            if later is None:
                want[person] = None
                continue
            until = edges[-1] if onwards else edges[cohort + later + 1]
            times = [time for time in back if edges[cohort + later] <= time < until]
            want |= {person: times[0]} if times else {}
        since = None if place is None else edges[place]
        with mock.patch.object(plan, "LEAST_EVENTS_PER_RANGE", 5):
            found = retention_set(query, about, since, later, onwards=onwards, threads=2)
        assert (found.total, found.keys.tolist()) == (len(want), sorted(want))
        assert later is None or dict(zip(found.keys.tolist(), found.moments.tolist(), strict=True)) == want


@thorough
@given(valued_logs(), narrowed(questions()), some_people(), st.integers(-6, 70))
def test_retention_agrees_with_the_reference(segments, query, cohorts, through):
    with mock.patch.object(plan, "LEAST_EVENTS_PER_RANGE", 5):
        got = engine_retention(segments, query, through, cohorts=cohorts, properties=PROPERTIES)
    for key, value in reference_retention(segments, query, through, cohorts).items():
        assert got[key] == value, key


def grid(rows, through=100, first="a", back="b", edges=(0, 10, 20, 30)):
    """Per cohort: ``size: bounded/unbounded …``, a question mark behind what is incomplete."""
    found = engine_retention([rows], RetentionQuery(first=(first,), back=tuple(back), edges=edges), through)
    return [
        f"{row['size']}: "
        + " ".join(f"{c['bounded']}/{c['unbounded']}{'' if c['complete'] else '?'}" for c in row["returns"])
        for row in found["cohorts"]
    ]


def test_a_return_counts_in_its_period_and_unbounded_in_all_before():
    assert grid([(1, "a", 1), (1, "b", 25)]) == ["1: 0/1 0/1 1/1", "0: 0/0 0/0", "0: 0/0"]


def test_a_return_must_be_behind_the_first_event():
    assert grid([(1, "b", 1), (1, "a", 2), (1, "b", 12)])[0] == "1: 0/1 1/1 0/0"
    assert grid([(1, "a", 2), (1, "b", 2)])[0] == "1: 1/1 0/0 0/0"
    assert grid([(1, "b", 2), (1, "a", 2)])[0] == "1: 0/0 0/0 0/0"


def test_a_person_begins_once():
    assert grid([(1, "a", 2), (1, "a", 12)], back="a") == ["1: 0/1 1/1 0/0", "0: 0/0 0/0", "0: 0/0"]


def test_an_edge_belongs_to_the_period_that_it_opens():
    assert grid([(1, "a", 10), (1, "b", 20), (2, "a", 30)]) == ["0: 0/0 0/0 0/0", "1: 0/1 1/1", "0: 0/0"]


def test_periods_that_reach_beyond_the_data_are_incomplete():
    assert grid([(1, "a", 1), (1, "b", 18)], through=18) == ["1: 0/1 1/1? 0/0?", "0: 0/0? 0/0?", "0: 0/0?"]
    assert grid([(1, "a", 1), (1, "b", 19)], through=19)[0] == "1: 0/1 1/1 0/0?"


def test_overall_sums_only_what_is_complete():
    rows = [(1, "a", 1), (1, "b", 12), (2, "a", 11), (2, "b", 21)]
    found = engine_retention([rows], RetentionQuery(first=("a",), back=("b",), edges=(0, 10, 20, 30)), 21)
    assert found["overall"] == [
        {"offset": 0, "size": 2, "bounded": 0, "unbounded": 2},
        {"offset": 1, "size": 1, "bounded": 1, "unbounded": 1},
    ]


def test_without_return_events_anything_is_a_return():
    assert grid([(1, "a", 1), (1, "x", 12)], back="")[0] == "1: 0/1 1/1 0/0"


def test_edges_may_be_an_array():
    query = RetentionQuery(first=("a",), edges=np.array([0, 10], np.int64))
    assert query == RetentionQuery(first=("a",), edges=(0, 10))
    assert hash(query) == hash(RetentionQuery(first=("a",), edges=(0, 10)))


@pytest.mark.parametrize("segments", [[], [segment_from_rows([])]])
def test_nothing_gives_empty_cohorts(segments):
    query = RetentionQuery(first=("a",), edges=(0, 10))
    asked = Given(segments=segments, data_from=None, data_through=None, catalogue={"a"})
    found = compute_retention(query, asked, dataset_version=1)
    assert found["people"] == 0
    assert [period["complete"] for period in found["periods"]] == [False]


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("first", {"first": ()}),
        ("back", {"back": (3,)}),
        ("edges", {"edges": (0,)}),
        ("edges", {"edges": (0, 0)}),
        ("edges", {"edges": (5, 1)}),
        ("edges", {"edges": "day"}),
        ("edges", {"edges": (0, 1.5)}),
        ("edges", {"edges": (0, 1 << 70)}),
        ("period", {"edges": tuple(range(402))}),
        ("from", {"edges": (0, 5, 9), "range_from": 5}),
        ("from", {"edges": (0, 9), "range_from": 5, "range_to": 5}),
        ("to", {"edges": (0, 5, 9), "range_to": 5}),
    ],
)
def test_an_impossible_retention_is_one_sentence_that_names_the_field(field, options):
    with pytest.raises(QueryError) as caught:
        RetentionQuery(**{"first": ("a",), "edges": (0, 1)} | options)
    assert caught.value.field == field
    assert caught.value.sentence.startswith(f"{field}: ")


@pytest.mark.parametrize("field", ["first", "back"])
def test_an_unknown_event_is_named(field):
    with pytest.raises(QueryError, match="nowhere") as caught:
        engine_retention([[(1, "a", 0)]], RetentionQuery(**{"first": ("a",), "edges": (0, 1), field: ("nowhere",)}), 0)
    assert caught.value.field == field


def test_progress_and_cancelling():
    seen = []
    query = RetentionQuery(first=("a",), edges=(0, 1))
    engine_retention([[(1, "a", 0)]], query, 0, progress=seen.append)
    assert seen[-1] == 1
    with pytest.raises(Cancelled):
        engine_retention([[(1, "a", 0)]], query, 0, cancelled=lambda: True)


@pytest.mark.parametrize(("since", "later", "field"), [(5, None, "since"), (20, 0, "since"), (10, 1, "later")])
def test_a_set_that_retention_does_not_have_is_refused(since, later, field):
    query = RetentionQuery(first=("a",), edges=(0, 10, 20))
    with pytest.raises(QueryError) as caught:
        retention_set(query, given_of([[(1, "a", 0)]]), since, later)
    assert caught.value.field == field


def micros(*moment, zone=UTC):
    return (datetime(*moment, tzinfo=zone) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_days_follow_the_clock_of_their_zone():
    berlin = ZoneInfo("Europe/Berlin")
    edges = calendar_edges("day", micros(2026, 3, 28, 12), micros(2026, 3, 30, 12), berlin, 10)
    assert edges[0] == micros(2026, 3, 28, zone=berlin)
    assert [(high - low) // HOUR for low, high in pairwise(edges)] == [24, 23, 24]


def test_a_fixed_offset_is_a_zone():
    edges = calendar_edges("day", 0, 1, timezone(timedelta(hours=5, minutes=30)), 10)
    assert edges == (-5 * HOUR - HOUR // 2, DAY - 5 * HOUR - HOUR // 2)


def test_weeks_begin_on_monday_and_months_on_their_first():
    assert calendar_edges("week", micros(2026, 3, 1), micros(2026, 3, 3), UTC, 10) == (
        micros(2026, 2, 23),
        micros(2026, 3, 2),
        micros(2026, 3, 9),
    )
    assert calendar_edges("month", micros(2026, 1, 31), micros(2026, 3, 1), UTC, 10) == (
        micros(2026, 1, 1),
        micros(2026, 2, 1),
        micros(2026, 3, 1),
    )


def test_hours_begin_with_the_hour_of_the_zone():
    edges = calendar_edges("hour", micros(2026, 1, 1, 0, 10), micros(2026, 1, 1, 1), ZoneInfo("Asia/Kathmandu"), 10)
    assert edges == (micros(2025, 12, 31, 23, 15), micros(2026, 1, 1, 0, 15), micros(2026, 1, 1, 1, 15))


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("period", ("year", 0, 1)),
        ("period", ("day", 0, 5 * DAY)),
        ("period", ("hour", 0, DAY)),
        ("from", ("day", 1, 1)),
        ("from", ("day", -(1 << 60), 0)),
    ],
)
def test_impossible_periods_are_named(field, asked):
    with pytest.raises(QueryError) as caught:
        calendar_edges(*asked, UTC, 4)
    assert caught.value.field == field


@pytest.mark.parametrize("module", [periods, retention, retention_sets])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module, extraglobs={"segment_from_rows": segment_from_rows}).failed == 0
