"""Any number is a set: as many as the number says, and exactly those of the reference."""

import doctest
import json
from unittest import mock
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.engine import members as module
from flows.engine import plan
from flows.engine.arrays import segment_from_rows
from flows.engine.kernels import STATES
from flows.engine.members import member_keys, members, open_sets
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.engine.source import Cancelled, Given
from tests.engine.compare import engine_flow, oldest_and_newest
from tests.engine.reference import reference_members
from tests.engine.test_compute import random_rows
from tests.engine.test_properties import EXAMPLES, logs, questions, thorough

fewer = settings(thorough, max_examples=EXAMPLES // 5)


def numbers(flow):
    """Every number of a result with its selector."""
    yield flow["units"]["matched"], Selector(set="matched")
    yield flow["units"]["converted"], Selector(set="converted")
    for node in flow["nodes"]:
        names = {key: node[key] for key in ("step", "kind", "label")}
        yield node["count"], Selector(set="node", **names)
        for state in STATES:
            yield node[state], Selector(set="node", state=state, **names)
    for link in flow["links"]:
        names = {key: link[key] for key in ("step", "source", "source_kind", "target", "target_kind")}
        yield link["count"], Selector(set="link", **names)
    for path in flow["paths"]:
        yield path["count"], Selector(set="path", path=tuple(path["labels"]), state=path["end"])


def given_rows(segments, relabel=None, cohorts=None):
    oldest, newest = oldest_and_newest(segments)
    return Given(
        segments=[segment_from_rows(rows) for rows in segments],
        data_from=oldest,
        data_through=newest,
        relabel=relabel,
        cohorts=cohorts or {},
    )


def assert_every_number_is_its_set(segments, query, offset, limit, **options):
    flow = engine_flow(segments, query, **options)
    rest = {name: options.pop(name) for name in ("relabel", "cohorts") if name in options}
    wanted = reference_members(segments, query, *oldest_and_newest(segments), rest.get("cohorts"))
    with open_sets(query, given_rows(segments, **rest), **options) as sets:
        for number, selector in numbers(flow):
            want = wanted(selector)
            got = sets.members(selector, limit=10_000)
            assert got.total == len(got.rows) == number == len(want), selector
            assert [(row.key, row.anchor, row.labels, row.state) for row in got.rows] == want
            assert [len(row.seconds) for row in got.rows] == [len(row.labels) for row in got.rows]
            page = sets.members(selector, offset=offset, limit=limit)
            assert (page.total, page.rows) == (number, got.rows[offset : offset + limit])
            assert sets.keys(selector).tolist() == sorted({row[0] for row in want})


@fewer
@given(logs(), questions(), st.integers(0, 3), st.integers(0, 3))
def test_every_number_is_the_count_of_its_set(segments, query, offset, limit):
    assert_every_number_is_its_set(segments, query, offset, limit, threads=2)


@fewer
@given(logs(names=["a", "b", "c"], most=60), questions(names=["a", "b", "c"]), st.sampled_from([800, 5_000]))
def test_every_number_is_the_count_of_its_set_whatever_the_memory_and_the_cut(segments, query, budget):
    with mock.patch.object(plan, "LEAST_EVENTS_PER_RANGE", 5):
        assert_every_number_is_its_set(segments, query, 1, 2, threads=2, budget=budget)


def test_large_sets_in_many_segments_come_page_by_page():
    rows = random_rows(people=2000, events=20_000, names=20)
    query = FlowQuery(start=("name 0",), count="journeys", top=3)
    assert_every_number_is_its_set([rows[i::4] for i in range(4)], query, 7, 20, threads=2)


def ask(rows, selector, query=None, **options):
    oldest, newest = oldest_and_newest([rows])
    query = query or FlowQuery(start=("a",))
    return members(query, [segment_from_rows(rows)], selector, data_from=oldest, data_through=newest, **options)


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
    keys = member_keys(query, [segment_from_rows(rows)], Selector(set="matched"), data_from=0, data_through=10**12)
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
