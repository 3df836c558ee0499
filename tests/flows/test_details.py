"""What a page asks about an answer: where the paths through each step run."""

from datetime import date

import pytest
from django.urls import reverse

from flows.engine.query import FlowQuery
from flows.services import details, runs, sets
from flows.services.annotations import annotate
from tests.flows.shops import give, make_shop

VISIT = FlowQuery(start=("visit",))


@pytest.fixture
def shop(team):
    return make_shop(team)


def trace(client, team, **params):
    return client.get(reverse("flows:new_trace", args=[team.slug]), {"start": "visit", **params})


def test_every_step_is_traced_in_one_walk_on_the_version_of_the_answer(team, shop, vera, sign_in, monkeypatch):
    flow = runs.answer_now(dataset=shop, query=VISIT)
    give(shop, [("eve", "visit", 1), ("eve", "search", 2)])
    walks = []
    asked = details.asked
    monkeypatch.setattr(details, "asked", lambda *words: walks.append(words) or asked(*words))
    client = sign_in(vera)
    links = {
        (node["step"], node["label"]): trace(client, team, node=place, version=1).json()
        for place, node in enumerate(flow["nodes"])
    }
    assert len(walks) == 1
    names = [(node["step"], node["label"]) for node in flow["nodes"]]
    # Ann visits, searches and orders; Ben visits, searches, visits again and orders; Cem ends with a search.
    told = links[3, "order"]
    assert told["count"] == 1
    assert [(names[s], names[t], n) for s, t, n in told["links"]] == [
        ((0, "visit"), (1, "search"), 1),
        ((1, "search"), (2, "visit"), 1),
        ((2, "visit"), (3, "order"), 1),
    ]
    assert links[1, "search"]["count"] == 3


@pytest.mark.parametrize("params", [{"node": 99}, {"node": "x"}, {}, {"node": 0, "version": 9}, {"hide": "visit"}])
def test_what_cannot_be_traced_is_said_in_a_sentence(team, shop, vera, sign_in, params):
    runs.answer_now(dataset=shop, query=VISIT)
    answer = trace(sign_in(vera), team, **params)
    assert answer.status_code == 409
    assert answer.json()["error"].endswith(".")


def test_a_trace_that_does_not_fit_its_number_is_not_shown(team, shop, monkeypatch):
    runs.answer_now(dataset=shop, query=VISIT)
    monkeypatch.setattr(details, "trace_nodes", lambda *_, **__: {(1, "event", "search"): []})
    with pytest.raises(sets.NotTheNumber):
        details.trace_of(dataset=shop, query=VISIT, place=1, version=1)


def glance(client, team, **params):
    page = client.get(reverse("flows:new", args=[team.slug]), {"start": "visit", **params}).context["page"]
    return page, client.get(page.people_url, headers={"HX-Request": "true", "HX-Target": "people-short"})


@pytest.mark.parametrize(
    ("picked", "title", "says"),
    [
        ({"set": "node", "step": 1, "label": "search"}, "Time since the start", "of 3"),
        ({"set": "node", "step": 2, "label": "order"}, "Time since step 1", "of 1"),
        ({"set": "link", "step": 0, "source": "visit", "target": "search"}, "Time between", "of 3"),
    ],
)
def test_the_panel_draws_how_a_number_lies_in_time_in_one_walk(
    team, shop, vera, sign_in, monkeypatch, picked, title, says
):
    runs.answer_now(dataset=shop, query=VISIT)
    walks = []
    opened = details.opened
    monkeypatch.setattr(details, "opened", lambda *words: walks.append(words) or opened(*words))
    client = sign_in(vera)
    page, answer = glance(client, team, **picked)
    times = answer.context["times"]
    assert (times.gap_title, times.n) == (title, page.panel.count)
    assert page.panel.median in ("", times.median)
    assert times.histogram.label.endswith(says)
    for drawing in (times.histogram, times.trend):
        assert sum(int(bar.title.rpartition(": ")[2]) for bar in drawing.bars) == page.panel.count
        assert all(bar.x >= 0 and bar.x + bar.width <= drawing.width + 1 for bar in drawing.bars)
        assert all(0 <= mark.x <= drawing.width for mark in (*drawing.marks, *drawing.ticks))
    assert answer.content.count(b'role="img"') >= 2
    annotate(team=team, day=date(2026, 3, 12), text="Launch <b>", by=vera)
    annotate(team=team, day=date(2027, 3, 12), text="Not in the range", by=vera)
    _, answer = glance(client, team, **picked)
    [mark] = answer.context["times"].trend.marks
    days = (date(2026, 4, 1) - date(2026, 3, 2)).days + 1
    assert (mark.text, mark.x) == ("1", pytest.approx(10.5 * times.trend.width / days, abs=0.1))
    assert b"Launch &lt;b&gt;" in answer.content
    assert len(walks) == 1


def test_the_start_has_no_time_before_it_but_a_trend(team, shop, vera, sign_in):
    runs.answer_now(dataset=shop, query=VISIT)
    _, answer = glance(sign_in(vera), team, set="node", step=0, label="visit")
    times = answer.context["times"]
    assert times.histogram is None
    assert (times.period, times.trend.label) == ("day", "When they began, by day: 4 in 31, most 2 Mar 2026: 4")
