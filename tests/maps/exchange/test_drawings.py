import io
import math
import re
import struct
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from pypdf import PdfReader

from flows.exports import typeset
from maps import colours
from maps.documents.reading import checked
from maps.documents.shapes import (
    CardPart,
    CellPart,
    FeelingPart,
    LanePart,
    MapDocument,
    PersonaPart,
    StagePart,
    StepPart,
    TouchpointPart,
)
from maps.drawing.marks import Box, Words
from maps.drawing.pages import PAPERS, PIXELS, Page, pages, poster
from maps.exports import svg
from maps.exports.formats import FORMATS
from maps.library import TEMPLATES
from maps.sample.journey import MAP
from tests.maps.exchange.documents import documents

NS = {"svg": "http://www.w3.org/2000/svg"}
FEW = hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def large(*, steps: int = 28, lanes: int = 12, cards: int = 2) -> MapDocument:
    stages = tuple(
        StagePart(f"Stage {first}", tuple(StepPart(f"Step {first + more}") for more in range(4)))
        for first in range(0, steps, 4)
    )
    kinds = ["text", "touchpoint", "quote", "emotion", "pain", "opportunity"]
    rows = []
    for number in range(lanes):
        kind = kinds[number % 6]
        cells = tuple(
            CellPart(step, tuple(CardPart(f"Card {number}.{step}.{card} " + "word " * 12) for card in range(cards)))
            for step in range(steps)
        )
        feelings = tuple(FeelingPart(step, step % 5 - 2, f"Feels {step}") for step in range(steps))
        emotion = kind == "emotion"
        rows.append(LanePart(kind, f"Lane {number}", cells=() if emotion else cells, feelings=feelings * emotion))
    return checked(MapDocument("A large map", stages, tuple(rows)))


def words_of(page: Page) -> list[str]:
    return ["".join(run.text for run in mark.runs) for mark in page.marks if isinstance(mark, Words)]


def extent(page: Page) -> tuple[float, float]:
    """How far to the right and down anything reaches, texts by where they begin."""
    boxes = [mark for mark in page.marks if isinstance(mark, Box)]
    texts = [mark for mark in page.marks if isinstance(mark, Words)]
    right = max([box.x + box.width for box in boxes] + [text.x for text in texts])
    return right, max([box.y + box.height for box in boxes] + [text.y for text in texts])


# --- Geometry -----------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("template", [*TEMPLATES.values(), MAP], ids=lambda template: template.key)
def test_every_template_stands_within_its_pages(template, paper):
    for page in pages(template.document, paper):
        wide, high = PAPERS[paper]
        assert page.width * page.scale == pytest.approx(wide * PIXELS)
        assert page.height * page.scale == pytest.approx(high * PIXELS)
        right, bottom = extent(page)
        assert right <= page.width + 0.01
        assert bottom <= page.height + 0.01


@FEW
@given(document=documents())
def test_whatever_stands_on_a_map_stands_on_its_sheet(document):
    page = poster(document)
    right, bottom = extent(page)
    assert (right, bottom) <= (page.width + 0.01, page.height + 0.01)
    ElementTree.fromstring(svg.svg(page, title=document.title))


def test_small_letters_are_never_smaller_than_six_points():
    for document in (MAP.document, large()):
        for paper in PAPERS:
            assert min(page.scale for page in pages(document, paper)) * 12 * 0.75 > 6.4


def test_every_card_of_a_large_map_is_printed_once():
    document = large()
    printed = [line for page in pages(document, "a4") for line in words_of(page)]
    found = [name for line in printed for name in re.findall(r"Card (\d+\.\d+\.\d+)", line)]
    wanted = [re.findall(r"\d+\.\d+\.\d+", card.body)[0] for _, _, card in document.cards()]
    assert sorted(found) == sorted(wanted)


def test_heads_are_on_every_page_and_bands_end_with_a_stage():
    printed = pages(large(steps=24), "a3")
    assert len(printed) > 3
    for number, page in enumerate(printed, start=1):
        words = words_of(page)
        assert f"{number} / {len(printed)}" in words
        assert any(word.startswith("Stage ") and word[6:].isdigit() for word in words)
        assert "continued" not in words
        assert "A large map" in words


def test_a_cell_higher_than_a_page_goes_on_on_the_next():
    cell = CellPart(0, tuple(CardPart(f"Card {number}") for number in range(50)))
    document = MapDocument("Tall", (StagePart("S", (StepPart("x"),)),), (LanePart("text", "Tall lane", cells=(cell,)),))
    printed = pages(document, "a4")
    assert len(printed) > 1
    assert "continued" in words_of(printed[1])
    assert sorted(word for page in printed for word in words_of(page) if word.startswith("Card")) == sorted(
        f"Card {number}" for number in range(50)
    )


def test_a_stage_that_has_to_be_cut_says_so():
    document = MapDocument("Long", (StagePart("One", tuple(StepPart(f"Step {n}") for n in range(20))),))
    first, *others = pages(document, "a4")
    assert "continued" not in words_of(first)
    assert others
    assert all("continued" in words_of(page) for page in others)


def test_larger_paper_takes_fewer_pages_or_larger_letters():
    counts = [len(pages(large(), paper)) for paper in PAPERS]
    assert counts == sorted(counts, reverse=True)
    one = [pages(TEMPLATES["service-blueprint"].document, paper)[0].scale for paper in PAPERS]
    assert one == sorted(one)


def test_colours_are_those_of_the_page():
    tokens = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
    for name in ("bg", "line", "line-soft", "line-firm", "ink", "ink-2", "ink-3", "accent", "good", "bad"):
        found = re.search(rf"--{name}: light-dark\(oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", tokens)
        ours = colours.GROUND if name == "bg" else getattr(colours, name.upper().replace("-", "_"))
        assert ours == colours.oklch(*map(float, found.groups())), name


def test_colours_are_turned_into_srgb():
    """Values of CSS Color 4: https://www.w3.org/TR/css-color-4/#the-oklab-notation"""
    assert colours.oklch(0, 0, 0) == "#000000"
    assert colours.oklch(1, 0, 0) == "#ffffff"
    assert colours.oklch(0.62796, 0.25768, 29.23) == "#ff0000"
    assert colours.oklch(0.5, 0.4, 140)[0] == "#"


# --- Files --------------------------------------------------------------------------------------


def test_an_svg_is_complete_in_itself_and_its_texts_are_texts():
    document = replace(MAP.document, title="</svg><script>alert(1)</script>", personas=(PersonaPart("Noor"),))
    text = FORMATS["svg"].write(document).decode()
    root = ElementTree.fromstring(text)
    assert root.find("svg:title", NS).text == document.title
    assert not root.findall(".//{*}script")
    shown = ["".join(each.itertext()) for each in root.iterfind(".//svg:text", NS)]
    assert {"Awareness", "Landing page", "+2 Delighted", "Noor", "“Do I need it now?”"} <= set(shown)
    links = [each.get("href") for each in root.iter() if each.get("href")]
    assert links
    assert all(link.startswith("#i-") for link in links)
    assert {each.get("id") for each in root.iterfind(".//svg:symbol", NS)} >= {link[1:] for link in links}
    assert "url(" not in text
    assert text.count("http") == 1


@pytest.mark.parametrize(
    "text", ["a\x0bb\x1b", "\ufffe\uffff", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")]
)
def test_what_xml_cannot_write_is_left_out(text):
    lane = LanePart("text", "Lane", cells=(CellPart(0, (CardPart(f"x{text}"),)),))
    document = MapDocument(f"T{text}", (StagePart("S", (StepPart("x"),)),), (lane,))
    ElementTree.fromstring(FORMATS["svg"].write(document))


def test_text_that_reads_from_the_right_begins_at_the_right():
    lane = LanePart("text", "حارة", cells=(CellPart(0, (CardPart("رحلة العميل (12)"), CardPart("left"))),))
    document = MapDocument("Map", (StagePart("S", (StepPart("x"),)),), (lane,))
    found = {mark.runs[0].text: mark for mark in poster(document).marks if isinstance(mark, Words)}
    right, left = found["رحلة العميل (12)"], found["left"]
    assert right.from_right
    assert right.x > left.x + 100
    assert ' direction="rtl"' in FORMATS["svg"].write(document).decode()


@pytest.mark.parametrize(("paper", "points"), [("a4", (841.89, 595.28)), ("a0", (3370.39, 2383.94))])
def test_a_pdf_has_pages_of_that_paper_with_texts_and_a_title(paper, points):
    data = FORMATS[f"pdf-{paper}"].write(MAP.document)
    reader = PdfReader(io.BytesIO(data))
    assert len(reader.pages) == len(pages(MAP.document, paper))
    for page in reader.pages:
        assert tuple(map(float, page.mediabox[2:])) == pytest.approx(points, abs=0.1)
    text = "".join(page.extract_text() for page in reader.pages)
    assert "Awareness" in text
    assert "Nobody is at home" in text
    assert reader.metadata.title == MAP.title
    assert reader.metadata.creation_date is None
    names = {font["/BaseFont"] for page in reader.pages for font in _fonts(page)}
    assert names
    assert all("Noto" in name for name in names)


def _fonts(page):
    return [font.get_object() for font in page["/Resources"].get("/Font", {}).values()]


SCRIPTS = "Ελλ Кир رحلة שלום 漢字 한국 नमस्ते ไทย ქართ አማር ★ 🎉"


def test_no_script_is_left_without_letters():
    lane = LanePart("text", "Lane", cells=(CellPart(0, (CardPart(SCRIPTS.replace(" ", "\n")),)),))
    document = MapDocument("Map", (StagePart("S", (StepPart("x"),)),), (lane,))
    reader = PdfReader(io.BytesIO(FORMATS["pdf-a4"].write(document)))
    names = {font["/BaseFont"].partition("+")[2] for font in _fonts(reader.pages[0])}
    wanted = ("NotoSans-", "Arabic", "Hebrew", "CJK", "Devanagari", "Thai", "Georgian", "Ethiopic", "NotoEmoji")
    assert [script for script in wanted if not any(script in name for name in names)] == []


@FEW
@given(document=documents())
def test_no_text_breaks_a_pdf(document):
    data = FORMATS["pdf-a3"].write(document)
    assert len(PdfReader(io.BytesIO(data)).pages) == len(pages(document, "a3"))


def test_what_looks_like_typst_is_text():
    lane = LanePart("text", "#panic()", cells=(CellPart(0, (CardPart('#read("/etc/passwd")\n$x$ @a <b> \\ " */'),)),))
    document = MapDocument("#set page(width: 1pt)", (StagePart("S", (StepPart("#x"),)),), (lane,))
    text = PdfReader(io.BytesIO(FORMATS["pdf-a4"].write(document))).pages[0].extract_text()
    assert '#read("/etc/passwd")' in text.replace("\n", "")
    assert "#panic()" in text


def png_size(data: bytes) -> tuple[int, int]:
    assert data.startswith(b"\x89PNG")
    return struct.unpack(">II", data[16:24])


def test_a_png_is_twice_as_sharp_as_the_screen():
    page = poster(MAP.document)
    assert png_size(FORMATS["png"].write(MAP.document)) == pytest.approx((2 * page.width, 2 * page.height), abs=2)


def test_a_png_of_a_large_map_has_no_more_pixels_than_fit_memory():
    document = large(steps=200, lanes=12, cards=1)
    width, height = png_size(FORMATS["png"].write(document))
    assert width * height <= 1.01 * typeset.MOST_PIXELS
    assert math.isclose(width / height, poster(document).width / poster(document).height, rel_tol=0.01)


def test_more_than_a_picture_holds_is_refused_with_a_way_out():
    cell = CellPart(0, (CardPart("x", touchpoint=TouchpointPart()),) * 5_001)
    document = MapDocument("Map", (StagePart("S", (StepPart("x"),)),), (LanePart("touchpoint", "L", cells=(cell,)),))
    for key in ("svg", "png", "pdf-a4"):
        with pytest.raises(ValidationError, match="A picture holds 5,000 cards, and this map has 5,001"):
            FORMATS[key].write(document)
    assert FORMATS["json"].write(document)
