from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.importers.faults import ImportFault
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
