"""How large the rows of a Parquet file become, known before anything is decoded.

Texts are read as dictionaries, so that a value which stands in a million rows is held once.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.importers.faults import MAX_ROW

# Bytes that one batch may take, read or decoded: the largest row that is taken just fits.
BUDGET = MAX_ROW
MOST_ROWS = 65_536
# A value takes at least a place in its column, whatever its file needs for it.
_SLOT = 8

_BYTES = "BYTE_ARRAY"


def text_paths(schema: pq.ParquetSchema) -> list[str]:
    """The columns, nested ones too, that can be read as dictionaries."""
    columns = [schema.column(place) for place in range(len(schema.names))]
    return [column.path for column in columns if column.physical_type == _BYTES]


def rows_at_once(metadata: pq.FileMetaData, group: int) -> int:
    """How many rows of a row group are read together: a power of two, so that neighbours mostly agree."""
    found = metadata.row_group(group)
    size = sum(chunk_size(metadata, group, place) for place in range(metadata.num_columns))
    rows = min(MOST_ROWS, max(1, BUDGET * found.num_rows // max(1, size)))
    return 1 << (int(rows).bit_length() - 1)


def row_groups_together(metadata: pq.FileMetaData) -> Iterator[tuple[int, list[int]]]:
    """Row groups to read in one go, and how many of their rows at once.

    Arrow holds every text of a go until its end, so only small row groups share one.
    """
    at_once, rows = 0, 0
    together: list[int] = []
    for group in range(metadata.num_row_groups):
        size, fits = metadata.row_group(group).num_rows, rows_at_once(metadata, group)
        if together and (fits != at_once or rows + size > MOST_ROWS):
            yield at_once, together
            together, rows = [], 0
        together.append(group)
        at_once, rows = fits, rows + size
    if together:
        yield at_once, together


def chunk_size(metadata: pq.FileMetaData, group: int, place: int) -> int:
    """Bytes that one column of a row group takes when it is read as a dictionary."""
    chunk = metadata.row_group(group).column(place)
    column = metadata.schema.column(place)
    slot = max(_SLOT, column.length or 0) if column.physical_type == "FIXED_LEN_BYTE_ARRAY" else _SLOT
    return int(chunk.total_uncompressed_size) + slot * int(chunk.num_values)


def decoded(kind: pa.DataType) -> pa.DataType:
    """The type without its dictionaries."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(decoded(field.type)) for field in kind])
    if pa.types.is_map(kind):
        key: Any = kind.key_field.with_type(decoded(kind.key_type))
        item: Any = kind.item_field.with_type(decoded(kind.item_type))
        return pa.map_(key, item)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(decoded(kind.value_type)), kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(decoded(kind.value_type)))
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(decoded(kind.value_type)))
    return kind


def widths(column: Any) -> np.ndarray:
    """Bytes of each row once it is decoded, int64."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        sizes = np.append(widths(column.dictionary), 0)
        return sizes[column.indices.fill_null(len(sizes) - 1).to_numpy(zero_copy_only=False)]
    if pa.types.is_fixed_size_binary(kind):
        return np.full(len(column), kind.byte_width, np.int64)
    if pa.types.is_string(kind) or pa.types.is_binary(kind) or _is_large(kind):
        return pc.binary_length(column).cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    if pa.types.is_struct(kind):
        return sum((widths(column.field(place)) for place in range(kind.num_fields)), np.zeros(len(column), np.int64))
    if pa.types.is_fixed_size_list(kind):
        column = column.cast(pa.list_(kind.value_field))
        kind = column.type
    if pa.types.is_map(kind):
        return _between(column.offsets, widths(column.keys) + widths(column.items))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _between(column.offsets, widths(column.values))
    return np.full(len(column), _SLOT, np.int64)


def cuts(sizes: np.ndarray, budget: int) -> list[tuple[int, int]]:
    """Where to cut rows of these sizes into runs of at most `budget` bytes; a larger row stands alone."""
    ends = np.cumsum(sizes)
    runs, start, before = [], 0, 0
    while start < len(sizes):
        stop = max(start + 1, int(np.searchsorted(ends, before + budget, "right")))
        runs.append((start, stop))
        start, before = stop, int(ends[stop - 1])
    return runs


def _between(offsets: pa.Array, sizes: np.ndarray) -> np.ndarray:
    ends = np.concatenate(([0], np.cumsum(sizes + _SLOT)))
    return np.diff(ends[offsets.to_numpy()])


def _is_large(kind: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(kind) or pa.types.is_large_binary(kind))
