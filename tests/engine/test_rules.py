"""Cleaning rules: several names become one label, and every other option speaks of labels."""

import json

import pytest

from flows.engine.query import FlowQuery, QueryError
from tests.engine.compare import engine_flow

ITEM = {"match": "wildcard", "pattern": "/item/*", "label": "Item"}


def test_names_that_become_one_label_are_one_step_with_repeats():
    rows = [(1, "/", 0), (1, "/item/1", 1), (1, "/item/2", 2), (1, "/cart", 3)]
    query = FlowQuery(start=("/",), rules=(ITEM,))
    flow = engine_flow([rows], query)
    assert flow["paths"] == [{"labels": ["/", "Item", "/cart"], "count": 1, "end": "open"}]
    assert [node["repeats"] for node in flow["nodes"]] == [0, 1, 0]


def test_a_label_can_be_an_anchor_and_its_names_no_longer():
    rows = [(1, "/item/1", 0), (2, "/item/2", 0)]
    assert engine_flow([rows], FlowQuery(start=("Item",), rules=(ITEM,)))["units"]["matched"] == 2
    with pytest.raises(QueryError, match="/item/1"):
        engine_flow([rows], FlowQuery(start=("/item/1",), rules=(ITEM,)))


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
