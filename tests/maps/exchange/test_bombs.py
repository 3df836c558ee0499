"""Workbooks that are made to take more than they look: refused, in bounded memory, with one sentence."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from maps.exports.formats import FORMATS
from maps.imports import xlsx
from maps.imports.files import read_map
from maps.imports.sheet_process import MEMORY
from maps.library import LIFECYCLE

SHEET = "xl/worksheets/sheet1.xml"
HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = "</sheetData></worksheet>"
# Runs the program as its only child, and ends as that does.
WATCHED = """
import os, resource, subprocess, sys
code = subprocess.run([sys.executable, "-I", {program!r}, *sys.argv[1:]]).returncode
with open({report!r}, "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
"""
REPORT = Path()


def with_parts(parts: dict[str, bytes]) -> bytes:
    """A workbook of ours with other parts in it."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(FORMATS["xlsx"].write(LIFECYCLE.document))) as good,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for name in good.namelist():
            bad.writestr(name, parts.pop(name, good.read(name)))
        for name, data in parts.items():
            bad.writestr(name, data)
    return out.getvalue()


def with_cells(*cells: str) -> bytes:
    rows = "".join(
        f'<row r="{"".join(filter(str.isdigit, cell))}"><c r="{cell}" t="inlineStr"><is><t>x</t></is></c></row>'
        for cell in cells
    )
    return with_parts({SHEET: (HEAD + rows + TAIL).encode()})


@pytest.fixture(autouse=True)
def peak(tmp_path, monkeypatch):
    """Where the most memory (KiB) that reading a workbook took is written, once one has been read."""
    program, report = tmp_path / "watched.py", tmp_path / "peak"
    program.write_text(WATCHED.format(program=str(xlsx.PROGRAM), report=str(report)))
    monkeypatch.setattr(xlsx, "PROGRAM", program)
    monkeypatch.setattr("tests.maps.exchange.test_bombs.REPORT", report)


def refused(data: bytes) -> str:
    """Why; nothing of it may have passed through the memory of any process."""
    with pytest.raises(ValidationError) as caught:
        read_map(data)
    if REPORT.exists():
        assert int(REPORT.read_text()) * 1024 < MEMORY
    return caught.value.messages[0]


@pytest.mark.parametrize("cell", ["XFD1048576", "A4000000000", "ZZZZZZ1"])
def test_a_cell_far_away_does_not_make_room_for_all_before_it(cell):
    data = with_cells("A1", cell)
    assert len(data) < 20_000
    assert refused(data) in (
        "This workbook is larger inside than a map can be.",
        "This is no Excel workbook that can be read.",
    )


def test_a_million_rows_are_refused_by_what_the_archive_says():
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{"x" * 40}</t></is></c></row>' for n in range(1, 1_000_001)
    )
    assert refused(with_parts({SHEET: (HEAD + rows + TAIL).encode()})) == (
        "This workbook is larger inside than a map can be."
    )


def test_many_short_rows_are_too_much_for_a_map():
    assert "10,000 rows" in refused(with_cells(*(f"B{n}" for n in range(1, 10_001))))


def test_a_part_that_lies_about_its_size_meets_the_limit_of_the_process():
    """The archive says 1 kB, and 3 GB come out."""
    data = bytearray(with_parts({"xl/sharedStrings.xml": b"<sst>" + b"<si><t>aaaaaaaa</t></si>" * 3_900_000}))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.getinfo("xl/sharedStrings.xml").header_offset
    central = data.index(b"PK\x01\x02")
    while data[central + 46 : central + 66] != b"xl/sharedStrings.xml":
        central = data.index(b"PK\x01\x02", central + 4)
    for place in (start + 22, central + 24):
        data[place : place + 4] = struct.pack("<I", 1_000)
    xlsx._looked_into(bytes(data))
    assert refused(bytes(data)) in (
        "This workbook is larger inside than a map can be.",
        "This is no Excel workbook that can be read.",
    )


@pytest.mark.parametrize(
    "data",
    [
        b"PK",
        b"PK\x03\x04" + b"\x00" * 100,
        FORMATS["xlsx"].write(LIFECYCLE.document)[:2_000],
        with_parts({SHEET: b"<worksheet"}),
        with_parts({"xl/workbook.xml": b""}),
        with_parts({"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><workbook>&a;</workbook>'}),
    ],
)
def test_a_broken_workbook_is_refused(data):
    assert "no Excel workbook" in refused(data) or "No stages found" in refused(data)


def test_an_archive_that_is_no_workbook_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert refused(out.getvalue()) == "This is no Excel workbook (.xlsx)."


def test_thousands_of_parts_are_refused():
    assert refused(with_parts({f"xl/x{number}.xml": b"" for number in range(2_001)})) == (
        "This workbook is larger inside than a map can be."
    )
