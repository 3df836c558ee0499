"""Questions are asked once for each version of the events, and computed by whoever claims them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Team
from flows.engine.query import FlowQuery, QueryError
from flows.models import Dataset, FlowRun
from flows.services import charts, jobs, runs
from flows.store import disk
from tests.flows.shops import give, make_shop

VISIT = FlowQuery(start=("visit",))


@pytest.fixture
def shop(team: Team) -> Dataset:
    return make_shop(team)


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What was rung, instead of a broker."""
    rung: list[dict] = []
    monkeypatch.setattr(runs.current_app, "send_task", lambda name, kwargs: rung.append({"task": name, **kwargs}))
    return rung


def test_asking_twice_makes_one_run(shop, bells, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first = runs.ask(dataset=shop, query=VISIT)
        second = runs.ask(dataset=shop, query=FlowQuery(start=("visit",), steps=5))
    assert first == second
    assert bells == [{"task": "flows.tasks.run_flow", "team_id": shop.team_id, "run_id": first.pk}]


def test_another_question_is_another_run(shop):
    assert runs.ask(dataset=shop, query=VISIT) != runs.ask(dataset=shop, query=FlowQuery(start=("visit",), steps=4))


def test_new_events_ask_anew(shop):
    first = runs.ask(dataset=shop, query=VISIT)
    give(shop, [("eve", "visit", 1)])
    second = runs.ask(dataset=shop, query=VISIT)
    assert (first.dataset_version, second.dataset_version) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_who_ask_at_once_share_one_run(shop, bells):
    together = threading.Barrier(10)

    def ask(_: int) -> list[int]:
        together.wait()
        try:
            return [runs.ask(dataset=shop, query=FlowQuery(start=("visit",), steps=n)).pk for n in range(1, 11)]
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, range(10)))
    assert all(answer == answers[0] for answer in answers)
    assert FlowRun.objects.count() == 10
    assert sorted(bell["run_id"] for bell in bells) == sorted(answers[0])


def test_a_run_is_computed_on_its_events(shop):
    run = runs.ask(dataset=shop, query=VISIT)
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.fraction, run.attempt) == ("done", 1.0, 1)
    assert run.result["units"] == {"eligible": 5, "matched": 4, "converted": 0}
    assert [(n["label"], n["count"], n["dropped"]) for n in run.result["nodes"][:3]] == [
        ("visit", 4, 0),
        ("search", 3, 1),
        ("help", 1, 1),
    ]


def test_a_run_sees_the_version_that_it_was_asked_for(shop):
    run = runs.ask(dataset=shop, query=VISIT)
    give(shop, [("eve", "visit", 1)])
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert (run.result["dataset_version"], run.result["units"]["matched"]) == (1, 4)


def test_running_twice_computes_once(shop):
    run = runs.ask(dataset=shop, query=VISIT)
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    finished = FlowRun.objects.get(pk=run.pk).finished_at
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    again = FlowRun.objects.get(pk=run.pk)
    assert (again.finished_at, again.attempt) == (finished, 1)


def test_another_teams_bell_does_nothing(shop):
    run = runs.ask(dataset=shop, query=VISIT)
    runs.run_flow(team_id=shop.team_id + 1, run_id=run.pk)
    assert FlowRun.objects.get(pk=run.pk).status == "queued"


def test_a_damaged_segment_fails_the_run_by_name_and_it_can_be_asked_again(shop):
    run = runs.ask(dataset=shop, query=VISIT)
    file = next(Path(disk.root()).rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1])
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert run.status == "failed"
    assert file.name in run.error
    assert runs.ask(dataset=shop, query=VISIT) != run


def test_a_fault_of_ours_is_said_and_raised(shop, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(runs, "compute_flow", broken)
    run = runs.ask(dataset=shop, query=VISIT)
    with pytest.raises(ZeroDivisionError):
        runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.error[:22]) == ("failed", "The computation failed")


def test_a_run_that_keeps_killing_its_worker_is_given_up(shop):
    run = runs.ask(dataset=shop, query=VISIT)
    FlowRun.objects.filter(pk=run.pk).update(attempt=runs.ATTEMPTS)
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert run.status == "failed"
    assert "given up" in run.error


def test_cancelling_stops_the_engine_and_leaves_no_result(shop, monkeypatch):
    monkeypatch.setattr(runs, "BEAT", 0.01)
    run = runs.ask(dataset=shop, query=VISIT)
    stopped = threading.Event()

    def endless(*args, progress, cancelled, **kwargs):
        progress(0.25)
        while not cancelled():
            stopped.wait(0.001)
        stopped.set()
        raise runs.Cancelled

    def beat(job, **progress):
        jobs.cancel(job)
        return plain_beat(job, **progress)

    plain_beat = jobs.beat
    monkeypatch.setattr(runs, "compute_flow", endless)
    monkeypatch.setattr(jobs, "beat", beat)
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert stopped.is_set()
    assert (run.status, run.result) == ("cancelled", None)
    assert runs.ask(dataset=shop, query=VISIT) != run


def test_a_waiting_run_that_is_cancelled_is_never_computed(shop):
    run = runs.ask(dataset=shop, query=VISIT)
    jobs.cancel(run)
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    assert FlowRun.objects.get(pk=run.pk).status == "cancelled"


def test_progress_is_written_while_the_engine_counts(shop, monkeypatch):
    monkeypatch.setattr(runs, "BEAT", 0.01)
    run = runs.ask(dataset=shop, query=VISIT)
    seen: list[float] = []
    enough = threading.Event()

    def slow(*args, progress, cancelled, **kwargs):
        progress(0.5)
        assert enough.wait(10)
        return {"nodes": []}

    def beat(job, *, fraction):
        plain_beat(job, fraction=fraction)
        seen.append(FlowRun.objects.get(pk=job.pk).fraction)
        if seen[-1]:
            enough.set()

    plain_beat = jobs.beat
    monkeypatch.setattr(runs, "compute_flow", slow)
    monkeypatch.setattr(jobs, "beat", beat)
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    assert 0.5 in seen
    assert FlowRun.objects.get(pk=run.pk).status == "done"


def test_unknown_events_are_named_with_their_field(shop):
    with pytest.raises(QueryError, match="hide: there is no event “nope” in Shop"):
        runs.check(dataset=shop, query=FlowQuery(start=("visit",), hide=("nope",)))


def test_an_answer_now_is_kept_for_the_pages(shop):
    result = runs.answer_now(dataset=shop, query=VISIT)
    assert runs.ask(dataset=shop, query=VISIT).result == result


def test_a_range_without_events_is_an_answer_of_nobody(shop):
    late = FlowQuery(start=("visit",), range_from=4_000_000_000_000_000)
    assert runs.answer_now(dataset=shop, query=late)["units"]["matched"] == 0


def test_the_sweep_keeps_what_a_page_shows(shop, team, alice):
    saved, other = VISIT, FlowQuery(start=("search",))
    charts.save_chart(team=team, dataset=shop, name="Visits", query=saved, owner=alice)
    for query in (saved, other):
        runs.answer_now(dataset=shop, query=query)
    give(shop, [("eve", "visit", 1)])
    failed = FlowRun.objects.create(
        team=team, dataset=shop, dataset_version=2, query={}, digest="x", status="failed", finished_at=timezone.now()
    )
    assert runs.sweep_runs() == 0
    FlowRun.objects.update(finished_at=timezone.now() - runs.OLD - timedelta(minutes=1))
    runs.answer_now(dataset=shop, query=other)
    assert runs.sweep_runs() == 2
    left = set(FlowRun.objects.values_list("digest", "dataset_version"))
    assert left == {(saved.digest(), 1), (other.digest(), 2)}
    assert not FlowRun.objects.filter(pk=failed.pk).exists()


def test_the_sweep_bounds_what_nobody_saved(shop, monkeypatch):
    monkeypatch.setattr(runs, "RESULTS_KEPT", 2)
    for steps in range(1, 5):
        runs.answer_now(dataset=shop, query=FlowQuery(start=("visit",), steps=steps))
    assert runs.sweep_runs() == 2
    assert sorted(run.query["steps"] for run in FlowRun.objects.all()) == [3, 4]
