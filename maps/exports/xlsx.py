"""The grid of a map as an Excel workbook, with a sheet of what it is about, and one of who sees to which card."""

import io
from datetime import UTC, datetime
from typing import Any

import xlsxwriter

from flows.exports.xlsx import fitting
from maps import colours
from maps.documents.shapes import MapDocument
from maps.exports.grid import Grid, grid
from maps.models import JourneyMap, Lane

MAP, ABOUT, WORK = "Map", "About", "Work"
_WIDTHS = {"lane": 22, "lead": 15, "step": 30}
_WORK = {"Due": 14, "Who": 30, "Card": 60, "Lane": 24, "Step": 24}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # The same map is the same file on every day.


def write(document: MapDocument) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"title": document.title, "created": _EPOCH})
        _map_sheet(book, document, grid(document))
        _about_sheet(book, document)
        _work_sheet(book, document)
    return out.getvalue()


def _map_sheet(book: Any, document: MapDocument, rows: Grid) -> None:
    sheet = book.add_worksheet(MAP)
    sheet.freeze_panes(2, rows.leads)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, 1)
    sheet.repeat_columns(0)
    sheet.set_column(0, 0, _WIDTHS["lane"])
    sheet.set_column(1, rows.leads - 1, _WIDTHS["lead"])
    sheet.set_column(rows.leads, rows.leads + len(document.steps) - 1, _WIDTHS["step"])
    sheet.set_row(0, 24)
    _stages(book, sheet, document, rows)
    step = book.add_format(_cell(bold=True, bg_color=colours.GROUND, bottom=1, bottom_color=colours.LINE_FIRM))
    for column, text in enumerate(rows.rows[1]):
        sheet.write_string(1, column, fitting(text), step)
    title, note = book.add_format(_cell(bold=True)), book.add_format(_cell(font_color=colours.INK_3))
    body = book.add_format(_cell())
    felt = {score: book.add_format(_cell(**_tint(score))) for score in range(-2, 3)}
    for row, (lane, texts) in enumerate(zip(document.lanes, rows.rows[2:], strict=True), start=2):
        scores = {one.step: one.score for one in lane.feelings} if lane.kind == Lane.Kind.EMOTION else {}
        for column, text in enumerate(texts):
            score = scores.get(column - rows.leads)
            look = title if column == 0 else note if column < rows.leads else body if score is None else felt[score]
            sheet.write_string(row, column, fitting(text), look)


def _stages(book: Any, sheet: Any, document: MapDocument, rows: Grid) -> None:
    corner = book.add_format(_cell(bold=True, bg_color=colours.GROUND))
    for column in range(rows.leads):
        sheet.write_string(0, column, rows.rows[0][column], corner)
    column = rows.leads
    for place, stage in enumerate(document.stages):
        colour = colours.stage_colour(place, len(document.stages))
        look = book.add_format(
            _cell(bold=True, font_color="#ffffff", bg_color=colour, valign="vcenter", text_wrap=False)
        )
        last = column + len(stage.steps) - 1
        if last > column:
            sheet.merge_range(0, column, 0, last, "", look)
        sheet.write_string(0, column, fitting(stage.name), look)
        column = last + 1


def _about_sheet(book: Any, document: MapDocument) -> None:
    sheet = book.add_worksheet(ABOUT)
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 90)
    label, text = book.add_format(_cell(bold=True)), book.add_format(_cell())
    for row, (name, value) in enumerate(about(document).items()):
        sheet.write_string(row, 0, name, label)
        sheet.write_string(row, 1, fitting(value), text)


def _work_sheet(book: Any, document: MapDocument) -> None:
    """Cards that somebody is to see to, or by some day, the next day first; no sheet where there are none."""
    cards = [(lane, cell, card) for lane, cell, card in document.cards() if card.owner or card.due]
    if not cards:
        return
    sheet = book.add_worksheet(WORK)
    sheet.freeze_panes(1, 0)
    sheet.hide_gridlines(2)
    for column, (name, width) in enumerate(_WORK.items()):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, book.add_format(_cell(bold=True, bg_color=colours.GROUND)))
    text = book.add_format(_cell())
    for row, (lane, cell, card) in enumerate(sorted(cards, key=lambda found: found[2].due or "~"), start=1):
        for column, value in enumerate((card.due, card.owner, card.body, lane.title, document.steps[cell.step].name)):
            sheet.write_string(row, column, fitting(value), text)


def about(document: MapDocument) -> dict[str, str]:
    """What the second sheet says, by its labels."""
    return {
        "Title": document.title,
        "Scenario": document.scenario,
        "Expectations": document.expectations,
        "Kind": JourneyMap.Kind(document.kind).label,
        "Shows": JourneyMap.State(document.state).label,
    }


def _cell(**look: Any) -> dict[str, Any]:
    return {
        "text_wrap": True,
        "valign": "top",
        "font_color": colours.INK,
        "border": 1,
        "border_color": colours.LINE,
        **look,
    }


def _tint(score: int) -> dict[str, str]:
    """Red and green behind a feeling; its number stands beside it."""
    if score == 0:
        return {}
    return {"bg_color": colours.GOOD_SOFT if score > 0 else colours.BAD_SOFT}
