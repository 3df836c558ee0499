"""Comparing two flows: published figures, a check by counting, and what must not be compared."""

import doctest
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import compare
from flows.engine.compare import (
    adjust_p_values,
    compare_flows,
    difference_interval,
    too_small,
    two_proportion_test,
    wilson_interval,
)
from flows.engine.query import FlowQuery, QueryError
from tests.engine.cases import logs, questions, thorough
from tests.engine.compare import engine_flow


@st.composite
def tables(draw):
    """k₁, n₁, k₂, n₂ with no group empty."""
    sizes = draw(st.integers(1, 500)), draw(st.integers(1, 500))
    return draw(st.integers(0, sizes[0])), sizes[0], draw(st.integers(0, sizes[1])), sizes[1]


@thorough
@given(tables())
def test_z_squared_is_the_chi_squared_of_the_table(table):
    hits, size, other_hits, other_size = table
    z, p = two_proportion_test(*table)
    yes, everybody = hits + other_hits, size + other_size
    if yes in (0, everybody):
        assert (z, p) == (0.0, 1.0)
        return
    cells = [(hits, size), (other_hits, other_size)]
    chi = sum(
        (seen - Fraction(n * all_, everybody)) ** 2 / Fraction(n * all_, everybody)
        for k, n in cells
        for seen, all_ in ((k, yes), (n - k, everybody - yes))
    )
    assert z * z == pytest.approx(float(chi), rel=1e-9, abs=1e-12)
    assert p == pytest.approx(math.erfc(math.sqrt(float(chi) / 2)), rel=1e-6, abs=1e-12)
    assert (z > 0) == (Fraction(other_hits, other_size) > Fraction(hits, size))


@thorough
@given(tables())
def test_a_wilson_bound_is_where_the_score_test_is_just_not_refused(table):
    hits, size, _, _ = table
    share = hits / size
    for bound in wilson_interval(hits, size):
        assert 0 <= bound <= 1
        if 0 < bound < 1:
            assert abs(share - bound) == pytest.approx(compare.Z95 * math.sqrt(bound * (1 - bound) / size), rel=1e-9)


@pytest.mark.parametrize(
    ("table", "interval"),
    [  # Newcombe 1998, table II, method 10; he writes p₁ − p₂, so the first group stands second here
        ((48, 80, 56, 70), (0.0524, 0.3339)),
        ((3, 10, 9, 10), (0.1705, 0.8090)),
        ((2, 7, 6, 7), (0.0582, 0.8062)),
        ((0, 29, 5, 56), (-0.0381, 0.1926)),
        ((0, 20, 0, 10), (-0.1611, 0.2775)),
        ((0, 10, 10, 10), (0.6075, 1.0)),
    ],
)
def test_intervals_of_differences_are_those_of_the_paper(table, interval):
    assert difference_interval(*table) == pytest.approx(interval, abs=6e-5)


def test_an_empty_group_has_no_test():
    assert two_proportion_test(0, 0, 1, 2) is None
    assert difference_interval(1, 2, 0, 0) is None


@thorough
@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusted_p_values_are_those_of_the_definition(values):
    ranked = sorted(values)
    want = [
        min([1.0] + [len(values) * ranked[j] / (j + 1) for j in range(len(values)) if ranked[j] >= value])
        for value in values
    ]
    assert adjust_p_values(values).tolist() == pytest.approx(want)


def test_adjusted_p_values_of_the_paper_refuse_its_first_four():
    paper = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528]
    adjusted = adjust_p_values([*paper, 0.7590, 1.0])
    assert np.flatnonzero(adjusted <= 0.05).tolist() == [0, 1, 2, 3]


@thorough
@given(tables())
def test_small_is_any_expected_count_under_five_or_a_group_under_thirty(table):
    hits, size, other_hits, other_size = table
    share = Fraction(hits + other_hits, size + other_size)
    expected = [n * part for n in (size, other_size) for part in (share, 1 - share)]
    assert too_small(*table) == (min(expected) < 5 or min(size, other_size) < 30)


KINDS = ("nodes", "links", "ends", "totals")


def people(shares, each=100, seed=1):
    """``visit``, then one of the labels by its share of a hundred; the rest go no further."""
    rows, person = [], seed * 1000
    for label, share in shares.items():
        for _ in range(share):
            rows += [(person, "visit", 0), (person, label, 10)]
            person += 1
    rest = each - sum(shares.values())
    return rows + [(person + i, "visit", 0) for i in range(rest)]


def flow(rows, catalogue=("order", "help", "leave"), **options):
    options = {"start": ("visit",), "steps": 1} | options
    return engine_flow([rows], FlowQuery(**options), catalogue=set(catalogue))


def find(rows, **place):
    found = [row for row in rows if all(row[key] == value for key, value in place.items())]
    assert len(found) == 1
    return found[0]


def test_a_difference_in_share_has_its_interval_and_p_value():
    both = compare_flows(flow(people({"order": 45, "help": 10})), flow(people({"order": 60, "help": 10})))
    order = find(both["nodes"], label="order")
    assert (order["counts"], order["bases"], order["shares"]) == ([45, 60], [100, 100], [0.45, 0.6])
    assert order["difference"] == pytest.approx(0.15)
    assert order["p"] == pytest.approx(0.0337, abs=5e-5)
    assert order["interval"] == pytest.approx(list(difference_interval(45, 100, 60, 100)))
    assert order["small"] is False
    # Two nodes, two links, and who stopped at the anchor, which itself is no test.
    assert both["tests"] == 5
    assert order["adjusted_p"] == pytest.approx(order["p"] * 5 / 3)
    assert [row["label"] for row in both["nodes"]] == ["order", "help"]


def test_a_link_is_a_share_of_its_source():
    early = [(p, name, at) for p in range(40) for name, at in (("visit", 0), ("help" if p < 20 else "leave", 1))]
    rows = early + [(p, "order", 2) for p in range(5)]
    both = compare_flows(flow(rows, steps=2), flow(rows + [(p, "order", 2) for p in range(5, 10)], steps=2))
    link = find(both["links"], source="help", target="order")
    assert (link["counts"], link["bases"]) == ([5, 10], [20, 20])
    assert link["small"] is True


def test_ends_are_shares_of_their_node_and_totals_of_start():
    both = compare_flows(flow(people({"order": 45, "help": 10})), flow(people({"order": 60, "help": 10})))
    stopped = find(both["ends"], label="visit")
    assert (stopped["state"], stopped["counts"], stopped["bases"]) == ("open", [45, 30], [100, 100])
    assert stopped["p"] == pytest.approx(two_proportion_test(45, 100, 30, 100)[1])
    assert find(both["ends"], label="help")["counts"] == [10, 10]
    assert [(row["state"], row["counts"], row["bases"]) for row in both["totals"]] == [("open", [100, 100], [100, 100])]


def test_what_is_too_small_weakens_no_other_test():
    rare = {"help": 2, "leave": 1}
    first, second = flow(people({"order": 45} | rare)), flow(people({"order": 60} | rare))
    both = compare_flows(first, second)
    tested = [row for kind in KINDS for row in both[kind] if row["adjusted_p"] is not None]
    assert both["tests"] == len(tested) == 3  # order, the link to it, who stopped at the anchor
    assert find(both["nodes"], label="help")["small"] is True


def test_what_is_in_other_on_one_side_is_not_zero_there():
    first = flow(people({"order": 50, "help": 20, "leave": 10}), top=1)
    second = flow(people({"order": 20, "help": 50, "leave": 10}), top=1)
    both = compare_flows(first, second)
    order, help_, other = (find(both["nodes"], label=label) for label in ("order", "help", ""))
    assert (order["counts"], help_["counts"], other["counts"]) == ([50, None], [None, 50], [None, None])
    assert order["p"] is order["difference"] is order["adjusted_p"] is None
    assert both["tests"] == 1  # who stopped at the anchor


def test_other_of_unlike_labels_is_not_compared():
    rows = people({"order": 50, "help": 20, "leave": 10})
    for tops in ((1, 2), (2, 1)):
        both = compare_flows(*(flow(rows, top=top) for top in tops))
        assert find(both["nodes"], label="")["counts"] == [None, None]


def test_other_is_compared_if_it_stands_for_the_same_labels():
    first = flow(people({"order": 50, "help": 20, "leave": 10}), top=1)
    second = flow(people({"order": 40, "leave": 5, "help": 9}), top=1)
    assert find(compare_flows(first, second)["nodes"], label="")["counts"] == [30, 14]
    nobody_else = flow(people({"order": 40}), top=1)
    assert find(compare_flows(first, nobody_else)["nodes"], label="")["counts"] == [30, 0]


def test_a_label_that_does_not_occur_is_zero_where_nothing_is_in_other():
    both = compare_flows(flow(people({"order": 50, "help": 40})), flow(people({"order": 50})))
    row = find(both["nodes"], label="help")
    assert row["counts"] == [40, 0]
    assert row["difference"] == -0.4
    assert both["nodes"][0] is row


def test_a_flow_without_anyone_gives_no_tests():
    both = compare_flows(flow(people({"order": 50})), flow([(1, "order", 0)], catalogue=("visit",)))
    row = find(both["nodes"], label="order")
    assert (row["counts"], row["bases"], row["shares"], row["p"]) == ([50, 0], [100, 0], [0.5, None], None)


def test_a_deeper_step_than_one_side_has_cannot_be_compared():
    rows = [(1, "visit", 0), (1, "help", 1), (1, "order", 2)]
    both = compare_flows(flow(rows, steps=2), flow(rows, steps=1))
    assert find(both["nodes"], label="order")["counts"] == [1, None]
    assert find(both["links"], source="help")["counts"] == [1, None]


@pytest.mark.parametrize("field", ["start", "count"])
def test_different_questions_cannot_be_compared(field):
    rows = people({"order": 5})
    other = {"start": {"start": ("order",)}, "count": {"count": "sessions"}}[field]
    with pytest.raises(QueryError) as caught:
        compare_flows(flow(rows), flow(rows, **other))
    assert caught.value.field == field


@thorough
@given(logs(), questions())
def test_a_flow_does_not_differ_from_itself(segments, query):
    result = engine_flow(segments, query)
    both = compare_flows(result, result)
    assert all(row["counts"][0] == row["counts"][1] is not None for row in both["nodes"] + both["links"])
    rows = [row for kind in KINDS for row in both[kind]]
    assert all(row["difference"] == 0 and row["p"] == 1 for row in rows)
    assert all(row["adjusted_p"] == (None if row["small"] else 1) for row in rows)
    assert len(both["links"]) == len(result["links"])


@thorough
@given(logs(), logs(), questions(), st.integers(1, 4), st.integers(1, 4))
def test_swapping_the_flows_swaps_the_signs(segments, others, query, top, other_top):
    asked = query.canonical()
    first = engine_flow(segments, FlowQuery.from_dict({**asked, "top": top}))
    second = engine_flow(others, FlowQuery.from_dict({**asked, "top": other_top}))
    there, back = compare_flows(first, second), compare_flows(second, first)
    assert there["tests"] == back["tests"]
    for kind in KINDS:
        assert len(there[kind]) == len(back[kind])
        for row, mirrored in zip(there[kind], back[kind], strict=True):
            assert row["counts"] == mirrored["counts"][::-1]
            assert row["p"] == mirrored["p"]
            assert row["small"] == mirrored["small"]
            if row["difference"] is not None:
                assert row["difference"] == pytest.approx(-mirrored["difference"])


@thorough
@given(logs(), logs(), questions())
def test_what_is_compared_agrees_with_the_whole_flows(segments, others, query):
    """Counts that are not None are those of the same questions asked with the widest top."""
    asked = query.canonical()
    narrow = [engine_flow(rows, query) for rows in (segments, others)]
    wide = [engine_flow(rows, FlowQuery.from_dict({**asked, "top": 50})) for rows in (segments, others)]
    for row in compare_flows(*narrow)["nodes"]:
        if row["kind"] == "event":
            for count, flow_ in zip(row["counts"], wide, strict=True):
                same = [n["count"] for n in flow_["nodes"] if (n["step"], n["label"]) == (row["step"], row["label"])]
                assert count is None or count == sum(same)


def test_about_one_in_twenty_true_nulls_has_a_p_value_under_five_percent():
    chance = random.Random(5)
    tables = [[sum(chance.random() < 0.3 for _ in range(200)) for _ in range(2)] for _ in range(400)]
    found = sum(two_proportion_test(one, 200, two, 200)[1] < 0.05 for one, two in tables)
    assert 8 <= found <= 34


def test_examples_in_docstrings_hold():
    assert doctest.testmod(compare).failed == 0
