"""Columns of properties beside a segment, made when a question first needs one. Derived: they may be deleted.

`<segment>.columns/<hash of the name>/` holds `values` and, for text and time, `codes.i32`, `offsets.i64` and
`texts.utf8` (little-endian), and `meta.json`, which says what they were derived from and what they should be.
"""

import json
import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from flows.duck import connect, one_line
from flows.engine.columns import EXACT, ISO_TIME, NO_TIME, Kind, PropertyColumn, Texts, number_text
from flows.importers.blocks import listed, sql_text
from flows.store import disk, index
from flows.store.faults import DamagedSegment

FORMAT = 1
_BATCH = 1 << 17
SEEN = 50_000  # events of a segment that are looked at for names
EXAMPLES = 10
NAMES = 2_000  # of a segment, the most frequent
_ABSENT: dict[str, float] = {"<i4": -1, "<f8": math.nan, "<i1": -1, "<i8": NO_TIME}
_VALUES = {"text": "codes.i32", "number": "values.f64", "boolean": "values.i8", "time": "values.i64"}
_TYPES = {"codes.i32": "<i4", "values.f64": "<f8", "values.i8": "<i1", "values.i64": "<i8"}

# A value stands in `found` as its JSON, so that the text "12" and the number 12 differ.
_TEXT = "(v->>'$')"
_IS_STRING = "starts_with(v, '\"')"
_IS_NUMBER = "(v[1] = '-' OR (v[1] >= '0' AND v[1] <= '9'))"
_IS_BROKEN = "regexp_matches(v, '[.eE]')"
_EXACT = f"coalesce(TRY_CAST({{}} AS BIGINT) BETWEEN -{EXACT} AND {EXACT}, false)"
# Strings that are written just as the number is: with 15 digits there is one decimal for each float.
_PLAIN = f"""CASE WHEN contains({_TEXT}, '.') THEN length(replace(replace({_TEXT}, '-', ''), '.', '')) <= 15
        AND regexp_full_match({_TEXT}, '-?(0|[1-9][0-9]*)\\.[0-9]*[1-9]')
        AND NOT regexp_matches({_TEXT}, '^-?0\\.0000')
    ELSE regexp_full_match({_TEXT}, '0|-?[1-9][0-9]*') AND {_EXACT.format(_TEXT)} END"""
_MOMENT = f"""CASE WHEN {_IS_STRING} AND regexp_full_match({_TEXT}, {sql_text(ISO_TIME)})
    THEN epoch_us(TRY_CAST({_TEXT} AS TIMESTAMPTZ)) END"""
_FITS: dict[Kind, str] = {
    "boolean": "v IN ('true', 'false', '\"true\"', '\"false\"')",
    "number": f"""CASE WHEN {_IS_STRING} THEN {_PLAIN} WHEN NOT {_IS_NUMBER} THEN false
        WHEN {_IS_BROKEN} THEN coalesce(isfinite(TRY_CAST(v AS DOUBLE)), false) ELSE {_EXACT.format("v")} END""",
    "time": f"{_MOMENT} IS NOT NULL",
}
_READ = {
    "boolean": f"CASE {_TEXT} WHEN 'true' THEN 1 ELSE 0 END",
    "number": f"CAST({_TEXT} AS DOUBLE)",
    "time": _MOMENT,
}


def directory(parquet: Path) -> Path:
    return parquet.with_suffix(".columns")


def place(parquet: Path, name: str) -> Path:
    """Names are any text: the hash is what a file may be called."""
    return directory(parquet) / sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def load(parquet: Path, name: str, rows: int, checksum: str) -> PropertyColumn | None:
    """Map the column of a property; None where it is missing, damaged, or of another segment or format.

    All its bytes are read once for their checksums.
    """
    home = place(parquet, name)
    try:
        meta = json.loads((home / "meta.json").read_bytes())
        if [meta[key] for key in ("format", "name", "rows", "checksum")] != [FORMAT, name, rows, checksum]:
            return None
        for file, (size, digest) in meta["files"].items():
            if (home / file).stat().st_size != size or disk.checksum(home / file) != digest:
                return None
        return _open(home, meta["kind"], rows, set(meta["files"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def is_text(name: str) -> bool:
    """Whether a property can have this name at all: half of a surrogate pair is in no file."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def name_of(home: Path) -> str | None:
    """The property whose column stands in a directory; None if that cannot be read."""
    try:
        name = json.loads((home / "meta.json").read_bytes())["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None


def build(parquet: Path, file: str, name: str, rows: int, checksum: str, workspace: Path) -> None:
    """Derive the column of a property from the segment. Others may open or build it meanwhile.

    Memory is bounded, whatever the number of distinct values; `workspace` takes what does not fit. Raises
    DamagedSegment.
    """
    home = place(parquet, name)
    draft = derive(parquet, file, name, rows, checksum, workspace)
    try:
        home.parent.mkdir(exist_ok=True)
        index.put_in_place(draft, home)
    finally:
        disk.remove(draft)
    disk.sync_directory(home.parent)


def derive(parquet: Path, file: str, name: str, rows: int, checksum: str, workspace: Path) -> Path:
    """Write the column to a directory beside the segment that nobody opens, and return it."""
    draft = parquet.with_name(f".{parquet.stem}.columns.{uuid.uuid4().hex}")
    draft.mkdir()
    try:
        try:
            with connect(workspace, parquet.parent) as con:
                kind = _derive(con, parquet, draft, name, rows)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise DamagedSegment(file, f"its properties cannot be read ({one_line(error)[:120]})") from error
        files = {path.name: [path.stat().st_size, disk.checksum(path)] for path in sorted(draft.iterdir())}
        meta = {"format": FORMAT, "name": name, "kind": kind, "rows": rows, "checksum": checksum, "files": files}
        (draft / "meta.json").write_text(json.dumps(meta))
        for path in draft.iterdir():
            disk.sync_file(path)
    except BaseException:
        disk.remove(draft)
        raise
    finally:
        disk.remove(workspace)
    return draft


@dataclass(frozen=True, slots=True)
class Seen:
    """A property in the first events of a segment: on how many, of what kind, and its most frequent values."""

    name: str
    kind: Kind
    events: int
    examples: tuple[str, ...]


def look(parquet: Path, file: str, workspace: Path) -> list[Seen]:
    """The properties of the first SEEN events, the most frequent first. Raises DamagedSegment.

    A segment is sorted by hashes of people, so that its first events are those of any people.
    """
    fits = ", ".join(f"bool_and({sql}) AS is_{kind}" for kind, sql in _FITS.items())
    source = f"read_parquet({sql_text(str(parquet))})"
    try:
        with connect(workspace, parquet.parent) as con:
            found = con.execute(
                f"""WITH first AS (SELECT properties FROM {source} LIMIT {SEEN}),
                    found AS (SELECT each.key AS name, CAST(each.value AS VARCHAR) AS v
                        FROM first, json_each(properties) each WHERE CAST(each.value AS VARCHAR) <> 'null')
                SELECT name, count(*) AS n, {fits}, approx_top_k(left({_TEXT}, 100), {EXAMPLES}) AS texts
                FROM found GROUP BY name ORDER BY n DESC, name LIMIT {NAMES}"""
            ).fetchall()
    except (duckdb.Error, OSError) as error:
        raise DamagedSegment(file, f"its properties cannot be read ({one_line(error)[:120]})") from error
    finally:
        disk.remove(workspace)
    kinds = [*_FITS]
    return [
        Seen(name, next((kind for kind, each in zip(kinds, fit, strict=True) if each), "text"), count, tuple(texts))
        for name, count, *fit, texts in found
    ]


def _open(home: Path, kind: Kind, rows: int, files: set[str]) -> PropertyColumn | None:
    if not files:
        return PropertyColumn("text", np.broadcast_to(np.int32(-1), rows), Texts.of([]))
    values = _map(home / _VALUES[kind], _TYPES[_VALUES[kind]])
    if kind not in ("text", "time"):
        return PropertyColumn(kind, values, Texts.of([])) if len(values) == rows else None
    codes = values if kind == "text" else _map(home / "codes.i32", "<i4")
    offsets, data = _map(home / "offsets.i64", "<i8"), _map(home / "texts.utf8", "u1")
    if len(values) != rows or len(codes) != rows or offsets[-1] != len(data):
        return None
    return PropertyColumn(kind, values, Texts(offsets, data), codes if kind == "time" else None)


def _map(path: Path, kind: str) -> npt.NDArray[Any]:
    mapped = np.memmap(path, kind, mode="r") if path.stat().st_size else np.empty(0, kind)
    return _read_only(mapped.view(np.ndarray))


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def _derive(con: duckdb.DuckDBPyConnection, parquet: Path, draft: Path, name: str, rows: int) -> Kind:
    """Fill the draft; it stays empty where no event has the property."""
    if not is_text(name):
        return "text"
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    source = f"read_parquet({sql_text(str(parquet))}, file_row_number = true)"
    con.execute(
        f"""CREATE TABLE found AS SELECT row, v FROM (
            SELECT file_row_number AS row, json_extract(properties, $1)::VARCHAR AS v FROM {source})
        WHERE v IS NOT NULL AND v <> 'null'""",
        [pointer],
    ).fetchall()
    if not con.execute("SELECT count(*) FROM found").fetchall()[0][0]:
        return "text"
    kind = _kind(con)
    if kind != "text":
        _fill(con, f"SELECT row, {_READ[kind]} AS value FROM found", draft / _VALUES[kind], rows)
    if kind in ("text", "time"):
        _write_texts(con, draft, rows)
    return kind


def _kind(con: duckdb.DuckDBPyConnection) -> Kind:
    """The first kind that every value is; one that is not ends the look at once."""
    for kind, fits in _FITS.items():
        if not con.execute(f"SELECT 1 FROM found WHERE NOT ({fits}) LIMIT 1").fetchall():
            return kind
    return "text"


def _write_texts(con: duckdb.DuckDBPyConnection, draft: Path, rows: int) -> None:
    _number_texts(con)
    con.execute(
        f"""CREATE TABLE seen AS SELECT v, coalesce(text, CASE WHEN {_IS_STRING} THEN {_TEXT} ELSE v END) AS text
        FROM (SELECT DISTINCT v FROM found) LEFT JOIN numbers USING (v)"""
    ).fetchall()
    con.execute(
        """CREATE TABLE texts AS SELECT text, (row_number() OVER (ORDER BY text) - 1)::INTEGER AS code
        FROM (SELECT DISTINCT text FROM seen)"""
    ).fetchall()
    with (draft / "offsets.i64").open("wb") as offsets, (draft / "texts.utf8").open("wb") as data:
        at = 0
        offsets.write(np.zeros(1, "<i8").data)
        for batch in _batches(con, "SELECT encode(text) AS text FROM texts ORDER BY code"):
            parts: list[bytes] = listed(batch["text"])
            ends = at + np.cumsum([len(part) for part in parts], dtype="<i8")
            offsets.write(ends.data)
            data.write(b"".join(parts))
            at = int(ends[-1])
    coded = "SELECT row, code AS value FROM found JOIN seen USING (v) JOIN texts USING (text)"
    _fill(con, coded, draft / "codes.i32", rows)


def _fill(con: duckdb.DuckDBPyConnection, sql: str, path: Path, rows: int) -> None:
    """Write values where their rows are, in whatever order they come."""
    kind = _TYPES[path.name]
    out = np.memmap(path, kind, mode="w+", shape=(rows,))
    out[:] = _ABSENT[kind]
    for batch in _batches(con, sql):
        out[batch["row"].to_numpy()] = batch["value"].to_numpy()
    out.flush()


def _batches(con: duckdb.DuckDBPyConnection, sql: str) -> Iterator[pa.RecordBatch]:
    yield from con.sql(sql).to_arrow_reader(_BATCH)


def _number_texts(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table `numbers`: JSON numbers with a point or an exponent, and their texts."""
    con.execute("CREATE TABLE numbers (v VARCHAR, text VARCHAR)")
    for batch in _batches(con.cursor(), f"SELECT DISTINCT v FROM found WHERE {_IS_NUMBER} AND {_IS_BROKEN}"):
        raws: list[str] = listed(batch["v"])
        # What is too large for a float stays as it stands.
        texts = [
            number_text(value) if math.isfinite(value) else raw
            for raw, value in zip(raws, map(float, raws), strict=True)
        ]
        con.register("batch", pa.table({"v": raws, "text": texts}))
        con.execute("INSERT INTO numbers SELECT v, text FROM batch").fetchall()
        con.unregister("batch")
