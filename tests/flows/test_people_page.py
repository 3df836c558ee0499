"""The pages about one number of a chart: its people, the cohort they become, the way to it as a funnel."""

import re
from html import unescape
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from flows.contexts.people import PAGE
from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from flows.models import Cohort, Dataset, FlowRun
from flows.services import charts, sets
from flows.services.catalogue import properties_of
from flows.store import EventStore
from tests.flows.addresses import url
from tests.flows.events import make_dataset
from tests.flows.rows import give_events
from tests.flows.shops import give, make_shop, make_shop_with_plans

VISIT = FlowQuery(start=("visit",))


@pytest.fixture
def shop(team) -> Dataset:
    return make_shop(team)


# Every unit, both ends, a label that tells a value, Other, and steps of their own sizes.
QUESTIONS = [
    {"start": "visit", "top": "1"},
    {"start": "visit", "end": "order", "count": "journeys", "collapse": "none"},
    {"end": "order", "count": "sessions", "expand-0-event": "visit", "expand-0-property": "plan", "tops": "1:1"},
]
VIEWS = ("sankey", "table", "matrix", "tree", "paths")
OPENED = re.compile(r'<a [^>]*href="([^"]*[?&](?:amp;)?set=[^"]*)"[^>]*>(.*?)</a>', re.DOTALL)


def numbers_on(html: str) -> dict[str, int]:
    """Address → number, of all that opens a set: the count in the title of a mark, the first figure of a cell."""
    found: dict[str, int] = {}
    for address, inner in OPENED.findall(html.partition('id="answer"')[2]):
        title = re.search(r"<title>(.*?)</title>", inner)
        told = re.search(r": ([\d,]+) ", title[1]) if title else re.search(r"[\d,]+", re.sub(r"<[^>]+>", " ", inner))
        if told:
            found[unescape(address)] = int(told[title is not None].replace(",", ""))
    return found


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_number_of_every_view_is_its_panel_and_as_many_people(editor, team, question):
    make_shop_with_plans(team)
    opened: dict[Selector, tuple[str, int]] = {}
    for view in VIEWS:
        page = editor.get(url(team, "new", **question, view=view))
        here = numbers_on(page.content.decode())
        assert len(here) >= 2, view
        for address, number in here.items():
            selector = Selector.from_params(parse_qs(address.partition("?")[2], keep_blank_values=True))
            assert opened.setdefault(selector, (address, number))[1] == number, address
    for address, number in opened.values():
        context = editor.get(address).context
        if "page" in context:
            assert context["page"].panel.count == number, address
            context = editor.get(context["page"].people_url).context
        listed = context["set"]
        assert (listed.total, len(listed.rows)) == (number, min(number, PAGE)), address
    result = page.context["page"].shown.result
    assert len(opened) > sum(len(result[name]) for name in ("nodes", "links", "paths"))


@pytest.mark.usefixtures("worker")
def test_a_way_is_told_in_the_order_of_time(editor, team, shop):
    for question in ({"start": "visit", "set": "path", "path": ["visit", "search", "order"], "state": "dropped"},
                     {"end": "order", "set": "matched"}):  # fmt: skip
        rows = {row.person: row for row in editor.get(url(team, "new_people", **question)).context["set"].rows}
        ann = rows["ann"]
        assert [event.name for event in ann.events] == ["visit", "search", "order"]
        assert [event.since[:1] for event in ann.events] == ["", "5", "4"]


@pytest.mark.usefixtures("worker")
def test_people_come_a_page_at_a_time_the_newest_first(editor, team):
    make_shop(team, rows=[(f"person {n:03}", "visit", n) for n in range(120)])
    seen, address = [], url(team, "new_people", start="visit", set="matched", version=1)
    while address:
        page = editor.get(address).context["set"]
        seen += [row.person for row in page.rows]
        assert "version=1" in page.next_url or not page.next_url
        address = page.next_url
    assert seen == [f"person {n:03}" for n in reversed(range(120))]


@pytest.mark.usefixtures("worker")
def test_the_panel_gets_the_first_few(editor, team, shop):
    headers = {"HX-Request": "true", "HX-Target": "people-short"}
    part = editor.get(url(team, "new_people", start="visit", set="matched"), headers=headers).content.decode()
    assert "<html" not in part
    assert part.count("<li>") == 4


@pytest.mark.usefixtures("worker")
def test_a_longer_list_costs_no_more_queries(editor, team, shop):
    address = url(team, "new_people", start="visit", set="matched")
    editor.get(address)

    def counted() -> int:
        with CaptureQueriesContext(connection) as found:
            editor.get(address)
        return len(found)

    before = counted()
    give(shop, [(f"person {n}", "visit", n) for n in range(30)])
    editor.get(address)
    assert counted() == before


@pytest.mark.usefixtures("worker")
def test_a_saved_set_is_its_number_and_can_be_asked_about(editor, team, shop, bob):
    picked = {"set": "node", "step": 1, "label": "search"}
    page = editor.get(url(team, "new", start="visit", **picked)).context["page"]
    give(shop, [("eve", "visit", 1), ("eve", "search", 2)])  # newer than the number
    response = editor.post(page.people_url, {"name": "Searchers"}, follow=True)
    assert "“Searchers” is saved: 3 people." in response.content.decode()
    assert response.redirect_chain[-1][0] == page.url
    cohort = Cohort.objects.get()
    assert (cohort.people, cohort.dataset_version, cohort.owner) == (3, 1, bob)
    asked = {"people-0-kind": "in_cohort", "people-0-cohort": cohort.pk}
    page = editor.get(url(team, "new", start="visit", **asked)).context["page"]
    assert page.chart.start == 3
    assert "are in cohort Searchers" in "".join(words.text for words in page.sentence)


@pytest.mark.usefixtures("worker")
def test_a_refused_name_keeps_the_page(editor, team, shop):
    address = url(team, "new_people", start="visit", set="matched")
    editor.post(address, {"name": "All"})
    for name, sentence in (("All", "has a cohort “All” already"), (" ", "Give the cohort a name."), ("x" * 121, "120")):
        response = editor.post(address, {"name": name})
        assert response.status_code == 422
        assert sentence in response.content.decode()
        assert response.context["set"].total == 4
    assert Cohort.objects.count() == 1


@pytest.mark.usefixtures("worker")
def test_a_viewer_reads_and_saves_nothing(sign_in, vera, team, shop):
    viewer, address = sign_in(vera), url(team, "new_people", start="visit", set="matched")
    assert "Save cohort" not in viewer.get(address).content.decode()
    assert viewer.post(address, {"name": "x"}).status_code == 403


@pytest.mark.parametrize(
    "params",
    [
        {"start": "nope", "set": "matched"},
        {"start": "visit", "set": "node", "step": 19, "label": "visit"},
        {"start": "visit", "set": "matched", "version": 99},
        {"start": "visit", "set": "matched", "offset": 100_000},
        {"set": "matched"},
    ],
)
def test_what_cannot_be_listed_is_said(editor, team, shop, params):
    response = editor.get(url(team, "new_people", **params))
    assert response.status_code == 200
    assert response.context["set"].problem
    assert response.context["set"].rows == ()


def test_who_has_to_wait_is_told(monkeypatch, editor, team, shop):
    monkeypatch.setattr(sets, "PATIENCE", 0.0)
    with sets._turn:
        response = editor.get(url(team, "new_people", start="visit", set="matched"))
    assert "Try again in a moment." in response.content.decode()


@pytest.mark.parametrize("params", [{}, {"set": "everything"}, {"set": "node"}, {"set": "node", "step": "x"}])
def test_without_a_number_there_is_no_list(editor, team, shop, params):
    assert editor.get(url(team, "new_people", start="visit", **params)).status_code == 404
    assert editor.post(url(team, "new_people", start="visit", **params), {"name": "x"}).status_code == 404


@pytest.mark.usefixtures("worker")
def test_the_funnel_has_the_numbers_of_the_chart(editor, team, shop, alice):
    saved = charts.save_chart(team=team, dataset=shop, name="Visits", query=VISIT, owner=alice)
    picked = {"set": "node", "step": 2, "label": "order"}
    page = editor.get(url(team, "chart", saved.pk, **picked)).context["page"]
    assert page.funnel_url == url(team, "funnel", saved.pk, chain=["visit", "search", "order"], version=1, **picked)
    funnel = editor.get(page.funnel_url).context["funnel"]
    counts = {(node["step"], node["label"]): node["count"] for node in page.shown.result["nodes"]}
    wanted = [counts[0, "visit"], counts[1, "search"], counts[2, "order"]]
    assert [(step.name, step.count) for step in funnel.steps] == list(
        zip(("visit", "search", "order"), wanted, strict=True)
    )
    assert funnel.back_url == page.url
    for before, after in zip(funnel.steps, funnel.steps[1:], strict=False):
        assert before.count == after.count + sum(lost.count for lost in before.lost)


@pytest.mark.parametrize("chain", [[], ["nope"], ["visit"] * 30])
def test_a_chain_that_cannot_be_is_said(editor, team, shop, chain):
    assert editor.get(url(team, "new_funnel", start="visit", chain=chain)).context["funnel"].problem


@pytest.mark.usefixtures("worker")
def test_a_saved_chart_shows_and_keeps_all_that_it_asks(editor, team, alice):
    dataset = make_dataset(team, "Props")
    give_events(dataset, [("ann", "visit", 0, {"plan": "pro"}), ("ann", "order", 9, {}), ("ben", "visit", 0, {})])
    dataset.refresh_from_db()
    query = FlowQuery(
        start=("visit",),
        people=({"did": "order"},),  # type: ignore[arg-type]
        rules=({"match": "wildcard", "pattern": "ord*", "label": "buy"},),  # type: ignore[arg-type]
        start_where=({"property": "plan", "operator": "is", "values": ["pro"]},),  # type: ignore[arg-type]
        session_by="id",
        paths=3,
    )
    saved = charts.save_chart(team=team, dataset=dataset, name="All", query=query, owner=alice)
    page = editor.get(url(team, "chart", saved.pk)).context["page"]
    assert (page.chart.start, page.form.query, page.is_changed) == (1, query, False)
    assert {name for name, c in page.builder.conditions.items() if c.rows} == {"people", "rules", "start_where"}
    changed = editor.get(next(s for s in [page.builder.conditions["people"].rows[0].without])).context["page"]
    assert changed.form.query == FlowQuery.from_dict({k: v for k, v in query.canonical().items() if k != "people"})
    assert changed.is_changed
    editor.post(changed.url, {"name": "All", "action": "save"})
    saved.refresh_from_db()
    assert saved.query == changed.form.query.canonical()


@pytest.mark.usefixtures("worker")
def test_a_row_that_is_added_is_shown_among_the_others(editor, team, shop):
    headers = {"HX-Request": "true", "HX-Target": "answer", "HX-Trigger": "question"}
    new = {"people-new-kind": "did", "people-new-event": "order"}
    part = editor.get(url(team, "new", dataset="shop", start="visit", **new), headers=headers)
    assert part["HX-Push-Url"] == url(
        team, "new", dataset="shop", **{"people-0-kind": "did", "people-0-event": "order"}, start="visit"
    )
    assert re.findall(r'id="((?:rows|new)-\w+)"', part.content.decode()) == ["rows-people", "new-people"]
    again = editor.get(part["HX-Push-Url"], headers=headers).content.decode()
    assert not re.findall(r'id="((?:rows|new)-\w+)"', again)


def test_properties_are_found_with_their_kind_and_values(editor, team):
    dataset = make_dataset(team, "Props")
    give_events(
        dataset,
        [
            *(("ann", "visit", n, {"plan": "pro", "n": n, "vip": True, "at": "2026-03-01"}) for n in range(3)),
            ("ben", "visit", 9, {"plan": "free", "n": None, "<b>": '"'}),
        ],
    )
    give_events(dataset, [("cem", "visit", 99, {"plan": 7, "n": 1.5})])
    dataset.refresh_from_db()
    found = {each.name: each for each in properties_of(dataset)}
    assert {name: (each.kind, each.events) for name, each in found.items()} == {
        "plan": ("text", 5),
        "n": ("number", 4),
        "vip": ("boolean", 3),
        "at": ("time", 3),
        "<b>": ("text", 1),
    }
    assert set(found["plan"].examples) == {"pro", "free", "7"}
    body = editor.get(reverse("flows:properties", args=[team.slug, dataset.slug])).content.decode()
    assert "<b>" not in body
    assert 'value="plan"' in body


def test_properties_are_looked_up_once(monkeypatch, team):
    dataset = make_dataset(team, "Props")
    give_events(dataset, [("ann", "visit", 0, {"plan": "pro"})])
    first = properties_of(dataset)
    monkeypatch.delattr(EventStore, "seen_properties")
    assert properties_of(dataset) == first


def test_a_stranger_finds_neither_people_nor_properties(sign_in, charlie, team, shop):
    stranger = sign_in(charlie)
    theirs = charlie.teams.get()
    for name in ("new_people", "new_funnel"):
        assert stranger.get(url(team, name, start="visit", set="matched")).status_code == 404
        assert stranger.get(url(theirs, name, dataset="shop", start="visit", set="matched")).status_code == 404
    assert stranger.get(reverse("flows:properties", args=[theirs.slug, "shop"])).status_code == 404
    assert not FlowRun.objects.exists()
