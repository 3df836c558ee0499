"""NDJSON: one JSON object on each line. The members of an object called `properties` count as columns too."""

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.importers.blocks import BOM, Block, check_encoding, listed, sql_text
from flows.importers.canonical import Unreadable, dump, load, spread
from flows.importers.faults import FOUND, MAX_COLUMNS, MAX_FIELD, MAX_ROW, ImportFault, Reason, Reject, shorten
from flows.importers.roles import LABELS, resolve
from flows.importers.source import Source

_SAMPLE = 1024 * 1024
NOTHING = "('null','\"\"','{}','[]','NaN','Infinity','-Infinity')"


# JSON functions raise on what is not JSON, and only CASE keeps them from looking.
_IS_OBJECT = "CASE WHEN json_valid(text) THEN json_type(text) = 'OBJECT' ELSE false END"
_INNER = f"CASE WHEN {_IS_OBJECT} THEN json_type(text, '/properties') = 'OBJECT' ELSE false END"
_WIDE = 256  # SQL of more columns than this costs more than it saves


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
        self.columns, _ = self._keys(self._sample)
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
        for text in listed(self._sample["text"].slice(0, rows)):
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
        good = self._ask(f"SELECT {_IS_OBJECT} AS good FROM lines ORDER BY line", lines)["good"]
        rejects = [_not_json(row) for row in listed(lines.filter(pc.invert(good)))]
        yield from self._take_apart(lines.filter(good), rejects)

    def _take_apart(self, lines: pa.Table, rejects: list[Reject]) -> Iterator[Block]:
        keys, has_inner = self._keys(lines)
        if len(keys) > _WIDE:
            yield self._one_by_one(lines, rejects)
            return
        found = self._ask(self._select(keys, has_inner), lines)
        large = found["large"]
        rejects = rejects + [
            Reject(
                row["line"],
                "Row",
                Reason.TOO_LARGE,
                f"A field larger than {MAX_FIELD // 1024} KB",
                shorten(row["text"]),
            )
            for row in listed(lines.filter(large))
        ]
        found = found.filter(pc.invert(large)) if rejects else found
        yield self._with_nested(found, rejects)

    def _one_by_one(self, lines: pa.Table, rejects: list[Reject]) -> Block:
        """The same as `_select`, for lines that share few keys."""
        rows: dict[str, list[Any]] = {name: [] for name in ("line", *LABELS, "properties")}
        for line, text in zip(listed(lines["line"]), listed(lines["text"]), strict=True):
            try:
                members = spread(load(text))
            except Unreadable:
                rejects.append(_too_deep(line, text))
                continue
            if len(members) > MAX_COLUMNS:
                detail = f"{len(members):,} fields; at most {MAX_COLUMNS:,} can be read"
                rejects.append(Reject(line, "Row", Reason.TOO_MANY, detail, shorten(text)))
                continue
            if len(text) > MAX_FIELD and any(len(_shown(value).encode()) > MAX_FIELD for value in members.values()):
                rejects.append(_too_large(line, text))
                continue
            rows["line"].append(line)
            for role in LABELS:
                value = members.pop(self.mapping[role], None) if role in self.mapping else None
                rows[role].append(None if value is None else _shown(value))
            rows["properties"].append(dump(members))
        kinds = {"line": pa.int64()}
        table = pa.table({name: pa.array(values, kinds.get(name, pa.string())) for name, values in rows.items()})
        return Block(self._with_numbers(table), rejects)

    def _with_nested(self, found: pa.Table, rejects: list[Reject]) -> Block:
        """Objects within properties are sorted too; only rows that hold some are touched."""
        rows = found.select(["line", *LABELS, "properties"])
        if not pc.any(found["nested"]).as_py():
            return Block(rows, rejects)
        texts: list[str | None] = []
        for nested, text, line in zip(*(listed(found[c]) for c in ("nested", "properties", "line")), strict=True):
            try:
                texts.append(dump(load(text)) if nested else text)
            except Unreadable:
                texts.append(None)
                rejects.append(_too_deep(line, text))
        column = pa.array(texts, pa.string())
        rows = rows.set_column(rows.column_names.index("properties"), "properties", column)
        return Block(self._with_numbers(rows.filter(column.is_valid())), rejects)

    def _with_numbers(self, rows: pa.Table) -> pa.Table:
        """Numbers as DuckDB writes them, whoever wrote them first."""
        sql = "SELECT * REPLACE (json_extract(properties, '$')::VARCHAR AS properties) FROM lines ORDER BY line"
        return self._ask(sql, rows)

    def _select(self, keys: list[str], has_inner: bool) -> str:
        """A member of `properties` counts where the object itself has no such member."""
        outer = ", ".join(sql_text(f"/{_pointer(key)}") for key in keys)
        inner = ", ".join(sql_text(f"/properties/{_pointer(key)}") for key in keys if has_inner)
        values = [
            f"CASE WHEN o[{i}] IS NULL OR o[{i}] IN {NOTHING} THEN n[{i}] ELSE o[{i}] END AS v{i}"
            if has_inner
            else f"o[{i}] AS v{i}"
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
            f"CASE WHEN v{place[key]} NOT IN {NOTHING} THEN {sql_text(dump_key(key))} || v{place[key]} END"
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
                    json_extract(text, [{inner}]::VARCHAR[])::VARCHAR[] AS n FROM lines)))
            ORDER BY line"""

    def _keys(self, lines: pa.Table) -> tuple[list[str], bool]:
        """Keys in the order in which they first come, those of `properties` behind the others; whether it has any."""
        inner = bool(self._ask(f"SELECT count(*) FILTER ({_INNER}) AS n FROM lines", lines)["n"][0].as_py())
        behind = (
            f"UNION ALL SELECT unnest(CASE WHEN {_INNER} THEN json_keys(text, '/properties') END), line, 1 FROM lines"
        )
        sql = f"""SELECT key FROM (
                SELECT unnest(CASE WHEN {_IS_OBJECT} THEN json_keys(text) END) AS key, line, 0 AS depth FROM lines
                {behind if inner else ""})
            GROUP BY key ORDER BY min(depth), min(line), key"""
        keys = listed(self._ask(sql, lines)["key"])
        return [key for key in keys if key != "properties" or not inner], inner

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
    text = pa.LargeStringArray.from_buffers(len(breaks), pa.py_buffer(offsets.data), pa.py_buffer(data))
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


def _too_large(line: int, text: str) -> Reject:
    return Reject(line, "Row", Reason.TOO_LARGE, f"A field larger than {MAX_FIELD // 1024} KB", shorten(text))


def _too_deep(line: int, text: str) -> Reject:
    return Reject(line, "Row", Reason.NOT_JSON, "JSON that is nested too deeply", shorten(text))


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
