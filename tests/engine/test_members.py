"""Any number is a set: as many as the number says, and exactly those of the reference."""

import doctest
import json
from urllib.parse import parse_qs, urlencode

import pytest

from flows.engine import members as module
from flows.engine.arrays import segment_from_rows
from flows.engine.members import PathSets, open_sets
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.engine.source import Cancelled
from tests.engine.compare import asked_of, assert_numbers_are_sets, engine_flow, numbers, oldest_and_newest
from tests.engine.reference import reference_members
from tests.engine.test_compute import random_rows


def test_large_sets_in_many_segments_come_page_by_page():
    rows = random_rows(people=2000, events=20_000, names=20)
    query = FlowQuery(start=("name 0",), count="journeys", top=3)
    segments = [rows[i::4] for i in range(4)]
    wanted = reference_members(segments, query, *oldest_and_newest(segments))
    assert_numbers_are_sets(segments, query, numbers(engine_flow(segments, query)), wanted, 7, 20, threads=2)


def ask(rows, selector, query=None, of=PathSets.members, **how):
    query = query or FlowQuery(start=("a",))
    given, rest = asked_of([rows], how, query)
    with open_sets(query, given, **rest) as sets:
        return of(sets, selector)


def test_the_newest_anchor_comes_first_and_ties_go_by_key():
    rows = [(5, "a", 10), (3, "a", 10), (9, "a", 20), (1, "a", 0)]
    assert [row.key for row in ask(rows, Selector(set="matched")).rows] == [9, 3, 5, 1]


def test_a_member_tells_its_path():
    rows = [(1, "a", 0), (1, "b", 3_000_000), (1, "b", 4_000_000), (1, "c", 63_000_000)]
    member = ask(rows, Selector(set="matched"), FlowQuery(start=("a",), steps=1)).rows[0]
    assert (member.labels, member.state, member.anchor) == (("a", "b"), "cut", 0)
    assert member.seconds == pytest.approx((0, 3), rel=0.01)


def test_a_label_within_other_is_a_set_of_its_own():
    rows = [(1, "a", 0), (1, "b", 1), (2, "a", 0), (2, "b", 1), (3, "a", 0), (3, "c", 1)]
    query = FlowQuery(start=("a",), top=1)
    assert ask(rows, Selector(set="node", step=1, kind="other"), query).total == 1
    assert [row.key for row in ask(rows, Selector(set="node", step=1, label="c"), query).rows] == [3]


def test_nobody_is_behind_a_label_that_does_not_occur():
    assert ask([(1, "a", 0)], Selector(set="node", step=1, label="nowhere")).total == 0
    assert ask([(1, "a", 0)], Selector(set="path", path=("a",) * 21)).total == 0


def test_keys_for_a_cohort_are_ascending_and_unique():
    rows = [(7, "a", 0), (7, "a", 10**12), (2, "a", 5)]
    query = FlowQuery(start=("a",), count="sessions")
    keys = ask(rows, Selector(set="matched"), query, PathSets.keys)
    assert (keys.dtype, keys.tolist()) == ("uint64", [2, 7])


def test_a_step_that_the_question_does_not_have_is_refused():
    for selector in (Selector(set="node", step=6, label="a"), Selector(set="link", step=5, source="a", target="b")):
        with pytest.raises(QueryError, match="5 steps"):
            ask([(1, "a", 0)], selector)


def test_a_cancelled_search_stops():
    with pytest.raises(Cancelled):
        ask([(1, "a", 0)], Selector(set="matched"), cancelled=lambda: True)


SELECTORS = [
    Selector(set="matched"),
    Selector(set="matched", state="open"),
    Selector(set="converted"),
    Selector(set="node", step=0, label="é & = \u202e 🚀"),
    Selector(set="node", step=20, kind="other", state="cut"),
    Selector(set="link", step=2, source="a", target_kind="other"),
    Selector(set="path", path=("a", "", "a"), state="dropped"),
]


@pytest.mark.parametrize("selector", SELECTORS)
def test_a_selector_reads_back_from_json_and_from_an_address(selector):
    assert Selector.from_dict(json.loads(json.dumps(selector.to_dict()))) == selector
    address = urlencode([("start", "x"), ("end", "y"), ("steps", "5"), *selector.to_params()])
    assert Selector.from_params(parse_qs(address, keep_blank_values=True)) == selector


BAD = [
    ({}, "set"),
    ({"set": "people"}, "set"),
    ({"set": []}, "set"),
    ({"set": "node"}, "step"),
    ({"set": "node", "step": 21}, "step"),
    ({"set": "node", "step": -1}, "step"),
    ({"set": "node", "step": True}, "step"),
    ({"set": "link", "step": 20}, "step"),
    ({"set": "node", "step": 0, "label": 5}, "label"),
    ({"set": "node", "step": 0, "kind": "other", "label": "a"}, "label"),
    ({"set": "node", "step": 0, "kind": "event?"}, "kind"),
    ({"set": "node", "step": 0, "state": "lost"}, "state"),
    ({"set": "matched", "step": 0}, "step"),
    ({"set": "link", "step": 0, "state": "cut"}, "state"),
    ({"set": "path"}, "path"),
    ({"set": "path", "path": ["a"] * 22}, "path"),
    ({"set": "path", "path": "abc"}, "path"),
    ({"set": "node", "step": 0, "path": ["a"]}, "path"),
    ({"set": "matched", "colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("data", "field"), BAD)
def test_a_selector_that_means_nothing_names_the_field_in_one_sentence(data, field):
    with pytest.raises(QueryError) as caught:
        Selector.from_dict(data)
    assert caught.value.field == field
    assert caught.value.sentence.startswith(field)
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize("step", ["", "x", "-1", "1.0", "²", "999"])
def test_a_step_in_an_address_is_a_small_whole_number(step):
    with pytest.raises(QueryError, match=r"^step"):
        Selector.from_params({"set": ["node"], "step": [step]})


def test_examples_in_docstrings_hold():
    assert doctest.testmod(module, extraglobs={"segment_from_rows": segment_from_rows}).failed == 0
