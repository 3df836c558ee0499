"""CSV with any of the usual delimiters, in UTF-8."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from flows.importers import tokens
from flows.importers.blocks import BOM, Block, check_encoding
from flows.importers.canonical import merged
from flows.importers.detect import SAMPLE
from flows.importers.faults import FOUND, MAX_COLUMNS, MAX_FIELD, MAX_ROW, ImportFault, Reason, Reject, shorten
from flows.importers.roles import LABELS, resolve
from flows.importers.source import Source

DELIMITERS = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "bar",
    "^": "caret",
    "~": "tilde",
    "\x1f": "unit separator",
    "\x01": "SOH",
    ":": "colon",
}
_ROWS = 262_144

Bytes = npt.NDArray[np.uint8]


class Tokens:
    """The rows of one buffer as positions of their fields."""

    def __init__(
        self, buffer: Bytes, size: int, *, final: bool, delimiter: str, expected: int, line: int, rows: int = _ROWS
    ) -> None:
        self.buffer = buffer
        width = max(expected, 1)
        # A row is at least its delimiters and an end of line.
        rows = min(rows, size // width + 2)
        self.starts = np.empty((rows, width), np.int32)
        self.ends = np.empty((rows, width), np.int32)
        self.kinds = np.empty((rows, width), np.uint8)
        self.lines = np.empty(rows, np.int64)
        bad = np.empty((rows, 5), np.int64)
        counters = np.zeros(4, np.int64)
        tokens.tokenise(
            buffer, size, final, ord(delimiter), expected, line, MAX_FIELD,
            self.starts, self.ends, self.kinds, self.lines, bad, counters,
        )  # fmt: skip
        self.rows, bads, self.used, self.line = (int(value) for value in counters)
        self.bad = bad[:bads]

    def texts(self, column: int) -> pa.Array:
        spans = self.ends[: self.rows, column].astype(np.int64) - self.starts[: self.rows, column]
        out = np.empty(int(spans.sum()), np.uint8)
        offsets = np.empty(self.rows + 1, np.int32)
        used = tokens.gather(self.buffer, self.starts, self.ends, self.kinds, column, self.rows, out, offsets)
        return _text_array(self.rows, offsets, out[:used])

    def objects(self, columns: Sequence[int], names: Sequence[str]) -> pa.Array:
        """The columns as one JSON object a row, empty ones left out."""
        quoted = [json.dumps(name, ensure_ascii=False).encode() + b":" for name in names]
        name_offsets = np.cumsum([0, *map(len, quoted)]).astype(np.int64)
        chosen = np.array(columns, np.int64)
        spans = (
            (self.ends[: self.rows] - self.starts[: self.rows])[:, chosen]
            if len(columns)
            else np.zeros((1, 1), np.int64)
        )
        text = int(spans.sum(dtype=np.int64))
        room = 6 * text + self.rows * (int(name_offsets[-1]) + 4 * len(columns) + 2)
        out = np.empty(room, np.uint8)
        offsets = np.empty(self.rows + 1, np.int64)
        scratch = np.empty(int(spans.max(initial=0)) + 1, np.uint8)
        used = tokens.gather_json(
            self.buffer, self.starts, self.ends, self.kinds, chosen, self.rows,
            np.frombuffer(b"".join(quoted) or b" ", np.uint8), name_offsets, scratch, out, offsets,
        )  # fmt: skip
        return _text_array(self.rows, offsets, out[:used].copy())


def _text_array(rows: int, offsets: npt.NDArray[Any], data: Bytes) -> pa.Array:
    kind = pa.LargeStringArray if offsets.dtype == np.int64 else pa.StringArray
    return kind.from_buffers(rows, pa.py_buffer(offsets.data), pa.py_buffer(data.data))


class CsvReader:
    """Cuts the file into blocks; every row is one of a block's rows or one of its rejects."""

    def __init__(self, source: Source, wanted: dict[str, str] | None, *, delimiter: str | None = None) -> None:
        self.source = source
        sample = source.head(SAMPLE)
        # A cut sample ends within a row; a whole small file does not.
        final = len(sample) < SAMPLE
        sample = sample.removeprefix(BOM)
        self._buffer = np.frombuffer(sample, np.uint8)
        self.delimiter = delimiter or self._sniff(final)
        width = self._widths(self.delimiter, final)[0]
        if width < 2:
            raise ImportFault(
                f"{source.name} has one column only: no delimiter was found in line 1 "
                f"(looked for {', '.join(DELIMITERS.values())})."
            )
        if width > MAX_COLUMNS:
            raise ImportFault(f"{source.name} has {width:,} columns in line 1; at most {MAX_COLUMNS:,} can be read.")
        header = self._tokens(width, final, rows=1)
        if not header.rows:
            raise ImportFault(
                f"{source.name} has no readable header in line 1: it holds a NUL byte or an endless field."
            )
        self.columns = _distinct([self._text(header.texts(column)) for column in range(width)])
        self.mapping = {} if wanted is None else resolve(source.name, self.columns, wanted)
        self.description = f"CSV, {DELIMITERS.get(self.delimiter, self.delimiter)}, UTF-8"

    @property
    def fraction(self) -> float:
        return self.source.fraction

    def preview(self, rows: int) -> list[list[str]]:
        sample = self._tokens(len(self.columns), final=False, rows=rows + 1)
        texts = [sample.texts(column) for column in range(len(self.columns))]
        try:
            return [list(row) for row in zip(*(text.to_pylist() for text in texts), strict=True)][1:]
        except UnicodeDecodeError:
            return []

    def blocks(self) -> Iterator[Block]:
        """Raises ImportFault where the file cannot be unpacked or is not UTF-8."""
        line, left, header, skipping = 1, b"", True, False
        chunks = self.source.chunks()
        chunk: bytes | None = next(chunks, b"").removeprefix(BOM)
        while chunk is not None:
            following = next(chunks, None)
            data, final = left + chunk, following is None
            chunk = following
            if skipping:
                rest = _behind_line(data)
                skipping = rest is None
                if rest is None:
                    left = b""
                    continue
                data, line = rest, line + 1
            while True:
                found = self._cut(data, final, line)
                if header and found.rows:
                    found.lines, found.starts = found.lines[1:], found.starts[1:]
                    found.ends, found.kinds, found.rows = found.ends[1:], found.kinds[1:], found.rows - 1
                    header = False
                check_encoding(self.source.name, data, found.used, line)
                if found.rows or len(found.bad):
                    yield self._block(found)
                data, line = data[found.used :], found.line
                if not found.used or not data:
                    break
            left = data
            if len(left) > MAX_ROW:
                reject, behind = self._give_up(left, line)
                yield Block(self._empty(), [reject])
                skipping = behind is None
                left = behind or b""
                line += 0 if skipping else 1

    def _cut(self, data: bytes, final: bool, line: int) -> Tokens:
        return Tokens(
            np.frombuffer(data, np.uint8), len(data),
            final=final, delimiter=self.delimiter, expected=len(self.columns), line=line,
        )  # fmt: skip

    def _block(self, found: Tokens) -> Block:
        place = {column: index for index, column in enumerate(self.columns)}
        rows: dict[str, Any] = {"line": pa.array(found.lines[: found.rows])}
        for role in LABELS:
            column = self.mapping.get(role)
            rows[role] = found.texts(place[column]) if column else pa.nulls(found.rows, pa.string())
        others = sorted((c for c in self.columns if c not in self.mapping.values()), key=str.encode)
        rows["properties"] = found.objects([place[c] for c in others], others)
        if "properties" in others:
            rows["properties"] = pa.array([merged(text) for text in rows["properties"].to_pylist()], pa.large_string())
        return Block(pa.table(rows), [self._reject(found, *(int(v) for v in bad)) for bad in found.bad])

    def _empty(self) -> pa.Table:
        return self._block(self._cut(b"", True, 1)).rows

    def _reject(self, found: Tokens, line: int, code: int, number: int, start: int, end: int) -> Reject:
        raw = bytes(found.buffer[start : min(end, start + 4 * FOUND)]).decode(errors="replace")
        text = shorten(raw.rstrip("\r\n").replace("\0", "␀"))
        if code == tokens.BAD_COLUMNS:
            return Reject(
                line, "Row", Reason.COLUMNS, f"{len(self.columns):,} columns expected, {number:,} found", text
            )
        if code == tokens.BAD_QUOTE:
            return Reject(line, "Row", Reason.QUOTE, "A quote is opened on this line and never closed", text)
        column = self.label(self.columns[number]) if number < len(self.columns) else "Row"
        if code == tokens.BAD_NUL:
            return Reject(line, column, Reason.NUL, "A NUL byte stands in this row", text)
        return Reject(line, column, Reason.TOO_LARGE, f"A field larger than {MAX_FIELD // 1024} KB", text)

    def label(self, column: str) -> str:
        return next((LABELS[role] for role, name in self.mapping.items() if name == column), column)

    def _give_up(self, data: bytes, line: int) -> tuple[Reject, bytes | None]:
        """A row that does not end within MAX_ROW: only its first line is lost, if that line ends at all."""
        text = shorten(data[: 4 * FOUND].decode(errors="replace").replace("\0", "␀").splitlines()[0])
        rest = _behind_line(data)
        if rest is not None:
            return Reject(
                line, "Row", Reason.QUOTE, "A quote is opened on this line and not closed for 16 MB", text
            ), rest
        return Reject(line, "Row", Reason.TOO_LARGE, "A line longer than 16 MB", text), None

    def _tokens(self, expected: int, final: bool, rows: int = 400) -> Tokens:
        return Tokens(
            self._buffer, len(self._buffer), final=final, delimiter=self.delimiter, expected=expected, line=1, rows=rows
        )

    def _widths(self, delimiter: str, final: bool, rows: int = 200) -> list[int]:
        size = len(self._buffer)
        found = Tokens(self._buffer, size, final=final, delimiter=delimiter, expected=0, line=1, rows=rows)
        return [int(width) for width in found.bad[:, 2]] or [1]

    def _sniff(self, final: bool) -> str:
        """The delimiter by which most rows are as wide as the first; of several, the one that cuts finest."""

        def score(delimiter: str) -> tuple[float, int]:
            widths = self._widths(delimiter, final)
            same = sum(width == widths[0] for width in widths) / len(widths)
            return (0.0, 0) if widths[0] < 2 else (1.0 if same >= 0.6 else same, widths[0])

        return max(DELIMITERS, key=score)

    def _text(self, texts: pa.Array) -> str:
        try:
            return str(texts[0].as_py())
        except UnicodeDecodeError:
            raise ImportFault(
                f"{self.source.name} is not UTF-8: its header in line 1 cannot be read. Save it as UTF-8."
            ) from None


def _behind_line(data: bytes) -> bytes | None:
    """What follows the first line, None if that line does not end."""
    at = data.find(b"\n")
    return None if at < 0 else data[at + 1 :]


def _distinct(names: list[str]) -> list[str]:
    """Columns without a name are called by their place, and a name that comes again gets a number."""
    used: dict[str, int] = {}
    result = []
    for place, raw in enumerate(names, start=1):
        name = raw.strip() or f"column {place}"
        used[name] = used.get(name, 0) + 1
        result.append(name if used[name] == 1 else f"{name} ({used[name]})")
    return result
