import gzip
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.duck import connect
from flows.importers import Source, inspect, open_reader
from flows.importers import parquet as reading
from flows.importers.faults import ImportFault
from flows.importers.widths import BUDGET
from tests.flows.files import micros, read, read_file, write

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def parquet(tmp_path, columns: dict, name: str = "e.parquet"):
    pq.write_table(pa.table(columns), tmp_path / name)
    return tmp_path / name


def test_typed_columns_become_roles_and_properties(tmp_path):
    path = parquet(
        tmp_path,
        {
            "user_id": pa.array([7, None, 9], pa.int64()),
            "event": ["view", "view", "buy"],
            "timestamp": pa.array([NOON] * 3, pa.timestamp("us", tz="Europe/Amsterdam")),
            "amount": [Decimal("1.50"), None, None],
            "on": [True, False, None],
            "day": [date(2024, 5, 1), None, None],
            "where": [{"z": 1, "a": {"y": None, "x": "é"}}, None, {"z": None, "a": None}],
            "tags": [["b", "a"], [], None],
        },
    )
    found = read_file(path, tmp_path)
    assert [(row["line"], row["actor"]) for row in found.rows] == [(1, "7"), (3, "9")]
    assert found.rows[0]["us"] == micros("2024-01-01T12:00:00+00:00")
    assert found.rows[0]["properties"] == (
        '{"amount":1.5,"day":"2024-05-01","on":true,"tags":["b","a"],"where":{"a":{"x":"é","y":null},"z":1}}'
    )
    assert found.reasons == [(2, "No person")]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.timestamp("s"), NOON.replace(tzinfo=None)),
        (pa.timestamp("ms"), NOON.replace(tzinfo=None)),
        (pa.timestamp("ns"), NOON.replace(tzinfo=None)),
        (pa.timestamp("us", tz="UTC"), NOON),
        (pa.int64(), 1_704_110_400),
        (pa.int64(), 1_704_110_400_000),
        (pa.float64(), 1_704_110_400.0),
        (pa.string(), "2024-01-01T13:00:00+01:00"),
        (pa.large_string(), "2024-01-01 12:00"),
    ],
)
def test_every_kind_of_time_is_the_same_moment(kind, value, tmp_path):
    path = parquet(tmp_path, {"user_id": ["a"], "event": ["e"], "time": pa.array([value], kind)})
    assert read_file(path, tmp_path).rows[0]["us"] == 1_704_110_400_000_000


def test_packed_parquet_is_unpacked(tmp_path):
    raw = parquet(tmp_path, {"user_id": ["a"], "event": ["e"], "time": [NOON]}).read_bytes()
    for name in ("p.parquet.gz", "p.parquet.zst"):
        assert len(read(tmp_path, raw, name).rows) == 1


def test_a_cut_off_file_is_refused(tmp_path):
    raw = parquet(tmp_path, {"user_id": ["a"] * 1000, "event": ["e"] * 1000, "time": [NOON] * 1000}).read_bytes()
    for cut in (raw[: len(raw) // 2], raw[:-20], raw[:8]):
        with pytest.raises(ImportFault, match=r"cut\.parquet is a damaged or cut off Parquet file"):
            read(tmp_path, cut, "cut.parquet")


def test_damage_in_the_middle_is_refused(tmp_path):
    path = parquet(tmp_path, {"user_id": [str(i) for i in range(5000)], "event": ["e"] * 5000, "time": [NOON] * 5000})
    raw = bytearray(path.read_bytes())
    raw[200:4000] = b"\xff" * 3800
    with pytest.raises(ImportFault, match="Parquet"):
        read_file(write(tmp_path / "hurt.parquet", bytes(raw)), tmp_path)


def test_a_file_without_rows_is_refused(tmp_path):
    path = parquet(tmp_path, {"user_id": pa.array([], pa.string()), "event": pa.array([], pa.string())})
    with pytest.raises(ImportFault, match=r"e\.parquet has no rows"):
        read_file(path, tmp_path)


def test_large_fields_and_hostile_names_do_no_harm(tmp_path):
    hostile = "a\"b'c; DROP TABLE x --"
    path = parquet(
        tmp_path,
        {
            "user_id": ["a", "b"],
            "event": ["e", "e"],
            "time": [NOON] * 2,
            hostile: ["x" * 1_000_000, "y"],
            "": ["1", "2"],
        },
    )
    found = read_file(path, tmp_path)
    assert found.reasons == [(1, "Field too large")]
    assert found.rows[0]["properties"] == '{"":"2","a\\"b\'c; DROP TABLE x --":"y"}'


def test_nested_texts_of_every_kind_are_read(tmp_path):
    path = parquet(
        tmp_path,
        {
            "user_id": pa.array(["a", "b"], pa.large_string()),
            "event": pa.array(["e", "e"]).dictionary_encode(),
            "time": [NOON] * 2,
            "bytes": [b"x", None],
            "code": pa.array([b"ab", None], pa.binary(2)),
            "view": pa.array(["v", None], pa.string_view()),
            "list": [[{"z": "w"}, None], None],
            "map": pa.array([[("k", "v")], None], pa.map_(pa.string(), pa.string())),
            "pair": pa.array([["p", "q"], None], pa.list_(pa.string(), 2)),
        },
    )
    found = read_file(path, tmp_path)
    assert [row["actor"] for row in found.rows] == ["a", "b"]
    assert found.rows[0]["properties"] == (
        '{"bytes":"eA==","code":"YWI=","list":[{"z":"w"},null],"map":{"k":"v"},"pair":["p","q"],"view":"v"}'
    )
    assert found.rows[1]["properties"] == "{}"


@pytest.mark.parametrize("nested", [False, True])
def test_a_value_repeated_in_every_row_is_decoded_in_bounded_parts(nested, tmp_path):
    rows = 8_000
    same = pa.array([0] * rows, pa.int8())
    large = pa.DictionaryArray.from_arrays(same, pa.array(["x" * 20_000]))
    large = pa.StructArray.from_arrays([large], ["inner"]) if nested else large
    columns = {"user_id": ["u"] * rows, "event": ["e"] * rows, "time": [NOON] * rows, "large": large}
    pq.write_table(pa.table(columns), tmp_path / "e.parquet", compression="zstd", store_schema=False)
    assert (tmp_path / "e.parquet").stat().st_size < 10_000
    sizes = []
    with connect(tmp_path / "work") as con:
        source = Source(tmp_path / "e.parquet", "e.parquet")
        reader = open_reader(source, con, tmp_path / "work", mapping={})
        for table, rejects in reader._tables():
            assert not rejects
            sizes.append((table.num_rows, table.nbytes))
    assert sum(count for count, _ in sizes) == rows
    assert max(size for _, size in sizes) < 1.1 * BUDGET


def test_a_row_too_large_as_a_whole_is_rejected_before_it_is_decoded(tmp_path):
    path = parquet(
        tmp_path,
        {"user_id": ["a", "b"], "event": ["e"] * 2, "time": [NOON] * 2, "list": [["x" * 1000] * 20_000, ["y"]]},
    )
    found = read_file(path, tmp_path)
    assert found.reasons == [(1, "Field too large")]
    assert found.rows[0]["line"] == 2


def test_lines_count_on_across_row_groups_and_rejects(tmp_path):
    texts = ["x" * 300_000 if row % 3 == 1 else "y" for row in range(50)]
    table = pa.table({"user_id": ["a"] * 50, "event": ["e"] * 50, "time": [NOON] * 50, "text": texts})
    pq.write_table(table, tmp_path / "e.parquet", row_group_size=7)
    found = read_file(tmp_path / "e.parquet", tmp_path)
    assert [line for line, _ in found.reasons] == [row + 1 for row in range(50) if row % 3 == 1]
    assert [row["line"] for row in found.rows] == [row + 1 for row in range(50) if row % 3 != 1]


def test_a_look_at_a_file_reads_a_few_rows(tmp_path, monkeypatch):
    path = parquet(tmp_path, {"user_id": ["a"] * 5000, "event": ["e"] * 5000, "time": [NOON] * 5000})
    read_rows = []
    decode = reading.ParquetReader._decode

    def count(self, batch, too_large):
        read_rows.append(batch.num_rows)
        return decode(self, batch, too_large)

    monkeypatch.setattr(reading.ParquetReader, "_decode", count)
    assert len(inspect(path, path.name, tmp_path / "work").rows) == 7
    assert read_rows == [100]


def test_zeros_packed_as_parquet_are_refused_at_their_beginning(tmp_path):
    packed = gzip.compress(b"PAR1" + bytes(50_000_000), 1)
    (tmp_path / "z.parquet.gz").write_bytes(packed)
    with pytest.raises(ImportFault, match="only zeros"):
        inspect(tmp_path / "z.parquet.gz", "z.parquet.gz", tmp_path / "work")
    assert not (tmp_path / "work" / "unpacked.parquet").exists()


def test_what_packs_better_than_parquet_can_is_refused_early(tmp_path):
    (tmp_path / "z.parquet.gz").write_bytes(gzip.compress(b"PAR1" + b"\x15" * 60_000_000))
    with pytest.raises(ImportFault, match="more than 100 times its size"):
        read_file(tmp_path / "z.parquet.gz", tmp_path)
    assert (tmp_path / "work" / "unpacked.parquet").stat().st_size < 45_000_000


@pytest.mark.parametrize(
    ("limits", "message"),
    [({"_INSPECTED": 1000}, "upload the Parquet file itself, unpacked"), ({"RESERVE": 1 << 60}, "too little room")],
)
def test_a_packed_file_larger_than_there_is_room_for_is_refused(limits, message, tmp_path, monkeypatch):
    raw = parquet(tmp_path, {"user_id": [str(row) for row in range(900)], "event": ["e"] * 900}).read_bytes()
    for name, value in limits.items():
        monkeypatch.setattr(f"flows.importers{'' if name == '_INSPECTED' else '.parquet'}.{name}", value)
    write(tmp_path / "p.parquet.zst", raw)
    with pytest.raises(ImportFault, match=message):
        inspect(tmp_path / "p.parquet.zst", "p.parquet.zst", tmp_path / "work")


def test_a_packed_file_that_does_not_end_as_parquet_is_refused(tmp_path):
    raw = parquet(tmp_path, {"user_id": ["a"], "event": ["e"], "time": [NOON]}).read_bytes()
    with pytest.raises(ImportFault, match="does not end as one"):
        read(tmp_path, raw[:-6], "p.parquet.gz")
