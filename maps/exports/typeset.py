"""PDF and PNG through Typst, which shapes the texts of all scripts with fonts that come as packages.

Typst gets one constant program; everything of a map goes in as data. What is no text is a picture in SVG below it.
Nothing is read from disk but the fonts, and nothing from a network. It runs as a child: its caches never shrink.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import manimgx_fonts
import manimgx_fonts_cjk
from django.core.exceptions import ValidationError

from maps import children
from maps.documents.shapes import MapDocument
from maps.drawing.marks import Words
from maps.drawing.pages import Page, pages, poster
from maps.exports.svg import svg

SETTER = Path(__file__).with_name("typeset_process.py")
SECONDS = 120
FONTS = [str(Path(package.__file__).parent) for package in (manimgx_fonts, manimgx_fonts_cjk)]
POINTS = 0.75  # of a CSS pixel
MOST_PIXELS = 24_000_000
SHARPEST = 192  # pixels to the inch: two for each CSS pixel
FAMILIES = ("Noto Sans", "Noto Sans Symbols", "Noto Emoji", "Noto Sans CJK SC")
PROGRAM = """
#let book = json(bytes(sys.inputs.book))
#set document(title: book.title, date: none)
#set text(font: book.families, lang: "en", hyphenate: false, top-edge: "baseline", bottom-edge: "baseline")
#let line(word) = {
  set text(size: word.size * 1pt, dir: if word.from_right { rtl } else { ltr })
  for run in word.runs { text(weight: run.weight, fill: rgb(run.colour), run.text) }
}
#for sheet in book.sheets {
  set page(width: sheet.width * 1pt, height: sheet.height * 1pt, margin: 0pt)
  place(top + left, pdf.artifact(image(bytes(sheet.picture), format: "svg", width: 100%)))
  for word in sheet.words {
    let round = if word.halo != "" { rgb(word.halo).transparentize(25%) }
    place(top + left, dx: word.x * 1pt, dy: word.y * 1pt, context {
      let wide = measure(line(word)).width
      let outset = (x: word.size * 0.1pt, top: word.size * 0.85pt, bottom: word.size * 0.2pt)
      move(dx: -word.shift * wide, box(width: wide, fill: round, outset: outset, line(word)))
    })
  }
  pagebreak(weak: true)
}
"""


def pdf(document: MapDocument, *, paper: str) -> bytes:
    """Vector pages of that size in landscape."""
    return _typeset(document.title, pages(document, paper), "pdf")


def png(document: MapDocument) -> bytes:
    """One picture, twice as sharp as a plain screen unless that were too large."""
    page = poster(document)
    sharpness = min(SHARPEST, 96 * (MOST_PIXELS / (page.width * page.height)) ** 0.5)
    return _typeset(document.title, [page], "png", ppi=sharpness)


def _typeset(title: str, sheets: Sequence[Page], form: Literal["pdf", "png"], ppi: float | None = None) -> bytes:
    book = {"title": title, "families": FAMILIES, "sheets": [_sheet(page) for page in sheets]}
    asked = {"program": PROGRAM, "book": book, "form": form, "ppi": ppi, "fonts": FONTS}
    try:
        # Few threads: each of them reserves memory that counts against the limit.
        return children.run(SETTER, data=json.dumps(asked).encode(), seconds=SECONDS, RAYON_NUM_THREADS="2")
    except children.OverLimit:
        raise ValidationError("This map takes too long to draw. Take the workbook or JSON.") from None


def _sheet(page: Page) -> dict[str, Any]:
    points = page.scale * POINTS
    picture = replace(page, marks=tuple(mark for mark in page.marks if not isinstance(mark, Words)))
    return {
        "width": round(page.width * points, 3),
        "height": round(page.height * points, 3),
        "picture": svg(picture, title=""),
        "words": [_word(mark, points) for mark in page.marks if isinstance(mark, Words)],
    }


def _word(words: Words, points: float) -> dict[str, Any]:
    """`shift` is the share of its own width by which a text stands to the left of its place."""
    shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[words.anchor]
    return {
        "runs": [{"text": run.text, "weight": run.weight, "colour": run.colour} for run in words.runs],
        "x": round(words.x * points, 3),
        "y": round(words.y * points, 3),
        "size": round(words.size * points, 3),
        "halo": words.halo,
        "from_right": words.from_right,
        "shift": 1 - shift if words.from_right else shift,
    }
