"""What a Parquet file says of its own parts, held against the file before anything is allocated for them.

Arrow believes it: a page is unpacked into as many bytes as its header names, and chunks of columns may be said to lie
anywhere, even all in one place. So a few bytes could stand for as many rows as somebody likes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow.parquet as pq

from flows.importers.faults import ImportFault

MAX_PAGE = 256 * 1024**2

# Well beyond what the tightest honest file holds: its rows are people doing things at times.
_ROWS_EVER, _ROWS_A_BYTE = 1_000_000, 64
_HEAD, _TAIL = 4, 8  # the mark at the beginning; at the end it stands behind the length of the footer
# Of pages and their headers as counted here, and as writers count them.
_SLACK, _SLACK_SHARE = 1024**2, 1.1
_OLD_HEADER = 100  # an old writer left the header of a dictionary out of the length of its chunk
_LOOK, _MOST_HEADER = 4096, 16 * 1024**2


@dataclass(frozen=True, slots=True)
class Chunk:
    """One column in one row group: `start` and `size` are where it lies, `unpacked` is what it claims to become."""

    start: int
    size: int
    unpacked: int


@dataclass(frozen=True, slots=True)
class _Page:
    header: int  # bytes of the header itself
    packed: int
    unpacked: int
    dictionary: int  # values, if it is one


def check_footer(name: str, metadata: pq.FileMetaData, size: int) -> None:
    """Raises ImportFault where the parts do not fit into a file of `size` bytes, or are too many for it."""
    rows = packed = 0
    end = size - _TAIL
    for group in range(metadata.num_row_groups):
        found = metadata.row_group(group)
        if found.num_rows < 0:
            raise _lies(name)
        rows += found.num_rows
        for place in range(metadata.num_columns):
            column = found.column(place)
            chunk = _chunk(column)
            packed += chunk.size
            if chunk.start < _HEAD or chunk.size < 0 or chunk.start + chunk.size > end or chunk.unpacked < 0:
                raise _lies(name)
            flat = metadata.schema.column(place).max_repetition_level == 0
            if column.num_values < 0 or (flat and column.num_values != found.num_rows):
                raise _lies(name)
    if rows != metadata.num_rows or packed > end or rows > _ROWS_EVER + _ROWS_A_BYTE * size:
        raise _lies(name)


def check_pages(name: str, file: BinaryIO, metadata: pq.FileMetaData, group: int) -> None:
    """Go through the headers of the pages of a row group. Raises ImportFault where they claim more than the footer."""
    for place in range(metadata.num_columns):
        chunk = _chunk(metadata.row_group(group).column(place))
        unpacked = 0
        for page in _pages(name, file, chunk):
            unpacked += page.unpacked
            if page.unpacked > MAX_PAGE:
                raise ImportFault(
                    f"{name} has more than {MAX_PAGE // 1024**2} MB in one page; write it with smaller pages."
                )
            if page.dictionary > page.unpacked or unpacked > _SLACK_SHARE * chunk.unpacked + _SLACK:
                raise _lies(name)


def _chunk(column: pq.ColumnChunkMetaData) -> Chunk:
    start = column.data_page_offset
    if column.has_dictionary_page and column.dictionary_page_offset:
        start = min(start, column.dictionary_page_offset)
    return Chunk(start, column.total_compressed_size, column.total_uncompressed_size)


def _pages(name: str, file: BinaryIO, chunk: Chunk) -> Iterator[_Page]:
    at, end = chunk.start, chunk.start + chunk.size
    while at < end:
        page = _read_page(name, file, at)
        at += page.header + page.packed
        if page.packed < 0 or page.unpacked < 0 or page.dictionary < 0 or at > end + _OLD_HEADER:
            raise _lies(name)
        yield page


def _read_page(name: str, file: BinaryIO, at: int) -> _Page:
    look = _LOOK
    while True:
        file.seek(at)
        raw = file.read(look)
        try:
            header = _Compact(raw)
            fields = header.struct()
            dictionary = fields.get(7)
            values = dictionary.get(1) if isinstance(dictionary, dict) else 0
            return _Page(header.at, _number(fields.get(3)), _number(fields.get(2)), _number(values))
        except IndexError:
            # A header is longer where it holds the smallest and the largest of long texts.
            if len(raw) < look or look >= _MOST_HEADER:
                raise _lies(name) from None
            look *= 16
        except (TypeError, RecursionError):
            raise _lies(name) from None


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value


class _Compact:
    """Reads a struct of Thrift's compact protocol as a dict: field → number, or dict of a struct; the rest is None.

    Raises IndexError where the bytes end before it does, TypeError where it is none.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    def struct(self) -> dict[int, object]:
        fields: dict[int, object] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._signed()
            fields[field] = self._value(head & 15)
        return fields

    def _value(self, kind: int) -> object:
        if kind in (4, 5, 6):
            return self._signed()
        if kind == 12:
            return self.struct()
        if kind in (9, 10):
            self._list()
        elif kind in (3, 7):
            self._skip(1 if kind == 3 else 8)
        elif kind == 8:
            self._skip(self._varint())
        elif kind not in (1, 2):  # whose value is the kind itself
            raise TypeError(kind)
        return None

    def _list(self) -> None:
        head = self._byte()
        for _ in range(self._varint() if head >> 4 == 15 else head >> 4):
            if head & 15 in (1, 2):
                self._skip(1)
            else:
                self._value(head & 15)

    def _byte(self) -> int:
        self.at += 1
        return self.raw[self.at - 1]

    def _skip(self, size: int) -> None:
        self.at += size
        if self.at > len(self.raw):
            raise IndexError(self.at)

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise TypeError(shift)

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def _lies(name: str) -> ImportFault:
    return ImportFault(f"{name} is a damaged Parquet file: it claims to hold more than it can, or something else.")
