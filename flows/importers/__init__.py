"""Files of events, in the formats that people have: one module for each, all read the same way."""

import re
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
from flows.importers.parquet import MAX_UNPACKED, ParquetReader
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

# Bytes unpacked for a look at a file, since somebody waits for it.
_INSPECTED = 256 * 1024**2

_ISO = re.compile(r"\s*\d{4}[-/]\d\d?[-/]\d\d?")
_ZONE = re.compile(r":\d\d(?:\.\d+)?\s*(?:Z|UTC|[+-]\d\d(?::?\d\d)?)\s*$")
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
    max_unpacked: int = MAX_UNPACKED,
) -> Reader:
    """The reader for what the file is. With `mapping` None no column has a role yet. Raises ImportFault.

    `max_unpacked` is in bytes, for files that must be unpacked to disk before they can be read.
    """
    found = detect(source, wanted)
    if found == CSV:
        return CsvReader(source, mapping)
    if found == NDJSON:
        return NdjsonReader(source, mapping, con)
    return ParquetReader(source, mapping, con, workspace, max_unpacked)


def check(path: Path, name: str, workspace: Path, *, wanted: str, mapping: dict[str, str]) -> None:
    """Raises ImportFault where the beginning of the file already shows that it cannot be imported so."""
    with connect(workspace) as con:
        open_reader(Source(path, name), con, workspace, wanted=wanted, mapping=mapping)


def inspect(path: Path, name: str, workspace: Path, *, wanted: str = "auto", rows: int = 7) -> Inspection:
    """Look at the first rows of a file. Raises ImportFault."""
    source = Source(path, name)
    with connect(workspace) as con:
        reader = open_reader(source, con, workspace, wanted=wanted, max_unpacked=_INSPECTED)
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
    """A few words on what most values of a column look like."""
    filled = [value for value in values if value.strip()]
    if not filled:
        return "Empty so far"
    unit = unit_of(iter(filled))
    moments = [value for value in filled if _ISO.match(value)]
    if unit == "iso" and len(moments) * 5 >= len(filled) * 4:
        zoned = sum(bool(_ZONE.search(value)) for value in moments)
        return (
            "ISO, with zone" if zoned == len(moments) else "ISO, some with zone" if zoned else "ISO, without zone: UTC"
        )
    if unit in ("ms", "us") or (unit == "s" and all(_is_recent(value) for value in filled)):
        return _TIME_KINDS[unit]
    if unit != "iso":
        return "Number"
    different = len(set(filled))
    return f"Text, {different} value{'s' if different > 1 else ''}" if different < len(filled) else "Text"


def _is_recent(seconds: str) -> bool:
    """Whether the number is after 1985 if it counts seconds; smaller ones are amounts and ids."""
    try:
        return 5e8 < float(seconds) < 1e11
    except ValueError:
        return False
