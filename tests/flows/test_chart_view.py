import re

from django.http import QueryDict
from django.template.loader import render_to_string

from flows.chart_view import chart_view
from flows.contexts.address import Address
from flows.engine.selector import Selector
from tests.flows.drawn import SHOP, result_of


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


SEARCH = Selector(set="node", step=1, label="search")


def test_the_ledger_adds_up_to_everybody_who_started():
    chart = chart_view(result_of(SHOP))
    assert [(part.name, part.count) for part in chart.ledger] == [("Past step 2", 500), ("Dropped", 350), ("Open", 150)]
    assert chart.adds_up
    assert chart.sum == "1,000 = 500 + 350 + 150"


def test_the_heads_say_who_is_still_on_the_way():
    heads = chart_view(result_of(SHOP)).heads
    assert [(head.name, head.count, plain(head.share)) for head in heads] == [
        ("Start", 1000, "100 %"),
        ("Step 1", 951, "95.1 %"),
        ("Step 2", 500, "50.0 %"),
    ]


def test_every_row_of_the_table_adds_up():
    for row in chart_view(result_of(SHOP)).node_rows:
        assert sum(row.parts) == row.count


def test_links_name_their_share_of_the_source():
    first = chart_view(result_of(SHOP)).link_rows[0]
    assert (first.source.label, first.target.label, first.count) == ("signup", "search", 800)
    assert plain(first.share) == "80.0 %"
    assert plain(first.median) == "12 s"


def test_read_backwards_people_enter_instead_of_dropping():
    chart = chart_view(result_of(SHOP, start=[], end=["signup"]))
    assert chart.backwards
    assert [(part.name, part.look) for part in chart.ledger][1:] == [("Entered", "entered"), ("Open", "open")]
    assert [head.name for head in chart.heads] == ["End", "1 before", "2 before"]


def test_the_picture_holds_whole_names_escaped_and_cut_ones_as_labels():
    name = "<script>alert(1)</script>" + "x" * 275
    svg = render_to_string("flows/chart/chart.html", {"chart": chart_view(result_of({((name,), "dropped"): 7}))})
    assert "<script" not in svg
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" + "x" * 275 in svg
    assert "7 people" in svg


def test_one_person_is_a_person():
    svg = render_to_string("flows/chart/ledger.html", {"chart": chart_view(result_of({(("a",), "open"): 1}))})
    assert "person started" in svg


def test_nobody_is_said_in_words():
    chart = chart_view({"query": {"count": "sessions"}, "nodes": [], "links": [], "distinct_paths": 0})
    page = render_to_string("flows/chart/chart.html", {"chart": chart})
    assert "No sessions hold the start event" in page
    assert "<jm-flow-chart" not in page


def test_bars_become_links_and_the_open_one_is_marked():
    chart = chart_view(result_of(SHOP), url=lambda it: f"?{it.set}={it.step}:{it.label}", picked=SEARCH)
    page = render_to_string("flows/chart/chart.html", {"chart": chart, "node_target": "#answer"})
    assert 'href="?node=1:search" aria-current="true"' in page
    assert page.count("f-pick") == 1
    assert len(re.findall(r" f-on", page)) == 2
    assert 'data-target="#answer"' in page


def test_the_same_numbers_stand_in_the_table():
    page = render_to_string("flows/chart/table.html", {"chart": chart_view(result_of(SHOP))})
    assert re.search(r"search</bdi>.*?>800<", page, re.DOTALL)


def test_ten_steps_of_twenty_labels_stay_under_240_kilobytes():
    paths = {}
    for i in range(4000):
        labels = ("start", *(f"event number {(i * (step + 3) // 7 + step) % 20}" for step in range(10)))
        paths[labels, "cut"] = i % 97 + 1
    address = Address("/t/north-bank/flows/new/", QueryDict("dataset=shop&start=start&steps=10&top=20"))
    chart = chart_view(
        result_of(paths, top=20),
        url=address.opener(),
        closed=str(address),
        tops=lambda step, most: f"{address}&tops={step}",
    )
    page = render_to_string("flows/chart/chart.html", {"chart": chart, "node_target": "#answer", "trace_url": "x"})
    assert len(chart.nodes) > 190
    assert len(page.encode()) < 240_000
