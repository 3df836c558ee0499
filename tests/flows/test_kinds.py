"""Funnel, retention and trend as saved charts: shared, on dashboards, as files, with versions, as flows are."""

import csv
import io
import json
import re
import struct
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from accounts import sharing
from flows import queries
from flows.contexts.versions import version_rows
from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from flows.exports.formats import FORMATS
from flows.models import Alert, FlowRun
from flows.questions import FunnelQuestion, RetentionQuestion, TrendQuestion
from flows.services import alerts, charts, dashboards, runs
from tests.flows.shops import give, make_shop

VISIT = FlowQuery(start=("visit",))
FUNNEL = FunnelQuestion(steps=(("visit",), ("search",), ("order",)))
QUESTIONS = (FUNNEL, RetentionQuestion(first=("visit",)), TrendQuestion(period="day"))


@pytest.fixture
def shop(team):
    return make_shop(team)


@pytest.fixture(params=QUESTIONS, ids=lambda question: question.kind)
def chart(request, team, shop, bob):
    return charts.save_chart(team=team, dataset=shop, name="Wege <1>", query=request.param, owner=bob)


def answered(chart):
    return runs.answer_now(dataset=chart.dataset, query=runs.saved_query(chart.query))


def page(name, chart, *more):
    return reverse(f"flows:{name}", args=[chart.team.slug, chart.pk, *more])


SAID = {
    "funnel": ("3 steps", "1 did something else next", "75.0\u00a0%"),
    "retention": ("4 people began", "By when they began", "Week 1"),
    "trend": ("5 people over the whole time", "People by day", "search"),
}


def test_a_link_and_a_tile_show_the_last_answer_without_people_and_ways_on(chart, bob):
    _, token = sharing.share(team=chart.team, target=chart, by=bob, embeddable=True)
    board = dashboards.create_dashboard(team=chart.team, name="Weekly", by=bob)
    tile = dashboards.add_tile(dashboard=board, chart=chart)
    _, shared_board = sharing.share(team=chart.team, target=board, by=bob)
    at = [reverse(f"shared:{name}", args=[token]) for name in ("chart", "embed_chart")]
    at.append(reverse("shared:dashboard_tile", args=[shared_board, tile.pk]))
    assert all("Not computed yet" in Client().get(url).content.decode() for url in at)
    answered(chart)
    give(chart.dataset, [("eve", "visit", 3)])
    texts = [Client().get(url).content.decode() for url in at]
    for text in texts[:2]:
        assert all(said in text for said in SAID[chart.query["kind"]][::2])
        assert re.findall(r'<a [^>]*href="([^"]*)"', text) == ["#content"]
    headline = {"funnel": "people began", "retention": "people began", "trend": "people over the whole time"}
    assert headline[chart.query["kind"]] in texts[2]
    assert "newer events" in texts[2]
    assert 'role="img"' in texts[2]
    assert "href" not in texts[2]
    for text in texts:
        assert not {"ann", "ben", "zoe", "eve"} & set(re.findall(r"\w+", text))
    assert FlowRun.objects.count() == 1
    tile.width = 1
    tile.save()
    assert "<svg" not in Client().get(at[2]).content.decode()


def test_every_format_says_the_numbers_of_the_page(chart, vera, sign_in):
    viewer, result, kind = sign_in(vera), answered(chart), chart.query["kind"]
    shown = viewer.get(page("chart", chart)).context["page"]
    files = {form.key: viewer.get(url) for form, url in shown.files}
    assert files.keys() == FORMATS[kind].keys()
    assert files["json"].json() == json.loads(json.dumps(result))
    book = CalamineWorkbook.from_filelike(io.BytesIO(files["xlsx"].content))
    tables = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names[:-1]]
    csvs = [
        list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        for key, answer in files.items()
        if FORMATS[kind][key].extension == "csv"
    ]
    assert [[[_plain(cell) for cell in row] for row in table] for table in tables] == [
        [[_plain(cell) for cell in row] for row in table] for table in csvs
    ]
    heads, *rows = csvs[0]
    told = [tuple(row[heads.index(name)] for name in NUMBERS[kind]) for row in rows]
    assert told == [tuple(str(number) for number in numbers) for numbers in numbers_of(kind, result)]
    svg = ElementTree.fromstring(files["svg"].content)
    (sheet,) = PdfReader(io.BytesIO(files["pdf"].content)).pages
    words = [text for element in svg.iter() if element.tag.endswith("}text") for text in element.itertext()]
    printed = re.sub(r"\s", "", sheet.extract_text())
    for text in ("Wege <1>", *words):
        assert re.sub(r"\s", "", text) in printed
    if kind == "funnel":
        assert [text for text in words if text.partition(" ")[0].isdigit() and "·" in text] == [
            f"{step.count} · {step.of_start}" for step in shown.answer.funnel
        ]
    width, height = struct.unpack(">II", files["png"].content[16:24])
    assert (width, height) == pytest.approx((2 * float(svg.get("width")), 2 * float(svg.get("height"))), abs=2)
    assert files["steps" if kind == "funnel" else csv_key(kind)]["Content-Disposition"].endswith('.csv"')
    assert viewer.get(page("export", chart, "links")).status_code == 404


def csv_key(kind: str) -> str:
    return next(key for key, form in FORMATS[kind].items() if form.extension == "csv")


def _plain(cell: object) -> object:
    try:
        return float(cell)  # type: ignore[arg-type]
    except ValueError:
        return cell


NUMBERS = {
    "funnel": ("Count", "Continued", "Dropped", "Open"),
    "retention": ("People", "Period", "In it", "In or after it"),
    "trend": ("Events", "People"),
}


def numbers_of(kind, result):
    if kind == "funnel":
        return [(s["count"], s["continued"], s["dropped"], s["open"]) for s in result["steps"]]
    if kind == "retention":
        return [(c["size"], r["offset"], r["bounded"], r["unbounded"]) for c in result["cohorts"] for r in c["returns"]]
    return [
        pair for row in (*result["series"], result["all"]) for pair in zip(row["events"], row["people"], strict=True)
    ]


def test_no_cell_of_a_file_is_a_formula(team, shop, bob, sign_in):
    give(shop, [("eve", "=cmd()", 1)])
    for question in (TrendQuestion(only=("=cmd()",)), FunnelQuestion(steps=(("=cmd()",),))):
        chart = charts.save_chart(team=team, dataset=shop, name="=1+1", query=question, owner=bob)
        answered(chart)
        text = sign_in(bob).get(page("export", chart, csv_key(question.kind))).content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        assert any("=cmd()" in cell for row in rows for cell in row)
        assert not [cell for row in rows for cell in row if cell.startswith("=")]


def test_versions_are_told_opened_and_restored_across_kinds(team, shop, bob, sign_in):
    chart = charts.save_chart(team=team, dataset=shop, name="x", query=VISIT, owner=bob)
    retention = RetentionQuestion(first=("visit",), period="month")
    shorter = FunnelQuestion(
        steps=(("visit", "search"), ("order",)), occurrence="last", never=("help",), before=1, count="sessions"
    )
    for question in (FUNNEL, shorter, retention, TrendQuestion(hide=("help",), range_from=0)):
        charts.update_chart(chart=chart, name="x", dataset=shop, query=question, by=bob)
    rows = version_rows(chart, page("chart", chart))
    assert [row.changes for row in rows] == [
        ("Retention → Trend",),
        ("Funnel → Retention",),
        (
            "Steps: added search or visit; removed visit, search",
            "Counted: people → sessions",
            "From the: first → last",
            "Ends it: added help",
            "Ends it before step: not set → 2",
        ),
        ("Flow → Funnel",),
        ("Made",),
    ]
    editor = sign_in(bob)
    for row, question in zip(rows[1:], (retention, shorter, FUNNEL, VISIT), strict=True):
        assert editor.get(row.url).context["page"].form.query.canonical() == {
            **question.canonical(),
            **({"zone": team.time_zone} if question is retention and team.time_zone != "UTC" else {}),
        }
    about = editor.get(page("about", chart)).content.decode()
    assert "Alerts watch the numbers of flows only" in about
    assert "flows:add_alert" not in about
    assert page("add_alert", chart) not in about
    editor.post(page("restore_version", chart, 1))
    assert page("add_alert", chart) in editor.get(page("about", chart)).content.decode()


def test_an_alert_is_silent_while_its_chart_is_of_another_kind(team, shop, bob):
    chart = charts.save_chart(team=team, dataset=shop, name="x", query=VISIT, owner=bob)
    answered(chart)
    alerts.create_alert(
        chart=chart, selector=Selector(set="node", step=1, label="search"), label="search", measure="count",
        rule="above", bound=3, people=[bob], webhook_url="", by=bob,
    )  # fmt: skip
    charts.update_chart(chart=chart, name="x", dataset=shop, query=FUNNEL, by=bob)
    answered(chart)
    assert alerts.check_alerts() == 0
    assert Alert.objects.get().seen["count"] == 3
    assert queries.last_answer(shop, FUNNEL)
