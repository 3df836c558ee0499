"""Cohorts and the people behind numbers, for programs."""

import pytest
from django.test import Client

from accounts.models import Team
from flows.engine.query import FlowQuery
from flows.models import Cohort, Dataset
from flows.services import charts, cohorts, runs, sets
from flows.store.disk import root
from tests.flows.shops import give, make_shop

VISIT = FlowQuery(start=("visit",))
SEARCHED = {"set": "node", "step": 1, "label": "search"}
COHORTS = "/api/t/north-bank/cohorts/"


@pytest.fixture
def shop(team: Team) -> Dataset:
    return make_shop(team)


@pytest.fixture
def chart(team, shop, alice):
    return charts.save_chart(team=team, dataset=shop, name="Visits", query=VISIT, owner=alice)


@pytest.fixture
def editor(bob, sign_in) -> Client:
    return sign_in(bob)


def body(**changes: object) -> dict[str, object]:
    return {"dataset": "shop", "name": "Searched", "query": VISIT.canonical(), "selector": SEARCHED, **changes}


def post(client: Client, path: str = COHORTS, data: object = None):
    return client.post(path, data, content_type="application/json")


def test_a_cohort_is_made_listed_renamed_refreshed_and_deleted(shop, editor, vera, sign_in):
    made = post(editor, data=body())
    assert made.status_code == 201
    assert {key: made.json()[key] for key in ("name", "slug", "dataset", "people", "count", "dataset_version")} == {
        "name": "Searched", "slug": "searched", "dataset": "shop", "people": 3, "count": 3, "dataset_version": 1,
    }  # fmt: skip
    assert (made.json()["query"], made.json()["selector"]) == (VISIT.canonical(), SEARCHED)
    path = f"{COHORTS}{made.json()['id']}/"
    viewer = sign_in(vera)
    assert viewer.get(COHORTS).json() == [made.json()] == [viewer.get(path).json()]
    renamed = editor.patch(path, {"name": "Looked"}, content_type="application/json")
    assert (renamed.status_code, renamed.json()["name"], renamed.json()["slug"]) == (200, "Looked", "searched")
    give(shop, [("eve", "visit", 0), ("eve", "search", 1)])
    assert post(editor, f"{path}refresh/").json()["people"] == 4
    assert editor.delete(path).status_code == 204
    assert viewer.get(path).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"name": ""}, "name", "blank"),
        ({"name": "x" * 121}, "name", "120"),
        ({"name": "\ud800"}, "name", "Surrogate"),
        ({"query": []}, "query", "dictionary"),
        ({"query": None}, "query", "null"),
        ({"query": {"start": ["visit"], "magic": 1}}, "magic", "there is no such option"),
        ({"query": {"start": {"visit": 1}}}, "start", "give a list"),
        ({"query": {"start": ["nope"]}}, "start", "no event “nope”"),
        ({"query": {"start": ["\ud800\0"]}}, "start", "no event"),
        ({"query": {"start": ["visit"], "people": [{"in_cohort": 10**30}]}}, "in_cohort", "there is no cohort 1000"),
        ({"query": {"start": ["visit"], "from": {}}}, "from", "from"),
        ({"query": {}}, "start", "at least one"),
        ({"selector": {}}, "set", "must be one of"),
        ({"selector": {"set": "node", "step": 99}}, "step", "from 0 to 20"),
        ({"selector": {"set": "node", "step": 6, "label": "search"}}, "step", "only 5 steps"),
        ({"selector": {"set": "node", "step": 1, "label": "\0"}}, "set", "nobody is in it"),
        ({"selector": {**SEARCHED, "state": "open"}}, "set", "nobody is in it"),
        ({"selector": "node"}, "selector", "dictionary"),
        ({"version": 7}, "version", "from 0 to 1"),
        ({"version": "x"}, "version", "valid integer"),
        ({"dataset": "a/b"}, "dataset", "slug"),
    ],
)
def test_what_is_wrong_with_a_cohort_is_one_sentence_and_its_field(shop, editor, changes, field, said):
    answer = post(editor, data=body(**changes))
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert said in answer.json()["error"]
    assert not Cohort.objects.exists()


def test_a_body_that_is_no_object_is_refused(shop, editor):
    assert post(editor, data=[1]).status_code == 400
    assert post(editor, data="{").status_code == 400
    assert editor.patch(f"{COHORTS}{_saved(shop).pk}/", {}, content_type="application/json").json()["field"] == "name"


def test_a_name_that_is_taken_and_a_cohort_in_use_are_conflicts(shop, editor, team, alice):
    cohort = _saved(shop)
    taken = post(editor, data=body())
    assert (taken.status_code, taken.json()) == (
        409, {"error": "Shop has a cohort “Searched” already. Choose another name."}
    )  # fmt: skip
    query = FlowQuery(start=("visit",), people=({"in_cohort": cohort.pk},))
    charts.save_chart(team=team, dataset=shop, name="Searchers", query=query, owner=alice)
    refused = editor.delete(f"{COHORTS}{cohort.pk}/")
    assert refused.status_code == 409
    assert "“Searchers”" in refused.json()["error"]


def test_a_chart_whose_cohort_is_gone_says_so(shop, editor, team, alice):
    query = FlowQuery(start=("visit",), people=({"in_cohort": 4711},))
    chart = charts.save_chart(team=team, dataset=shop, name="Searchers", query=query, owner=alice)
    for part in ("result/", "members/?set=matched"):
        answer = editor.get(f"/api/t/north-bank/charts/{chart.pk}/{part}")
        assert (answer.status_code, answer.json()["error"]) == (409, "in_cohort: there is no cohort 4711.")


def _saved(shop: Dataset) -> Cohort:
    selector = sets.Selector.from_dict(SEARCHED)
    return cohorts.save_cohort(dataset=shop, query=VISIT, selector=selector, name="Searched", by=None)


def test_members_are_as_many_as_the_number_and_come_in_pages(chart, vera, sign_in):
    client, path = sign_in(vera), f"/api/t/north-bank/charts/{chart.pk}/members/"
    run = runs.ask(dataset=chart.dataset, query=VISIT)
    runs.run_flow(team_id=chart.team_id, run_id=run.pk)
    run.refresh_from_db()
    where = {**SEARCHED, "version": run.result["dataset_version"]}
    page = client.get(path, where).json()
    assert page["total"] == next(node["count"] for node in run.result["nodes"] if node["label"] == "search")
    assert sorted(member["person"] for member in page["members"]) == ["ann", "ben", "cem"]
    assert set(page["members"][0]) == {"person", "at", "path", "seconds", "end"}
    parts = [client.get(path, {**where, "offset": at, "limit": 1}).json() for at in range(4)]
    assert [member for part in parts for member in part["members"]] == page["members"]
    assert {(part["total"], part["dataset_version"]) for part in parts} == {(3, 1)}
    one = client.get(path, {"set": "path", "path": ["visit", "help"], "state": "dropped"}).json()
    assert [member["person"] for member in one["members"]] == ["dee"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "set"),
        ({"set": "everything"}, "set"),
        ({"set": "node"}, "step"),
        ({**SEARCHED, "step": "one"}, "step"),
        ({**SEARCHED, "step": "6"}, "step"),
        ({**SEARCHED, "offset": "-1"}, "offset"),
        ({**SEARCHED, "limit": "9" * 400}, "limit"),
        ({**SEARCHED, "limit": "0"}, "limit"),
        ({**SEARCHED, "version": "2"}, "version"),
        ({**SEARCHED, "version": "²"}, "version"),
    ],
)
def test_a_set_that_cannot_be_meant_is_a_bad_request(chart, vera, sign_in, params, field):
    answer = sign_in(vera).get(f"/api/t/north-bank/charts/{chart.pk}/members/", params)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_damaged_events_are_said(chart, vera, sign_in):
    for path in root().rglob("*.parquet"):
        path.unlink()
    answer = sign_in(vera).get(f"/api/t/north-bank/charts/{chart.pk}/members/", SEARCHED)
    assert answer.status_code == 409
    assert "is damaged" in answer.json()["error"]


def test_whoever_waits_too_long_may_try_again(chart, vera, sign_in, monkeypatch):
    monkeypatch.setattr(sets, "PATIENCE", 0.01)
    with sets._turn:
        answer = sign_in(vera).get(f"/api/t/north-bank/charts/{chart.pk}/members/", SEARCHED)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_of_another_team_nothing_is_there(chart, shop, charlie, sign_in):
    cohort = _saved(shop)
    client = sign_in(charlie)
    for path in (f"cohorts/{cohort.pk}/", f"charts/{chart.pk}/members/?set=matched"):
        assert client.get(f"/api/t/north-bank/{path}").status_code == 404
        assert client.get(f"/api/t/elsewhere/{path}").status_code == 404
    for method in (client.patch, client.delete):
        assert method(f"/api/t/elsewhere/cohorts/{cohort.pk}/", {}, content_type="application/json").status_code == 404
    assert post(client, f"/api/t/elsewhere/cohorts/{cohort.pk}/refresh/").status_code == 404
    assert post(client, "/api/t/elsewhere/cohorts/", body()).status_code == 404
    assert client.get("/api/t/elsewhere/cohorts/").json() == []
    theirs = make_shop(charlie.memberships.get().team)
    query = {"start": ["visit"], "people": [{"not_in_cohort": cohort.pk}]}
    answer = post(client, "/api/t/elsewhere/cohorts/", body(query=query))
    assert (answer.status_code, answer.json()["error"]) == (400, f"not_in_cohort: there is no cohort {cohort.pk}.")
    assert not theirs.cohorts.exists()


def test_without_the_token_of_the_site_nothing_is_written(shop, bob):
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    assert post(client, data=body()).status_code == 403
    assert client.delete(f"{COHORTS}{_saved(shop).pk}/").status_code == 403


def test_the_list_asks_the_same_number_of_queries_for_any_number_of_cohorts(
    shop, vera, sign_in, django_assert_num_queries, django_assert_max_num_queries
):
    client = sign_in(vera)
    _saved(shop)
    with django_assert_max_num_queries(10) as asked:
        client.get(COHORTS)
    found = Cohort.objects.get()
    for number in range(10):
        Cohort.objects.create(
            team=found.team, dataset=shop, name=f"C{number}", slug=f"c{number}", query=found.query,
            selector=found.selector, dataset_version=1, count=3, people=3, file=f"f{number}", checksum="x",
        )  # fmt: skip
    with django_assert_num_queries(len(asked)):
        assert len(client.get(COHORTS).json()) == 11
