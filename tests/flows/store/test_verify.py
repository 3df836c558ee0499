"""Every harm that can come to a file of the store is found and named, and what is derived is made again."""

import json
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.models import Segment
from flows.store import EventStore, disk, events, index, properties, verify
from flows.store.verify import verify_segment
from tests.flows.events import events_of, make_dataset, stored_files
from tests.flows.rows import give_events

pytestmark = pytest.mark.django_db

ROWS = [(f"p{i % 7}", "abc"[i % 3], i % 4, {"plan": "gold", "size": i}, f"session {i % 5}") for i in range(40)]


@pytest.fixture
def segment(team) -> Segment:
    found = give_events(make_dataset(team), ROWS)
    store = EventStore(team.pk)
    assert (store.column(found, "plan").kind, store.column(found, "size").kind) == ("text", "number")
    return found


def flip(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def home(segment, part):
    path = disk.root() / segment.file
    return index.directory(path) if part == "index" else properties.place(path, part)


def said(problems):
    return [(problem.part, problem.what, problem.repaired) for problem in problems]


def test_a_whole_segment_has_no_problems_and_nothing_is_left_behind(team, segment):
    before = stored_files(team)
    assert verify_segment(segment) == []
    assert verify_segment(segment, repair=True) == []
    assert stored_files(team) == before


@pytest.mark.parametrize(
    ("part", "file", "harm"),
    [
        *(("index", name, "flipped") for name in (*index.FILES, "meta.json")),
        *(("plan", name, "flipped") for name in ("codes.i32", "texts.utf8", "offsets.i64")),
        ("size", "values.f64", "flipped"),
        ("index", "starts.i64", "cut"),
        ("plan", "codes.i32", "cut"),
        ("index", "times.i64", "gone"),
        ("size", "values.f64", "gone"),
        ("index", "keys.u64", "more"),
    ],
)
def test_a_derived_file_that_differs_is_named_and_made_again(team, segment, part, file, harm, monkeypatch):
    before, files = events_of(segment.dataset), stored_files(team)
    path = home(segment, part) / file
    whole = path.read_bytes()
    if harm == "flipped":
        flip(path)
    elif harm == "cut":
        os.truncate(path, len(whole) - 1)
    elif harm == "gone":
        path.unlink()
    else:
        path = path.with_name("stranger")
        path.write_bytes(b"")
    what = {"gone": f"{file} is missing", "more": "stranger does not belong there"}
    what = what.get(harm, f"{file} is not what the segment says")
    kind = "index" if part == "index" else "column"
    assert said(verify_segment(segment)) == [(kind, what, False)]
    assert said(verify_segment(segment, repair=True)) == [(kind, what, True)]
    assert verify_segment(segment) == []
    assert stored_files(team) == files
    monkeypatch.setattr(events, "_opened", events._Opened())
    assert events_of(segment.dataset) == before


def test_a_missing_index_is_made_again(segment):
    shutil.rmtree(home(segment, "index"))
    assert said(verify_segment(segment, repair=True)) == [("index", "it is missing", True)]
    assert verify_segment(segment) == []


def test_an_index_that_is_consistent_in_itself_but_of_other_events_is_found(team, segment):
    other = give_events(make_dataset(team, "Shop"), [(who, "other", at, {}) for who, _, at, *_ in ROWS])
    shutil.rmtree(home(segment, "index"))
    shutil.copytree(home(other, "index"), home(segment, "index"))
    meta = home(segment, "index") / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"checksum": segment.checksum}))
    assert [problem.part for problem in verify_segment(segment, repair=True)] == ["index"]
    assert verify_segment(segment) == []


def test_a_column_that_does_not_say_whose_it_is_goes(segment):
    (home(segment, "plan") / "meta.json").write_text("{}")
    what = ("column", "it does not say which property it holds")
    assert said(verify_segment(segment)) == [(*what, False)]
    assert said(verify_segment(segment, repair=True)) == [(*what, True)]
    assert not home(segment, "plan").exists()
    assert verify_segment(segment) == []


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (lambda path: path.unlink(), "it is missing"),
        (flip, "its bytes are not those that were written"),
        (lambda path: os.truncate(path, 64), "it has 64 bytes instead of"),
    ],
)
def test_a_damaged_segment_is_named_and_not_repaired(team, segment, harm, what):
    harm(disk.root() / segment.file)
    files = stored_files(team)
    (problem,) = verify_segment(segment, repair=True)
    assert (problem.part, problem.repaired) == ("segment", False)
    assert segment.file in problem.what
    assert what in problem.what
    assert stored_files(team) == files


def rewritten(segment, change) -> Segment:
    """The segment with another content of which checksum and size are right."""
    path = disk.root() / segment.file
    pq.write_table(change(pq.read_table(path)), path, row_group_size=16)
    segment.bytes, segment.checksum = path.stat().st_size, disk.checksum(path)
    return segment


def swapped(table, first, second):
    order = np.arange(table.num_rows)
    order[[first, second]] = order[[second, first]]
    return table.take(order)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda table: table.slice(1), "39 rows instead of 40"),
        (lambda table: swapped(table, 3, 4), "not in order"),
        (lambda table: swapped(table, 15, 16), "not in order"),
        (lambda table: table.drop_columns(["sequence"]), "cannot be read"),
        (lambda table: table.set_column(0, "actor_key", pa.array([0] * 40, pa.uint64())), "not in order"),
    ],
)
def test_content_is_checked_even_where_the_checksum_is_right(segment, change, what):
    assert {problem.part for problem in verify_segment(rewritten(segment, lambda table: table))} == {"index", "column"}
    (problem,) = verify_segment(rewritten(segment, change))
    assert problem.part == "segment"
    assert what in problem.what


def test_times_must_be_those_of_the_row(segment):
    segment.time_through = segment.time_from
    (problem,) = verify_segment(segment)
    assert "first or last time" in problem.what


def test_the_order_of_arrival_counts(segment):
    def turned(table):
        at = table.column_names.index("sequence")
        return table.set_column(at, "sequence", pa.array(100 - np.asarray(table["sequence"])))

    (problem,) = verify_segment(rewritten(segment, turned))
    assert "not in order" in problem.what


def test_properties_that_are_no_json_are_damage(team):
    segment = give_events(make_dataset(team), [("anna", "view", 1, "{broken")])
    place = properties.place(disk.root() / segment.file, "p")
    place.mkdir(parents=True)
    (place / "meta.json").write_text(json.dumps({"name": "p"}))
    (problem,) = verify.verify_segment(segment, repair=True)
    assert (problem.part, problem.repaired) == ("segment", False)
    assert "properties cannot be read" in problem.what
