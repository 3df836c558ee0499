"""Merging segments changes files and nothing else."""

import os
import shutil
import threading
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from flows.engine.query import FlowQuery
from flows.models import Dataset, FlowRun, Import, Segment
from flows.services import compaction, jobs, runs
from flows.services.exports import export_events
from flows.services.imports import sweep_orphan_files
from flows.services.intake import Intake
from flows.store import DamagedSegment, EventStore, SupersededSegment, events
from flows.store.disk import root
from flows.tasks import compact_datasets
from tests.flows.events import bring_in, events_of, make_dataset, make_import, stored_files
from tests.flows.rows import give_events

pytestmark = pytest.mark.django_db

HEAD = "user_id,timestamp,event,insert_id,plan"
COLUMNS = {"actor": "user_id", "time": "timestamp", "event": "event", "insert_id": "insert_id"}
QUESTION = FlowQuery(start=("a",), steps=4, collapse="none")


@pytest.fixture
def dataset(team) -> Dataset:
    return make_dataset(team)


def give_many(dataset, count=10, start=0):
    """Segments full of ties: in each everybody does something at the same two moments."""
    for number in range(start, start + count):
        give_events(dataset, [(who, "abcd"[(number + i) % 4], i % 2, {}) for i in range(6) for who in ("ann", "ben")])


def live(dataset):
    return list(Segment.objects.filter(dataset=dataset, gone=None))


def flow_of(dataset, query=QUESTION, version=None):
    snapshot = EventStore(dataset.team_id).snapshot(dataset, version)
    result = runs.compute(query, snapshot)
    del result["computed_in_ms"]
    return result


def make_superseded_old(dataset):
    past = timezone.now() - timedelta(hours=2)
    Segment.objects.filter(dataset=dataset).update(created_at=past)
    for path in root().rglob("*"):
        os.utime(path, (past.timestamp(), past.timestamp()))


def test_segments_become_few_and_events_stay(dataset):
    give_many(dataset)
    before, flow, names = events_of(dataset), flow_of(dataset), list(dataset.event_names.values_list("name", "events"))
    compact_datasets()
    assert [segment.import_number for segment in live(dataset)] == [9, 10]
    assert [segment.rows for segment in live(dataset)] == [108, 12]
    assert events_of(dataset) == before
    assert flow_of(dataset) == flow
    dataset.refresh_from_db()
    assert (dataset.version, dataset.events) == (10, len(before))
    assert list(dataset.event_names.values_list("name", "events")) == names


def test_rows_keep_the_number_of_their_import_and_their_row(dataset):
    give_many(dataset)
    assert compaction.compact_dataset(dataset=dataset) == 8
    give_many(dataset, 9, start=10)
    assert compaction.compact_dataset(dataset=dataset) == 9
    table = pq.read_table(root() / live(dataset)[0].file)
    found = sorted((sequence >> 40, sequence % (1 << 40)) for sequence in table["sequence"].to_pylist())
    assert found == [(number, row) for number in range(1, 19) for row in range(2, 14)]
    rows = table.to_pylist()
    assert rows == sorted(rows, key=lambda row: (row["actor_key"], row["time"], row["sequence"]))


def test_every_earlier_version_is_still_there(dataset):
    give_many(dataset)
    before = [events_of(dataset, version) for version in range(1, 11)]
    compaction.compact_dataset(dataset=dataset)
    give_many(dataset, 8, start=10)
    before += [events_of(dataset, version) for version in range(11, 19)]
    compaction.compact_dataset(dataset=dataset)
    assert Segment.objects.filter(dataset=dataset, gone=None).count() < 9
    assert [events_of(dataset, version) for version in range(1, 19)] == before


def test_results_on_the_version_stay(dataset):
    give_many(dataset)
    answer = runs.answer_now(dataset=dataset, query=QUESTION)
    compaction.compact_dataset(dataset=dataset)
    dataset.refresh_from_db()
    assert runs.answer_now(dataset=dataset, query=QUESTION) == answer
    assert FlowRun.objects.count() == 1


def test_few_segments_are_left_alone(dataset):
    give_many(dataset, compaction.MOST)
    assert compaction.compact_datasets() == 0
    assert len(live(dataset)) == compaction.MOST


def test_a_large_segment_is_not_written_again_for_small_ones(dataset):
    give_many(dataset, 10)
    Segment.objects.filter(dataset=dataset, import_number=3).update(rows=1_000_000)
    assert [segment.import_number for segment in compaction.next_run(dataset)] == [4, 5, 6, 7, 8, 9]


def test_segments_stay_few_at_a_bounded_cost():
    """The choice alone, over a thousand imports: how often a row is written, and how many segments there are."""
    rows, written, most = [], 0, 0
    for _ in range(1_000):
        rows.append(Segment(rows=100_000, import_number=len(rows)))
        if len(rows) > compaction.MOST:
            run = []
            tier = compaction.SMALL
            while not run and tier < 10**10:
                found = [r for r in compaction._runs_below(rows[:-1], tier) if len(r) >= compaction.RUN]
                run = max(found, key=len, default=[])
                tier *= compaction.TIER
            if run:
                at = rows.index(run[0])
                total = sum(segment.rows for segment in run)
                rows[at : at + len(run)] = [Segment(rows=total)]
                written += total
        most = max(most, len(rows))
    assert most <= compaction.MOST + 2
    assert written <= 10 * 1_000 * 100_000


@pytest.mark.parametrize("status", ["draft", "running", "failed"])
def test_an_import_that_may_still_come_keeps_its_place(dataset, status):
    give_many(dataset, 4)
    waiting = make_import(dataset, "user_id,timestamp,event\nann,1970-01-01T00:00:00Z,late\n")
    give_many(dataset, 5, start=4)
    Import.objects.filter(pk=waiting.pk).update(status=status)
    assert compaction.compact_dataset(dataset=dataset) == 3
    numbers = [(segment.import_number, segment.rows) for segment in live(dataset)]
    assert numbers == [(4, 48), *((number, 12) for number in range(6, 11))]


def test_an_import_committed_late_stands_where_its_number_says(dataset):
    late = make_import(dataset, "user_id,timestamp,event\nann,1970-01-01T00:00:00Z,late\n")
    give_many(dataset, 10)
    compaction.compact_dataset(dataset=dataset)
    assert len(live(dataset)) == 2
    from_late = jobs.claim(Import, late.pk)
    Intake(from_late).run()
    assert [segment.import_number for segment in live(dataset)] == [1, 10, 11]
    assert [name for _, time, name in events_of(dataset) if time == 0].count("late") == 1


def test_the_same_file_again_changes_nothing_after_a_merge(dataset):
    files = [
        f"{HEAD}\nann,2024-01-0{day},a,,\nann,2024-01-0{day},a,,\nben,2024-01-0{day},b,i{day},gold\n"
        for day in range(1, 10)
    ]
    for text in files:
        assert bring_in(dataset, text, mapping=COLUMNS).accepted == 3
    before = events_of(dataset)
    assert compaction.compact_dataset(dataset=dataset) == 7
    for text in files:
        again = bring_in(dataset, text, mapping=COLUMNS)
        assert (again.accepted, again.duplicates) == (0, 3)
    assert events_of(dataset) == before
    more = bring_in(dataset, files[0] + "ann,2024-01-01,a,,\nben,2024-01-01,b,i1,other\n", mapping=COLUMNS)
    assert (more.accepted, more.duplicates) == (1, 4)


EVENT = st.tuples(st.sampled_from("xyz"), st.sampled_from("abcd"), st.integers(0, 3), st.just({}))
LOGS = st.lists(st.lists(EVENT, min_size=1, max_size=8), min_size=3, max_size=4)
QUESTIONS = st.builds(
    FlowQuery,
    start=st.just(("a",)),
    steps=st.integers(1, 4),
    count=st.sampled_from(["users", "sessions", "journeys"]),
    occurrence=st.sampled_from(["first", "last"]),
    collapse=st.sampled_from(["none", "consecutive", "cycles"]),
    within=st.sampled_from([1_000_000, 100_000_000]),
)


@given(log=LOGS, more=st.lists(EVENT, min_size=1, max_size=4), query=QUESTIONS)
@examples(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_flow_is_the_same_before_and_after(log, more, query, team, monkeypatch):
    monkeypatch.setattr(compaction, "MOST", 2)
    monkeypatch.setattr(compaction, "RUN", 2)
    dataset = make_dataset(team)
    for rows in [*log, [("x", "a", 0, {})]]:
        give_events(dataset, rows)
    before, flow = events_of(dataset), flow_of(dataset, query)
    assert compaction.compact_dataset(dataset=dataset) == len(log) - 1
    assert (events_of(dataset), flow_of(dataset, query)) == (before, flow)
    give_events(dataset, more)
    before, flow = events_of(dataset), flow_of(dataset, query)
    assert compaction.compact_dataset(dataset=dataset) == 1
    assert (events_of(dataset), flow_of(dataset, query)) == (before, flow)


@pytest.mark.parametrize("point", ["write_segment", "_commit", "create"])
def test_a_fault_at_any_point_leaves_everything_as_it_was(dataset, point, monkeypatch):
    give_many(dataset)
    before, files = events_of(dataset), stored_files(dataset.team)

    def fail(*_args, **_kwargs):
        raise OSError("no space left")

    target = Segment.objects if point == "create" else compaction
    with monkeypatch.context() as patch:
        patch.setattr(target, point, fail)
        with pytest.raises(OSError, match="no space"):
            compaction.compact_dataset(dataset=dataset)
        assert compaction.compact_datasets() == 0
    assert stored_files(dataset.team) == files
    assert events_of(dataset) == before
    assert len(live(dataset)) == 10
    assert compaction.compact_dataset(dataset=dataset) == 8
    assert events_of(dataset) == before


def test_files_of_a_merge_that_was_killed_are_swept(dataset, monkeypatch):
    give_many(dataset)
    before, files = events_of(dataset), stored_files(dataset.team)
    monkeypatch.setattr(compaction, "remove", lambda path: None)
    compaction._merge(dataset, compaction.next_run(dataset))
    assert sweep_orphan_files() == 0
    make_superseded_old(dataset)
    assert sweep_orphan_files() == 3
    assert stored_files(dataset.team) == files
    assert events_of(dataset) == before


def test_an_import_that_commits_meanwhile_is_no_hindrance(dataset, monkeypatch):
    give_many(dataset)
    commit = compaction._commit

    def import_first(*args):
        monkeypatch.setattr(compaction, "_commit", commit)
        bring_in(dataset, "user_id,timestamp,event\nann,1970-01-01T00:00:00Z,new\n")
        commit(*args)

    monkeypatch.setattr(compaction, "_commit", import_first)
    before = events_of(dataset)
    compaction.compact_dataset(dataset=dataset)
    assert [segment.born for segment in live(dataset)] == [11, 10, 11]
    assert events_of(dataset, 10) == before
    assert len(events_of(dataset)) == len(before) + 1


@pytest.mark.parametrize("change", ["gone", "pending", "deleted"])
def test_a_merge_that_came_too_late_is_thrown_away(dataset, change):
    give_many(dataset)
    run = compaction.next_run(dataset)
    new = compaction._merge(dataset, run)
    if change == "gone":
        Segment.objects.filter(pk=run[3].pk).update(gone=10)
    elif change == "pending":
        Import.objects.filter(dataset=dataset, number=4).update(status="failed")
    else:
        Dataset.objects.filter(pk=dataset.pk).delete()
    rows = Segment.objects.count()
    with pytest.raises(compaction._Changed):
        compaction._commit(dataset, run, new)
    assert Segment.objects.count() == rows


def test_damage_is_not_carried_over_and_stops_nobody_else(team, dataset, monkeypatch, caplog):
    give_many(dataset)
    other = make_dataset(team, "Shop")
    give_many(other)
    monkeypatch.setattr(events, "_opened", events._Opened())
    broken = live(dataset)[4]
    path = root() / broken.file
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(DamagedSegment, match=broken.file):
        compaction.compact_dataset(dataset=dataset)
    assert compaction.compact_datasets() == 8
    assert broken.file in caplog.text
    assert (len(live(dataset)), len(live(other))) == (10, 2)


def test_old_files_go_when_nobody_can_need_them(dataset, monkeypatch):
    give_many(dataset)
    EventStore(dataset.team_id).column(live(dataset)[0], "plan")
    compaction.compact_dataset(dataset=dataset)
    before = events_of(dataset)
    assert sweep_orphan_files() == 0
    make_superseded_old(dataset)
    run = FlowRun.objects.create(team=dataset.team, dataset=dataset, dataset_version=9, query={}, digest="d")
    assert sweep_orphan_files() == 0
    run.delete()
    importing = Import.objects.get(dataset=dataset, number=2)
    Import.objects.filter(pk=importing.pk).update(status="running")
    assert sweep_orphan_files() == 0
    Import.objects.filter(pk=importing.pk).update(status="done")
    assert sweep_orphan_files() == 9 + 9 + 1
    assert sweep_orphan_files() == 0
    monkeypatch.setattr(events, "_opened", events._Opened())
    assert events_of(dataset) == before
    with pytest.raises(SupersededSegment, match="no longer kept"):
        events_of(dataset, 9)


def test_a_question_on_a_version_that_has_gone_says_so(dataset):
    give_many(dataset)
    compaction.compact_dataset(dataset=dataset)
    run = FlowRun.objects.create(
        team=dataset.team, dataset=dataset, dataset_version=9, query=QUESTION.canonical(), digest=QUESTION.digest()
    )
    for segment in Segment.objects.exclude(gone=None):
        (root() / segment.file).unlink()
    runs.run_flow(team_id=dataset.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.error) == (
        "failed",
        "This version of the events is no longer kept. Ask again on the newest version.",
    )


def test_an_export_is_the_same_in_order(dataset, tmp_path):
    give_many(dataset)
    texts = []
    for name in ("before", "after"):
        target = tmp_path / f"{name}.csv"
        export_events(dataset=dataset, target=target, workspace=tmp_path / name)
        texts.append(target.read_text())
        compaction.compact_dataset(dataset=dataset)
    assert texts[0] == texts[1]


@pytest.mark.django_db(transaction=True)
def test_one_merges_and_everybody_reads_meanwhile(team, monkeypatch):
    dataset = make_dataset(team)
    give_many(dataset)
    before, flow = events_of(dataset), flow_of(dataset)
    merge = compaction._merge
    entered, go_on = threading.Event(), threading.Event()
    counts = []

    def slow(*args):
        new = merge(*args)
        entered.set()
        assert go_on.wait(20)
        return new

    def work():
        try:
            counts.append(compaction.compact_dataset(dataset=dataset))
        finally:
            connection.close()

    monkeypatch.setattr(compaction, "_merge", slow)
    thread = threading.Thread(target=work)
    thread.start()
    assert entered.wait(20)
    # A second one finds the first at work; readers do not wait.
    assert compaction.compact_dataset(dataset=dataset) == 0
    assert (events_of(dataset), flow_of(dataset)) == (before, flow)
    snapshot = EventStore(team.pk).snapshot(dataset)
    go_on.set()
    thread.join()
    assert counts == [8]
    assert len(live(dataset)) == 2
    assert (events_of(dataset), flow_of(dataset)) == (before, flow)
    assert len(snapshot.segments) == 10
    assert sum(segment.events for segment in snapshot.segments) == len(before)
    shutil.rmtree(root() / "teams" / str(team.pk))
    assert int(snapshot.segments[0].times.sum()) >= 0
