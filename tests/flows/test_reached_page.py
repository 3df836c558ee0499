"""Every number of a funnel, of retention and of a trend opens the people behind it, who can be kept as a cohort."""

import re
from collections import Counter
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from flows.models import Cohort
from flows.questions import read
from flows.services import charts, spots
from flows.services.cohorts import refresh_cohort
from flows.services.sets import NotTheNumber
from tests.flows.addresses import url
from tests.flows.rows import give_events
from tests.flows.shops import make_shop

DAY = 86_400
MONDAY = 1_767_571_200  # 5 January 2026
pytestmark = pytest.mark.usefixtures("worker")

FUNNEL = {"kind": "funnel", "step-0": "visit", "step-1": "search", "step-2": "order"}
QUESTIONS = [
    FUNNEL | {"count": "sessions"},
    FUNNEL | {"breakdown": "plan", "top": "1", "never": "help"},
    FUNNEL | {"step-0": "arrive", "step-1": "seek", "breakdown": "plan", "rules-0-match": "wildcard",
              "rules-0-pattern": "vis*", "rules-0-label": "arrive", "rules-1-match": "regex",
              "rules-1-pattern": "^(search|help)$", "rules-1-label": "seek"},
    {"kind": "retention", "first": "visit"},
    {"kind": "retention", "first": "visit", "back": "search", "measure": "unbounded", "to": "2026-01-30"},
    {"kind": "trend", "top": "2"},
    {"kind": "trend", "top": "2", "measure": "events", "from": "2026-01-08", "where-0-property": "plan",
     "where-0-operator": "is_set"},
]  # fmt: skip
OPENED = re.compile(r'(<a [^>]*href="([^"]*/reached/\?[^"]*)"[^>]*>)(.*?)</a>', re.DOTALL)


def deeds(n):
    """What the n-th person did: event, seconds, properties."""
    for week in range(n % 4 + 1):
        at = MONDAY + (n % 3 + week) * 7 * DAY + n
        yield "visit", at, {"plan": ["pro", "free", None][n % 3]}
        if n % 5 == 0:
            yield "help", at + 30, {}
        for number, name in enumerate(("search", "order")[: n % 3], 1):
            yield name, at + 60 * number, {"plan": "pro"}


@pytest.fixture
def shop(team):
    """Some weeks of people with plans, and zoe, so that the windows close."""
    shop = make_shop(team)
    rows = [("zoe", "help", MONDAY + 60 * DAY, {})]
    rows += [(f"person {n:02}", *deed) for n in range(24) for deed in deeds(n)]
    give_events(shop, rows)
    shop.refresh_from_db()
    return shop


def numbers_on(html: str) -> dict[str, int]:
    """Address → number, of all that opens a list; where a share stands, the number in the title."""
    found = {}
    for tag, address, inner in OPENED.findall(re.sub(r'( title="[\d,]+ of [\d,]+")><a', r"><a\1", html)):
        title = re.search(r'title="([\d,]+) of', tag)
        said = title[1] if title else re.search(r"[\d,]+", re.sub(r"<[^>]+>", " ", inner))[0]
        found[unescape(address)] = int(said.replace(",", ""))
    return found


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_number_opens_as_many_people_on_the_version_of_the_answer(editor, team, shop, question):
    html = editor.get(url(team, "new", **question)).content.decode()
    give_events(shop, [("late", "visit", MONDAY + 8 * DAY, {"plan": "pro"})])
    numbers = numbers_on(html)
    assert len(numbers) >= 5
    kinds = Counter()
    for address, number in numbers.items():
        page = editor.get(address).context["set"]
        assert (page.problem, page.found.total) == ("", number), address
        assert page.found.people == len(page.rows) <= number
        assert sum(row.count for row in page.rows) == number
        times = [row.at for row in page.rows]
        assert times == sorted(times, reverse=True)
        assert all(row.events and not row.events[0].since for row in page.rows)
        kinds[re.search(r"&set=(\w+)", address)[1]] += 1
    assert set(kinds) == {"funnel": {"step"}, "retention": {"began", "returned"}, "trend": {"did"}}[question["kind"]]


@pytest.mark.parametrize("question", [QUESTIONS[1], QUESTIONS[2], QUESTIONS[4], QUESTIONS[6]])
def test_a_number_is_kept_as_a_cohort_and_chosen_anew(editor, team, shop, bob, question):
    chart_page = url(team, "new", **question)
    html = editor.get(chart_page).content.decode()
    address = max(numbers_on(html), key=lambda address: (len(address), address))
    listed = editor.get(address).context["set"]
    saved = editor.post(address, {"name": "Them"}, follow=True)
    assert saved.redirect_chain[0][0] == listed.back_url
    assert "“Them” is saved" in saved.content.decode()
    cohort = Cohort.objects.get()
    assert (cohort.count, cohort.people) == (listed.found.total, listed.found.people)
    assert (cohort.query["kind"], cohort.owner) == (question["kind"], bob)
    assert listed.title in unescape(editor.get(reverse("flows:dataset", args=[team.slug, "shop"])).content.decode())
    asked = {"people-0-kind": "in_cohort", "people-0-cohort": cohort.pk}
    trend = editor.get(url(team, "new", kind="trend", only="visit", **asked)).context["page"].answer.trend
    assert trend.all.total <= cohort.people
    # A twin of one who is in it comes into it.
    give_events(shop, [("twin", *deed) for deed in deeds(int(listed.rows[0].person[-2:]))])
    assert refresh_cohort(cohort=cohort).people == listed.found.people + 1
    again = editor.post(address, {"name": "Them"})
    assert again.status_code == 422
    assert "has a cohort “Them” already" in again.content.decode()


def test_who_dropped_out_of_a_chain_of_a_flow_is_kept_too(editor, team, shop):
    page = editor.get(url(team, "new", start="visit", set="node", step=2, label="order")).context["page"]
    step = editor.get(page.funnel_url).context["funnel"].steps[0]
    [diverted] = [lost for lost in step.lost if "something else" in lost.words]
    editor.post(diverted.url, {"name": "Elsewhere"})
    cohort = Cohort.objects.get()
    assert (cohort.count, cohort.selector["chain"]) == (diverted.count, ["visit", "search", "order"])
    assert refresh_cohort(cohort=cohort).count == diverted.count


def test_a_set_that_is_not_its_number_is_not_kept(monkeypatch, editor, team, shop):
    address = next(iter(numbers_on(editor.get(url(team, "new", **FUNNEL)).content.decode())))
    monkeypatch.setattr(spots, "number_of", lambda result, spot: 1_000)
    with pytest.raises(NotTheNumber):
        editor.post(address, {"name": "Wrong"})
    assert not Cohort.objects.exists()


def test_a_long_list_comes_in_pages(editor, team):
    make_shop(team, rows=[(f"person {n:03}", "visit", n) for n in range(120)])
    seen, address = [], url(team, "new_reached", kind="funnel", **{"step-0": "visit"}, set="step", step=0, version=1)
    while address:
        page = editor.get(address).context["set"]
        seen += [row.person for row in page.rows]
        address = page.next_url
    assert seen == [f"person {n:03}" for n in reversed(range(120))]


@pytest.mark.parametrize("spot", [QUESTIONS[0] | {"set": "step", "step": 0}, QUESTIONS[5] | {"set": "did"}])
def test_a_longer_list_costs_no_more_queries(editor, team, shop, spot):
    def counted():
        editor.get(url(team, "new_reached", **spot))  # what is remembered of the newest segment
        with CaptureQueriesContext(connection) as found:
            page = editor.get(url(team, "new_reached", **spot)).context["set"]
        return len(page.rows), len(found)

    rows, before = counted()
    give_events(shop, [(f"more {n}", "visit", MONDAY + n, {"plan": "pro"}) for n in range(10)])
    assert counted() == (rows + 10, before)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"set": "matched"},
        {"set": "step"},
        {"set": "step", "step": "x"},
        {"set": "step", "step": "0", "state": "\x00"},
        {"set": "step", "step": "0", "group": "value", "value": "a\x00" * 999},
        {"set": "step", "step": "0", "chain": ["x"] * 30},
        {"set": "returned", "since": "today", "later": "1"},
        {"set": "returned", "later": "-1"},
        {"set": "did", "since": "0001-01-01T00:00:00+14:00"},
        {"set": "did", "later": "1"},
        {"set": "did", "measure": "money"},
    ],
)
def test_what_is_no_number_is_not_there(editor, team, shop, params):
    address = url(team, "new_reached", **FUNNEL, **params)
    assert editor.get(address).status_code == 404
    assert editor.post(address, {"name": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"set": "step", "step": "3"}, "step: must be a whole number from 0 to 2"),
        ({"set": "step", "step": "0", "group": "none"}, "is not broken down"),
        ({"set": "step", "step": "0", "version": "99"}, "version:"),
        ({"set": "step", "step": "0", "offset": "100000"}, "offset:"),
        ({"set": "step", "step": "0", "chain": ["nowhere"]}, "Choose a start event first"),
        ({"set": "began", "first": "visit", "since": "2026-01-06T00:00:00Z"}, "no period that begins"),
        ({"set": "returned", "first": "visit", "later": "9999"}, "later: must be"),
        ({"set": "returned", "later": "1"}, "Choose the events first"),
    ],
)
def test_what_cannot_be_listed_is_said_in_a_sentence(editor, team, shop, params, says):
    address = url(team, "new_reached", **FUNNEL, **params)
    answer = editor.get(address)
    assert (answer.status_code, answer.context["set"].rows) == (200, ())
    assert says in answer.context["set"].problem
    assert "offset" in params or editor.post(address, {"name": "x"}).status_code == 422


def test_a_viewer_reads_and_saves_nothing(sign_in, vera, team, shop):
    viewer, address = sign_in(vera), url(team, "new_reached", **FUNNEL, set="step", step=0)
    assert "Save cohort" not in viewer.get(address).content.decode()
    assert viewer.post(address, {"name": "x"}).status_code == 403


def test_a_program_lists_and_keeps_them_too(editor, team, shop, bob):
    question = {"kind": "trend", "period": "week", "only": ["visit"]}
    chart = charts.save_chart(team=team, dataset=shop, name="Visits", query=read(question), owner=bob)
    where = reverse("api:charts-members", args=[team.slug, chart.pk])
    first = editor.get(where, {"set": "did", "since": "2026-01-05T00:00:00Z", "measure": "events"}).json()
    assert (first["total"], first["people"], first["members"][0]["story"][0][0]) == (8, 8, "visit")
    assert editor.get(where, {"set": "matched"}).status_code == 400
    given = {"name": "All", "dataset": "shop", "query": question, "selector": {"set": "did", "group": "other"}}
    kept = reverse("api:cohorts-list", args=[team.slug])
    for wrong in (
        {"query": {"kind": "trend", "zone": ["x"]}},
        {"selector": {"set": ["did"]}},
        {"selector": {"set": "step"}},
        {"selector": {"set": "matched"}},
        {"selector": {"set": "did", "since": 5, "value": {}}},
    ):
        answer = editor.post(kept, given | wrong, content_type="application/json")
        assert (answer.status_code, set(answer.json())) == (400, {"error", "field"}), wrong
    given["selector"] = {"set": "did"}
    made = editor.post(kept, given, content_type="application/json").json()
    assert made["people"] == 28
