"""Cleaning rules outside the engine: what matches, in which order, and that no pattern can hang a worker."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import labels
from flows.engine.conditions import LabelRule
from flows.engine.errors import QueryError
from flows.labels import relabel

LETTERS = "ab*.[](){}|^$?+\\'\" -\n_é🚀"


def wildcard(pattern, label="x"):
    return LabelRule("wildcard", pattern, label)


def regex(pattern, label="x"):
    return LabelRule("regex", pattern, label)


def test_the_first_rule_that_matches_counts():
    rules = [wildcard("/item/new", "New"), wildcard("/item/*", "Item"), regex("^/", "Other page")]
    names = ["/item/new", "/item/7", "/", "signup"]
    assert relabel(rules, names) == {"/item/new": "New", "/item/7": "Item", "/": "Other page"}


def test_a_regular_expression_is_found_anywhere_and_a_wildcard_matches_the_whole_name():
    assert relabel([regex("tem")], ["item", "Tem"]) == {"item": "x"}
    assert relabel([wildcard("tem")], ["item", "tem"]) == {"tem": "x"}


def test_a_label_is_not_looked_at_again():
    assert relabel([wildcard("a", "b"), wildcard("b", "c")], ["a", "b"]) == {"a": "b", "b": "c"}


@settings(max_examples=100, deadline=None)
@given(st.text(LETTERS, min_size=1, max_size=6), st.lists(st.text(LETTERS, max_size=8), max_size=6))
def test_a_wildcard_means_only_its_stars(pattern, names):
    wanted = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
    assert set(relabel([wildcard(pattern)], [*names, pattern])) == {
        name for name in [*names, pattern] if wanted.fullmatch(name)
    }


@pytest.mark.parametrize("pattern", ["(", "*", r"\1", "(?=a)", "(a{1000}){1000}", "[b-a]", "'; DROP TABLE names; --("])
def test_a_pattern_that_cannot_be_used_is_named_even_if_no_name_comes_to_it(pattern):
    with pytest.raises(QueryError, match=r"^rules: .*RE2") as caught:
        relabel([wildcard("*"), regex(pattern)], [])
    assert caught.value.field == "rules"


def test_a_quotation_mark_is_a_letter_like_any_other():
    assert relabel([regex("it's$")], ["it's", "its"]) == {"it's": "x"}


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)*b", "(.*)*c", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_a_pattern_that_explodes_elsewhere_is_as_quick_as_any(pattern):
    names = ["a" * 5000 + "!" * i for i in range(50)]
    assert relabel([regex(pattern)], names, seconds=10) is not None


def test_work_that_takes_too_long_is_given_up(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(labels.time, "monotonic", lambda: float(next(clock)))
    with pytest.raises(QueryError, match=r"^rules: .*too long"):
        relabel([wildcard("*b")], [f"a{i}" for i in range(1000)], seconds=5)
    assert time.monotonic() < 100  # the clock was asked a few times only


def test_many_names_are_looked_at_once():
    names = [f"/item/{i}" for i in range(100_000)]
    found = relabel([regex(r"^/item/\d*7$", "Seven"), wildcard("/item/*", "Item")], names)
    assert len(found) == 100_000
    assert sum(label == "Seven" for label in found.values()) == 10_000
