"""Rows of text from CSV or what a spreadsheet puts on the clipboard, whatever stands between the cells."""

import csv
import io
from itertools import islice

from django.core.exceptions import ValidationError

from flows.formulas import unguarded
from maps.imports.grid import MOST_COLUMNS, MOST_ROWS

DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 20_000  # characters


def read(text: str) -> list[list[str]]:
    """Raises ValidationError where a line cannot be read, or where there are more rows than a map has.

    What is at most one row too much is handed on: the reader of the grid says what is wrong with it.
    """
    delimiter = _delimiter(text)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(row) > 4 * MOST_COLUMNS or len(rows) > 4 * MOST_ROWS:
                raise ValidationError(f"More than {len(rows):,} rows or {len(row):,} columns are too much for a map.")
            rows.append([unguarded(cell) for cell in row])
    except csv.Error:
        raise ValidationError(f"Row {len(rows) + 1} cannot be read as CSV.") from None
    return rows


def _delimiter(text: str) -> str:
    """The one that gives every one of the first rows the most cells."""
    return max(DELIMITERS, key=lambda each: _cells(text[:_LOOKED_AT], each))


def _cells(text: str, delimiter: str) -> tuple[int, int]:
    try:
        first = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 3))
    except csv.Error:
        return (0, 0)
    counts = [len(row) for row in first if any(row)]
    return (min(counts, default=0), max(counts, default=0))
