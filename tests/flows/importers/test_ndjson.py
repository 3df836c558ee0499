import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.importers import ndjson as importer
from flows.importers.faults import MAX_ROW, ImportFault
from tests.flows.files import micros, ndjson, read

ROW = {"user_id": "anna", "timestamp": "2024-01-01T10:00:00+01:00", "event": "view"}

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=6).filter(lambda s: s.isprintable()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~\"'$.[ é", max_size=3), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.text("abz/~\"'$.[]{} é", max_size=4)


def canonical(properties: dict) -> str:
    kept = {
        key: value
        for key, value in properties.items()
        if value not in (None, "", [], {}) or value is False or value == 0
    }
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@given(rows=st.lists(st.dictionaries(KEYS, VALUES, max_size=5), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_properties_are_the_same_whatever_the_order_of_keys(rows, tmp_path_factory):
    found = read(tmp_path_factory.mktemp("n"), ndjson(*({**row, **ROW} for row in rows)), "e.ndjson")
    turned = read(
        tmp_path_factory.mktemp("n"), ndjson(*(dict(reversed({**row, **ROW}.items())) for row in rows)), "e.ndjson"
    )
    assert [row["properties"] for row in found.rows] == [canonical(row) for row in rows]
    assert [row["content_key"] for row in found.rows] == [row["content_key"] for row in turned.rows]


def test_an_event_is_read_with_its_line(tmp_path):
    found = read(tmp_path, "\n" + ndjson({**ROW, "plan": "gold", "n": 1.50, "none": None, "empty": ""}), "e.ndjson")
    (row,) = found.rows
    assert (row["line"], row["actor"], row["event"]) == (2, "anna", "view")
    assert row["us"] == micros("2024-01-01T09:00:00+00:00")
    assert row["properties"] == '{"n":1.5,"plan":"gold"}'


def test_bad_lines_are_listed_and_good_ones_kept(tmp_path):
    good = json.dumps(ROW)
    lines = [
        good,
        "",
        "{not json}",
        "[1]",
        '"text"',
        good,
        '{"user_id": "bob"',
        json.dumps({**ROW, "user_id": None}),
        good,
    ]
    found = read(tmp_path, "\r\n".join(lines), "e.ndjson")
    assert [row["line"] for row in found.rows] == [1, 6, 9]
    not_json = "Not a JSON object"
    assert found.reasons == [(3, not_json), (4, not_json), (5, not_json), (7, not_json), (8, "No person")]
    assert found.rejects[0][4] == "{not json}"


def test_members_of_properties_are_columns_too(tmp_path):
    text = ndjson(
        {
            "event": "view",
            "properties": {"distinct_id": "anna", "time": 1_700_000_000, "plan": "x", "$os": "b"},
            "plan": "gold",
        },
        {"event": "buy", "properties": {"distinct_id": "bob", "time": 1_700_000_001}},
    )
    found = read(tmp_path, text, "e.ndjson")
    assert found.mapping == {"actor": "distinct_id", "event": "event", "time": "time"}
    assert [row["actor"] for row in found.rows] == ["anna", "bob"]
    assert found.rows[0]["us"] == 1_700_000_000_000_000
    assert found.rows[0]["properties"] == '{"$os":"b","plan":"gold"}'


def test_numbers_are_ids_and_names_as_they_are_written(tmp_path):
    found = read(tmp_path, ndjson({"user_id": 17, "timestamp": 1_700_000_000_123, "event": True}), "e.jsonl")
    assert (found.rows[0]["actor"], found.rows[0]["event"]) == ("17", "true")
    assert found.rows[0]["us"] == 1_700_000_000_123_000


def test_numbers_that_json_does_not_know_are_left_out(tmp_path):
    line = json.dumps(ROW)[:-1] + ', "a": NaN, "b": [{"c": Infinity}], "d": 1e400}\n'
    found = read(tmp_path, line, "e.ndjson")
    assert found.rows[0]["properties"] == '{"b":[{"c":null}]}'


def test_a_nul_byte_in_a_name_is_refused(tmp_path):
    found = read(tmp_path, ndjson({**ROW, "event": "vi\0ew"}, ROW, {**ROW, "user_id": "\0"}), "e.ndjson")
    assert found.reasons == [(1, "NUL byte"), (3, "NUL byte")]
    assert found.rejects[0][4] == "vi␀ew"


def test_json_nested_too_deeply_is_a_rejected_row(tmp_path):
    deep = json.dumps(ROW)[:-1] + ', "a": {"b": ' + '{"c":' * 5_000 + "1" + "}" * 5_000 + "}}\n"
    found = read(tmp_path, json.dumps(ROW) + "\n" + deep + json.dumps(ROW) + "\n", "e.ndjson")
    assert [row["line"] for row in found.rows] == [1, 3]
    assert found.reasons == [(2, "Not a JSON object")]


def test_a_large_field_is_rejected_alone(tmp_path):
    found = read(tmp_path, ndjson(ROW, {**ROW, "note": "x" * 1_000_000}, {**ROW, "user_id": "bob"}), "e.ndjson")
    assert [row["actor"] for row in found.rows] == ["anna", "bob"]
    assert found.reasons == [(2, "Field too large")]


def test_a_line_without_an_end_is_rejected_and_what_follows_is_read(tmp_path):
    good = json.dumps(ROW) + "\n"
    found = read(tmp_path, good + '{"a": "' + "x" * (MAX_ROW + 9_000_000) + '"}\n' + good, "e.ndjson")
    assert [row["line"] for row in found.rows] == [1, 3]
    assert found.reasons == [(2, "Field too large")]


def test_a_row_of_too_many_fields_is_rejected_alone(tmp_path):
    wide = {**ROW, **{f"k{i}": i for i in range(3_000)}}
    found = read(tmp_path, ndjson(*[ROW] * 30_000) + ndjson(wide, ROW), "e.ndjson")
    assert len(found.rows) == 30_001
    assert found.reasons == [(30_001, "Too many fields")]


def test_rows_that_share_no_fields_are_all_read(tmp_path):
    rows = [{**ROW, **{f"k{i}-{j}": j for j in range(150)}} for i in range(60)]
    padding = [{**ROW, "pad": "x" * 100}] * 12_000
    found = read(tmp_path, ndjson(*padding, *rows), "e.ndjson")
    assert len(found.rows) == 12_060
    assert json.loads(found.rows[-1]["properties"]) == {f"k59-{j}": j for j in range(150)}


def test_lines_are_counted_over_blocks(tmp_path, monkeypatch):
    rows = [{**ROW, "user_id": f"u{i}"} for i in range(500)]
    lines = [json.dumps(row) for row in rows]
    lines[321] = "oops"
    original = importer.Source.chunks
    monkeypatch.setattr(importer.Source, "chunks", lambda self, size=0: original(self, 777))
    found = read(tmp_path, "\n".join(lines), "e.ndjson")
    assert found.reasons == [(322, "Not a JSON object")]
    assert [row["line"] for row in found.rows] == [i for i in range(1, 501) if i != 322]


def test_a_json_array_is_told_apart(tmp_path):
    with pytest.raises(ImportFault, match="one JSON array"):
        read(tmp_path, json.dumps([ROW]), "e.json")


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    with pytest.raises(ImportFault, match=r"e\.ndjson is not UTF-8: byte 0xe9 in line 2 "):
        read(tmp_path, ndjson(ROW).encode() + b'{"user_id": "caf\xe9"}\n', "e.ndjson")
