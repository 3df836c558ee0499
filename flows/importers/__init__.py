"""Files of events, in the formats that people have: one module for each, all read the same way."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.duck import connect
from flows.importers import roles
from flows.importers.blocks import Block, Reader
from flows.importers.csv import CsvReader
from flows.importers.detect import CSV, FORMATS, NDJSON, detect
from flows.importers.faults import ImportFault, Reason, Reject
from flows.importers.ndjson import NdjsonReader
from flows.importers.parquet import ParquetReader
from flows.importers.source import Source
from flows.importers.staging import TIME_UNITS, Staging, unit_of

__all__ = [
    "FORMATS",
    "TIME_UNITS",
    "Block",
    "Column",
    "ImportFault",
    "Inspection",
    "Reader",
    "Reason",
    "Reject",
    "Source",
    "Staging",
    "check",
    "inspect",
    "open_reader",
]

_TIME_KINDS = {
    "iso": "Time, ISO",
    "s": "Seconds since 1970",
    "ms": "Milliseconds since 1970",
    "us": "Microseconds since 1970",
}


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is what the values of the preview look like; `role` is the guess, empty for a property."""

    name: str
    kind: str
    role: str
    samples: list[str]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file looks like before it is imported: `rows` are its first."""

    format: str
    description: str
    columns: list[Column]
    rows: list[list[str]]
    mapping: dict[str, str]


def open_reader(
    source: Source,
    con: duckdb.DuckDBPyConnection,
    workspace: Path,
    *,
    wanted: str = "auto",
    mapping: dict[str, str] | None = None,
) -> Reader:
    """The reader for what the file is. With `mapping` None no column has a role yet. Raises ImportFault."""
    found = detect(source, wanted)
    if found == CSV:
        return CsvReader(source, mapping)
    if found == NDJSON:
        return NdjsonReader(source, mapping, con)
    return ParquetReader(source, mapping, con, workspace)


def check(path: Path, name: str, workspace: Path, *, wanted: str, mapping: dict[str, str]) -> None:
    """Raises ImportFault where the beginning of the file already shows that it cannot be imported so."""
    with connect(workspace) as con:
        open_reader(Source(path, name), con, workspace, wanted=wanted, mapping=mapping)


def inspect(path: Path, name: str, workspace: Path, *, wanted: str = "auto", rows: int = 7) -> Inspection:
    """Look at the first rows of a file. Raises ImportFault."""
    source = Source(path, name)
    with connect(workspace) as con:
        reader = open_reader(source, con, workspace, wanted=wanted)
        sample = reader.preview(100)
    mapping = roles.guess(reader.columns)
    role_of = {column: role for role, column in mapping.items()}
    columns = [
        Column(
            column, kind([row[place] for row in sample]), role_of.get(column, ""), [row[place] for row in sample[:rows]]
        )
        for place, column in enumerate(reader.columns)
    ]
    packed = f", {source.compression}" if source.compression else ""
    return Inspection(detect(source, wanted), reader.description + packed, columns, sample[:rows], mapping)


def kind(values: list[str]) -> str:
    """A few words on what the values of a column look like."""
    filled = [value for value in values if value.strip()]
    if not filled:
        return "Empty so far"
    unit = unit_of(iter(filled))
    if unit == "iso" and all(len(value) >= 8 and value[:4].isdigit() and value[4] in "-/" for value in filled):
        zone = any(value.endswith("Z") or value[-6:-5] in ("+", "-") or value[-3:-2] in ("+", "-") for value in filled)
        return "ISO, with zone" if zone and any("T" in v or ":" in v for v in filled) else "ISO, without zone: UTC"
    if unit in ("ms", "us") or (
        unit == "s" and all(value.replace(".", "", 1).isdigit() and float(value) > 5e8 for value in filled)
    ):
        return _TIME_KINDS[unit]
    if unit != "iso":
        return "Number"
    different = len(set(filled))
    return f"Text, {different} value{'s' if different > 1 else ''}" if different < len(filled) else "Text"
