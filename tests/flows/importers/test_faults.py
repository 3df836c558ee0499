"""Files that cannot be imported at all: one clear sentence, naming the file."""

import gzip
from random import Random

import pyarrow as pa
import pytest

from flows.importers import inspect
from flows.importers.faults import ImportFault
from tests.flows.files import read, read_file, write

HEAD = "user_id,timestamp,event\n"
GOOD = HEAD + "anna,2024-01-01,view\n"
LONG = HEAD + "".join(f"u{i},2024-01-01,e{i * 7919}\n" for i in range(50_000))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("e.csv", b"", "e.csv is empty."),
        ("e.csv", b" \n\r\n ", "e.csv is empty."),
        ("e.csv.gz", b"", "e.csv.gz is empty."),
        ("e.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "it is a PNG picture"),
        ("e.csv", b"PK\x03\x04" + b"x" * 100, "a ZIP archive or a spreadsheet"),
        ("e.csv", b"%PDF-1.7 ...", "a PDF document"),
        ("e.csv", b"PAR1" + b"x" * 100 + b"PAR1", "e.csv is not CSV: what stands in it is Parquet."),
        ("e.ndjson", GOOD, "e.ndjson is not NDJSON: what stands in it is CSV."),
        ("e.parquet", GOOD, "e.parquet is not Parquet: what stands in it is CSV."),
        ("e.csv", '{"user_id": "a"}\n', "e.csv is not CSV: what stands in it is NDJSON."),
        ("e.csv", GOOD.encode("utf-16"), "e.csv is UTF-16; only UTF-8 can be read"),
        ("e.csv", Random(7).randbytes(5000), "e.csv is not"),
        (
            "e.csv",
            "user_id timestamp event\nanna 2024-01-01 view\n",
            "has one column only: no delimiter was found in line 1",
        ),
        (
            "e.csv",
            "user_id,when\nanna,2024-01-01\n",
            "No column of e.csv is known to be the event; name it. Its columns are: user_id, when.",
        ),
        (
            "e.csv",
            ",".join(f"c{i}" for i in range(10_000)) + "\n",
            "e.csv has 10,000 columns in line 1; at most 1,000 can be read.",
        ),
        ("e.csv", HEAD.replace("\n", "") + ',x"\0"\n', "no readable header in line 1"),
        ("e.ndjson", "[1]\n", "is one JSON array"),
    ],
)
def test_the_reason_is_said(name, data, said, tmp_path):
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(ImportFault) as fault:
        read_file(path, tmp_path)
    assert said in str(fault.value)
    assert name in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path):
    said = r"has no column 'customer' for person\. Its columns are: user_id, timestamp, event"
    with pytest.raises(ImportFault, match=said):
        read(tmp_path, GOOD, mapping={"actor": "customer", "event": "event", "time": "timestamp"})


def test_a_column_with_two_meanings_is_refused(tmp_path):
    with pytest.raises(ImportFault, match=r"'event' of events\.csv is given two meanings"):
        read(tmp_path, GOOD, mapping={"actor": "event", "event": "event", "time": "timestamp"})


@pytest.mark.parametrize("kept", [0.999, 0.9, 0.5, 0.1, 0.01])
def test_packed_data_that_ends_early_is_told(kept, tmp_path):
    packed = gzip.compress(LONG.encode())
    (tmp_path / "e.csv.gz").write_bytes(packed[: int(len(packed) * kept)])
    with pytest.raises(ImportFault, match=r"e\.csv\.gz is cut off: its gzip data ends early"):
        inspect_and_read(tmp_path, "e.csv.gz")
    packed = pa.compress(LONG.encode(), codec="zstd", asbytes=True)
    (tmp_path / "e.csv.zst").write_bytes(packed[: int(len(packed) * kept)])
    with pytest.raises(ImportFault, match=r"e\.csv\.zst is (cut off|damaged)"):
        inspect_and_read(tmp_path, "e.csv.zst")


def inspect_and_read(tmp_path, name: str):
    return read_file(tmp_path / name, tmp_path)


def test_damaged_packed_data_is_told(tmp_path):
    packed = bytearray(gzip.compress(LONG.encode()))
    packed[len(packed) // 2] ^= 0xFF
    (tmp_path / "e.csv.gz").write_bytes(bytes(packed))
    with pytest.raises(ImportFault, match=r"e\.csv\.gz is (damaged|cut off|not UTF-8)"):
        inspect_and_read(tmp_path, "e.csv.gz")


def test_a_name_that_claims_to_be_packed_is_checked(tmp_path):
    (tmp_path / "e.csv.gz").write_bytes(GOOD.encode())
    with pytest.raises(ImportFault, match="named as gzip data, but it is not"):
        inspect_and_read(tmp_path, "e.csv.gz")


def test_a_bomb_is_not_unpacked(tmp_path):
    bomb = gzip.compress(gzip.compress((HEAD + "a" * 200_000_000).encode(), 9), 9)
    (tmp_path / "e.csv.gz").write_bytes(bomb)
    with pytest.raises(ImportFault, match="gzip file inside another"):
        inspect_and_read(tmp_path, "e.csv.gz")


@pytest.mark.parametrize("name", ["e.csv", "e.csv.gz", "e.csv.zst", "e.tsv", "e.txt", "e"])
def test_what_is_well_is_read(name, tmp_path):
    data = GOOD.replace(",", "\t") if name == "e.tsv" else GOOD
    assert len(read(tmp_path, data, name).rows) == 1


def test_gzip_of_several_members_is_one_file(tmp_path):
    (tmp_path / "e.csv.gz").write_bytes(
        gzip.compress(GOOD.encode()) + gzip.compress(b"bob,2024-01-02,buy\n") + b"\0" * 512
    )
    assert [row["actor"] for row in inspect_and_read(tmp_path, "e.csv.gz").rows] == ["anna", "bob"]


def test_an_inspection_shows_the_first_rows_and_guesses(tmp_path):
    text = "occurred_at,Customer,event name,amount\n2024-01-01T10:00:00+01:00,anna,view,1.5\n"
    text += "2024-01-02T10:00:00Z,bob,buy,\n"
    found = inspect(write(tmp_path / "e.csv.gz", text), "e.csv.gz", tmp_path / "work")
    assert found.description == "CSV, comma, UTF-8, gzip"
    assert found.mapping == {"time": "occurred_at", "actor": "Customer", "event": "event name"}
    assert [(column.name, column.kind, column.role) for column in found.columns] == [
        ("occurred_at", "ISO, with zone", "time"),
        ("Customer", "Text", "actor"),
        ("event name", "Text", "event"),
        ("amount", "Number", ""),
    ]
    assert found.rows[1] == ["2024-01-02T10:00:00Z", "bob", "buy", ""]
