"""Parquet. Lines are rows of the file, counted from 1."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flows.importers.blocks import Block, listed, sql_text
from flows.importers.canonical import Unreadable, dump, load, spread
from flows.importers.faults import MAX_COLUMNS, MAX_FIELD, MAX_ROW, ImportFault, Reason, Reject, shorten
from flows.importers.footer import check_footer, check_pages
from flows.importers.ndjson import NOTHING, dump_key
from flows.importers.roles import LABELS, resolve
from flows.importers.source import Source
from flows.importers.widths import BUDGET, chunk_size, cuts, decoded, row_groups_together, text_paths, widths

# Bytes of one column in one row group.
MAX_CHUNK = 2 * 1024**3
_BUFFER = 64 * 1024  # bytes of one column that are read from the file at once

# A packed file is unpacked to disk as far as this, and while the file system keeps the reserve.
MAX_UNPACKED = 8 * 1024**3
RESERVE = 1024**3
# Parquet is compressed already, so packing it again gains little.
_EXPANSION = 100
_ALLOWANCE = 32 * 1024**2
_ZEROS = b"PAR1" + bytes(4096)


class ParquetReader:
    """Typed columns: times are taken as they are, everything else as the text that JSON has for it."""

    description = "Parquet"

    def __init__(
        self,
        source: Source,
        wanted: dict[str, str] | None,
        con: duckdb.DuckDBPyConnection,
        workspace: Path,
        max_unpacked: int = MAX_UNPACKED,
    ) -> None:
        self.source = source
        self.con = con
        path = source.path if source.compression is None else _unpacked(source, workspace, max_unpacked)
        self._path = path
        try:
            metadata = pq.read_metadata(path)
            self._file = pq.ParquetFile(
                path,
                metadata=metadata,
                read_dictionary=text_paths(metadata.schema),
                # Arrow would keep everything that it reads ahead until the last row.
                pre_buffer=False,
                buffer_size=_BUFFER,
            )
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
        check_footer(source.name, metadata, path.stat().st_size)
        _check_chunks(source.name, metadata)
        self.mapping = {} if wanted is None else resolve(source.name, self.columns, wanted)
        self._places = {column: f"c{place}" for place, column in enumerate(self.columns)}
        self._types = {field.name: decoded(field.type) for field in schema}
        self._rows = self._file.metadata.num_rows
        self._read = 0

    @property
    def fraction(self) -> float:
        return self._read / self._rows

    def preview(self, rows: int) -> list[list[str]]:
        shown = ", ".join(f"coalesce({place}::VARCHAR, '') AS {place}" for place in self._places.values())
        for table, _ in self._tables(rows):
            if table.num_rows:
                found = self._ask(f"SELECT {shown} FROM batch", table.slice(0, rows))
                return [list(row.values()) for row in listed(found)]
        return []

    def blocks(self) -> Iterator[Block]:
        """Raises ImportFault where the file is damaged."""
        select = self._select()
        for table, rejects in self._tables():
            block = self._block(self._ask(select, table))
            block.rejects[:0] = rejects
            yield block

    def _tables(self, most: int | None = None) -> Iterator[tuple[pa.Table, list[Reject]]]:
        """Decoded rows with their lines, a bounded number of bytes at a time, and the rows too large to decode."""
        self._read = 0
        for batch in self._batches(most):
            sizes = [widths(column) for column in batch.columns]
            total = np.sum(sizes, axis=0)
            too_large = np.asarray(total > MAX_ROW)
            for column, size in zip(self.columns, sizes, strict=True):
                if _is_bytes(self._types[column]):
                    too_large |= size > MAX_FIELD
            for start, stop in cuts(np.where(too_large, 0, total), BUDGET):
                yield self._decode(batch.slice(start, stop - start), too_large[start:stop])

    def _decode(self, batch: pa.RecordBatch, too_large: np.ndarray) -> tuple[pa.Table, list[Reject]]:
        lines = np.arange(self._read + 1, self._read + 1 + batch.num_rows)
        self._read += batch.num_rows
        if too_large.any():
            batch = batch.filter(pa.array(~too_large))
        kinds = [self._types[column] for column in self.columns]
        columns = [column.cast(kind) for column, kind in zip(batch.columns, kinds, strict=True)]
        # SQL meets places, never names: those may be empty, or hostile.
        names = [*self._places.values(), "line"]
        table = pa.table([*columns, pa.array(lines[~too_large])], names=names)
        detail = f"A field larger than {MAX_FIELD // 1024} KB"
        return table, [Reject(int(line), "Row", Reason.TOO_LARGE, detail, "") for line in lines[too_large]]

    def _batches(self, most: int | None) -> Iterator[pa.RecordBatch]:
        metadata = self._file.metadata
        try:
            with self._path.open("rb") as file:
                for rows, groups in row_groups_together(metadata):
                    for group in groups:
                        check_pages(self.source.name, file, metadata, group)
                    size = rows if most is None else min(rows, most)
                    yield from self._file.iter_batches(batch_size=size, row_groups=groups)
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
        return f"""SELECT line, {", ".join(roles)},
            '{{' || concat_ws(',', {", ".join(parts) or "NULL"}) || '}}' AS properties FROM batch"""

    def _free(self) -> list[str]:
        return [column for column in self.columns if column not in self.mapping.values()]

    def _block(self, rows: pa.Table) -> Block:
        rejects: list[Reject] = []
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


def _check_chunks(name: str, metadata: pq.FileMetaData) -> None:
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            if chunk_size(metadata, group, place) > MAX_CHUNK:
                raise ImportFault(
                    f"{name} has more than {MAX_CHUNK // 1024**3} GB of one column in a row group; "
                    "write it with smaller row groups."
                )


def _unpacked(source: Source, workspace: Path, most: int) -> Path:
    """Parquet is read from its end, so a packed file is unpacked first. Raises ImportFault, early where possible."""
    path = workspace / "unpacked.parquet"
    if source.head(len(_ZEROS)) == _ZEROS:
        raise ImportFault(f"{source.name} is a damaged Parquet file: only zeros stand behind its beginning.")
    plausible = _EXPANSION * source.size + _ALLOWANCE
    total, tail = 0, b""
    with path.open("wb") as file:
        for chunk in source.chunks():
            total += len(chunk)
            if total > most:
                raise ImportFault(
                    f"{source.name} unpacks to more than {most // 1024**2:,} MB; "
                    "upload the Parquet file itself, unpacked, since Parquet is compressed already."
                )
            if total > plausible:
                raise ImportFault(
                    f"{source.name} unpacks to more than {_EXPANSION} times its size, which Parquet does not; "
                    "upload the Parquet file itself, unpacked."
                )
            if shutil.disk_usage(workspace).free - len(chunk) < RESERVE:
                raise ImportFault(f"There is too little room on the disk to unpack {source.name}; upload it unpacked.")
            file.write(chunk)
            tail = (tail + chunk[-4:])[-4:]
    if tail != b"PAR1":
        raise ImportFault(f"{source.name} is a damaged or cut off Parquet file: it does not end as one.")
    return path


def _json(value: str, kind: pa.DataType) -> str:
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return f"to_json(base64({value}))::VARCHAR"
    return f"to_json({value})::VARCHAR"


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _is_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:160].rstrip(".") + "."
