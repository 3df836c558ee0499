"""PDF and PNG through Typst, which shapes the texts of all scripts with fonts that come as packages.

Typst gets one constant program; everything of a drawing goes in as data. What is no text is a picture in SVG below it.
Nothing is read from disk but the fonts, and nothing from a network. It runs as a child: its caches never shrink.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import manimgx_fonts
import manimgx_fonts_cjk

from flows import children
from flows.exports.words import Words

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


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page, in CSS pixels; printed `scale` times as large. `picture` is SVG without texts."""

    width: float
    height: float
    picture: str
    words: tuple[Words, ...]
    scale: float = 1.0


def pdf(title: str, sheets: Sequence[Sheet]) -> bytes:
    """Vector pages. Raises `flows.children.OverLimit` where it takes too long."""
    return _typeset(title, sheets, "pdf")


def png(title: str, sheet: Sheet) -> bytes:
    """One picture, twice as sharp as a plain screen unless that were too large. Raises `flows.children.OverLimit`."""
    sharpness = min(SHARPEST, 96 * (MOST_PIXELS / (sheet.width * sheet.height)) ** 0.5)
    return _typeset(title, [sheet], "png", ppi=sharpness)


def _typeset(title: str, sheets: Sequence[Sheet], form: Literal["pdf", "png"], ppi: float | None = None) -> bytes:
    book = {"title": title, "families": FAMILIES, "sheets": [_sheet(sheet) for sheet in sheets]}
    asked = {"program": PROGRAM, "book": book, "form": form, "ppi": ppi, "fonts": FONTS}
    # Few threads: each of them reserves memory that counts against the limit.
    return children.run(SETTER, data=json.dumps(asked).encode(), seconds=SECONDS, RAYON_NUM_THREADS="2")


def _sheet(sheet: Sheet) -> dict[str, Any]:
    points = sheet.scale * POINTS
    return {
        "width": round(sheet.width * points, 3),
        "height": round(sheet.height * points, 3),
        "picture": sheet.picture,
        "words": [_word(words, points) for words in sheet.words],
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
