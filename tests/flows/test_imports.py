"""The service behind imports: claims, cancelling, lost claims, what a commit writes."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from flows.models import Dataset, EventName, Import, Job, Segment
from flows.services import datasets, imports, intake, jobs
from flows.store.rejects import read_rejects
from tests.flows.events import HEAD, bring_in, events_of, make_dataset, make_import, run, stored_files

ROWS = f"{HEAD},plan\nanna,2024-01-01T10:00:00Z,view,gold\nanna,2024-01-02,buy,\nbob,2024-01-03,view,\n"
BAD = f"{HEAD}\nanna,2024-01-01,view\nanna,never,view\n,2024-01-01,view\nbob,2024-01-02\n=1+1,soon,view\n"


@pytest.fixture
def dataset(team) -> Dataset:
    return make_dataset(team)


def rows_of(segment_count: int, people: int = 50) -> str:
    return HEAD + "\n" + "".join(f"u{i % people},{1_700_000_000 + i},e{i % 7}\n" for i in range(segment_count))


def untouched(dataset: Dataset) -> bool:
    dataset.refresh_from_db()
    return (
        dataset.version == 0 and dataset.events == 0 and not Segment.objects.exists() and not EventName.objects.exists()
    )


@pytest.mark.django_db
def test_an_import_writes_everything_at_once(dataset):
    import_ = bring_in(dataset, ROWS)
    assert (import_.status, import_.error, import_.fraction) == (Job.Status.DONE, "", 1.0)
    assert (import_.rows, import_.accepted, import_.rejected, import_.duplicates) == (3, 3, 0, 0)
    assert import_.dataset_version == 1
    dataset.refresh_from_db()
    assert (dataset.version, dataset.events) == (1, 3)
    assert dataset.data_from == datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert dataset.data_through == datetime(2024, 1, 3, tzinfo=UTC)
    names = {name.name: (name.events, name.first_at, name.last_at) for name in dataset.event_names.all()}
    assert names == {
        "view": (2, datetime(2024, 1, 1, 10, tzinfo=UTC), datetime(2024, 1, 3, tzinfo=UTC)),
        "buy": (1, datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)),
    }
    assert not (intake.workspace(import_)).exists()


@pytest.mark.django_db
def test_a_second_import_adds_to_the_catalogue(dataset):
    bring_in(dataset, ROWS)
    bring_in(dataset, f"{HEAD}\nanna,2023-12-31,view\ncarl,2024-02-01,call\n")
    dataset.refresh_from_db()
    assert (dataset.version, dataset.events) == (2, 5)
    view = dataset.event_names.get(name="view")
    assert (view.events, view.first_at) == (3, datetime(2023, 12, 31, tzinfo=UTC))
    assert dataset.data_from == datetime(2023, 12, 31, tzinfo=UTC)
    assert sum(name.events for name in dataset.event_names.all()) == dataset.events


@pytest.mark.django_db
def test_bad_rows_are_kept_with_line_and_reason(dataset):
    import_ = bring_in(dataset, BAD)
    assert (import_.rows, import_.accepted, import_.rejected) == (5, 1, 4)
    assert import_.reject_reasons == {"Not a time": 2, "No person": 1, "Wrong number of columns": 1}
    rejects = list(read_rejects(import_.team_id, import_.rejects_file))
    assert [(row.line, row.column, row.reason) for row in rejects] == [
        (3, "Time", "Not a time"),
        (4, "Person", "No person"),
        (5, "Row", "Wrong number of columns"),
        (6, "Time", "Not a time"),
    ]
    assert rejects[0].found == "never"
    only = list(read_rejects(import_.team_id, import_.rejects_file, reason="Not a time", offset=1, limit=5))
    assert [row.line for row in only] == [6]


@pytest.mark.django_db
def test_a_file_without_good_rows_is_done_and_changes_nothing(dataset):
    import_ = bring_in(dataset, f"{HEAD}\nanna,never,view\n")
    assert (import_.status, import_.accepted, import_.rejected) == ("done", 0, 1)
    assert untouched(dataset)


@pytest.mark.django_db
def test_a_faulty_file_fails_with_one_sentence_and_can_be_tried_again(dataset, django_capture_on_commit_callbacks):
    import_ = bring_in(dataset, "just words\n" * 5)
    assert import_.status == "failed"
    assert "has one column only" in import_.error
    assert untouched(dataset)
    assert import_.file.storage.exists(import_.file.name)
    assert stored_files(dataset.team) == set()
    assert imports.try_again(import_=import_)
    import_.refresh_from_db()
    assert (import_.status, import_.error) == ("queued", "")


@pytest.mark.django_db
def test_running_an_import_twice_does_nothing_the_second_time(dataset):
    import_ = bring_in(dataset, ROWS)
    finished = import_.finished_at
    assert run(import_).finished_at == finished
    dataset.refresh_from_db()
    assert dataset.version == 1


@pytest.mark.django_db
def test_a_running_import_is_not_taken_by_another(dataset):
    import_ = make_import(dataset, ROWS)
    assert jobs.claim(Import, import_.pk) is not None
    assert run(import_).status == "running"
    assert untouched(dataset)


@pytest.mark.django_db
def test_of_another_team_nothing_is_run(dataset):
    import_ = make_import(dataset, ROWS)
    imports.run_import(team_id=import_.team_id + 1, import_id=import_.pk)
    import_.refresh_from_db()
    assert import_.status == "queued"


@pytest.mark.django_db
def test_a_cancelled_import_stops_and_leaves_nothing(dataset, monkeypatch):
    import_ = make_import(dataset, rows_of(20_000))
    read = intake.Intake._read

    def read_then_ask_to_stop(self, con):
        read(self, con)
        self._stop_seen = threading.Event()
        self._stop_seen.wait(1.5)

    monkeypatch.setattr(intake.Intake, "_read", read_then_ask_to_stop)
    beat = jobs.beat

    def cancel_meanwhile(job, **progress):
        if progress.get("rows"):
            jobs.cancel(job)
        beat(job, **progress)

    monkeypatch.setattr(jobs, "beat", cancel_meanwhile)
    assert run(import_).status == "cancelled"
    assert untouched(dataset)
    assert stored_files(dataset.team) == set()


@pytest.mark.django_db
@pytest.mark.parametrize("loss", ["taken over", "cancelled", "dataset gone", "import gone"])
def test_a_claim_lost_before_the_commit_rolls_everything_back(loss, dataset, monkeypatch):
    import_ = make_import(dataset, BAD)
    add = intake.add_segment

    def lose_it(*args):
        add(*args)
        rows = Import.objects.filter(pk=import_.pk)
        if loss == "taken over":
            rows.update(attempt=99)
        elif loss == "cancelled":
            rows.update(cancel_requested=True)
        else:
            rows.delete()

    if loss == "dataset gone":
        commit = intake.Intake._commit

        def delete_first(self, *args):
            datasets.delete_dataset(dataset=dataset)
            commit(self, *args)

        monkeypatch.setattr(intake.Intake, "_commit", delete_first)
    else:
        monkeypatch.setattr(intake, "add_segment", lose_it)
    imports.run_import(team_id=import_.team_id, import_id=import_.pk)
    assert not Segment.objects.exists()
    assert not EventName.objects.exists()
    if loss != "dataset gone":
        assert untouched(dataset)
        assert Import.objects.get(pk=import_.pk).status == "running"  # what was written rolled back
    assert stored_files(dataset.team) == set()


@pytest.mark.django_db
def test_an_unexpected_fault_is_said_in_general_and_logged_in_full(dataset, monkeypatch, caplog):
    def break_down(*args, **kwargs):
        raise ZeroDivisionError("the inside")

    monkeypatch.setattr(intake, "write_segment", break_down)
    import_ = bring_in(dataset, ROWS)
    assert import_.status == "failed"
    assert "a fault of ours" in import_.error
    assert "the inside" not in import_.error
    assert "the inside" in caplog.text
    assert untouched(dataset)
    monkeypatch.undo()
    assert imports.try_again(import_=import_)
    assert run(import_).status == "done"


@pytest.mark.django_db
def test_a_database_that_goes_away_puts_the_import_back(dataset, monkeypatch):
    import_ = make_import(dataset, ROWS)

    def gone(self, *args):
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(intake.Intake, "_commit", gone)
        with pytest.raises(OperationalError):
            imports.run_import(team_id=import_.team_id, import_id=import_.pk)
    import_.refresh_from_db()
    assert import_.status == "queued"
    assert stored_files(dataset.team) == set()
    assert run(import_).status == "done"


@pytest.mark.django_db
def test_an_import_that_takes_its_worker_down_again_and_again_is_given_up(dataset):
    import_ = make_import(dataset, ROWS)
    Import.objects.filter(pk=import_.pk).update(attempt=imports.SERIES - 1)
    assert "given up" in run(import_).error
    imports.try_again(import_=import_)
    assert run(import_).status == "done"


@pytest.mark.django_db
def test_an_old_claim_stays_lost_when_an_import_is_tried_again(dataset):
    import_ = make_import(dataset, ROWS)
    asleep = jobs.claim(Import, import_.pk)
    Import.objects.filter(pk=import_.pk).update(status="cancelled")
    imports.try_again(import_=import_)
    assert jobs.claim(Import, import_.pk) is not None
    with pytest.raises(jobs.LostClaim):
        jobs.finish(asleep)


@pytest.mark.django_db
def test_a_silent_import_is_put_back_and_runs_once(dataset, settings):
    import_ = make_import(dataset, ROWS)
    lost = jobs.claim(Import, import_.pk)
    Import.objects.filter(pk=import_.pk).update(
        heartbeat_at=timezone.now() - settings.JOB_SILENCE - timedelta(seconds=1),
        created_at=timezone.now() - timedelta(minutes=1),
    )
    assert jobs.requeue_silent(Import) == [import_]
    assert jobs.requeue_silent(Import) == []  # its bell has just been rung
    assert run(import_).status == "done"
    with pytest.raises(jobs.LostClaim):
        jobs.beat(lost)
    dataset.refresh_from_db()
    assert (dataset.version, dataset.events) == (1, 3)


@pytest.mark.django_db
def test_the_bell_of_a_waiting_import_is_rung_again_after_minutes(dataset):
    import_ = make_import(dataset, ROWS)
    assert jobs.requeue_silent(Import) == []  # its first message may still be on its way
    Import.objects.update(created_at=timezone.now() - jobs.FIRST_BELL - timedelta(seconds=1))
    assert jobs.requeue_silent(Import) == [import_]
    assert jobs.requeue_silent(Import) == []
    Import.objects.update(heartbeat_at=timezone.now() - jobs.NEXT_BELL - timedelta(seconds=1))
    assert jobs.requeue_silent(Import) == [import_]


@pytest.mark.django_db
def test_an_import_committed_meanwhile_is_looked_at_again(dataset, monkeypatch):
    slow = make_import(dataset, f"{HEAD}\nanna,2024-01-01,view\nanna,2024-01-01,view\nanna,2024-01-05,buy\n")
    commit = intake.Intake._commit
    quick = []

    def another_first(self, *args):
        if not quick:
            quick.append(None)
            quick.append(bring_in(dataset, f"{HEAD}\nanna,2024-01-01,view\nbob,2024-01-01,view\n"))
        commit(self, *args)

    monkeypatch.setattr(intake.Intake, "_commit", another_first)
    run(slow)
    assert (quick[1].accepted, quick[1].dataset_version) == (2, 1)
    assert (slow.accepted, slow.duplicates, slow.dataset_version) == (2, 1, 2)
    dataset.refresh_from_db()
    assert dataset.events == len(events_of(dataset)) == 4
    assert Segment.objects.filter(dataset=dataset).count() == 2
    assert sum(path.suffix == ".parquet" for path in stored_files(dataset.team)) == 2


@pytest.mark.django_db(transaction=True)
def test_imports_at_the_same_time_count_every_event_once(team):
    dataset = make_dataset(team)
    waiting = [make_import(dataset, rows_of(4_000 + 1_000 * i)) for i in range(4)]
    faults = []

    def work(import_):
        try:
            imports.run_import(team_id=team.pk, import_id=import_.pk)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(import_,)) for import_ in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert set(Import.objects.values_list("status", flat=True)) == {"done"}
    dataset.refresh_from_db()
    assert dataset.events == len(events_of(dataset)) == 7_000
    assert sum(name.events for name in dataset.event_names.all()) == 7_000
    assert sum(import_.accepted for import_ in Import.objects.all()) == 7_000


@pytest.mark.django_db
def test_numbers_count_the_imports_of_a_dataset(dataset, team):
    other = make_dataset(team, "Shop")
    assert [make_import(one, ROWS).number for one in (dataset, dataset, other, dataset)] == [1, 2, 1, 3]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"actor": "a", "time": "b"}, "Choose a column for Event."),
        ({}, "Choose a column for Person and Event and Time."),
        ({"actor": "a", "time": "a", "event": "c"}, "Each column can have one meaning only."),
    ],
)
def test_columns_must_be_whole(mapping, said, dataset):
    import_ = make_import(dataset, ROWS)
    with pytest.raises(imports.MappingMistake, match=said):
        imports.confirm_columns(import_=import_, mapping=mapping)


@pytest.mark.django_db
def test_only_a_draft_takes_columns_and_only_once_into_the_queue(dataset):
    import_ = make_import(dataset, ROWS)
    imports.confirm_columns(import_=import_, mapping={"actor": "x", "event": "y", "time": "z"})
    import_.refresh_from_db()
    assert import_.mapping["actor"] == "user_id"
    assert imports.queue(import_=import_) is False
    assert imports.try_again(import_=import_) is False


@pytest.mark.django_db
def test_hostile_names_are_kept_as_they_are(dataset):
    name = "🧨<script>alert(1)</script>\u202e'; DROP TABLE flows_dataset; --"
    quoted = name.replace('"', '""')
    import_ = bring_in(dataset, f'{HEAD}\n"{quoted}",2024-01-01,"{quoted}"\n')
    assert import_.accepted == 1
    assert [one.name for one in dataset.event_names.all()] == [name]


@pytest.mark.django_db
def test_deleting_a_dataset_takes_rows_first_and_files_afterwards(dataset, django_capture_on_commit_callbacks):
    import_ = bring_in(dataset, BAD)
    kept = stored_files(dataset.team)
    assert kept
    with django_capture_on_commit_callbacks(execute=True):
        datasets.delete_dataset(dataset=dataset)
        assert stored_files(dataset.team) == kept
    assert stored_files(dataset.team) == set()
    assert not import_.file.storage.exists(import_.file.name)
    assert not Import.objects.exists()
    assert not Segment.objects.exists()


@pytest.mark.django_db
def test_datasets_of_the_same_name_have_their_own_addresses(team):
    assert [make_dataset(team, name).slug for name in ("Web & app", "Web, app", "漢字", "?")] == [
        "web-app",
        "web-app-2",
        "events",
        "events-2",
    ]
