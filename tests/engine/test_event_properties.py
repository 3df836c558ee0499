"""Properties of events, solvable on paper: filters, conditions of anchors and people, expanded labels, session ids."""

import doctest
import json

import numpy as np
import pytest

from flows.engine import filters, labelling, sessions
from flows.engine.arrays import SegmentArrays
from flows.engine.columns import PropertyColumn, Texts
from flows.engine.compute import compute_flow
from flows.engine.filters import OPERATORS, OPPOSITES
from flows.engine.histories import Given
from flows.engine.plan import Scope
from flows.engine.query import SECOND, FlowQuery, QueryError
from tests.engine.compare import assert_conserved, assert_engine_agrees, engine_flow

LONG_AFTER = (99, "z", 10**12)


def rows(text, person=1):
    """``a0 b5:p=x,q=2 c7@s``: a at second 0; b at second 5 with properties, numbers as numbers; c in session s."""
    found = []
    for word in text.split():
        event, _, session = word.partition("@")
        moment, _, given = event.partition(":")
        properties = {}
        for part in filter(None, given.split(",")):
            name, value = part.split("=")
            properties[name] = json.loads(value) if value in ("true", "[1]") or value[0].isdigit() else value
        found.append((person, moment[0], int(moment[1:]) * SECOND, properties, session or None))
    return found


def flow(*histories, **options):
    """The flow of some people's histories; engine and reference agree on it. Windows are 100 s."""
    segment = [row for person, text in enumerate(histories, 1) for row in rows(text, person)]
    options = {"start": "a", "within": 100 * SECOND, "paths": 50} | options
    return assert_engine_agrees([segment, [LONG_AFTER]], FlowQuery.from_dict(options), properties={"p", "q"})


def paths(result):
    return [
        " ".join([*path["labels"], path["end"]]) + ("" if path["count"] == 1 else f" ×{path['count']}")
        for path in result["paths"]
    ]


def where(text):
    """``p=x``"""
    name, value = text.split("=")
    return {"property": name, "operator": "is", "values": [value]}


# --- Conditions on events


def test_events_that_fail_are_removed_before_anything_is_a_neighbour():
    assert paths(flow("a0:p=x b1:p=y c2:p=x", where=where("p=x"))) == ["a c dropped"]


def test_all_conditions_must_hold():
    both = [where("p=x"), where("q=1")]
    assert paths(flow("a0:p=x,q=1 b1:p=x,q=2 c2:p=y,q=1 d3:p=x,q=1", where=both)) == ["a d dropped"]


def test_a_condition_on_some_events_lets_others_pass():
    assert paths(flow("a0 b1:p=y b2:p=x c3", where=where("p=x") | {"on": ["b"]})) == ["a b c dropped"]
    assert paths(flow("a0 b1 c3", where=where("p=x") | {"on": ["b"]})) == ["a c dropped"]


def test_people_and_sessions_of_whom_nothing_is_left_are_not_eligible():
    people = ("a0:p=x b1:p=x", "a0:p=y", "b0:p=x a1:p=y")
    assert flow(*people)["units"] == {"eligible": 4, "matched": 3, "converted": 0}
    assert flow(*people, where=where("p=x"))["units"] == {"eligible": 2, "matched": 1, "converted": 0}
    sessions = flow("a0:p=x b100:p=y a200:p=x", where=where("p=x"), count="sessions", session_gap=50 * SECOND)
    assert sessions["units"] == {"eligible": 2, "matched": 2, "converted": 0}


def test_a_session_keeps_its_bounds_and_its_end_whatever_is_removed():
    options = {"count": "sessions", "session_gap": 10 * SECOND, "where": where("p=x")}
    assert paths(flow("a0:p=x b10 c20:p=x", **options)) == ["a c dropped"]
    query = FlowQuery.from_dict({"start": "a", **options})
    for newest, end in ((20, "dropped"), (19, "open")):
        found = engine_flow([rows("a0:p=x b10")], query, data_from=0, data_through=newest * SECOND)
        assert found["paths"] == [{"labels": ["a"], "count": 1, "end": end}]


def test_events_of_the_range_alone_make_somebody_eligible():
    options = {"where": where("p=x"), "from": 5 * SECOND}
    assert flow("a0:p=x b6:p=y", "a0:p=x b6:p=x", **options)["units"]["eligible"] == 1


KINDS = [["x", "xy", "Xy", ""], [1, 2.5, -0.0, 10], [True, False], ["2024-01-01", "2024-01-02"]]
ALL = [value for values in KINDS for value in values]
HOLD = {
    ("is", "xy"): ["xy"],
    ("is", "2.5"): [2.5],
    ("is", "0"): [-0.0],
    ("is", "-0"): [],
    ("is", "10.0"): [],
    ("is", "true"): [True],
    ("is", "2024-01-01"): ["2024-01-01"],
    ("contains", "y"): ["xy", "Xy"],
    ("contains", "5"): [2.5],
    ("contains", "01-02"): ["2024-01-02"],
    ("contains", ""): ALL,
    ("starts_with", "x"): ["x", "xy"],
    ("starts_with", "1"): [1, 10],
    ("starts_with", "t"): [True],
    (">", "1"): [2.5, 10],
    (">=", "1"): [1, 2.5, 10],
    ("<", "1"): [-0.0],
    ("<=", "1"): [1, -0.0],
    (">", "2024-01-01"): ["2024-01-02"],
    ("<=", "2024-01-01T00:00:00Z"): ["2024-01-01"],
    ("<", "2024-01-01T01:00:00+01:00"): [],
}
OPPOSITE = {two: one for one, two in OPPOSITES.items()}


@pytest.mark.parametrize("kinds", [KINDS, [ALL]], ids=["apart", "mixed"])
@pytest.mark.parametrize(("operator", "value"), HOLD)
def test_what_a_value_is_depends_on_itself_and_not_on_its_neighbours(operator, value, kinds):
    holding = {repr(each) for each in HOLD[operator, value]}
    for values in kinds:
        segment = [(person, "a", 0, {"p": each}) for person, each in enumerate([*values, None])]
        expected = sum(repr(each) in holding for each in values)
        answers = {operator: expected, OPPOSITE.get(operator): len(segment) - expected}
        for asked in answers.keys() - {None}:
            condition = {"property": "p", "operator": asked, "values": value}
            found = assert_engine_agrees([segment], FlowQuery.from_dict({"start": "a", "where": condition}))
            assert found["units"]["eligible"] == answers[asked], (asked, values)


def test_every_operator_is_tried():
    tried = {operator for operator, _ in HOLD}
    assert tried | {OPPOSITE[one] for one in tried & OPPOSITE.keys()} == set(OPERATORS) - {"is_set", "is_not_set"}


def test_several_values_mean_any_of_them():
    people = ("a0:p=x", "a0:p=y", "a0:p=z", "a0")
    for operator, eligible in (("is", 2), ("is_not", 3), ("contains", 2), ("not_contains", 3), ("starts_with", 2)):
        asked = {"property": "p", "operator": operator, "values": ["x", "y"]}
        assert flow(*people, where=asked)["units"]["eligible"] == eligible, operator


def test_what_is_absent_is_not_set():
    people = ("a0:p=x", "a0", "a0:q=1")
    assert flow(*people, where={"property": "p", "operator": "is_set"})["units"]["eligible"] == 1
    assert flow(*people, where={"property": "p", "operator": "is_not_set"})["units"]["eligible"] == 3


# --- Conditions on anchors


def test_a_start_event_that_fails_is_an_event_like_others():
    assert paths(flow("a0:p=y b1 a2:p=x c3", start_where=where("p=x"))) == ["a c dropped"]
    assert paths(flow("a0:p=x b1 a2:p=y c3", start_where=where("p=x"))) == ["a b a c dropped"]
    assert paths(flow("a0:p=x b1 a2:p=y c3", start_where=where("p=x"), only=["c"])) == ["a a c dropped"]


def test_an_anchor_does_not_join_a_run_of_events_that_are_none():
    assert paths(flow("a0:p=y a1:p=x a2:p=x a3:p=y b4", start_where=where("p=x"))) == ["a a b dropped"]
    found = flow("a0:p=y a1:p=x b11", start_where=where("p=x"))
    assert found["links"][0]["median_seconds"] == pytest.approx(10, rel=0.01)


def test_only_an_end_event_that_passes_converts():
    options = {"end": ["e"], "end_where": where("p=x")}
    assert paths(flow("a0 e1:p=y b2 e3:p=x", **options)) == ["a e b e converted"]
    assert flow("a0 e1:p=y", **options)["units"] == {"eligible": 2, "matched": 1, "converted": 0}
    assert paths(flow("c0 a1:p=x b2 a3", start=[], end=["a"], end_where=where("p=x"))) == ["a c open"]


def test_the_same_event_may_be_start_and_end_by_its_properties():
    options = {"end": ["a"], "start_where": where("p=x"), "end_where": where("p=y")}
    assert paths(flow("a0:p=x a1:p=z a2:p=y a3:p=x", **options)) == ["a a a converted"]


def test_an_event_that_is_no_anchor_may_stand_in_a_cycle():
    found = flow("a0:p=x a1 b2 a3 b4 c5", start_where=where("p=x"), collapse="cycles")
    assert paths(found) == ["a a⇄b c dropped"]


# --- Conditions on people


def test_people_are_chosen_by_what_they_did_and_how():
    people = ("a0 b1:p=x b2:p=y", "a0 b1:p=x b2:p=x", "a0 b1", "a0")

    def eligible(condition):
        return flow(*people, people=[condition])["units"]["eligible"]

    assert eligible({"did": "b", "where": [where("p=x")]}) == 2
    assert eligible({"did": "b", "where": [where("p=x")], "at_least": 2}) == 1
    assert eligible({"did": "b", "at_most": 1}) == 1
    assert eligible({"did": "b", "at_least": 0, "at_most": 1}) == 3
    assert eligible({"did": "b", "at_least": 0, "at_most": 1, "where": [where("p=x")]}) == 4
    assert eligible({"did_not": "b", "where": [where("p=x")]}) == 3
    assert eligible({"did_not": "b", "where": [where("p=x"), where("p=y")]}) == 5


def test_events_that_a_filter_removes_have_still_been_done():
    found = flow("a0:q=1 b1:p=x", where=where("q=1"), people=[{"did": "b", "where": [where("p=x")]}])
    assert found["units"] == {"eligible": 1, "matched": 1, "converted": 0}


# --- Expanded labels


def test_a_label_tells_the_value_and_is_plain_without_one():
    found = flow("a0 b1:p=x b2 b3:p=2.5 b4:p=[1] b5:p=true", expand=[["b", "p"]])
    assert paths(found) == ["a b: x b b: 2.5 b: [1] b: true dropped"]


def test_equal_values_of_different_kinds_are_one_label():
    segments = [rows("a0 b1:p=2"), rows("b2:p=x"), [(1, "b", 3 * SECOND, {"p": "2"}), LONG_AFTER]]
    found = assert_engine_agrees(segments, FlowQuery(start=("a",), expand=(("b", "p"),), collapse="none"))
    assert paths(found) == ["a b: 2 b: x b: 2 dropped"]


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"start": "b"}, "b: x b: y c dropped"),
        ({"start": "b: y"}, "b: y c dropped"),
        ({"hide": ["b"]}, "a c dropped"),
        ({"hide": ["b: x"]}, "a b: y c dropped"),
        ({"only": ["b"]}, "a b: x b: y dropped"),
        ({"only": ["b: y"]}, "a b: y dropped"),
        ({"start": "b", "hide": ["b: x"]}, "b: y c dropped"),
        ({"end": ["b: y"]}, "a b: x b: y converted"),
    ],
)
def test_an_event_stands_for_all_its_labels_and_a_label_for_itself(options, path):
    assert paths(flow("a0 b1:p=x b2:p=y c3", expand=[["b", "p"]], **options)) == [path]


def test_excluding_an_event_excludes_all_its_labels():
    people = ("a0 b1:p=x", "a0 b1:p=y", "a0 c1")
    assert flow(*people, expand=[["b", "p"]], exclude=["b"])["units"]["matched"] == 1
    assert flow(*people, expand=[["b", "p"]], exclude=["b: x"])["units"]["matched"] == 2


def test_rules_clean_expanded_labels():
    rule = {"match": "wildcard", "pattern": "b: /item/*", "label": "Item"}
    options = {"expand": [["b", "p"]], "rules": [rule]}
    assert paths(flow("a0 b1:p=/item/1 b2:p=/item/2 b3:p=/cart", **options)) == ["a Item b: /cart dropped"]
    assert paths(flow("a0 b1:p=/item/1 b3:p=/cart", **options, hide=["b"])) == ["a dropped"]
    assert paths(flow("a0 b1:p=/item/1 b3:p=/cart", **options, hide=["Item"])) == ["a b: /cart dropped"]


def test_a_name_does_not_stand_for_a_label_that_only_other_events_have():
    """Every b has a value, so that no b bears the label that b would have without one."""
    rule = {"match": "regex", "pattern": "^[bc]$", "label": "X"}
    found = flow("a0 b1:p=x c2", expand=[["b", "p"]], rules=[rule], hide=["b"])
    assert paths(found) == ["a X dropped"]


def test_an_anchor_whose_every_label_is_hidden_is_refused():
    for options in ({"start": "b: x", "hide": ["b"]}, {"start": "b", "hide": ["b: x", "b: y", "b"]}):
        with pytest.raises(QueryError, match="cannot be hidden"):
            flow("a0 b1:p=x b2:p=y", expand=[["b", "p"]], **options)


def test_an_event_that_bears_the_text_of_an_expanded_label_has_that_label():
    segment = [(1, "a", 0), (1, "b", 1, {"p": "x"}), (1, "b: x", 2), LONG_AFTER]
    found = assert_engine_agrees([segment], FlowQuery(start=("a",), expand=(("b", "p"),)))
    assert paths(found) == ["a b: x dropped"]
    assert found["nodes"][1]["repeats"] == 1


def test_a_million_distinct_values_are_told_apart():
    """Each of 250 000 people sees four of a million values, which nobody else sees."""
    people, values = 250_000, 1_000_000
    seen = np.random.default_rng(3).permutation(values).astype(np.int32).reshape(people, 4)
    column = np.hstack([np.full((people, 1), -1, np.int32), seen]).ravel()
    texts = Texts(np.arange(values + 1) * 7, np.frombuffer(b"".join(b"%07d" % i for i in range(values)), np.uint8))
    segment = SegmentArrays(
        np.arange(people, dtype=np.uint64),
        np.arange(people + 1) * 5,
        np.tile(np.arange(5), people),
        np.tile(np.array([0, 1, 1, 1, 1], np.int32), people),
        ("a", "b"),
        np.zeros(0, np.int64),
        columns={"p": PropertyColumn("text", column, texts)},
    )
    given = Given(segments=[segment], data_from=0, data_through=10**12)
    query = FlowQuery(start=("a",), expand=(("b", "p"),), paths=1, top=2, steps=4)
    found = compute_flow(query, given, dataset_version=1, budget=1 << 28)
    assert_conserved(found)
    for step in range(1, 5):
        nodes = [(node["label"], node["count"]) for node in found["nodes"] if node["step"] == step]
        first = np.sort(seen[:, step - 1])[:2].tolist()
        assert nodes == [("", people - 2), *((f"b: {value:07}", 1) for value in first)]
    assert found["distinct_paths"] == people
    first_path = ["a", *(f"b: {value:07}" for value in seen[seen[:, 0].argmin()].tolist())]
    assert found["paths"] == [{"labels": first_path, "count": 1, "end": "dropped"}]
    one = FlowQuery(start=(f"b: {seen[77, 2]:07}",), expand=(("b", "p"),), paths=1)
    only = compute_flow(one, given, dataset_version=1, budget=1 << 28)
    assert only["paths"] == [{"labels": [f"b: {v:07}" for v in seen[77, 2:].tolist()], "count": 1, "end": "dropped"}]


def test_too_many_values_are_refused(monkeypatch):
    monkeypatch.setattr(labelling, "MAX_EXPANDED_LABELS", 2)
    flow("a0 b1:p=x b2:p=y", expand=[["b", "p"]])
    with pytest.raises(QueryError, match=r"^expand: there are more than 2 values"):
        flow("a0 b1:p=x b2:p=y b3:p=z", expand=[["b", "p"]])


# --- Sessions by id


def by_id(*histories, **options):
    return flow(*histories, count="sessions", session_by="id", session_gap=10 * SECOND, **options)


def test_events_with_the_same_id_are_one_session_wherever_they_stand():
    found = by_id("a0@s b1@t c50@s a51@t d52@s")
    assert paths(found) == ["a dropped", "a c d dropped"]
    assert found["units"]["eligible"] == 3


def test_equal_ids_of_different_people_are_different_sessions():
    assert by_id("a0@s b1@s", "a0@s")["units"] == {"eligible": 3, "matched": 2, "converted": 0}


def test_events_without_an_id_are_cut_by_the_gap_among_themselves():
    found = by_id("a0 b1@s c10 d15@s a21 b31")
    assert paths(found) == ["a b dropped", "a c dropped"]


def test_a_session_by_id_goes_over_segments_in_order_of_time_and_arrival():
    segments = [rows("a0@s c5@s"), rows("b5@s d1@t"), [*rows("b2@s"), LONG_AFTER]]
    query = FlowQuery(start=("a",), count="sessions", session_by="id")
    assert paths(assert_engine_agrees(segments, query)) == ["a b c b dropped"]


def test_ties_are_those_of_people_whatever_their_sessions():
    assert by_id("a0@s b0@t c0")["ties"] == 2


def test_a_session_by_id_is_over_when_the_gap_has_passed_behind_its_last_event():
    query = FlowQuery(start=("a",), count="sessions", session_by="id", session_gap=10 * SECOND)
    for newest, end in ((60, "dropped"), (59, "open")):
        found = engine_flow([[*rows("a0@s b50@s"), (9, "z", newest * SECOND)]], query)
        assert found["paths"] == [{"labels": ["a", "b"], "count": 1, "end": end}]


def test_without_any_id_the_gap_decides():
    options = {"start": ("a",), "count": "sessions", "session_gap": 10 * SECOND}
    segment = [[*rows("a0 b10 a21"), LONG_AFTER]]
    plain = engine_flow(segment, FlowQuery(**options))
    found = assert_engine_agrees(segment, FlowQuery(**options, session_by="id"))
    assert [found[key] for key in ("units", "nodes", "paths")] == [plain[key] for key in ("units", "nodes", "paths")]


@pytest.mark.parametrize("module", [filters, labelling, sessions])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module, extraglobs={"np": np, "Scope": Scope}).failed == 0
