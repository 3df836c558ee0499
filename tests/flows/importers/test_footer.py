"""What a Parquet file claims is held against what it is, before anything is allocated for it."""

import struct
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.duck import connect
from flows.importers import Source, footer, open_reader
from flows.importers.faults import ImportFault
from flows.importers.footer import check_footer, check_pages
from flows.importers.widths import MOST_ROWS, row_groups_together
from tests.flows.files import read_file

LIES = "claims to hold more than it can"


def table(rows: int, seed: int = 1) -> pa.Table:
    numbers = np.random.default_rng(seed).integers(0, 1 << 60, rows)
    texts = [f"{number:020}" * 5 for number in numbers.tolist()]
    return pa.table(
        {
            "user_id": texts,
            "event": pa.array(["view"] * rows).dictionary_encode(),
            "time": pa.array([1_704_110_400 + row for row in range(rows)]),
            "list": [[{"a": 1}, None], None] * (rows // 2),
        }
    )


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_honest_files_of_every_kind_pass(tmp_path, version, compression, dictionary):
    path = tmp_path / "e.parquet"
    pq.write_table(
        table(4_000), path, compression=compression, use_dictionary=dictionary, data_page_version=version,
        data_page_size=4_000, row_group_size=1_500, write_page_index=True, write_page_checksum=True,
    )  # fmt: skip
    metadata = pq.read_metadata(path)
    check_footer("e", metadata, path.stat().st_size)
    with path.open("rb") as file:
        for group in range(metadata.num_row_groups):
            check_pages("e", file, metadata, group)
    assert len(read_file(path, tmp_path).rows) == 4_000


def test_files_of_other_writers_pass(tmp_path):
    path = tmp_path / "duck.parquet"
    with connect(tmp_path / "work", tmp_path) as con:
        con.execute(
            f"""COPY (SELECT 'u' || i AS user_id, 'view' AS event, i AS time, repeat('x', 3000) || i AS text,
            {{'a': [i, NULL]}} AS nested FROM range(20000) t(i)) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 4096)"""
        )
    assert len(read_file(path, tmp_path).rows) == 20_000


def test_headers_with_long_texts_in_them_are_read(tmp_path):
    path = tmp_path / "e.parquet"
    long = pa.table({"user_id": ["a" * 90_000, "b" * 90_000], "event": ["e"] * 2, "time": [1, 2]})
    pq.write_table(long, path, compression="none", write_statistics=True)
    metadata = pq.read_metadata(path)
    with path.open("rb") as file:
        check_pages("e", file, metadata, 0)


def test_a_few_bytes_are_not_taken_for_any_number_of_rows(tmp_path):
    rows = 8_000_000
    same = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array(["x"]))
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table(dict.fromkeys(("user_id", "event", "time"), same)), path)
    assert path.stat().st_size < 100_000
    with pytest.raises(ImportFault, match=LIES):
        read_file(path, tmp_path)


def footer_of(*chunks: dict[str, int], rows: int = 10, **more: int) -> SimpleNamespace:
    """Metadata with one chunk in each row group."""
    honest = {
        "data_page_offset": 4, "dictionary_page_offset": None, "has_dictionary_page": False,
        "total_compressed_size": 100, "total_uncompressed_size": 200, "num_values": rows,
    }  # fmt: skip
    groups = [
        SimpleNamespace(num_rows=rows, column=lambda _, chunk=chunk: SimpleNamespace(**{**honest, **chunk}))
        for chunk in chunks
    ]
    column = SimpleNamespace(max_repetition_level=more.pop("repetition", 0))
    said = {"num_rows": rows * len(chunks), "num_row_groups": len(chunks), "num_columns": 1, **more}
    return SimpleNamespace(**said, row_group=groups.__getitem__, schema=SimpleNamespace(column=lambda _: column))


@pytest.mark.parametrize(
    "lie",
    [
        footer_of({"data_page_offset": 901}),
        footer_of({"data_page_offset": -1}),
        footer_of({"data_page_offset": 50, "has_dictionary_page": True, "dictionary_page_offset": 1}),
        footer_of({"total_compressed_size": 1 << 62}),
        footer_of({"total_compressed_size": -1}),
        footer_of({"total_uncompressed_size": -1}),
        footer_of({"num_values": 1 << 40}),
        footer_of({"num_values": -1}, repetition=1),
        footer_of({}, num_rows=1 << 40),
        footer_of({}, rows=1_000_000_000),
        footer_of({}, rows=-5),
        # The same bytes once more and once more.
        footer_of(*[{"data_page_offset": 4}] * 11),
    ],
)
def test_parts_that_do_not_fit_are_refused(lie):
    with pytest.raises(ImportFault, match=LIES):
        check_footer("e.parquet", lie, 1_000)


def test_parts_that_fit_pass():
    check_footer("e.parquet", footer_of({}, {"data_page_offset": 104}), 1_000)
    check_footer("e.parquet", footer_of({"num_values": 70}, repetition=1), 1_000)


def written(tmp_path, **options):
    """A file of one text column without a dictionary, and its bytes."""
    path = tmp_path / "e.parquet"
    plain = table(40_000).select(["user_id"])
    pq.write_table(plain, path, use_dictionary=False, compression="snappy", write_statistics=False, **options)
    return path, bytearray(path.read_bytes())


def test_pages_that_become_more_than_the_footer_says_are_refused(tmp_path):
    path, raw = written(tmp_path, data_page_size=200_000)
    metadata = pq.read_metadata(path)
    chunk = footer._chunk(metadata.row_group(0).column(0))
    changed, at = 0, chunk.start
    with path.open("rb") as file:
        check_pages("e", file, metadata, 0)
        while at < chunk.start + chunk.size:
            page = footer._read_page("e", file, at)
            # Its type, then the size unpacked, in seven bits a byte with the low ones first.
            assert raw[at] == raw[at + 2] == 0x15
            if raw[at + 3] & raw[at + 4] & 128:
                raw[at + 3 : at + 6] = b"\xfe\xff\x7f"
                changed += 1
            at += page.header + page.packed
    assert changed > 8
    path.write_bytes(raw)
    with path.open("rb") as file, pytest.raises(ImportFault, match=LIES):
        check_pages("e", file, metadata, 0)


def test_a_page_that_takes_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "e.parquet"
    pq.write_table(table(40_000), path, use_dictionary=False, data_page_size=3_000_000)
    monkeypatch.setattr(footer, "MAX_PAGE", 1024**2)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", None)
    with connect(tmp_path / "work") as con:
        reader = open_reader(Source(path, "e.parquet"), con, tmp_path / "work", mapping={})
        with pytest.raises(ImportFault, match="more than 1 MB in one page"):
            list(reader._tables())


def test_headers_of_pages_that_are_none_are_refused(tmp_path):
    path, raw = written(tmp_path)
    metadata = pq.read_metadata(path)
    start = footer._chunk(metadata.row_group(0).column(0)).start
    rng = np.random.default_rng(7)
    spoiled = [bytes(20_000), b"\xff" * 20_000, b"\x1c" * 20_000, b"\x19\xfc\xff\xff\xff\x7f" + bytes(19_994)]
    spoiled += [struct.pack("<20000B", *rng.integers(0, 256, 20_000)) for _ in range(200)]
    for bytes_ in spoiled:
        raw[start : start + 20_000] = bytes_
        path.write_bytes(raw)
        with path.open("rb") as file, pytest.raises(ImportFault, match=LIES):
            check_pages("e", file, metadata, 0)


def test_reading_keeps_nothing_of_what_was_read(tmp_path):
    path = tmp_path / "e.parquet"
    with pq.ParquetWriter(path, table(20).schema, compression="none", use_dictionary=False) as writer:
        for part in range(20):
            writer.write_table(table(20_000, seed=part))
    kept = []
    before = pa.total_allocated_bytes()
    with connect(tmp_path / "work") as con:
        reader = open_reader(Source(path, "e.parquet"), con, tmp_path / "work", mapping={})
        for batch, _ in reader._tables():
            kept.append(pa.total_allocated_bytes() - before)
            assert batch.num_rows <= MOST_ROWS
    assert len(kept) > 5
    assert max(kept) < 1.2 * kept[0] < path.stat().st_size


def test_small_row_groups_are_read_together_and_large_ones_alone(tmp_path):
    path = tmp_path / "e.parquet"
    with pq.ParquetWriter(path, table(20).schema) as writer:
        for rows in (20, 40, 20, 70_000, 20, 40_000, 30_000, 20):
            writer.write_table(table(rows), row_group_size=100_000)
    found = [groups for _, groups in row_groups_together(pq.read_metadata(path))]
    assert [group for groups in found for group in groups] == list(range(8))
    assert [3] in found
    sizes = {group: pq.read_metadata(path).row_group(group).num_rows for group in range(8)}
    assert all(len(groups) == 1 or sum(map(sizes.get, groups)) <= MOST_ROWS for groups in found)
    assert any(len(groups) > 1 for groups in found)
