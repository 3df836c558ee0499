"""NDJSON: one JSON object on each line. The members of an object called `properties` count as columns too."""

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.importers.blocks import BOM, Block, check_encoding, sql_text
from flows.importers.canonical import Unreadable, dump, load
from flows.importers.faults import FOUND, MAX_COLUMNS, MAX_FIELD, MAX_ROW, ImportFault, Reason, Reject, shorten
from flows.importers.roles import LABELS, resolve
from flows.importers.source import Source

_SAMPLE = 1024 * 1024
_NOTHING = "('null','\"\"','{}','[]','NaN','Infinity','-Infinity')"


class NdjsonReader:
    """DuckDB takes the lines apart, the lines themselves are counted here."""

    description = "NDJSON, UTF-8"

    def __init__(self, source: Source, wanted: dict[str, str] | None, con: duckdb.DuckDBPyConnection) -> None:
        self.source = source
        self.con = con
        head = source.head(_SAMPLE)
        whole = head if len(head) < _SAMPLE else head[: head.rfind(b"\n") + 1]
        self._sample = _lines(whole.removeprefix(BOM), 1) if whole else None
        if self._sample is None:
            raise ImportFault(
                f"{source.name} has no line end in its first megabyte; NDJSON is one object on each line."
            )
        check_encoding(source.name, whole, len(whole), 1)
        self.columns = self._keys(self._sample)
        if not self.columns:
            raise ImportFault(f"{source.name} is not NDJSON: line 1 is not a JSON object with members.")
        if len(self.columns) > MAX_COLUMNS:
            raise ImportFault(f"{source.name} has {len(self.columns):,} columns; at most {MAX_COLUMNS:,} can be read.")
        self.mapping = {} if wanted is None else resolve(source.name, self.columns, wanted)

    @property
    def fraction(self) -> float:
        return self.source.fraction

    def preview(self, rows: int) -> list[list[str]]:
        assert self._sample is not None
        result = []
        for text in self._sample["text"].slice(0, rows).to_pylist():
            try:
                value = load(text)
            except Unreadable:
                continue
            inner = value.get("properties")
            flat = {**(inner if isinstance(inner, dict) else {}), **value}
            result.append([_shown(flat.get(column)) for column in self.columns])
        return result

    def blocks(self) -> Iterator[Block]:
        """Raises ImportFault where the file cannot be unpacked or is not UTF-8."""
        line, left, skipping, first = 1, b"", False, True
        for chunk in self.source.chunks():
            data = left + (chunk.removeprefix(BOM) if first else chunk)
            first = False
            end = data.rfind(b"\n") + 1
            if skipping and end:
                start = data.index(b"\n") + 1
                data, end, line, skipping = data[start:], end - start, line + 1, False
            if end:
                yield from self._read(data[:end], line)
                line += data.count(b"\n", 0, end)
            left = b"" if skipping else data[end:]
            if len(left) > MAX_ROW:
                text = shorten(left[:FOUND].decode(errors="replace"))
                yield Block(_empty(), [Reject(line, "Row", Reason.TOO_LARGE, "A line longer than 16 MB", text)])
                left, skipping = b"", True
        if left:
            yield from self._read(left, line)

    def _read(self, data: bytes, line: int) -> Iterator[Block]:
        check_encoding(self.source.name, data, len(data), line)
        lines = _lines(data, line)
        if lines is None:
            return
        good = self._ask("SELECT json_valid(text) AND json_type(text) = 'OBJECT' AS good FROM lines", lines)["good"]
        rejects = [_not_json(row) for row in lines.filter(pc.invert(good)).to_pylist()]
        yield from self._take_apart(lines.filter(good), rejects)

    def _take_apart(self, lines: pa.Table, rejects: list[Reject]) -> Iterator[Block]:
        keys = self._keys(lines)
        if len(keys) > 2 * MAX_COLUMNS:
            # Lines that share few keys are read in smaller groups; a line with too many of them is not read.
            half = lines.num_rows // 2
            if half:
                yield from self._take_apart(lines.slice(0, half), rejects)
                yield from self._take_apart(lines.slice(half), [])
                return
            row = lines.to_pylist()[0]
            detail = f"{len(keys):,} fields; at most {MAX_COLUMNS:,} can be read"
            yield Block(_empty(), [*rejects, Reject(row["line"], "Row", Reason.TOO_MANY, detail, shorten(row["text"]))])
            return
        found = self._ask(self._select(keys), lines)
        large = found["large"]
        rejects = rejects + [
            Reject(
                row["line"],
                "Row",
                Reason.TOO_LARGE,
                f"A field larger than {MAX_FIELD // 1024} KB",
                shorten(row["text"]),
            )
            for row in lines.filter(large).to_pylist()
        ]
        found = found.filter(pc.invert(large)) if rejects else found
        yield self._with_nested(found, rejects)

    def _with_nested(self, found: pa.Table, rejects: list[Reject]) -> Block:
        """Objects within properties are sorted too; only rows that hold some are touched."""
        rows = found.select(["line", *LABELS, "properties"])
        if not pc.any(found["nested"]).as_py():
            return Block(rows, rejects)
        texts: list[str | None] = []
        for nested, text, line in zip(*(found[c].to_pylist() for c in ("nested", "properties", "line")), strict=True):
            try:
                texts.append(dump(load(text)) if nested else text)
            except Unreadable:
                texts.append(None)
                detail = "JSON that is nested too deeply"
                rejects.append(Reject(line, "Row", Reason.NOT_JSON, detail, shorten(text)))
        column = pa.array(texts, pa.string())
        rows = rows.set_column(rows.column_names.index("properties"), "properties", column)
        return Block(rows.filter(column.is_valid()), rejects)

    def _select(self, keys: list[str]) -> str:
        """A member of `properties` counts where the object itself has no such member."""
        outer = ", ".join(sql_text(f"/{_pointer(key)}") for key in keys)
        inner = ", ".join(sql_text(f"/properties/{_pointer(key)}") for key in keys)
        values = [
            f"CASE WHEN o[{i}] IS NULL OR o[{i}] IN {_NOTHING} THEN n[{i}] ELSE o[{i}] END AS v{i}"
            for i in range(1, len(keys) + 1)
        ]
        place = {key: i for i, key in enumerate(keys, start=1)}
        roles = [
            f"{'v' + str(place[column]) + '::JSON->>' + repr('$') if column in place else 'NULL::VARCHAR'} AS {role}"
            for role in LABELS
            for column in [self.mapping.get(role, "")]
        ]
        free = sorted((key for key in keys if key not in self.mapping.values()), key=str.encode)
        parts = [
            f"CASE WHEN v{place[key]} NOT IN {_NOTHING} THEN {sql_text(dump_key(key))} || v{place[key]} END"
            for key in free
        ]
        nested = [
            f"(v{place[key]}[1] = '{{' OR (v{place[key]}[1] = '[' AND contains(v{place[key]}, '{{')))" for key in free
        ]
        return f"""
            SELECT line, {", ".join(roles)}, '{{' || concat_ws(',', {", ".join(parts) or "NULL"}) || '}}' AS properties,
                coalesce({" OR ".join(f"coalesce({n}, false)" for n in nested) or "false"}, false) AS nested, large
            FROM (SELECT line, large, {", ".join(values)} FROM (
                SELECT line, o, n, strlen(text) > {MAX_FIELD}
                    AND list_max(list_transform(list_concat(o, n), lambda x: strlen(x))) > {MAX_FIELD} AS large
                FROM (SELECT line, text, json_extract(text, [{outer}])::VARCHAR[] AS o,
                    json_extract(text, [{inner}])::VARCHAR[] AS n FROM lines)))
            ORDER BY line"""

    def _keys(self, lines: pa.Table) -> list[str]:
        """Keys in the order in which they first come, those of `properties` behind the others."""
        found = self._ask(
            """SELECT key FROM (
                SELECT unnest(json_keys(text)) AS key, line, 0 AS depth FROM lines WHERE json_valid(text)
                UNION ALL SELECT unnest(json_keys(text, '/properties')), line, 1 FROM lines WHERE json_valid(text))
            GROUP BY key ORDER BY min(depth), min(line), key""",
            lines,
        )["key"].to_pylist()
        inner = self._ask(
            "SELECT count(*) AS n FROM lines WHERE json_valid(text) AND json_type(text, '/properties') = 'OBJECT'",
            lines,
        )
        return [key for key in found if key != "properties" or not inner["n"][0].as_py()]

    def _ask(self, sql: str, lines: pa.Table) -> pa.Table:
        self.con.register("lines", lines)
        try:
            return self.con.sql(sql).to_arrow_table()
        finally:
            self.con.unregister("lines")


def _lines(data: bytes, line: int) -> pa.Table | None:
    """The lines that are not blank, with their numbers; no copy of the text is made."""
    breaks = np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1
    if not len(breaks) or breaks[-1] != len(data):
        breaks = np.append(breaks, len(data))
    offsets = np.concatenate([[0], breaks]).astype(np.int64)
    text = pa.LargeStringArray.from_buffers(len(breaks), pa.py_buffer(offsets), pa.py_buffer(data))
    table = pa.table({"line": pa.array(np.arange(line, line + len(breaks))), "text": text})
    short = np.flatnonzero(np.diff(offsets) <= 64)
    blank = [int(i) for i in short if not data[offsets[i] : offsets[i + 1]].strip()]
    if blank:
        table = table.filter(pa.array(np.isin(np.arange(len(breaks)), blank, invert=True)))
    return table if table.num_rows else None


def _not_json(row: dict[str, Any]) -> Reject:
    text = row["text"].rstrip("\r\n")
    if "\0" in text:
        return Reject(row["line"], "Row", Reason.NUL, "A NUL byte stands in this row", shorten(text.replace("\0", "␀")))
    return Reject(row["line"], "Row", Reason.NOT_JSON, "This line is not one JSON object", shorten(text))


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def dump_key(key: str) -> str:
    return dump({key: 1})[1:-2]


def _shown(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else dump({"": value})[4:-1]


def _empty() -> pa.Table:
    return pa.table(
        {"line": pa.array([], pa.int64()), **{name: pa.array([], pa.string()) for name in (*LABELS, "properties")}}
    )
