"""A program of its own that turns a workbook (standard input) into JSON (standard output): `rows` and `about`.

A workbook of a few bytes can claim billions of cells, and a reader that believes it takes its process down.
"""

import datetime
import io
import json
import resource
import sys
from typing import Any

MEMORY = 1_000_000_000
SECONDS = 20


def main(most_rows: int, most_columns: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from python_calamine import CalamineWorkbook  # noqa: PLC0415 - behind the limits

    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    visible = [sheet.name for sheet in book.sheets_metadata if str(sheet.visible).endswith("Visible")]
    names = visible or book.sheet_names
    wanted = next((name for name in names if name == "Map"), names[0])
    told = book.get_sheet_by_name("About").to_python() if "About" in names and wanted != "About" else []
    sheet = book.get_sheet_by_name(wanted)
    last_row, last_column = sheet.end or (-1, -1)
    rows = sheet.to_python(skip_empty_area=False, nrows=most_rows)
    json.dump(
        {
            "height": last_row + 1,
            "width": last_column + 1,
            "rows": [[written(cell) for cell in row[:most_columns]] for row in rows],
            "about": {written(row[0]): written(row[1]) for row in told[:50] if len(row) > 1},
        },
        sys.stdout,
    )


def written(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell).replace("\x00", "")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
