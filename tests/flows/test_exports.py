"""A chart as a file: read again, every format says the same numbers."""

import csv
import io
import json
import re
import struct
from xml.etree import ElementTree

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from flows import children
from flows.engine.query import FlowQuery
from flows.exports import formats
from flows.exports.formats import ChartFile
from flows.questions import FLOW
from flows.services import charts, runs
from tests.flows.drawn import SHOP, result_of
from tests.flows.shops import give, make_shop

FORMATS = formats.FORMATS[FLOW]
HOSTILE = ("=1+1", "@SUM(A1)", "<b>&\x00\u202e", "#panic()", "مرحبا", "x" * 300)


@pytest.fixture(scope="module")
def chart() -> ChartFile:
    paths = {(HOSTILE[:3], "dropped"): 9, (HOSTILE[3:], "open"): 4, **SHOP}
    result = result_of(paths, top=3) | {
        "paths": [{"labels": list(p), "end": e, "count": n} for (p, e), n in paths.items()]
    }
    return ChartFile("First <steps>", "Of people who did a, what next?", "Events through today", "Shop", result)


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_csv_says_every_number_and_computes_none(chart):
    steps, links, paths = (rows(FORMATS[key].write(chart)) for key in ("steps", "links", "paths"))
    nodes = chart.result["nodes"]
    assert [(row[0], row[2], row[3]) for row in steps[1:]] == [
        (str(n["step"]), n["kind"], str(n["count"])) for n in nodes
    ]
    for row, node in zip(steps[1:], nodes, strict=True):
        count, onward, *ends = (int(row[i]) for i in (3, 5, 6, 7, 8, 9))
        assert count == onward + sum(ends)
        assert ends == [node[end] for end in ("converted", "cut", "dropped", "open")]
    assert [int(row[5]) for row in links[1:]] == [link["count"] for link in chart.result["links"]]
    assert [float(row[7]) for row in links[1:]] == [link["median_seconds"] for link in chart.result["links"]]
    assert [int(row[0]) for row in paths[1:]] == [path["count"] for path in chart.result["paths"]]
    assert paths[1][3:5] == ["'=1+1", "'@SUM(A1)"]
    assert not [cell for table in (steps, links, paths) for row in table for cell in row if cell.startswith(("=", "@"))]


def test_a_workbook_holds_the_same_tables_as_values(chart):
    data = FORMATS["xlsx"].write(chart)
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert book.sheet_names == ["Steps", "Links", "Paths", "About"]
    for name, key in (("Steps", "nodes"), ("Links", "links"), ("Paths", "paths")):
        heads, *values = book.get_sheet_by_name(name).to_python()
        assert [int(row[heads.index("Count")]) for row in values] == [each["count"] for each in chart.result[key]]
    assert ["Chart", "First <steps>"] in book.get_sheet_by_name("About").to_python()
    assert book.get_sheet_by_name("Paths").to_python()[1][3] == "=1+1"
    assert data == FORMATS["xlsx"].write(chart)


def test_json_is_the_result(chart):
    assert json.loads(FORMATS["json"].write(chart)) == chart.result


def counts_in(text: str) -> set[int]:
    return {int(number.replace(",", "")) for number in re.findall(r"\b[\d,]+\b", text)}


def test_pictures_say_the_counts_of_every_bar(chart):
    bars = {node["count"] for node in chart.result["nodes"]}
    svg = ElementTree.fromstring(FORMATS["svg"].write(chart))
    assert bars <= counts_in(" ".join(svg.itertext()))
    (page,) = PdfReader(io.BytesIO(FORMATS["pdf"].write(chart))).pages
    text = page.extract_text()
    assert bars <= counts_in(text)
    for said in ("First <steps>", "what next?", "Events through today", "#panic()", "signup"):
        assert said in text
    png = FORMATS["png"].write(chart)
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == pytest.approx((2 * float(svg.get("width")), 2 * float(svg.get("height"))), abs=2)


def test_a_drawing_that_takes_too_long_is_refused_with_a_way_out(chart, monkeypatch):
    def stopped(*_, **__):
        raise children.OverLimit

    monkeypatch.setattr(children, "run", stopped)
    for key in ("pdf", "png"):
        with pytest.raises(ValidationError, match="takes too long to draw"):
            FORMATS[key].write(chart)


@pytest.fixture
def saved(team, alice):
    query = FlowQuery(start=("visit",))
    return charts.save_chart(team=team, dataset=make_shop(team), name="Wege / Ziele", query=query, owner=alice)


def test_what_is_downloaded_is_what_the_page_shows(saved, vera, sign_in):
    viewer = sign_in(vera)
    export = reverse("flows:export", args=[saved.team.slug, saved.pk, "json"])
    assert viewer.get(export)["Location"] == reverse("flows:chart", args=[saved.team.slug, saved.pk])
    shown = runs.answer_now(dataset=saved.dataset, query=FlowQuery(start=("visit",)))
    page = viewer.get(reverse("flows:chart", args=[saved.team.slug, saved.pk])).content.decode()
    (url,) = set(re.findall(r'href="([^"]*/export/json/[^"]*)"', page))
    give(saved.dataset, [("eve", "visit", 3)])
    runs.answer_now(dataset=saved.dataset, query=FlowQuery(start=("visit",)))
    answer = viewer.get(url)
    assert answer.json() == shown
    assert answer["Content-Disposition"] == 'attachment; filename="wege-ziele.json"'
    assert viewer.get(export).json() != shown
    other = reverse("flows:export_new", args=[saved.team.slug, "steps"]) + "?start=search"
    runs.answer_now(dataset=saved.dataset, query=FlowQuery(start=("search",)))
    assert rows(viewer.get(other).content)[1][:4] == ["0", "search", "event", "3"]


@pytest.mark.parametrize("form", ["exe", "pdf-a4"])
def test_an_unknown_format_and_the_chart_of_another_team_do_not_exist(saved, form, vera, charlie, sign_in):
    assert sign_in(vera).get(reverse("flows:export", args=[saved.team.slug, saved.pk, form])).status_code == 404
    assert sign_in(charlie).get(reverse("flows:export", args=["elsewhere", saved.pk, "json"])).status_code == 404
    for version in ("x", "9" * 20, "-1"):
        url = reverse("flows:export", args=[saved.team.slug, saved.pk, "json"]) + f"?version={version}"
        assert sign_in(vera).get(url).status_code == 302
