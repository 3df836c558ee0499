import json
import os
import shutil
import threading

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accounts.models import Team
from flows.hashing import actor_key, hash_texts
from flows.models import Segment
from flows.store import DamagedSegment, EventStore, disk, events, index
from tests.flows.events import bring_in, events_of, make_dataset
from tests.flows.rows import give_events

pytestmark = pytest.mark.django_db

DAY = 86_400_000_000
TEXT = """user_id,timestamp,event,insert_id,session,plan
bob,1970-01-03,buy,i2,s1,
anna,1970-01-02,view,,,"gold"
bob,1970-01-02,view,i1,s1,
anna,1970-01-02,buy,,,
anna,1970-01-01T12:00:00Z,start,,,
"""
MAPPING = {"actor": "user_id", "time": "timestamp", "event": "event", "insert_id": "insert_id", "session": "session"}


@pytest.fixture
def dataset(team):
    found = make_dataset(team)
    assert bring_in(found, TEXT, mapping=MAPPING).accepted == 5
    return found


@pytest.fixture
def segment(dataset) -> Segment:
    return Segment.objects.get(dataset=dataset)


@pytest.fixture(autouse=True)
def _nothing_opened_before(monkeypatch):
    monkeypatch.setattr(events, "_opened", events._Opened())


def test_a_segment_is_sorted_and_any_tool_can_read_it(dataset, segment):
    table = pq.read_table(EventStore(dataset.team_id).path(segment))
    rows = table.to_pylist()
    assert rows == sorted(rows, key=lambda row: (row["actor_key"], row["time"], row["sequence"]))
    assert {row["actor"]: row["actor_key"] for row in rows} == {name: actor_key(name) for name in ("anna", "bob")}
    assert str(table.schema.field("time").type) == "timestamp[us, tz=UTC]"
    assert [
        (r["event"], r["sequence"], r["insert_id"], r["session"], r["properties"]) for r in rows if r["actor"] == "anna"
    ] == [
        ("start", 6, None, None, "{}"),
        ("view", 3, None, None, '{"plan":"gold"}'),
        ("buy", 5, None, None, "{}"),
    ]
    assert {row["session"] for row in rows if row["actor"] == "bob"} == {"s1"}


def test_a_snapshot_holds_the_arrays_of_its_version(dataset):
    bring_in(dataset, "user_id,timestamp,event\ncarl,1970-02-01,view\nanna,1970-02-01,view\n")
    store = EventStore(dataset.team_id)
    dataset.refresh_from_db()
    now, before = store.snapshot(dataset), store.snapshot(dataset, version=1)
    assert (now.version, len(now.segments), before.version, len(before.segments)) == (2, 2, 1, 1)
    assert (before.data_from, before.data_through) == (DAY // 2, 2 * DAY)
    assert (now.data_from, now.data_through) == (DAY // 2, 31 * DAY)
    (arrays,) = before.segments
    assert arrays.keys.tolist() == sorted([actor_key("anna"), actor_key("bob")])
    assert arrays.events == 5
    assert sorted(arrays.names) == ["buy", "start", "view"]
    assert store.people(dataset) == 3
    assert len(events_of(dataset)) == 7
    assert len(events_of(dataset, 1)) == 5


def test_a_snapshot_can_be_narrowed_in_time(dataset):
    bring_in(dataset, "user_id,timestamp,event\ncarl,1970-02-01,view\n")
    first, second = Segment.objects.filter(dataset=dataset)
    store = EventStore(dataset.team_id)
    assert len(store.snapshot(dataset, since=second.time_from).segments) == 1
    assert len(store.snapshot(dataset, until=second.time_from).segments) == 1
    assert len(store.snapshot(dataset, since=first.time_through, until=second.time_through).segments) == 1
    assert store.snapshot(dataset, since=second.time_from).data_from == DAY // 2


def test_a_dataset_without_events_has_an_empty_snapshot(team):
    empty = EventStore(team.pk).snapshot(make_dataset(team))
    assert (empty.version, empty.segments, empty.data_from, empty.data_through) == (0, [], 0, 0)


def damage(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: path.unlink(), "it is missing"),
        (damage, "its bytes are not those that were written"),
        (lambda path: os.truncate(path, 100), "it has 100 bytes instead of"),
    ],
)
def test_a_damaged_segment_is_named_and_never_skipped(harm, said, dataset, segment):
    store = EventStore(dataset.team_id)
    harm(store.path(segment))
    with pytest.raises(DamagedSegment) as fault:
        store.snapshot(dataset)
    assert segment.file in str(fault.value)
    assert said in str(fault.value)


def test_an_import_beside_a_damaged_segment_fails_and_says_so(dataset, segment):
    damage(EventStore(dataset.team_id).path(segment))
    import_ = bring_in(dataset, TEXT, mapping=MAPPING)
    assert import_.status == "failed"
    assert segment.file in import_.error
    assert Segment.objects.filter(dataset=dataset).count() == 1


@pytest.mark.parametrize("group_size", [None, 1, 2])
@pytest.mark.parametrize("first", [[], [""]])
def test_sessions_are_hashes_of_their_ids_and_zero_where_there_is_none(team, first, group_size):
    people = sorted(("1", "2", "3"), key=actor_key)
    ids = dict(zip(people, [first, ["s"], ["t"]], strict=True))
    segment = give_events(make_dataset(team), [(who, "view", at, {}, *ids[who]) for who in people for at in (1, 2)])
    store = EventStore(team.pk)
    path = store.path(segment)
    if group_size:
        pq.write_table(pq.read_table(path), path, row_group_size=group_size)
        segment.checksum, segment.bytes = disk.checksum(path), path.stat().st_size
    s, t = hash_texts(pa.array(["s", "t"])).tolist()
    assert store.open(segment).arrays.sessions.tolist() == [0, 0, s, s, t, t]


def test_events_without_sessions_take_no_room_for_them(team):
    segment = give_events(make_dataset(team), [("1", "view", 1, {}), ("2", "view", 1, {}, "")])
    assert len(EventStore(team.pk).open(segment).arrays.sessions) == 0


@pytest.mark.parametrize("harm", ["gone", "cut", "old format", "another file", "no meta", "names"])
def test_the_index_is_derived_again(harm, dataset, segment, monkeypatch):
    before = events_of(dataset)
    monkeypatch.setattr(events, "_opened", events._Opened())
    store = EventStore(dataset.team_id)
    home = index.directory(store.path(segment))
    meta = json.loads((home / "meta.json").read_text())
    if harm == "gone":
        shutil.rmtree(home)
    elif harm == "cut":
        os.truncate(home / "times.i64", 8)
    elif harm == "no meta":
        (home / "meta.json").unlink()
    elif harm == "names":
        (home / "names.json").write_text("[" + " " * (meta["sizes"]["names.json"] - 1))
    else:
        meta |= {"format": 0} if harm == "old format" else {"checksum": "0" * 64}
        (home / "meta.json").write_text(json.dumps(meta))
    assert events_of(dataset) == before
    assert json.loads((home / "meta.json").read_text())["checksum"] == segment.checksum
    assert [path.name for path in home.parent.iterdir() if path.name.startswith(".")] == []


def test_an_index_can_be_built_by_several_at_once(dataset, segment):
    store = EventStore(dataset.team_id)
    path = store.path(segment)
    faults = []

    def build_and_load():
        try:
            for _ in range(10):
                index.build(path, segment.file, segment.rows, segment.checksum)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=build_and_load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert index.load(path, segment.rows, segment.checksum).arrays.events == 5
    assert [one.name for one in path.parent.iterdir() if one.name.startswith(".")] == []


def test_a_segment_that_is_not_sorted_is_damaged(dataset, segment):
    path = EventStore(dataset.team_id).path(segment)
    table = pq.read_table(path)
    pq.write_table(table.take(np.arange(table.num_rows)[::-1]), path)
    with pytest.raises(DamagedSegment, match="rows are not in order"):
        index.build(path, segment.file, segment.rows, segment.checksum)


def test_files_are_opened_once(dataset, segment, monkeypatch):
    store = EventStore(dataset.team_id)
    first = store.snapshot(dataset).segments[0]
    monkeypatch.setattr(events.disk, "checksum", lambda path: pytest.fail("read again"))
    assert store.snapshot(dataset).segments[0] is first


def test_another_team_sees_nothing(dataset, segment):
    other = EventStore(Team.objects.create(name="Other", slug="other").pk)
    assert other.rows(dataset) == []
    with pytest.raises(ValueError, match="another team's"):
        other.open(segment)
