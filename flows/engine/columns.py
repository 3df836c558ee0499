"""One property of the events of a segment, as typed arrays, and how values of different kinds are read as one."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
CodeArray = NDArray[np.int32]
Kind = Literal["text", "number", "boolean", "time"]

NO_TIME = -(1 << 63)
EXACT = 1 << 53  # whole numbers up to here are floats without loss
ISO_TIME = (
    r"[12]\d{3}-\d{2}-\d{2}"
    r"([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-](0\d|1[0-5])(:?[0-5]\d)?)?)?"
)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ISO_TIME = re.compile(ISO_TIME, re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHUNK = 1 << 16  # texts that are decoded at once
_PART = 1 << 20  # numbers that are sorted at once


class Texts(Sequence[str]):
    """Distinct texts in ascending order of their UTF-8 bytes, decoded one by one when they are asked for.

    Parameters
    ----------
    offsets : int64[texts + 1]
        Text ``i`` is ``data[offsets[i]:offsets[i + 1]]``.
    data : uint8[bytes]
        UTF-8; both arrays may be memory-mapped.
    """

    __slots__ = ("_data", "_offsets")

    def __init__(self, offsets: IntArray, data: NDArray[np.uint8]) -> None:
        self._offsets = offsets
        self._data = data

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Sort and pack texts; each is kept once."""
        parts = sorted({_bytes(text) for text in texts})
        offsets = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(part) for part in parts], out=offsets[1:])
        return cls(offsets, np.frombuffer(b"".join(parts), np.uint8))

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        return self._raw(range(len(self))[at]).decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        for at in range(0, len(self), _CHUNK):
            ends = self._offsets[at : at + _CHUNK + 1].tolist()
            data = self._data[ends[0] : ends[-1]].tobytes()
            for low, high in pairwise(ends):
                yield data[low - ends[0] : high - ends[0]].decode("utf-8", "surrogatepass")

    def code(self, text: str) -> int:
        """Index of a text, −1 if it is not among these; takes O(log n) comparisons."""
        wanted = _bytes(text)
        at = bisect_left(range(len(self)), wanted, key=self._raw)
        return at if at < len(self) and self._raw(at) == wanted else -1

    def _raw(self, at: int) -> bytes:
        return self._data[self._offsets[at] : self._offsets[at + 1]].tobytes()


class NumberTexts(Sequence[str]):
    """The texts of numbers (float64[texts]), made when they are asked for."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: NDArray[np.float64]) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [number_text(value) for value in self._numbers[at].tolist()]
        return number_text(float(self._numbers[at]))


@dataclass(frozen=True, slots=True)
class PropertyColumn:
    """One property of every event of a segment, row-aligned with ``times`` and ``codes`` of its SegmentArrays.

    Attributes
    ----------
    kind : {"text", "number", "boolean", "time"}
        Decided for each segment by the values that it holds; see Notes.
    values : array[events]
        text: int32 index into ``dictionary``, −1 absent. number: float64, NaN absent. boolean: int8 0 or 1, −1
        absent. time: int64 µs since 1970 UTC, ``NO_TIME`` absent.
    dictionary : Texts
        The texts of a text or time column; empty for other kinds, and where no event has the property.
    codes : int32[events] or None
        The codes of a time column, whose texts would otherwise be lost; None for other kinds.

    Raises
    ------
    ValueError
        If an array does not fit the kind.

    Notes
    -----
    The kind is a way of storing and never changes an answer: what a value is as a text, a number or a time depends
    on the value alone. A question over several segments therefore chooses one view and reads all of them through it:
    texts (:func:`as_codes`), and of these :func:`number_of` or :func:`time_of`, which ``values`` agree with.

    As text a string is itself, a boolean ``true`` or ``false``, a whole number its digits, any other number the
    shortest decimal that means it (``12.0`` is ``12``), an array or an object its JSON. As number a string counts if
    it is written as JSON writes numbers. As time a string counts if it is an ISO date or moment; UTC without a zone.
    """

    kind: Kind
    values: NDArray[Any]
    dictionary: Texts
    codes: CodeArray | None = None

    def __post_init__(self) -> None:
        wanted = {"text": np.int32, "number": np.float64, "boolean": np.int8, "time": np.int64}[self.kind]
        if self.values.dtype != wanted or (self.codes is None) == (self.kind == "time"):
            raise ValueError(f"these arrays are not those of a {self.kind} column")

    @property
    def absent(self) -> bool:
        """Whether no event of the segment has the property."""
        return self.kind == "text" and not len(self.dictionary)


def column_of(values: Sequence[object]) -> PropertyColumn:
    """A column of values as JSON has them, None where there is none; meant for tests and small inputs.

    Examples
    --------
    >>> column_of([3, None, 2.5]).values.tolist()
    [3.0, nan, 2.5]
    """
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        return PropertyColumn("boolean", np.array([-1 if v is None else v for v in values], np.int8), Texts.of([]))
    if present and all(_is_exact(value) for value in present):
        return PropertyColumn(
            "number", np.array([math.nan if v is None else v for v in values], np.float64), Texts.of([])
        )
    texts = [None if value is None else json_text(value) for value in values]
    dictionary = Texts.of([text for text in texts if text is not None])
    codes = np.array([-1 if text is None else dictionary.code(text) for text in texts], np.int32)
    if present and all(isinstance(value, str) and time_of(value) != NO_TIME for value in present):
        moments = np.array([NO_TIME if text is None else time_of(text) for text in texts], np.int64)
        return PropertyColumn("time", moments, dictionary, codes)
    return PropertyColumn("text", codes, dictionary)


class Codes(NamedTuple):
    """Any column as codes into its distinct texts, without an array as long as the column.

    values : int32[events] or int8[events], codes, −1 absent; or float64[events], numbers, NaN absent;
    found : float64[texts] or float64[0], the numbers that occur, ascending: the code of a number is its place here;
    texts : sequence of str, by code.
    """

    values: NDArray[Any]
    found: NDArray[np.float64]
    texts: Sequence[str]

    def of(self, events: slice | IntArray) -> NDArray[Any]:
        """Codes of some events: int32[events] or int8[events]."""
        if not self.texts:
            return np.full(events.stop - events.start if isinstance(events, slice) else len(events), -1, np.int32)
        values = self.values[events]
        if not len(self.found):
            return values
        codes = np.searchsorted(self.found, values).astype(np.int32)
        codes[np.isnan(values)] = -1
        return codes


def as_codes(column: PropertyColumn, parts: Iterable[slice | IntArray] | None = None) -> Codes:
    """Any column as codes. Numbers are sorted first, O(n log n); ``parts`` says which events matter, if not all do."""
    if column.kind == "number":
        parts = parts or (slice(at, at + _PART) for at in range(0, len(column.values), _PART))
        seen = [np.unique(numbers[~np.isnan(numbers)]) for numbers in (column.values[part] for part in parts)]
        found = np.unique(np.concatenate([np.zeros(0), *seen]))
        return Codes(column.values, found, NumberTexts(found))
    texts = ("false", "true") if column.kind == "boolean" else column.dictionary
    return Codes(column.values if column.codes is None else column.codes, np.zeros(0, np.float64), texts)


def number_text(value: float) -> str:
    """The text of a finite number: digits if it is whole and exact, else the shortest decimal that means it."""
    return str(int(value)) if value.is_integer() and abs(value) <= EXACT else repr(value)


def json_text(value: object) -> str:
    """The text of a value as JSON has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_exact(value: object) -> bool:
    number = isinstance(value, float) or (isinstance(value, int) and abs(value) <= EXACT)
    return number and not isinstance(value, bool)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def number_of(text: str) -> float:
    """The number that a text means, written as JSON writes numbers; NaN if it means none."""
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else math.nan


def time_of(text: str) -> int:
    """The moment that a text means, in µs since 1970 UTC; ``NO_TIME`` if it is no ISO date or moment."""
    if not _ISO_TIME.fullmatch(text):
        return NO_TIME
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return NO_TIME
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
