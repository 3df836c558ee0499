import pytest

from flows.engine.query import FlowQuery
from flows.models import FlowRun
from flows.services import charts, runs
from tests.flows.shops import make_shop


@pytest.fixture
def chart(team, alice):
    query = FlowQuery(start=("visit",), steps=2)
    return charts.save_chart(team=team, dataset=make_shop(team), name="Visits", query=query, owner=alice)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    monkeypatch.setattr("flows.api.PATIENCE", 0)


def test_the_list_names_each_chart_with_its_question(chart, vera, sign_in):
    listed = sign_in(vera).get("/api/t/north-bank/charts/").json()
    assert [(one["id"], one["name"], one["dataset"]) for one in listed] == [(chart.pk, "Visits", "shop")]
    assert FlowQuery.from_dict(listed[0]["query"]).start == ("visit",)


def test_the_result_is_on_its_way_and_then_there(chart, vera, sign_in):
    client, path = sign_in(vera), f"/api/t/north-bank/charts/{chart.pk}/result/"
    waiting = client.get(path)
    assert (waiting.status_code, waiting.json()["status"]) == (202, "queued")
    run = FlowRun.objects.get()
    runs.run_flow(team_id=chart.team_id, run_id=run.pk)
    answer = client.get(path)
    run.refresh_from_db()
    assert answer.status_code == 200
    assert answer.json() == run.result
    assert answer.json()["units"]["matched"] == 4


def test_an_event_that_is_gone_is_named(chart, vera, sign_in):
    chart.query = FlowQuery(start=("vanished",)).canonical()
    chart.save()
    answer = sign_in(vera).get(f"/api/t/north-bank/charts/{chart.pk}/result/")
    assert answer.status_code == 409
    assert "vanished" in answer.json()["error"]
    assert answer.json()["field"] == "start"


def test_the_chart_of_another_team_is_not_there(chart, charlie, sign_in):
    client = sign_in(charlie)
    assert client.get(f"/api/t/elsewhere/charts/{chart.pk}/").status_code == 404
    assert client.get(f"/api/t/north-bank/charts/{chart.pk}/result/").status_code == 404
    assert not FlowRun.objects.exists()
