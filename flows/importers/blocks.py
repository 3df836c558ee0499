"""What every reader hands on: blocks of rows in the order of the file, and the rows that could not be read."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from flows.importers import tokens
from flows.importers.faults import ImportFault, Reject

BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Block:
    """`rows` has `line` (int64), the five roles and `properties`: one JSON object, keys sorted, empties left out.

    Roles are text; `time` is int64 µs since 1970 where the file itself types it as a time.
    """

    rows: pa.Table
    rejects: list[Reject] = field(default_factory=list)


class Reader(Protocol):
    """One format. `columns` are the file's, `mapping` is the role → column that is used."""

    columns: list[str]
    mapping: dict[str, str]
    description: str

    @property
    def fraction(self) -> float: ...

    def preview(self, rows: int) -> list[list[str]]: ...

    def blocks(self) -> Iterator[Block]: ...


def check_encoding(name: str, data: bytes, used: int, line: int) -> None:
    """Raises ImportFault where the first `used` bytes, which begin on `line`, are not UTF-8."""
    part = np.frombuffer(data, np.uint8, count=used)
    if not used or part.max() < 128:
        return
    try:
        codecs.utf_8_decode(memoryview(data)[:used], "strict", True)
    except UnicodeDecodeError as error:
        at = line + tokens.count_lines(part, error.start)
        what = f"byte 0x{data[error.start]:02x} in line {at:,} cannot be read"
        raise ImportFault(f"{name} is not UTF-8: {what}. Save it as UTF-8.") from None


def listed(values: pa.Array | pa.ChunkedArray | pa.Table) -> list[Any]:
    return values.to_pylist()


def sql_text(text: str) -> str:
    """The text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
