"""CSV against Python's `csv` module, which decides what a row is and on which line it begins."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.importers import csv as importer
from flows.importers import tokens
from flows.importers.faults import MAX_FIELD, MAX_ROW, ImportFault
from flows.importers.source import Source
from tests.flows.files import micros, read, write

HEAD = "user_id,timestamp,event"


def python_rows(text: str, delimiter: str = ",") -> list[tuple[int, list[str]]]:
    """(line on which the row begins, fields) of every row that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, line = [], 1
    for fields in reader:
        if fields:
            rows.append((line, fields))
        line = reader.line_num + 1
    return rows


def closes(text: str) -> bool:
    """Whether no quote is open at the end of the text: only there do we differ from `csv`, on purpose."""
    marker = "\n\x02"
    rows = list(csv.reader(io.StringIO(text + marker, newline="")))
    return bool(rows) and rows[-1] == ["\x02"]


def our_rows(text: str, width: int, tmp_path, monkeypatch, block: int) -> tuple[list, list]:
    """Rows as (line, fields) and bad rows as (line, number of fields), cut into blocks of `block` bytes."""
    monkeypatch.setattr(importer, "MAX_COLUMNS", 10_000)
    header = ",".join(f"c{i}" for i in range(width))
    path = write(tmp_path / "x.csv", header + "\n" + text)
    reader = importer.CsvReader(Source(path, "x.csv"), None, delimiter=",")
    chunks = reader.source.chunks
    reader.source.chunks = lambda: chunks(block)
    good, bad = [], []
    monkeypatch.setattr(reader, "_block", lambda found: found)
    monkeypatch.setattr(reader, "mapping", {})
    for found in reader.blocks():
        columns = [found.texts(column).to_pylist() for column in range(width)]
        good += [
            (int(line) - 1, list(fields))
            for line, fields in zip(found.lines[: found.rows], zip(*columns, strict=True), strict=True)
        ]
        bad += [(int(line) - 1, int(number)) for line, _, number, _, _ in found.bad]
    return good, bad


@given(
    text=st.text(alphabet='ab,"\n\r é', max_size=60).filter(closes),
    block=st.integers(min_value=1, max_value=40),
)
@settings(max_examples=300, deadline=None)
def test_rows_and_lines_are_those_of_python(text, block, tmp_path_factory):
    expected = python_rows(text)
    with pytest.MonkeyPatch.context() as monkeypatch:
        good, bad = our_rows(text, 3, tmp_path_factory.mktemp("csv"), monkeypatch, block)
    assert good == [row for row in expected if len(row[1]) == 3]
    assert bad == [(line, len(fields)) for line, fields in expected if len(fields) != 3]


@given(
    rows=st.lists(
        st.lists(st.text(alphabet='x,";\n\r\té漢\\\x07', max_size=8), min_size=2, max_size=4),
        min_size=1,
        max_size=12,
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_read_and_rejects_name_their_lines(rows, delimiter, ending, tmp_path_factory):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(["user_id", "time", "event", "note"])
    for row in rows:
        # Rows of another width than four are rejected, the others have a good time in their second column.
        writer.writerow([row[0] or "p", "2024-01-01" if len(row) > 2 else "never", *row[2:], *["e"][: len(row) > 2]])
    text = out.getvalue()
    found = read(tmp_path_factory.mktemp("csv"), text)
    expected = python_rows(text, delimiter)[1:]
    good = {row["line"]: row["actor"] for row in found.rows}
    bad = dict(found.reasons)
    assert sorted([*good, *bad]) == [line for line, _ in expected]
    for line, fields in expected:
        if len(fields) != 4:
            assert bad[line] == "Wrong number of columns"
        elif line in good:
            assert good[line] == fields[0]


@given(values=st.lists(st.text(max_size=12).filter(lambda s: "\0" not in s), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_properties_are_the_json_that_python_writes(values, tmp_path_factory):
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return
    names = [f"k{i}" for i in range(len(values))]
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["user_id", "time", "event", *reversed(names)])
    writer.writerow(["p", "2024-01-01", "e", *reversed(values)])
    found = read(tmp_path_factory.mktemp("csv"), out.getvalue())
    kept = {name: value for name, value in zip(names, values, strict=True) if value}
    assert found.rows[0]["properties"] == json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x1f", "\x01"])
def test_the_delimiter_is_detected(delimiter, tmp_path):
    rows = ["user_id,timestamp,event,note", *(f"u{i},2024-05-0{i + 1}T10:00:00Z,view,a: b" for i in range(5))]
    found = read(tmp_path, "\n".join(row.replace(",", delimiter) for row in rows))
    assert [row["actor"] for row in found.rows] == ["u0", "u1", "u2", "u3", "u4"]
    assert found.rows[0]["properties"] == '{"note":"a: b"}'


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    found = read(tmp_path, b"\xef\xbb\xbf" + f"{HEAD}\nanna,2024-01-01,view\n".encode())
    assert found.columns[0] == "user_id"
    assert found.rows[0]["line"] == 2


def test_lines_are_counted_through_blank_lines_and_quoted_breaks(tmp_path):
    text = f'{HEAD}\r\n\r\n"anna\r\nray",2024-01-01,view\r\nbob,never,view\r\n\r\nbob,2024-01-01\r\nbob,2024-01-01,buy'
    found = read(tmp_path, text)
    assert [(row["line"], row["actor"]) for row in found.rows] == [(3, "anna\r\nray"), (8, "bob")]
    assert found.reasons == [(5, "Not a time"), (7, "Wrong number of columns")]
    assert found.rejects[0][1:] == ("Time", "Not a time", "Not a time", "never")
    assert found.rejects[1][3] == "3 columns expected, 2 found"
    assert found.rejects[1][4] == "bob,2024-01-01"


def test_a_quote_that_never_closes_costs_one_line(tmp_path):
    found = read(tmp_path, f'{HEAD}\nanna,2024-01-01,view\nbob,2024-01-01,"vi\ncarl,2024-01-01,buy\n')
    assert [row["actor"] for row in found.rows] == ["anna", "carl"]
    assert found.reasons == [(3, "Quote never closed")]


def test_a_quote_that_never_closes_costs_one_line_of_a_large_file_too(tmp_path):
    row = "carl,2024-01-01,buy\n"
    rows = MAX_ROW // len(row) + 1_000
    found = read(tmp_path, f'{HEAD}\nbob,2024-01-01,"vi\n' + row * rows)
    assert len(found.rows) == rows
    assert found.reasons == [(2, "Quote never closed")]
    assert found.rows[-1]["line"] == rows + 2


def test_a_field_of_a_megabyte_is_rejected_alone(tmp_path):
    large = "x" * 1_000_000
    found = read(
        tmp_path, f'{HEAD},note\nanna,2024-01-01,view,{large}\nbob,2024-01-01,view,"{large}"\ncarl,2024-01-01,buy,\n'
    )
    assert [row["actor"] for row in found.rows] == ["carl"]
    assert found.reasons == [(2, "Field too large"), (3, "Field too large")]
    assert found.rejects[0][1] == "note"
    assert len(found.rejects[0][4]) == 200
    assert MAX_FIELD < 1_000_000


def test_a_line_without_an_end_is_rejected_and_what_follows_is_read(tmp_path):
    endless = "x" * (MAX_ROW + 9_000_000)
    found = read(tmp_path, f"{HEAD}\nanna,2024-01-01,view\n{endless}\ncarl,2024-01-01,buy\n")
    assert [(row["line"], row["actor"]) for row in found.rows] == [(2, "anna"), (4, "carl")]
    assert found.reasons == [(3, "Field too large")]


def test_nul_bytes_reject_their_row(tmp_path):
    found = read(tmp_path, f"{HEAD}\nan\0na,2024-01-01,view\nbob,2024-01-01,buy\n")
    assert [row["actor"] for row in found.rows] == ["bob"]
    assert found.rejects == [(2, "Person", "NUL byte", "A NUL byte stands in this row", "an␀na,2024-01-01,view")]


def test_many_rows_over_many_blocks_keep_their_lines(tmp_path):
    rows = [f"u{i % 977},{1_700_000_000 + i},e{i % 7},{'y' * 40}" for i in range(300_000)]
    rows[123_456] = "u1,soon,e1,z"
    rows[299_999] = "u1,2"
    found = read(tmp_path, HEAD + ",note\n" + "\n".join(rows))
    assert found.reasons == [(123_458, "Not a time"), (300_001, "Wrong number of columns")]
    assert found.rows[200_000]["line"] == 200_003
    assert found.rows[200_000]["us"] == (1_700_000_000 + 200_001) * 1_000_000


def test_a_column_called_properties_is_taken_apart(tmp_path):
    text = (
        HEAD
        + ',properties,plan\nanna,2024-01-01,view,"{""plan"":""x"",""n"":1,""none"":null}",gold\n'
        + "bob,2024-01-01,view,{,\n"
    )
    found = read(tmp_path, text)
    assert [row["properties"] for row in found.rows] == ['{"n":1,"plan":"gold"}', '{"properties":"{"}']


def test_columns_of_the_same_name_are_told_apart(tmp_path):
    found = read(tmp_path, "user_id,time,event,x,x,\nanna,2024-01-01,view,1,2,3\n")
    assert found.columns == ["user_id", "time", "event", "x", "x (2)", "column 6"]
    assert found.rows[0]["properties"] == '{"column 6":"3","x":"1","x (2)":"2"}'


def test_the_columns_that_were_named_are_used(tmp_path):
    text = "case:concept:name,concept:name,time:timestamp,who\nc1,Ask,2011-10-11 13:45:40.276000+02:00,me\n"
    mapping = {"actor": "case:concept:name", "event": "concept:name", "time": "time:timestamp"}
    found = read(tmp_path, text, mapping=mapping)
    assert found.rows[0]["actor"] == "c1"
    assert found.rows[0]["us"] == micros("2011-10-11T11:45:40.276+00:00")
    assert found.rows[0]["properties"] == '{"who":"me"}'


def test_text_that_is_not_utf8_names_its_line(tmp_path):
    text = f"{HEAD}\nanna,2024-01-01,view\n".encode() + "bob,2024-01-01,café\n".encode("latin-1")
    with pytest.raises(ImportFault, match=r"events\.csv is not UTF-8: byte 0xe9 in line 3 cannot be read"):
        read(tmp_path, text)


@given(text=st.text(alphabet="a\n\r", max_size=30))
def test_lines_are_counted_as_python_counts_them(text):

    raw = text.encode() + b"."
    assert (
        tokens.count_lines(np.frombuffer(raw, np.uint8), len(raw) - 1)
        == len(io.StringIO(text + ".", newline="").readlines()) - 1
    )
