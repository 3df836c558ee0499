"""A map as PDF and PNG."""

from collections.abc import Callable
from dataclasses import replace

from django.core.exceptions import ValidationError

from flows import children
from flows.exports import typeset
from flows.exports.typeset import Sheet
from maps.documents.shapes import MapDocument
from maps.drawing.marks import Words
from maps.drawing.pages import Page, pages, poster
from maps.exports.svg import svg


def pdf(document: MapDocument, *, paper: str) -> bytes:
    """Vector pages of that size in landscape."""
    return _in_time(lambda: typeset.pdf(document.title, [_sheet(page) for page in pages(document, paper)]))


def png(document: MapDocument) -> bytes:
    return _in_time(lambda: typeset.png(document.title, _sheet(poster(document))))


def _in_time(write: Callable[[], bytes]) -> bytes:
    try:
        return write()
    except children.OverLimit:
        raise ValidationError("This map takes too long to draw. Take the workbook or JSON.") from None


def _sheet(page: Page) -> Sheet:
    picture = replace(page, marks=tuple(mark for mark in page.marks if not isinstance(mark, Words)))
    words = tuple(mark for mark in page.marks if isinstance(mark, Words))
    return Sheet(page.width, page.height, svg(picture, title=""), words, page.scale)
