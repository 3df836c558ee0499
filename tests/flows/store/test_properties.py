"""Columns of properties, held to a slow reading of the same JSON."""

import json
import math
import os
import re
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team
from flows.engine.columns import NO_TIME, PropertyColumn, Texts, as_codes, number_of, number_text, time_of
from flows.services.imports import sweep_orphan_files
from flows.store import DamagedSegment, EventStore, events, properties
from tests.flows.events import make_dataset
from tests.flows.rows import give_events

pytestmark = pytest.mark.django_db

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOSTILE = [
    "",
    "a/b",
    "a~1b",
    "0",
    "$.x",
    'a"b',
    "a'; DROP TABLE x; --",
    "../../etc",
    "a\0b",
    "\u202e🧨",
    "x" * 300,
    "*",
]


@pytest.fixture(autouse=True)
def _nothing_opened_before(monkeypatch):
    forget(monkeypatch)


def forget(monkeypatch):
    monkeypatch.setattr(events, "_opened", events._Opened())
    monkeypatch.setattr(events, "_columns", events._Opened())


def column_of(team, values, name="p"):
    """The column of a property that takes these values, each with its own person so that the order is mixed up."""
    dataset = make_dataset(team)
    rows = [(f"p{i}", "view", i, {} if value is ... else {name: value}) for i, value in enumerate(values)]
    segment = give_events(dataset, rows)
    store = EventStore(team.pk)
    arrays = store.open(segment).arrays
    return segment, store.column(segment, name), (arrays.times // 1_000_000).tolist()


def texts_of(column):
    coded = as_codes(column)
    codes = coded.of(slice(0, len(column.values))).tolist()
    return [None if code < 0 else coded.texts[code] for code in codes]


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        (["gold", ..., "", None, "Ünï"], "text", ["gold", None, "", None, "Ünï"]),
        ([1, 2.5, ..., -0.0, 1e300, "7", "0.25"], "number", ["1", "2.5", None, "0", "1e+300", "7", "0.25"]),
        ([True, "false", ...], "boolean", ["true", "false", None]),
        (
            ["2024-01-01", ..., "2024-01-01T10:00:00.5+02:00"],
            "time",
            ["2024-01-01", None, "2024-01-01T10:00:00.5+02:00"],
        ),
        ([1.0, "gold", True, [1, {"a": "b"}]], "text", ["1", "gold", "true", '[1,{"a":"b"}]']),
        (["01", "2"], "text", ["01", "2"]),
        (["1.50", "2"], "text", ["1.50", "2"]),
        ([2**53, 2**53 + 1], "text", [str(2**53), str(2**53 + 1)]),
        (["2024-02-30", "2024-02-28"], "text", ["2024-02-30", "2024-02-28"]),
        ([..., None], "text", [None, None]),
    ],
)
def test_the_kind_is_that_of_every_value(team, values, kind, texts):
    _, column, order = column_of(team, values)
    assert column.kind == kind
    assert texts_of(column) == [texts[i] for i in order]
    assert column.absent == (texts == [None, None])


def test_times_are_microseconds_and_zones_count(team):
    _, column, order = column_of(team, ["1970-01-02", "1970-01-01T02:00:00.000001+02:00", ...])
    found = dict(zip(order, column.values.tolist(), strict=True))
    assert found == {0: 86_400_000_000, 1: 1, 2: NO_TIME}


# What a value means, said once more and slowly.


def text_of(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def number_meant(value):
    if isinstance(value, str):
        value = float(value) if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", value, re.ASCII) else math.nan
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None


def time_meant(value):
    if not isinstance(value, str) or not re.fullmatch(r"[12]\d{3}-\d\d-\d\d([T ]\d\d:\d\d.*)?", value):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)


LETTERS = st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Z"])
NUMBERS = st.one_of(
    st.integers(-(2**62), 2**62), st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False), st.just(12.0)
)
DAYS = st.dates(datetime(1900, 1, 1).date(), datetime(2100, 1, 1).date()).map(str)
MOMENTS = st.builds(
    lambda day, clock, zone: f"{day}T{clock}{zone}",
    DAYS,
    st.times().map(lambda clock: clock.isoformat(timespec="microseconds")),
    st.sampled_from(["", "Z", "+05:30", "-0800", "+02"]),
)
KINDS = [
    st.text(LETTERS, max_size=5),
    NUMBERS,
    NUMBERS.map(str),
    st.booleans(),
    st.sampled_from(["true", "false"]),
    DAYS,
    MOMENTS,
    st.lists(st.integers(0, 3), max_size=2).map(lambda found: found or [0]),
]


@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_value_means_depends_on_the_value_alone(team, data):
    kinds = data.draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    values = data.draw(st.lists(st.one_of(st.none(), *kinds), min_size=1, max_size=20))
    _, column, order = column_of(team, values)
    ordered = [values[i] for i in order]
    assert texts_of(column) == [text_of(value) for value in ordered]
    texts = [text or "" for text in texts_of(column)]
    numbers = column.values.tolist() if column.kind == "number" else map(number_of, texts)
    assert [None if math.isnan(number) else number for number in numbers] == [number_meant(value) for value in ordered]
    times = column.values.tolist() if column.kind == "time" else map(time_of, texts)
    assert [None if time == NO_TIME else time for time in times] == [time_meant(value) for value in ordered]
    listed = list(column.dictionary)
    assert listed == [column.dictionary[i] for i in range(len(listed))] == sorted(set(listed), key=str.encode)


def test_names_are_any_text(team):
    dataset = make_dataset(team)
    segment = give_events(dataset, [("anna", "view", 1, {name: f"value of {name}" for name in HOSTILE})])
    store = EventStore(team.pk)
    for name in HOSTILE:
        assert texts_of(store.column(segment, name)) == [f"value of {name}"]
    files = sorted(path.name for path in properties.directory(store.path(segment)).iterdir())
    assert len(files) == len(HOSTILE)
    assert all(re.fullmatch("[0-9a-f]{64}", name) for name in files)


def test_half_of_a_letter_is_a_name_that_no_event_has(team):
    segment, column, _ = column_of(team, ["gold"])
    assert not column.absent
    assert EventStore(team.pk).column(segment, "\ud800").absent


def test_a_property_that_no_event_has_takes_no_room(team):
    segment, _, _ = column_of(team, ["gold"])
    store = EventStore(team.pk)
    column = store.column(segment, "nowhere")
    assert (column.kind, column.values.tolist(), column.absent) == ("text", [-1], True)
    assert [path.name for path in properties.place(store.path(segment), "nowhere").iterdir()] == ["meta.json"]


def test_a_text_is_found_by_halving():
    texts = Texts.of(["b", "", "ä", "z", "🧨", "b"])
    assert list(texts) == ["", "b", "z", "ä", "🧨"]
    assert [texts.code(text) for text in ("", "b", "z", "ä", "🧨", "a", "\ud800")] == [0, 1, 2, 3, 4, -1, -1]
    assert (texts[-1], texts[1:3]) == ("🧨", ["b", "z"])
    with pytest.raises(IndexError):
        texts[5]


def test_a_column_refuses_arrays_of_another_kind():
    with pytest.raises(ValueError, match="not those of a number column"):
        PropertyColumn("number", np.zeros(1, np.int32), Texts.of([]))
    with pytest.raises(ValueError, match="not those of a time column"):
        PropertyColumn("time", np.zeros(1, np.int64), Texts.of([]))


def test_a_column_is_derived_once_and_mapped(team, monkeypatch):
    segment, column, _ = column_of(team, ["gold", "red"])
    store = EventStore(team.pk)
    monkeypatch.setattr(properties, "build", lambda *_: pytest.fail("derived again"))
    assert store.column(segment, "p") is column
    forget(monkeypatch)
    again = store.column(segment, "p")
    assert isinstance(again.values.base, np.memmap)
    assert texts_of(again) == texts_of(column)
    assert not again.values.flags.writeable


@pytest.mark.parametrize(
    "harm", ["gone", "cut", "flipped", "old format", "another file", "no meta", "nonsense", "name"]
)
def test_a_damaged_column_is_derived_again(team, harm, monkeypatch):
    segment, column, _ = column_of(team, ["gold", "red", "gold"])
    before = texts_of(column)
    store = EventStore(team.pk)
    home = properties.place(store.path(segment), "p")
    meta = json.loads((home / "meta.json").read_text())
    if harm == "gone":
        os.unlink(home / "texts.utf8")
    elif harm == "cut":
        os.truncate(home / "codes.i32", 8)
    elif harm == "flipped":
        (home / "texts.utf8").write_bytes(b"golfred")
    elif harm == "no meta":
        (home / "meta.json").unlink()
    elif harm == "nonsense":
        (home / "meta.json").write_text("[]")
    else:
        meta |= {"old format": {"format": 0}, "another file": {"checksum": "0"}, "name": {"name": "q"}}[harm]
        (home / "meta.json").write_text(json.dumps(meta))
    forget(monkeypatch)
    assert texts_of(store.column(segment, "p")) == before
    assert json.loads((home / "meta.json").read_text())["checksum"] == segment.checksum
    assert [path.name for path in home.parent.parent.iterdir() if path.name.startswith(".")] == []
    assert list((store.home / "work").iterdir()) == []


def test_a_damaged_segment_gives_no_column(team, monkeypatch):
    segment, _, _ = column_of(team, ["gold"])
    store = EventStore(team.pk)
    raw = bytearray(store.path(segment).read_bytes())
    raw[len(raw) // 2] ^= 1
    store.path(segment).write_bytes(raw)
    forget(monkeypatch)
    with pytest.raises(DamagedSegment, match=re.escape(segment.file)):
        store.column(segment, "p")


def test_properties_that_are_no_json_name_the_segment_and_leave_nothing(team):
    segment = give_events(make_dataset(team), [("anna", "view", 1, "{broken")])
    store = EventStore(team.pk)
    with pytest.raises(DamagedSegment, match=re.escape(segment.file)):
        store.column(segment, "p")
    assert [path.suffix for path in sorted(store.path(segment).parent.iterdir())] == [".index", ".parquet"]


def test_a_column_can_be_made_by_several_at_once(team, monkeypatch):
    segment, column, _ = column_of(team, ["gold", ..., "red"])
    store = EventStore(team.pk)
    path = store.path(segment)
    found, faults = [], []

    def make():
        try:
            for i in range(3):
                work = store.home / "work" / f"{threading.get_ident()}-{i}"
                properties.build(path, segment.file, "p", segment.rows, segment.checksum, work)
                found.append(texts_of(store.column(segment, "p")))
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert found == [texts_of(column)] * 9
    assert [one.name for one in path.parent.iterdir() if one.name.startswith(".")] == []


def test_a_snapshot_gives_the_columns_of_its_segments(team):
    dataset = make_dataset(team)
    give_events(dataset, [("anna", "view", 1, {"size": 1}), ("anna", "view", 2, {"size": 2})])
    give_events(dataset, [("anna", "view", 3, {"size": "large"})])
    store = EventStore(team.pk)
    snapshot = store.snapshot(dataset)
    columns = store.columns(snapshot, "size")
    assert [column.kind for column in columns] == ["number", "text"]
    assert [texts_of(column) for column in columns] == [["1", "2"], ["large"]]
    narrowed = store.snapshot(dataset, since=snapshot.rows[1].time_from)
    assert [column.kind for column in store.columns(narrowed, "size")] == ["text"]


def test_many_distinct_values_have_their_own_codes(team):
    dataset = make_dataset(team)
    values = [f"value {i * 7919 % 30_011:07}" for i in range(30_011)]
    segment = give_events(dataset, [("anna", "view", i, {"id": value}) for i, value in enumerate(values)])
    column = EventStore(team.pk).column(segment, "id")
    assert list(column.dictionary) == sorted(values)
    assert texts_of(column) == values


def test_the_sweep_keeps_columns_of_a_segment_and_takes_what_a_crash_left(team):
    segment, _, _ = column_of(team, ["gold"])
    store = EventStore(team.pk)
    path = store.path(segment)
    draft = path.with_name(f".{path.stem}.columns.0123")
    draft.mkdir()
    stranger = path.with_name("0123.columns")
    stranger.mkdir()
    for one in path.parent.rglob("*"):
        os.utime(one, (0, 0))
    assert sweep_orphan_files() == 2
    assert not draft.exists()
    assert not stranger.exists()
    assert properties.load(path, "p", segment.rows, segment.checksum) is not None


def test_another_team_gets_no_column(team):
    segment, _, _ = column_of(team, ["gold"])
    other = EventStore(Team.objects.create(name="Other", slug="other").pk)
    with pytest.raises(ValueError, match="another team's"):
        other.column(segment, "p")


def test_rows_stand_where_the_parquet_has_them(team):
    segment, column, _ = column_of(team, [f"v{i}" for i in range(50)])
    table = pq.read_table(EventStore(team.pk).path(segment), columns=["properties"])
    assert texts_of(column) == [json.loads(text)["p"] for text in table["properties"].to_pylist()]
