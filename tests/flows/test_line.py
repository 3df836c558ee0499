"""Questions wait in line: so many of a team at most, and teams take turns."""

import threading

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import Team
from flows import tasks
from flows.engine.query import FlowQuery
from flows.models import FlowRun
from flows.services import charts, jobs, line, runs
from tests.flows.shops import give, make_shop

VISIT = FlowQuery(start=("visit",))


def question(steps: int) -> FlowQuery:
    return FlowQuery(start=("visit",), steps=steps)


@pytest.fixture
def shop(team):
    return make_shop(team)


@pytest.fixture
def full(shop, monkeypatch):
    """Two questions wait, and there is no room for a third."""
    monkeypatch.setattr(line, "MOST_WAITING", 2)
    return [runs.ask(dataset=shop, query=question(steps)) for steps in (1, 2)]


def test_one_question_too_many_is_turned_away_and_the_others_stay(shop, full):
    with pytest.raises(line.TooManyWait, match="2 questions of North Bank wait for their answers already"):
        runs.ask(dataset=shop, query=question(3))
    assert runs.ask(dataset=shop, query=question(2)) == full[1]
    assert list(FlowRun.objects.order_by("pk")) == full
    runs.run_flow(team_id=shop.team_id, run_id=full[0].pk)
    assert runs.ask(dataset=shop, query=question(3)).status == "queued"


def test_a_cancelled_question_makes_room(shop, full):
    jobs.cancel(full[0])
    assert runs.ask(dataset=shop, query=question(3)).status == "queued"


def test_the_line_of_one_team_is_not_that_of_another(full, charlie):
    theirs = make_shop(charlie.memberships.get().team)
    assert runs.ask(dataset=theirs, query=VISIT).status == "queued"


def test_the_page_says_why_it_does_not_ask_and_keeps_the_last_answer(shop, full, team, alice, bob, sign_in):
    for run in full:
        jobs.cancel(run)
    chart = charts.save_chart(team=team, dataset=shop, name="Visits", query=VISIT, owner=alice)
    runs.answer_now(dataset=shop, query=VISIT)
    give(shop, [("eve", "visit", 1)])
    for steps in (1, 2):
        runs.ask(dataset=shop, query=question(steps))
    client, path = sign_in(bob), reverse("flows:chart", args=[team.slug, chart.pk])
    for headers in ({}, {"HX-Request": "true"}):
        page = client.get(path, headers=headers)
        assert page.status_code == 200
        assert "2 questions of North Bank wait for their answers already" in page.text
        assert "Try again" in page.text
        assert "<svg" in page.text
    saved = client.post(f"{path}?dataset=shop&start=visit&steps=4", {"name": "Longer", "action": "save"})
    assert saved.status_code == 302
    chart.refresh_from_db()
    assert chart.query["steps"] == 4
    assert "already" not in client.get(path, {"paused": "1"}).text


def test_a_program_is_told_to_come_back(shop, full, team, alice, vera, sign_in):
    chart = charts.save_chart(team=team, dataset=shop, name="Visits", query=VISIT, owner=alice)
    answer = sign_in(vera).get(f"/api/t/north-bank/charts/{chart.pk}/result/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "5")
    assert "wait for their answers already" in answer.json()["error"]


def test_teams_take_turns(shop, charlie):
    theirs = make_shop(charlie.memberships.get().team)
    other = make_shop(Team.objects.create(name="Third", slug="third"))
    asked = [runs.ask(dataset=shop, query=question(steps)) for steps in (1, 2, 3)]
    asked += [runs.ask(dataset=theirs, query=question(steps)) for steps in (1, 2)]
    asked.append(runs.ask(dataset=other, query=VISIT))
    for run in asked:
        tasks.run_flow(team_id=run.team_id, run_id=run.pk)
    served = FlowRun.objects.order_by("started_at").values_list("team__slug", "query__steps", "status")
    assert list(served) == [
        ("north-bank", 1, "done"),
        ("elsewhere", 1, "done"),
        ("third", 5, "done"),
        ("north-bank", 2, "done"),
        ("elsewhere", 2, "done"),
        ("north-bank", 3, "done"),
    ]
    tasks.run_flow(team_id=shop.team_id, run_id=asked[0].pk)
    assert set(FlowRun.objects.values_list("attempt", flat=True)) == {1}


def test_who_asked_first_is_served_first_within_a_team(shop):
    first, second = (runs.ask(dataset=shop, query=question(steps)) for steps in (1, 2))
    tasks.run_flow(team_id=shop.team_id, run_id=second.pk)
    assert [run.status for run in FlowRun.objects.order_by("pk")] == ["done", "queued"]
    assert line.next_in_line() == second != first


@pytest.mark.django_db(transaction=True)
def test_every_bell_serves_somebody_however_many_hear_theirs_at_once(team, monkeypatch):
    shop = make_shop(team)
    asked = [runs.ask(dataset=shop, query=question(steps)) for steps in range(1, 7)]
    together = threading.Barrier(6)

    def hear(run: FlowRun) -> None:
        together.wait()
        try:
            tasks.run_flow(team_id=run.team_id, run_id=run.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=hear, args=[run]) for run in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(FlowRun.objects.values_list("status", "attempt")) == [("done", 1)] * 6


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_an_answer_holds_no_connection(team, monkeypatch):
    run = runs.ask(dataset=make_shop(team), query=VISIT)
    held = []

    def sleep(seconds: float) -> None:
        held.append(connection.connection)
        if len(held) == 3:
            jobs.cancel(run)

    monkeypatch.setattr(runs.time, "sleep", sleep)
    assert runs.settled(run=run, within=60).status == "cancelled"
    assert held == [None] * 3
