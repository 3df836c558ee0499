"""`manage.py flow` about some of the people, and questions whose labels are cleaned, on a real store."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from flows.engine.query import FlowQuery, QueryError
from flows.services import runs
from tests.flows.shops import SHOP, make_shop


@pytest.fixture
def shop(team):
    return make_shop(team)


def flow(*arguments):
    out = StringIO()
    call_command(
        "flow", "--team", "north-bank", "--dataset", "shop", "--start", "visit", *arguments, "--json", stdout=out
    )
    return json.loads(out.getvalue())


def test_people_are_chosen_by_what_they_did(shop):
    assert flow("--did", "search")["units"] == {"eligible": 3, "matched": 3, "converted": 0}
    assert flow("--did", "visit:2")["units"]["eligible"] == 1
    assert flow("--did", "search", "order")["units"]["eligible"] == 2
    assert flow("--did-not", "search")["units"] == {"eligible": 2, "matched": 1, "converted": 0}
    assert flow("--did", "search", "--did-not", "order")["units"]["eligible"] == 1


def test_the_question_keeps_what_was_said_of_people(shop):
    asked = [{"did": "search", "at_least": 1}, {"did": "visit", "at_least": 2}, {"did_not": "help"}]
    assert flow("--did", "visit:2", "search", "--did-not", "help")["query"]["people"] == asked
    assert "people" not in flow()["query"]


def test_an_event_whose_name_ends_in_a_number_is_written_with_its_count(team):
    make_shop(team, rows=[*SHOP, ("ann", "level:5", 1)])
    assert flow("--did", "level:5:1")["units"]["eligible"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--did nope", "did: there is no event “nope” in Shop"),
        ("--did-not nope", "did_not: there is no event “nope” in Shop"),
        ("--did order:0", "did: at_least must be a whole number from 1"),
        (f"--did order:{'9' * 5000}", "did: at_least must be a whole number from 1"),
        ("--did order --did-not order", "did_not: nobody did “order” and did not do it"),
    ],
)
def test_conditions_that_cannot_be_met_are_refused_in_one_line(shop, arguments, said):
    with pytest.raises(CommandError, match=said) as caught:
        flow(*arguments.split())
    assert "\n" not in str(caught.value)
    assert caught.value.returncode == 2


FOUND = {"match": "regex", "pattern": "^(search|order)$", "label": "Looking"}


def test_labels_are_cleaned_on_the_way_to_the_engine(shop):
    query = FlowQuery(start=("visit",), only=("Looking",), rules=(FOUND,))
    result = runs.answer_now(dataset=shop, query=query)
    assert {node["label"] for node in result["nodes"]} == {"visit", "Looking"}
    assert runs.ask(dataset=shop, query=query).result == result


def test_a_name_that_was_cleaned_away_is_no_label_any_more(shop):
    with pytest.raises(QueryError, match="hide: there is no event “search” in Shop"):
        runs.check(dataset=shop, query=FlowQuery(start=("visit",), hide=("search",), rules=(FOUND,)))


def test_people_are_chosen_by_recorded_names_whatever_the_labels(shop):
    query = FlowQuery(start=("visit",), people=({"did": "search"},), rules=(FOUND,))
    assert runs.answer_now(dataset=shop, query=query)["units"]["eligible"] == 3


def test_a_pattern_that_cannot_be_used_is_refused_before_the_computation(shop):
    with pytest.raises(QueryError, match="RE2"):
        runs.check(dataset=shop, query=FlowQuery(start=("visit",), rules=(FOUND | {"pattern": "("},)))
