import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.log import order, records
from maps.log.records import Record, backward, compose, difference, forward, from_sides, to_sides

values = st.fixed_dictionaries({"name": st.sampled_from("ab"), "n": st.integers(0, 1)})
states = st.dictionaries(
    st.sampled_from(["stage", "card"]), st.dictionaries(st.sampled_from("xyz"), values), min_size=2, max_size=2
)


def copy(state):
    return {part: {key: dict(row) for key, row in rows.items()} for part, rows in state.items()}


@given(states, states)
def test_a_difference_leads_there_and_back(old, new):
    change = difference(old, new)
    state = copy(old)
    forward(state, change)
    assert state == new
    backward(state, change)
    assert state == old


@given(states, states, states)
def test_two_changes_composed_do_what_they_do_one_after_the_other(first, second, third):
    change = compose([*difference(first, second), *difference(second, third)])
    places = [(record.part, record.key) for record in change]
    assert len(places) == len(set(places))
    state = copy(first)
    forward(state, change)
    assert state == third
    backward(state, change)
    assert state == first


@given(states, states)
def test_records_are_stored_as_two_sides(old, new):
    change = difference(old, new)
    assert from_sides(*to_sides(change)) == change


def test_what_comes_to_nothing_is_no_change():
    assert compose([Record("card", "a", None, {"n": 1}), Record("card", "a", {"n": 1}, None)]) == []
    assert compose([Record("card", "a", {"n": 1}, {"n": 2}), Record("card", "a", {"n": 2}, {"n": 1})]) == []


def test_a_place_is_told_with_what_it_is_in():
    old = {"step": {"a": {"stage": "s", "position": 0, "name": "A"}}}
    new = {"step": {"a": {"stage": "s", "position": 1, "name": "A"}}}
    assert difference(old, new) == [Record("step", "a", {"position": 0, "stage": "s"}, {"position": 1, "stage": "s"})]


@pytest.mark.parametrize("module", [records, order])
def test_examples_in_the_documentation(module):
    assert doctest.testmod(module).failed == 0
