"""Conditions on properties as part of a question: what they accept, how they read back, and what they look at."""

import json
import math

import numpy as np
import pytest

from flows.engine.arrays import SegmentArrays, segment_from_rows
from flows.engine.columns import as_codes, column_of
from flows.engine.filters import PropertyFilter
from flows.engine.query import FlowQuery, QueryError
from tests.engine.compare import engine_flow


def test_a_question_without_properties_is_the_one_that_it_always_was():
    plain = FlowQuery(start=("a",))
    new = {"where", "start_where", "end_where", "expand", "session_by"}
    assert not new & plain.canonical().keys()
    assert plain.digest() == "d08e967a6c288d633b35b9290544e20c7c30edd7abe40d119cad5e32b7badfa2"
    people = [{"did": "b", "at_least": 2}, {"in_cohort": 3}, {"did_not": "c"}]
    rules = [{"match": "regex", "pattern": "^/", "label": "Page"}]
    about_some = FlowQuery.from_dict(
        {"start": "a", "end": "b", "people": people, "rules": rules, "within": "2h", "from": "2026-03-01T00:00:00Z"}
    )
    assert about_some.digest() == "9d86f1fd89eca6963fa78611ad013decc8856455b07d58a6bc0c2c350e4bcf01"
    assert FlowQuery.from_dict({"start": "a", "where": [], "expand": [], "session_by": "gap"}) == plain


def test_conditions_read_back_in_whatever_order_they_came():
    one = [
        {"property": "p", "operator": "is", "values": ["y", "x"], "on": ["b", "a"]},
        {"property": "q", "operator": ">", "values": [2]},
        {"property": "p", "operator": "is_set"},
    ]
    query = FlowQuery.from_dict({"start": "a", "where": one, "start_where": one[1], "expand": [["b", "p"], ["a", "q"]]})
    assert query == FlowQuery.from_dict(json.loads(json.dumps(query.canonical())))
    assert query == FlowQuery.from_dict({**query.canonical(), "where": one[::-1], "expand": [["a", "q"], ["b", "p"]]})
    assert query.canonical()["where"][0] == {"property": "p", "operator": "is", "values": ["x", "y"], "on": ["a", "b"]}
    assert query.canonical()["start_where"] == [{"property": "q", "operator": ">", "values": ["2"]}]
    assert query.properties == ("p", "q")
    assert len({query.digest(), FlowQuery(start=("a",)).digest()}) == 2


@pytest.mark.parametrize(("value", "text"), [(12, "12"), (12.0, "12"), (2.5, "2.5"), (True, "true"), ("x", "x")])
def test_values_are_texts(value, text):
    assert PropertyFilter.from_dict({"property": "p", "operator": "is", "values": value}, "where").values == (text,)


GOOD = {"property": "p", "operator": "is", "values": ["x"]}
BAD = [
    ({"where": "p"}, "where"),
    ({"where": [GOOD | {"colour": 1}]}, "where"),
    ({"where": [{"property": "p"}]}, "where"),
    ({"where": [GOOD | {"property": 5}]}, "where"),
    ({"where": [GOOD | {"property": "a\0b"}]}, "where"),
    ({"where": [GOOD | {"property": "\ud800"}]}, "where"),
    ({"where": [GOOD | {"property": "p" * 1001}]}, "where"),
    ({"where": [GOOD | {"operator": "like"}]}, "where"),
    ({"where": [GOOD | {"operator": []}]}, "where"),
    ({"where": [GOOD | {"values": []}]}, "where"),
    ({"where": [GOOD | {"values": [None]}]}, "where"),
    ({"where": [GOOD | {"values": [["x"]]}]}, "where"),
    ({"where": [GOOD | {"values": [math.nan]}]}, "where"),
    ({"where": [GOOD | {"values": ["\0"]}]}, "where"),
    ({"where": [GOOD | {"values": ["x" * 1001]}]}, "where"),
    ({"where": [GOOD | {"values": [str(i) for i in range(1001)]}]}, "where"),
    ({"where": [GOOD | {"on": [5]}]}, "where"),
    ({"where": [GOOD | {"operator": "is_set"}]}, "where"),
    ({"where": [GOOD | {"operator": ">"}]}, "where"),
    ({"where": [GOOD | {"operator": ">", "values": ["1", "2"]}]}, "where"),
    ({"where": [GOOD | {"operator": ">", "values": ["2024-13-01"]}]}, "where"),
    ({"where": [GOOD, GOOD | {"operator": "is_not"}]}, "where"),
    ({"where": [GOOD | {"values": [str(i)]} for i in range(21)]}, "where"),
    ({"start_where": [GOOD | {"values": []}]}, "start_where"),
    ({"end_where": [GOOD]}, "end_where"),
    ({"start": [], "end": "a", "start_where": [GOOD]}, "start_where"),
    ({"expand": "ab"}, "expand"),
    ({"expand": ["ab"]}, "expand"),
    ({"expand": [["a", 5]]}, "expand"),
    ({"expand": [["a", "p", "q"]]}, "expand"),
    ({"expand": [["a", "\0"]]}, "expand"),
    ({"expand": [["a", "p"], ["a", "q"]]}, "expand"),
    ({"expand": [[str(i), "p"] for i in range(21)]}, "expand"),
    ({"session_by": "day"}, "session_by"),
    ({"session_by": None, "people": [{"did": "a", "where": [GOOD | {"values": []}]}]}, "did"),
    ({"people": [{"did": "a", "where": [GOOD | {"on": ["b"]}]}]}, "did"),
    ({"people": [{"did": "a", "at_least": 0}]}, "did"),
    ({"people": [{"did": "a", "at_most": 0}]}, "did"),
    ({"people": [{"did": "a", "at_least": 3, "at_most": 2}]}, "did"),
    ({"people": [{"did_not": "a", "at_most": 2}]}, "people"),
    ({"people": [{"in_cohort": 1, "where": [GOOD]}]}, "people"),
    ({"people": [{"did": "a", "where": [GOOD]}, {"did_not": "a"}]}, "did_not"),
]


@pytest.mark.parametrize(("options", "field"), BAD)
def test_what_cannot_be_meant_is_one_sentence_that_names_the_field(options, field):
    with pytest.raises(QueryError) as caught:
        FlowQuery.from_dict({"start": "a"} | options)
    assert caught.value.field == field
    assert caught.value.sentence.startswith(f"{field}: ")
    assert caught.value.sentence.endswith(".")
    assert len(caught.value.sentence) < 400


def test_doing_something_and_not_doing_it_otherwise_is_possible():
    other = [GOOD | {"values": ["y"]}]
    FlowQuery.from_dict({"start": "a", "people": [{"did": "a", "where": [GOOD]}, {"did_not": "a", "where": other}]})
    FlowQuery.from_dict({"start": "a", "people": [{"did": "a", "at_least": 0, "at_most": 2}, {"did_not": "a"}]})


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"where": GOOD}, "where"),
        ({"start_where": GOOD}, "start_where"),
        ({"end": "a", "end_where": GOOD}, "end_where"),
        ({"expand": [["a", "p"]]}, "expand"),
        ({"people": [{"did_not": "a", "where": [GOOD]}]}, "did_not"),
    ],
)
def test_a_property_that_no_event_has_is_named_unless_the_dataset_knows_it(options, field):
    query = FlowQuery.from_dict({"start": "a"} | options)
    segment = [(1, "a", 0, {"q": 1, "p": None})]
    with pytest.raises(QueryError, match=f"^{field}: no event of this dataset has the property “p”") as caught:
        engine_flow([segment], query)
    assert caught.value.field == field
    engine_flow([segment], query, properties={"p"})


@pytest.mark.parametrize(
    ("options", "field"),
    [({"where": GOOD | {"on": ["nope"]}}, "where"), ({"expand": [["nope", "p"]]}, "expand")],
)
def test_an_event_that_nobody_knows_is_named_unless_the_catalogue_has_it(options, field):
    query = FlowQuery.from_dict({"start": "a"} | options)
    with pytest.raises(QueryError, match=f"^{field}: there is no event “nope”"):
        engine_flow([[(1, "a", 0, {"p": "x"})]], query)
    engine_flow([[(1, "a", 0, {"p": "x"})]], query, catalogue={"nope"})


def test_numbers_are_codes_without_an_array_of_their_size():
    column = column_of([2.5, None, 12, 2.5, -0.0])
    coded = as_codes(column)
    assert coded.values is column.values
    assert (coded.found.tolist(), list(coded.texts)) == ([0, 2.5, 12], ["0", "2.5", "12"])
    assert coded.texts[1:] == ["2.5", "12"]
    assert coded.of(slice(1, 5)).tolist() == coded.of(np.arange(1, 5)).tolist() == [-1, 2, 1, 0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, None], "boolean"),
        ([1, 2.5, None], "number"),
        (["2024-01-01", None], "time"),
        (["2024-01-01", "x"], "text"),
        ([1, True], "text"),
        ([2**60], "text"),
        ([None], "text"),
        ([], "text"),
    ],
)
def test_a_column_of_values_has_the_kind_of_all_of_them(values, kind):
    assert column_of(values).kind == kind


def test_segments_check_what_stands_beside_events():
    good = segment_from_rows([(1, "a", 0), (2, "a", 0)])
    columns = (good.keys, good.starts, good.times, good.codes, good.names, good.ties)
    with pytest.raises(ValueError, match="sessions"):
        SegmentArrays(*columns, np.zeros(1, np.uint64))
    with pytest.raises(ValueError, match="column"):
        SegmentArrays(*columns, columns={"p": column_of([1])})
