"""The tables of a result as an Excel workbook, and a sheet that says what was asked. No cell is a formula."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import xlsxwriter

from flows.exports.tables import Table

MOST_CHARACTERS = 32_767  # in a cell of Excel
_CUT = "\n… (cut here)"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # the same result is the same file on every day


def write(tables: Sequence[Table], about: Mapping[str, str], *, title: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"title": title, "created": _EPOCH})
        for table in tables:
            _table(book, table)
        sheet, bold = book.add_worksheet("About"), book.add_format({"bold": True})
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, 1, 100)
        for row, (name, text) in enumerate(about.items()):
            sheet.write_string(row, 0, name, bold)
            sheet.write_string(row, 1, fitting(text))
    return out.getvalue()


def _table(book: Any, table: Table) -> None:
    sheet = book.add_worksheet(table.name)
    head = book.add_format({"bold": True, "bottom": 1})
    share = book.add_format({"num_format": "0.0%"})
    count = book.add_format({"num_format": "#,##0"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(table.heads), 14)
    for column, name in enumerate(table.heads):
        sheet.write_string(0, column, name, head)
    for row, values in enumerate(table.rows, start=1):
        for column, value in enumerate(values):
            if isinstance(value, str):
                sheet.write_string(row, column, fitting(value))
            elif isinstance(value, int):
                sheet.write_number(row, column, value, count)
            elif value is not None:
                sheet.write_number(row, column, value, share if column in table.shares else None)
    sheet.autofilter(0, 0, len(table.rows), max(0, len(table.heads) - 1))


def fitting(text: str) -> str:
    """Excel counts in UTF-16, and writes nothing at all where a text is too long."""
    if len(text) + sum(char > "\uffff" for char in text) <= MOST_CHARACTERS:
        return text
    room = (MOST_CHARACTERS - len(_CUT)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore") + _CUT
