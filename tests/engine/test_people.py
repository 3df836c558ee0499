"""Conditions on people: whole histories stay or go, before anything else is looked at."""

import json

import numpy as np
import pytest

from flows.engine.query import FlowQuery, QueryError
from tests.engine.compare import assert_engine_agrees, engine_flow

ROWS = [(1, "a", 0), (1, "b", 1), (1, "b", 2), (2, "a", 0), (2, "b", 1), (3, "a", 0), (3, "c", 1)]


def units(people, rows=ROWS, **options):
    cohorts = options.pop("cohorts", {})
    return engine_flow([rows], FlowQuery(start=("a",), people=people, **options), cohorts=cohorts)["units"]


def test_people_are_chosen_by_how_often_they_did_something():
    assert units([{"did": "b"}])["eligible"] == 2
    assert units([{"did": "b", "at_least": 2}])["eligible"] == 1
    assert units([{"did_not": "b"}])["matched"] == 1
    assert units([{"did": "b"}, {"did_not": "c"}, {"did": "b", "at_least": 2}])["eligible"] == 1


def test_only_the_range_is_looked_at():
    assert units([{"did": "b", "at_least": 2}], range_to=2)["eligible"] == 0
    assert units([{"did_not": "b"}], range_to=1)["eligible"] == 3


def test_hidden_events_count_as_done():
    assert units([{"did": "b"}], hide=("b",))["matched"] == 2


def test_events_are_counted_over_all_segments():
    query = FlowQuery(start=("a",), people=[{"did": "b", "at_least": 2}])
    flow = assert_engine_agrees([ROWS[:2], ROWS[2:3], ROWS[3:]], query)
    assert flow["units"] == {"eligible": 1, "matched": 1, "converted": 0}


def test_people_of_a_cohort_stay_or_go():
    cohorts = {7: np.array([2, 3, 99], np.uint64)}
    assert units([{"in_cohort": 7}], cohorts=cohorts)["eligible"] == 2
    assert units([{"not_in_cohort": 7}], cohorts=cohorts)["eligible"] == 1
    assert units([{"in_cohort": 7}], cohorts={7: np.zeros(0, np.uint64)})["eligible"] == 0


@pytest.mark.parametrize("keys", [np.array([2, 1], np.uint64), np.array([1, 1], np.uint64), np.array([1, 2])])
def test_a_cohort_out_of_order_is_refused(keys):
    with pytest.raises(ValueError, match="ascending"):
        units([{"in_cohort": 7}], cohorts={7: keys})


@pytest.mark.parametrize(
    ("condition", "field"), [({"did": "x"}, "did"), ({"did_not": "x"}, "did_not"), ({"in_cohort": 5}, "in_cohort")]
)
def test_what_nobody_knows_is_named(condition, field):
    with pytest.raises(QueryError, match=f"^{field}: there is no") as caught:
        units([condition])
    assert caught.value.field == field


def test_an_event_of_the_catalogue_may_be_absent():
    query = FlowQuery(start=("a",), people=[{"did_not": "x"}])
    assert engine_flow([ROWS], query, catalogue={"x"})["units"]["eligible"] == 3


def test_the_order_of_conditions_makes_no_difference_and_they_read_back():
    conditions = [{"did": "b", "at_least": 2}, {"in_cohort": 3}, {"did_not": "c"}, {"did": "b", "at_least": 2}]
    one = FlowQuery.from_dict({"start": "a", "people": conditions})
    assert one == FlowQuery.from_dict({"start": "a", "people": conditions[::-1]})
    assert FlowQuery.from_dict(json.loads(json.dumps(one.canonical()))) == one
    assert one.digest() != FlowQuery(start=("a",)).digest()


def test_a_question_about_everybody_says_nothing_of_people():
    assert not {"people", "rules"} & FlowQuery(start=("a",)).canonical().keys()


BAD = [
    ("a", "people"),
    ({}, "people"),
    (["a"], "people"),
    ([{}], "people"),
    ([{"did": "a", "did_not": "b"}], "people"),
    ([{"did_not": "a", "at_least": 2}], "people"),
    ([{"did": "a", "colour": "red"}], "people"),
    ([{"did": 5}], "did"),
    ([{"did": "a", "at_least": 0}], "did"),
    ([{"did": "a", "at_least": True}], "did"),
    ([{"did_not": ["a"]}], "did_not"),
    ([{"in_cohort": "5"}], "in_cohort"),
    ([{"did": "a"}, {"did_not": "a"}], "did_not"),
    ([{"in_cohort": 1}, {"not_in_cohort": 1}], "not_in_cohort"),
    ([{"did": "a"}] * 17, "people"),
]


@pytest.mark.parametrize(("people", "field"), BAD)
def test_conditions_that_are_none_name_the_field_in_one_sentence(people, field):
    with pytest.raises(QueryError) as caught:
        FlowQuery.from_dict({"start": "a", "people": people})
    assert caught.value.field == field
    assert caught.value.sentence.startswith(f"{field}: ")
    assert caught.value.sentence.endswith(".")
