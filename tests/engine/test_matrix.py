"""Transition matrices: paper cases, the reference, conservation."""

import doctest
import random
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import analysis, matrix, plan
from flows.engine.arrays import segment_from_rows
from flows.engine.histories import Given
from flows.engine.matrix import MatrixQuery, check_matrix, compute_matrix
from flows.engine.query import SECOND, QueryError
from flows.engine.result import NotConserved
from flows.engine.source import Cancelled
from tests.engine.cases import NAMES, PROPERTIES, TIMES, narrowed, some, some_people, thorough, valued_logs
from tests.engine.compare import asked_of
from tests.engine.reference_analyses import reference_matrix
from tests.engine.test_semantics import history


def engine_matrix(segments, query, **options):
    asked, rest = asked_of(segments, options)
    return compute_matrix(query, asked, dataset_version=1, **{"threads": 2} | rest)


def assert_agrees(segments, query, **options):
    got = engine_matrix(segments, query, **options)
    for key, value in reference_matrix(segments, query, options.get("cohorts")).items():
        assert got[key] == value, key


@st.composite
def questions(draw):
    only, hide = draw(st.one_of(st.just(()), some(NAMES, 1, 3))), draw(st.one_of(st.just(()), some(NAMES)))
    bounds = draw(st.lists(st.one_of(st.none(), TIMES), min_size=2, max_size=2))
    since, until = bounds if None in bounds or bounds[0] < bounds[1] else (None, bounds[0])
    return MatrixQuery(
        count=draw(st.sampled_from(["users", "sessions"])),
        top=draw(st.integers(1, 7)),
        session_gap=draw(st.one_of(st.integers(1, 8), st.just(100))),
        collapse=draw(st.sampled_from(["none", "consecutive"])),
        only=only,
        hide=() if only and set(only) <= set(hide) else hide,
        range_from=since,
        range_to=until,
    )


@thorough
@given(valued_logs(), narrowed(questions()), some_people(), st.sampled_from([0, 256]))
def test_matrices_agree_with_the_reference_in_one_pass_and_in_two(segments, query, cohorts, dense):
    with mock.patch.object(plan, "LEAST_EVENTS_PER_RANGE", 5), mock.patch.object(matrix, "DENSE_LABELS", dense):
        assert_agrees(segments, query, cohorts=cohorts, properties=PROPERTIES)


@pytest.mark.parametrize("top", [1, 2, 3])
@pytest.mark.parametrize("dense", [0, 256])
def test_other_may_be_empty(top, dense):
    with mock.patch.object(matrix, "DENSE_LABELS", dense):
        assert_agrees([history("a0 b1 a2")], MatrixQuery(top=top))


def test_many_labels_people_and_segments_agree_with_the_reference():
    chance = random.Random(3)
    rows = [
        (chance.randrange(500), f"name {int(900 * chance.random() ** 3)}", chance.randrange(10**10))
        for _ in range(9000)
    ]
    assert_agrees([rows[i::4] for i in range(4)], MatrixQuery(count="users", top=10), threads=3)


def cells(text, **options):
    found = engine_matrix([history(text)], MatrixQuery(**options))
    return {cell["source"] + cell["target"]: cell["count"] for cell in found["cells"]}


def test_neighbours_are_counted():
    assert cells("a0 b1 a2 b3 c4") == {"ab": 2, "ba": 1, "bc": 1}


def test_repeats_are_one_item_unless_nothing_is_collapsed():
    assert cells("a0 a1 b2") == {"ab": 1}
    assert cells("a0 a1 b2", collapse="none") == {"aa": 1, "ab": 1}


def test_hidden_events_do_not_stand_between_neighbours():
    assert cells("a0 x1 b2", hide=("x",)) == {"ab": 1}
    assert cells("a0 x1 b2", only=("a", "b")) == {"ab": 1}
    assert cells("a0 x1 a2", hide=("x",)) == {}


def test_a_session_has_its_own_neighbours():
    assert cells("a0 b10 c100", session_gap=20 * SECOND) == {"ab": 1}
    assert cells("a0 b10 c100", session_gap=20 * SECOND, count="users") == {"ab": 1, "bc": 1}


def test_other_holds_every_label_behind_the_top_and_its_inner_transitions():
    found = engine_matrix([history("a0 b1 c2 a3 b4 a5")], MatrixQuery(top=1))
    assert [(row["kind"], row["label"], row["count"]) for row in found["labels"]] == [
        ("other", "", 3),
        ("event", "a", 3),
    ]
    assert {(cell["source"], cell["target"]): cell["count"] for cell in found["cells"]} == {
        ("a", ""): 2,
        ("", "a"): 2,
        ("", ""): 1,
    }


def test_names_of_which_rules_make_one_label_are_one():
    rows = [*history("a0 b1 c2 d3"), *history("c0 a1", 2)]
    found = engine_matrix([rows[:3], rows[3:]], MatrixQuery(hide=("d",)), relabel=lambda names: {"b": "a", "c": "x"})
    assert {row["label"]: (row["count"], row["repeats"]) for row in found["labels"]} == {"a": (2, 1), "x": (2, 0)}


def test_entries_and_exits_are_where_units_begin_and_end():
    found = engine_matrix([[*history("a0 b1"), *history("a0 c1 a2", 2)]], MatrixQuery())
    assert {row["label"]: (row["entries"], row["exits"]) for row in found["labels"]} == {
        "a": (2, 1),
        "b": (0, 1),
        "c": (0, 0),
    }


@pytest.mark.parametrize("segments", [[], [segment_from_rows([])]])
def test_nothing_gives_an_empty_matrix(segments):
    asked = Given(segments=segments, data_from=None, data_through=None, catalogue={"a"})
    found = compute_matrix(MatrixQuery(only=("a",)), asked, dataset_version=1)
    assert (found["labels"], found["cells"], found["transitions"]) == ([], [], 0)


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("count", {"count": "journeys"}),
        ("collapse", {"collapse": "cycles"}),
        ("top", {"top": 0}),
        ("top", {"top": 51}),
        ("session_gap", {"session_gap": 0}),
        ("only", {"only": 3}),
        ("hide", {"only": ("a",), "hide": ("a", "b")}),
        ("from", {"range_from": 2, "range_to": 1}),
    ],
)
def test_an_impossible_matrix_is_one_sentence_that_names_the_field(field, options):
    with pytest.raises(QueryError) as caught:
        MatrixQuery(**options)
    assert caught.value.field == field
    assert caught.value.sentence.startswith(f"{field}: ")


@pytest.mark.parametrize("field", ["only", "hide"])
def test_an_unknown_event_is_named(field):
    with pytest.raises(QueryError, match="nowhere") as caught:
        engine_matrix([[(1, "a", 0)]], MatrixQuery(**{field: ("nowhere",)}))
    assert caught.value.field == field


@pytest.mark.parametrize("dense", [0, 256])
def test_progress_and_cancelling(dense):
    seen = []
    with mock.patch.object(matrix, "DENSE_LABELS", dense):
        engine_matrix([history("a0 b1")], MatrixQuery(), progress=seen.append)
        with pytest.raises(Cancelled):
            engine_matrix([history("a0 b1")], MatrixQuery(), cancelled=lambda: True)
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_a_matrix_that_does_not_add_up_is_refused():
    totals = np.array([[2, 0, 1, 1], [1, 0, 1, 1]])
    cells = np.array([[1, 0], [0, 0]])
    check_matrix(totals, cells, 2)
    with pytest.raises(NotConserved, match="units"):
        check_matrix(totals, cells, 3)
    with pytest.raises(NotConserved, match="node 0"):
        check_matrix(totals, cells + 1, 2)


@pytest.mark.parametrize("module", [analysis, matrix])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module, extraglobs={"segment_from_rows": segment_from_rows}).failed == 0
