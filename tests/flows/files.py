"""Small files of events, and what the importers make of them."""

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.duck import connect
from flows.importers import Source, Staging, open_reader

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class Found:
    """Good rows by line, rejected ones as (line, column, reason, detail, found)."""

    rows: list[dict[str, Any]]
    rejects: list[tuple[int, str, str, str, str]]
    mapping: dict[str, str]
    columns: list[str]
    counts: dict[str, int]

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(line, reason) for line, _, reason, *_ in self.rejects]


def write(path: Path, data: bytes | str) -> Path:
    raw = data.encode() if isinstance(data, str) else data
    if path.suffix == ".gz":
        raw = gzip.compress(raw)
    elif path.suffix == ".zst":
        with pa.CompressedOutputStream(str(path), "zstd") as stream:
            stream.write(raw)
        return path
    path.write_bytes(raw)
    return path


def read(
    tmp_path: Path,
    data: bytes | str,
    name: str = "events.csv",
    *,
    mapping: dict[str, str] | None = None,
    time_unit: str = "auto",
    wanted: str = "auto",
) -> Found:
    """Everything that an importer finds in a file of this name."""
    return read_file(write(tmp_path / name, data), tmp_path, mapping=mapping, time_unit=time_unit, wanted=wanted)


def read_file(
    path: Path,
    tmp_path: Path,
    *,
    mapping: dict[str, str] | None = None,
    time_unit: str = "auto",
    wanted: str = "auto",
) -> Found:
    workspace = tmp_path / "work"
    with connect(workspace) as con:
        source = Source(path, path.name)
        reader = open_reader(source, con.cursor(), workspace, wanted=wanted, mapping=mapping or {})
        staging = Staging(con, reader, time_unit=time_unit, now=NOW)
        for block in reader.blocks():
            staging.take(block)
        staging.flush()
        assert reader.fraction == 1.0
        rows = con.sql(
            """SELECT line, actor, event, us, insert_id, session, properties, actor_key, content_key
            FROM staged WHERE fault = 0 ORDER BY line"""
        )
        good = rows.to_arrow_table().to_pylist()
        rejects = tmp_path / "rejects.parquet"
        staging.write_rejects(workspace / "rejects.parquet")
        bad = con.sql(f"FROM read_parquet('{workspace / rejects.name}')").fetchall()
        assert len(good) == staging.accepted
        assert len(bad) == staging.rejected
        assert staging.rows == staging.accepted + staging.rejected
        return Found(good, bad, reader.mapping, reader.columns, staging.reject_counts())


def micros(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


def ndjson(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
