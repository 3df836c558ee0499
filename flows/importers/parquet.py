"""Parquet. Lines are rows of the file, counted from 1."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.importers.blocks import Block, listed, sql_text
from flows.importers.canonical import Unreadable, dump, load, spread
from flows.importers.faults import MAX_COLUMNS, MAX_FIELD, ImportFault, Reason, Reject, shorten
from flows.importers.ndjson import NOTHING, dump_key
from flows.importers.roles import LABELS, resolve
from flows.importers.source import Source

_ROWS = 65_536


class ParquetReader:
    """Typed columns: times are taken as they are, everything else as the text that JSON has for it."""

    description = "Parquet"

    def __init__(
        self, source: Source, wanted: dict[str, str] | None, con: duckdb.DuckDBPyConnection, workspace: Path
    ) -> None:
        self.source = source
        self.con = con
        path = source.path if source.compression is None else _unpacked(source, workspace)
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise ImportFault(f"{source.name} is a damaged or cut off Parquet file: {_first(error)}") from None
        schema = self._file.schema_arrow
        self.columns = schema.names
        if len(self.columns) > MAX_COLUMNS:
            raise ImportFault(f"{source.name} has {len(self.columns):,} columns; at most {MAX_COLUMNS:,} can be read.")
        if len(set(self.columns)) < len(self.columns):
            raise ImportFault(f"{source.name} has two columns of the same name.")
        if not self._file.metadata.num_rows:
            raise ImportFault(f"{source.name} has no rows.")
        self.mapping = {} if wanted is None else resolve(source.name, self.columns, wanted)
        self._places = {column: f"c{place}" for place, column in enumerate(self.columns)}
        self._types = {field.name: field.type for field in schema}
        self._rows = self._file.metadata.num_rows
        self._read = 0

    @property
    def fraction(self) -> float:
        return self._read / self._rows

    def preview(self, rows: int) -> list[list[str]]:
        batch = next(self._batches(), None)
        if batch is None:
            return []
        shown = ", ".join(f"coalesce({place}::VARCHAR, '') AS {place}" for place in self._places.values())
        found = self._ask(f"SELECT {shown} FROM batch", pa.Table.from_batches([batch.slice(0, rows)]))
        return [list(row.values()) for row in listed(found)]

    def blocks(self) -> Iterator[Block]:
        """Raises ImportFault where the file is damaged."""
        self._read = 0
        select = self._select()
        for batch in self._batches():
            lines = np.arange(self._read + 1, self._read + 1 + batch.num_rows)
            self._read += batch.num_rows
            yield self._block(self._ask(select, pa.Table.from_batches([batch]).append_column("line", pa.array(lines))))

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._file.iter_batches(batch_size=_ROWS):
                # SQL meets places, never names: those may be empty, or hostile.
                yield batch.rename_columns(list(self._places.values()))
        except (pa.ArrowException, OSError) as error:
            raise ImportFault(f"{self.source.name} is a damaged Parquet file: {_first(error)}") from None

    def _select(self) -> str:
        roles = []
        for role in LABELS:
            column = self.mapping.get(role, "")
            place = self._places.get(column) if column else None
            text = f"{place}::VARCHAR" if place else "NULL::VARCHAR"
            if role == "time" and _is_time(self._types[column]):
                text = f"epoch_us({place}::TIMESTAMPTZ)"
            roles.append(f"{text} AS {role}")
        parts = []
        for column in sorted(self._free(), key=str.encode):
            value = _json(self._places[column], self._types[column])
            parts.append(f"CASE WHEN {value} NOT IN {NOTHING} THEN {sql_text(dump_key(column))} || {value} END")
        sizes = [f"coalesce(strlen({self._places[c]}), 0)" for c in self.columns if _is_text(self._types[c])]
        large = f"greatest({', '.join(sizes)}, 0) > {MAX_FIELD}" if sizes else "false"
        return f"""SELECT line, {", ".join(roles)},
            '{{' || concat_ws(',', {", ".join(parts) or "NULL"}) || '}}' AS properties, {large} AS large FROM batch"""

    def _free(self) -> list[str]:
        return [column for column in self.columns if column not in self.mapping.values()]

    def _block(self, found: pa.Table) -> Block:
        rejects = [
            Reject(line, "Row", Reason.TOO_LARGE, f"A field larger than {MAX_FIELD // 1024} KB", "")
            for line in listed(found.filter(found["large"])["line"])
        ]
        rows = (found.filter(pc.invert(found["large"])) if rejects else found).drop_columns(["large"])
        free = self._free()
        if any(pa.types.is_nested(self._types[column]) for column in free) or "properties" in free:
            texts: list[str | None] = []
            for line, text in zip(listed(rows["line"]), listed(rows["properties"]), strict=True):
                try:
                    texts.append(dump(spread(load(text))))
                except Unreadable:
                    texts.append(None)
                    rejects.append(Reject(line, "Row", Reason.NOT_JSON, "Properties nested too deeply", shorten(text)))
            column = pa.array(texts, pa.string())
            rows = rows.set_column(rows.column_names.index("properties"), "properties", column).filter(
                column.is_valid()
            )
        return Block(rows, rejects)

    def _ask(self, sql: str, batch: pa.Table) -> pa.Table:
        self.con.register("batch", batch)
        try:
            return self.con.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise ImportFault(f"{self.source.name} holds a column that cannot be read: {_first(error)}") from None
        finally:
            self.con.unregister("batch")


def _unpacked(source: Source, workspace: Path) -> Path:
    """Parquet is read from its end, so a packed file is unpacked first."""
    path = workspace / "unpacked.parquet"
    with path.open("wb") as file:
        for chunk in source.chunks():
            file.write(chunk)
    return path


def _json(value: str, kind: pa.DataType) -> str:
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return f"to_json(base64({value}))::VARCHAR"
    return f"to_json({value})::VARCHAR"


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:160].rstrip(".") + "."
