"""The question: what it accepts, how it reads back, and what it says when it cannot be answered."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine.query import DAY, FlowQuery, QueryError, format_duration, parse_duration, parse_time


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [("7d", 7 * DAY), ("30m", 1_800_000_000), ("1h", 3_600_000_000), ("45s", 45_000_000), ("2w", 14 * DAY), ("5us", 5)],
)
def test_a_duration_is_a_number_and_a_unit(text, microseconds):
    assert parse_duration(text) == microseconds


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1.5h", "0s", "1y", "99999999999d", "7 days", None, True, "١d"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(QueryError, match="within"):
        parse_duration(text, "within")


@given(st.integers(1, 36_500 * DAY))
def test_a_duration_reads_back(microseconds):
    assert parse_duration(format_duration(microseconds)) == microseconds


def test_a_moment_needs_a_zone():
    assert parse_time("1970-01-01T01:00:00+01:00", "from") == 0
    for text in ("2026-03-01T00:00:00", "yesterday", 1.5):
        with pytest.raises(QueryError, match=r"^from:"):
            parse_time(text, "from")


BAD = [
    ({}, "start"),
    ({"start": [], "end": []}, "start"),
    ({"start": [1]}, "start"),
    ({"start": 5}, "start"),
    ({"start": "a", "steps": 0}, "steps"),
    ({"start": "a", "steps": 21}, "steps"),
    ({"start": "a", "steps": "5"}, "steps"),
    ({"start": "a", "steps": True}, "steps"),
    ({"start": "a", "top": 51}, "top"),
    ({"start": "a", "paths": -1}, "paths"),
    ({"start": "a", "count": "people"}, "count"),
    ({"start": "a", "count": []}, "count"),
    ({"start": "a", "occurrence": "second"}, "occurrence"),
    ({"start": "a", "collapse": "all"}, "collapse"),
    ({"start": "a", "within": "soon"}, "within"),
    ({"start": "a", "session_gap": 0}, "session_gap"),
    ({"start": "a", "max_gap": "-1h"}, "max_gap"),
    ({"start": "a", "hide": ["a"]}, "hide"),
    ({"start": "a", "end": "b", "hide": ["c", "b"]}, "hide"),
    ({"start": "a", "from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
    ({"start": "a", "from": 5, "to": 5}, "from"),
    ({"start": "a", "colour": "red"}, "colour"),
    ({"start": "a", "range_from": 5}, "range_from"),
]


@pytest.mark.parametrize(("data", "field"), BAD)
def test_a_question_that_cannot_be_answered_names_the_field_in_one_sentence(data, field):
    with pytest.raises(QueryError) as caught:
        FlowQuery.from_dict(data)
    assert caught.value.field == field
    assert field in caught.value.sentence
    assert caught.value.sentence.endswith(".")
    assert "\n" not in caught.value.sentence


def test_a_long_hostile_name_is_shortened_in_the_sentence():
    with pytest.raises(QueryError) as caught:
        FlowQuery.from_dict({"start": "x" * 300, "hide": ["x" * 300]})
    assert len(caught.value.sentence) < 200


FULL = FlowQuery(
    start=("b", "a", "b"),
    end=("c",),
    steps=20,
    top=50,
    count="journeys",
    occurrence="last",
    within=DAY,
    session_gap=90_000_001,
    max_gap=3_600_000_000,
    collapse="cycles",
    only=("x",),
    hide=("y",),
    exclude=("z",),
    range_from=-1,
    range_to=1_700_000_000_000_001,
    paths=7,
)


@pytest.mark.parametrize("query", [FULL, FlowQuery(start=("a",)), FlowQuery(end=("é ⇄ \u202e",))])
def test_the_canonical_form_is_json_and_reads_back(query):
    text = json.dumps(query.canonical())
    assert FlowQuery.from_dict(json.loads(text)) == query


def test_equal_questions_have_one_digest_however_they_are_written():
    one = FlowQuery.from_dict({"start": ["a", "b"], "within": "1d", "max_gap": None})
    other = FlowQuery.from_dict({"start": ("b", "a", "a"), "within": "24h"})
    assert one.digest() == other.digest()
    assert one.digest() != FlowQuery.from_dict({"start": ["a", "b"], "within": "25h"}).digest()
