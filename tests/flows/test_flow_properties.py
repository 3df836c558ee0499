"""`manage.py flow` where properties and session ids are concerned, on a real store."""

import doctest
import json
import shlex
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from flows.engine.query import FlowQuery, QueryError
from flows.engine.source import Cancelled
from flows.management import spelling
from flows.models import FlowRun
from flows.services import catalogue, runs
from flows.services.material import material
from flows.store import EventStore, properties
from tests.flows.events import make_dataset
from tests.flows.rows import give_events

DAY = 86_400
ROWS = [
    ("ann", "visit", 0, {"plan": "pro", "url": "/"}, "a1"),
    ("ann", "view", 1, {"plan": "pro", "url": "/item/1", "price": 5}, "a1"),
    ("ann", "order", 2, {"plan": "pro", "price": 12.5}, "a2"),
    ("ann", "view", 3, {"plan": "pro", "url": "/item/2", "price": 20}, "a1"),
    ("ben", "visit", 0, {"plan": "free", "url": "/"}, "b1"),
    ("ben", "view", 1, {"plan": "free", "url": "/item/1", "price": 5, "gift": True}, "b1"),
    ("cem", "visit", 0, {"plan": "team"}),
    ("cem", "visit", 1, {"plan": "team", "url": "/sale"}),
    ("cem", "order", 2, {"plan": "team", "price": 99, "at": "2026-03-01"}),
    ("dee", "a:b", 0, {"plan": "pro", "c": "x"}),
]
LATE = [("zoe", "view", 60 * DAY, {"url": "/late", "coupon": "x"}), ("zoe", "help", 60 * DAY, {})]


@pytest.fixture
def shop(team):
    dataset = make_dataset(team, "Shop")
    give_events(dataset, ROWS)
    give_events(dataset, LATE)
    dataset.refresh_from_db()
    return dataset


def flow(line):
    out = StringIO()
    call_command("flow", "--team", "north-bank", "--dataset", "shop", "--json", *shlex.split(line), stdout=out)
    return json.loads(out.getvalue())


def units(line):
    found = flow(line)["units"]
    return found["eligible"], found["matched"]


@pytest.mark.parametrize(
    ("where", "eligible_and_matched"),
    [
        ("", (5, 3)),
        ("plan=pro", (2, 1)),
        ("plan=pro plan=team", (3, 2)),
        ("plan!=pro", (3, 2)),
        ("plan!=pro plan!=team", (2, 1)),
        ("plan~e", (2, 2)),
        ("plan!~e", (3, 1)),
        ("plan^=pr", (2, 1)),
        ("price", (3, 0)),
        ("!price", (5, 3)),
        ("price>12.5", (2, 0)),
        ("price>=12.5", (2, 0)),
        ("price<12.5", (2, 0)),
        ("price=12.5", (1, 0)),
        ("visit:url=/", (5, 2)),
        ("visit:url=/ plan=team", (1, 0)),
        ("gift=true", (1, 0)),
        ("at>=2026-02-28T12:00:00Z", (1, 0)),
        ("a:b:c=x", (5, 3)),
    ],
)
def test_events_are_chosen_by_their_properties(shop, where, eligible_and_matched):
    assert units(f"--start visit {'--where' * bool(where)} {where}") == eligible_and_matched


def test_anchors_may_have_conditions_of_their_own(shop):
    assert units("--start visit --start-where url=/sale")[1] == 1
    assert units("--start visit --start-where 'url^=/'")[1] == 3
    assert units("--end order --end-where 'price>50'")[1] == 1
    ends = flow("--start visit --end order --end-where 'price>50'")["units"]
    assert (ends["matched"], ends["converted"]) == (3, 1)


def test_labels_tell_a_property_and_are_cleaned(shop):
    expanded = flow("--start visit --expand view:url")
    assert {node["label"] for node in expanded["nodes"]} == {"visit", "view: /item/1", "view: /item/2", "order"}
    cleaned = flow("--start visit --expand view:url --rule 'wildcard:view: /item/*=Item' 'regex:^o=Bought'")
    assert {node["label"] for node in cleaned["nodes"]} == {"visit", "Item", "Bought"}
    assert units("--start view --expand view:url")[1] == 3
    assert units("--start 'view: /item/1' --expand view:url")[1] == 2
    assert [node["label"] for node in flow("--start a:b --expand a:b:c")["nodes"]] == ["a:b: x"]


def test_sessions_go_by_gaps_or_by_ids(shop):
    by_gap = flow("--start visit --count sessions --session-gap 1s")
    by_id = flow("--start visit --count sessions --session-gap 1s --session-by id")
    assert (by_gap["units"]["eligible"], by_id["units"]["eligible"]) == (5, 6)
    assert ["visit", "view", "order", "view"] in [path["labels"] for path in by_gap["paths"]]
    assert ["visit", "view"] in [path["labels"] for path in by_id["paths"]]


@pytest.mark.parametrize(
    ("people", "eligible"),
    [
        ("--did 'view[price>10]'", 1),
        ("--did 'view[price>1]:2'", 1),
        ("--did 'view[price>1]:1-1'", 1),
        ("--did visit:1-1", 2),
        ("--did view:0-1", 4),
        ("--did 'view[plan=pro][price<10]'", 1),
        ("--did 'view[plan=pro][plan=free]'", 2),
        ("--did-not 'view[plan=pro]'", 4),
        ("--did order --did-not 'order[price>50]'", 1),
    ],
)
def test_people_are_chosen_by_what_they_did_and_how(shop, people, eligible):
    assert units(f"--start visit {people}")[0] == eligible


def test_an_event_is_taken_as_it_is_written_first(team):
    rows = [
        ("ann", "pay[x=1]", 0, {}),
        ("ann", "pay", 1, {"x": 1}),
        ("ann", "n:1-2", 2, {}),
        ("ann", "a=b", 3, {"p": 1}),
    ]
    give_events(make_dataset(team, "Shop"), rows)
    assert flow("--start pay --did 'pay[x=1]'")["query"]["people"] == [{"did": "pay[x=1]", "at_least": 1}]
    assert flow("--start pay --did n:1-2:1")["query"]["people"] == [{"did": "n:1-2", "at_least": 1}]
    assert flow("--start pay --where a=b:p=1")["query"]["where"] == [
        {"property": "p", "operator": "is", "values": ["1"], "on": ["a=b"]}
    ]


def test_the_question_says_what_was_meant_and_reads_back(shop):
    line = (
        "--start visit --where plan=pro plan=team 'order:price>=10' '!gift' --start-where url --expand view:url"
        " --rule 'regex:^view: (.*)=x=y=View' --session-by id"
    )
    query = flow(line)["query"]
    assert query["where"] == [
        {"property": "gift", "operator": "is_not_set"},
        {"property": "plan", "operator": "is", "values": ["pro", "team"]},
        {"property": "price", "operator": ">=", "values": ["10"], "on": ["order"]},
    ]
    assert query["start_where"] == [{"property": "url", "operator": "is_set"}]
    assert query["expand"] == [["view", "url"]]
    assert query["rules"] == [{"match": "regex", "pattern": "^view: (.*)=x=y", "label": "View"}]
    assert query["session_by"] == "id"
    assert FlowQuery.from_dict(query).canonical() == query


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--where colour=red", "where: no event of this dataset has the property “colour”"),
        ("--where nope:plan=pro", "where: no event of this dataset has the property “nope:plan”"),
        ("--start-where colour", "start_where: no event of this dataset has the property “colour”"),
        ("--end-where plan=pro", "end_where: there is no end event that it could be about"),
        ("--expand view:colour", "expand: no event of this dataset has the property “colour”"),
        ("--expand nope:url", "expand: there is no event “nope” in Shop"),
        ("--expand view", "expand: “view” is not written as EVENT:PROPERTY"),
        ("--expand view:url view:plan", "expand: “view” can be expanded by one property only"),
        ("--expand view:url --hide 'view: /nope'", "hide: there is no event “view: /nope” in this dataset"),
        ("--expand visit:url --hide 'visit: /' 'visit: /sale' visit", "hide: “visit” is a start or end event"),
        ("--did 'view[colour=red]'", "did: no event of this dataset has the property “colour”"),
        ("--did 'nope[plan=pro]'", "did: there is no event “nope.plan=pro.” in Shop"),
        ("--did view:3-2", "did: nobody does something at least 3 and at most 2 times"),
        ("--did view:0", "did: at_least must be a whole number from 1"),
        ("--where 'price>much'", "where: “much” is neither a number nor a moment"),
        ("--where plan=pro plan!=pro", "where: nothing meets two opposite conditions on “plan”"),
        ("--rule wildcard:view", "rules: the pattern of a rule must be a text"),
        ("--rule glob:view=x", "rules: match must be one of wildcard, regex"),
        ("--rule 'regex:(=x'", "rules: “.” is not a regular expression"),
        ("--session-by day", "invalid choice: 'day'"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_status_two(shop, arguments, said):
    with pytest.raises(CommandError, match=said) as refused:
        flow(f"--start visit {arguments}")
    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_what_the_dataset_has_outside_the_range_is_no_mistake(shop):
    early = "--start visit --to 1970-02-01"
    assert units(f"{early} --where '!coupon'") == (4, 3)
    assert units(f"{early} --expand view:url --hide 'view: /late'") == (4, 3)
    assert units(f"{early} --expand view:url --hide X --rule 'wildcard:view: /l*=X'") == (4, 3)
    assert units(f"{early} --did-not 'view[coupon=x]'") == (4, 3)
    with pytest.raises(CommandError, match="hide: there is no event “X”"):
        flow(f"{early} --expand view:url --hide X --rule 'wildcard:view: /nope*=X'")


def test_columns_are_made_of_the_properties_that_are_asked_for_alone(shop):
    flow("--start visit --where plan=pro --to 1970-02-01")
    store = EventStore(shop.team_id)
    made = [properties.directory(store.path(row)) for row in store.rows(shop)]
    assert [[properties.name_of(home) for home in path.iterdir()] for path in made if path.exists()] == [["plan"]]


def test_a_worker_answers_alike_and_says_which_property_is_missing_from_many_events(shop, monkeypatch):
    query = FlowQuery.from_dict({"start": "visit", "where": {"property": "plan", "operator": "is", "values": "pro"}})
    run = runs.ask(dataset=shop, query=query)
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.result["units"]["matched"]) == (FlowRun.Status.DONE, 1)
    wrong = FlowQuery.from_dict({"start": "visit", "where": {"property": "colour", "operator": "is_set"}})
    with pytest.raises(QueryError, match=r"^where: no event of this dataset has the property “colour”"):
        runs.check(dataset=shop, query=wrong)
    monkeypatch.setattr(catalogue, "SEEN", 1)
    runs.check(dataset=shop, query=wrong)
    run = runs.ask(dataset=shop, query=wrong)
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert run.status == FlowRun.Status.FAILED
    assert run.error == "where: no event of this dataset has the property “colour”."


@pytest.mark.parametrize(
    "wrong",
    [
        {"where": {"property": "plan", "operator": "is_set", "on": "nope"}},
        {"start_where": {"property": "plan", "operator": "is_set", "on": ["visit", "nope"]}},
        {"expand": [["nope", "url"]]},
    ],
)
def test_events_of_conditions_are_checked_before_anything_is_computed(shop, wrong):
    with pytest.raises(QueryError, match=f"^{next(iter(wrong))}: there is no event “nope” in Shop"):
        runs.check(dataset=shop, query=FlowQuery.from_dict({"start": "visit", **wrong}))


def test_a_value_that_no_database_keeps_does_not_break_the_answer(team):
    give_events(
        make_dataset(team, "Shop"), [("ann", "view", 0, {"url": "a\0b"}), ("ann", "view", 1, {"url": "\U0001f9e8"})]
    )
    assert [node["label"] for node in flow("--start view --expand view:url")["nodes"]] == [
        "view: a\ufffdb",
        "view: \U0001f9e8",
    ]


def test_who_wants_to_stop_does_not_wait_for_columns(shop):
    snapshot = EventStore(shop.team_id).snapshot(shop)
    query = FlowQuery.from_dict({"start": "visit", "expand": [["view", "url"]]})
    with pytest.raises(Cancelled):
        material(query, snapshot, lambda: True)


def test_examples_in_docstrings_hold():
    assert doctest.testmod(spelling).failed == 0
