"""Cleaning rules: several names become one label, and every other option speaks of labels."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine.query import FlowQuery, QueryError
from flows.labels import relabel
from tests.engine.compare import assert_engine_agrees, engine_flow
from tests.engine.test_members import assert_every_number_is_its_set, fewer
from tests.engine.test_properties import NAMES, logs, questions

PATTERNS = st.one_of(
    st.tuples(st.just("wildcard"), st.sampled_from(["a", "b", "*", "a*", "*b", "c", "[a]", "x"])),
    st.tuples(st.just("regex"), st.sampled_from(["a", "^b$", "[cd]", ".", "⇄", "^$", "e|d"])),
)
RULE = st.builds(
    lambda pattern, label: {"match": pattern[0], "pattern": pattern[1], "label": label},
    PATTERNS,
    st.sampled_from(["a", "b", "c⇄d", "Page", "z"]),
)


@st.composite
def questions_with_rules(draw):
    rules = draw(st.lists(RULE, min_size=1, max_size=3))
    shown = FlowQuery(start=("-",), rules=rules)
    renamed = relabel(shown.rules, NAMES)
    known = sorted({renamed.get(name, name) for name in NAMES})
    plain = draw(questions(names=known))
    return FlowQuery.from_dict(plain.canonical() | {"rules": rules}), renamed


@fewer
@given(logs(), questions_with_rules())
def test_engine_agrees_with_the_reference_on_cleaned_labels(segments, asked):
    query, renamed = asked
    assert_engine_agrees(segments, query, threads=1, relabel=lambda _: renamed)


@fewer
@given(logs(), questions_with_rules())
def test_every_number_of_cleaned_labels_is_its_set(segments, asked):
    query, renamed = asked
    assert_every_number_is_its_set(segments, query, 0, 2, threads=1, relabel=lambda _: renamed)


ITEM = {"match": "wildcard", "pattern": "/item/*", "label": "Item"}


def test_names_that_become_one_label_are_one_step_with_repeats():
    rows = [(1, "/", 0), (1, "/item/1", 1), (1, "/item/2", 2), (1, "/cart", 3)]
    query = FlowQuery(start=("/",), rules=(ITEM,))
    flow = engine_flow([rows], query, relabel=lambda _: {"/item/1": "Item", "/item/2": "Item"})
    assert flow["paths"] == [{"labels": ["/", "Item", "/cart"], "count": 1, "end": "open"}]
    assert [node["repeats"] for node in flow["nodes"]] == [0, 1, 0]


def test_a_label_can_be_an_anchor_and_its_names_no_longer():
    rows = [(1, "/item/1", 0), (2, "/item/2", 0)]
    renamed = {"/item/1": "Item", "/item/2": "Item"}
    assert (
        engine_flow([rows], FlowQuery(start=("Item",), rules=(ITEM,)), relabel=lambda _: renamed)["units"]["matched"]
        == 2
    )
    with pytest.raises(QueryError, match="/item/1"):
        engine_flow([rows], FlowQuery(start=("/item/1",), rules=(ITEM,)), relabel=lambda _: renamed)


def test_rules_that_nobody_applied_are_never_passed_over():
    with pytest.raises(ValueError, match="rules"):
        engine_flow([[(1, "a", 0)]], FlowQuery(start=("a",), rules=(ITEM,)), relabel=None)


def test_rules_keep_their_order_and_read_back():
    rules = [{"match": "regex", "pattern": "^/", "label": "Page"}, ITEM]
    query = FlowQuery.from_dict({"start": ["Page"], "rules": rules})
    assert query.canonical()["rules"] == rules
    assert FlowQuery.from_dict(json.loads(json.dumps(query.canonical()))) == query
    assert query.digest() != FlowQuery.from_dict({"start": ["Page"], "rules": rules[::-1]}).digest()


BAD = [
    "a",
    5,
    ["a"],
    [{}],
    [{"match": "wildcard", "pattern": "a"}],
    [ITEM | {"colour": "red"}],
    [ITEM | {"match": "glob"}],
    [ITEM | {"match": []}],
    [ITEM | {"pattern": ""}],
    [ITEM | {"pattern": "x" * 301}],
    [ITEM | {"pattern": "\0"}],
    [ITEM | {"label": ""}],
    [ITEM | {"label": 5}],
    [ITEM | {"label": "\ud800"}],
    [ITEM] * 101,
]


@pytest.mark.parametrize("rules", BAD)
def test_rules_that_are_none_are_refused_in_one_sentence(rules):
    with pytest.raises(QueryError) as caught:
        FlowQuery.from_dict({"start": ["a"], "rules": rules})
    assert caught.value.field == "rules"
    assert caught.value.sentence.startswith("rules: ")
    assert caught.value.sentence.endswith(".")
