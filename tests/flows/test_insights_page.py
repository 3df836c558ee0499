"""Insights of a chart: sentences whose numbers stand where their links lead."""

import re

import pytest

from flows.contexts.insights import CHANGES, DETOURS, LOOPS, OUTCOMES, PARTS
from flows.models import FlowRun
from flows.services import runs, sets
from tests.flows.addresses import url
from tests.flows.shops import make_shop

DAY = 24 * 60


def rows():
    """In February 10 of 100 come from visit to order, in March 40, of which 10 directly and 30 after help."""
    found = []
    for month, orders in ((-28, 10), (0, 40)):
        for number in range(100):
            who, at = f"{month} {number}", month * DAY + number
            found.append((who, "visit", at))
            names = ["order"] if number < 10 else ["help", "order"] if number < orders else ["search"]
            names += ["terms", "privacy"] * 3 if number == 99 else []
            found += [(who, name, at + 1 + 2 * place) for place, name in enumerate(names)]
            if number in (50, 51):
                found.append((who, "search", at + 4))
    return [*found, ("last", "help", 60 * DAY)]


MARCH = {"start": "visit", "steps": "3", "from": "2026-03-01", "to": "2026-03-28"}


@pytest.fixture
def shop(team):
    return make_shop(team, rows=rows())


@pytest.fixture
def viewer(sign_in, vera):
    return sign_in(vera)


def told(client, team, about: str, **question):
    return client.get(url(team, "new_insights", about=about, **question)).context


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.usefixtures("worker")
def test_the_result_tells_at_once_where_people_leave_and_repeat(viewer, team, shop):
    page = viewer.get(url(team, "new", **MARCH, view="insights")).context["page"]
    leaving, slow, again = page.insights
    first = leaving.findings[0]
    assert plain(first.text) == (
        "59 people left after “search” (step 1): 98.3 % of the 60 who reached it, 59.0 % of start."
    )
    assert viewer.get(first.links[0][1]).context["page"].panel.count == 59
    assert [plain(each.text)[:47] for each in slow.findings] == ["“help” → “order” (step 1 to step 2): half of th"]
    assert viewer.get(slow.findings[0].links[0][1]).context["page"].panel.count == 30
    assert slow.note == "Not judged: 3 with fewer than 30 people."
    assert again.findings[0].text.startswith("“search” was done 2 more times right behind itself")
    assert viewer.get(again.findings[0].links[0][1]).context["page"].panel.repeats == 2
    assert [title for title, _ in page.later] == list(PARTS.values())


@pytest.mark.usefixtures("worker")
def test_changes_are_those_of_the_comparison(viewer, team, shop):
    group = told(viewer, team, CHANGES, **MARCH)["group"]
    texts = [plain(each.text) for each in group.findings]
    assert "help (step 1) went from 0 % (0 of 100) to 30.0 % (30 of 100): +30.0 points." in texts
    for each in group.findings:
        panel = viewer.get(each.links[0][1]).context["page"].panel
        assert panel.row.verdict in ("more", "fewer")
        for figure in panel.row.figures:
            assert f"({figure.count} of {figure.base})" in each.text
    assert re.fullmatch(r"Of \d+ differences tested, corrected for their number\.", group.note)


@pytest.mark.usefixtures("worker")
def test_a_range_without_a_beginning_has_no_period_before(viewer, team, shop):
    context = told(viewer, team, CHANGES, start="visit")
    assert context["problem"] == "Give the chart a range that begins somewhere, so that there is a period before."


@pytest.mark.usefixtures("worker")
def test_converters_are_told_from_droppers_and_the_link_shows_those_without(viewer, team, shop):
    group = told(viewer, team, OUTCOMES, **MARCH, end="order")["group"]
    first = group.findings[0]
    assert plain(first.text) == (
        "0 % of the 40 who converted did “search” before, 100 % of the 59 who dropped: −100.0 points."
    )
    shown = next(each for each in group.findings if "“help”" in each.text)
    assert "75.0\xa0% of the 40 who converted" in shown.text
    without = viewer.get(dict(shown.links)["Without it"]).context["page"].shown.result
    assert sum(node["converted"] for node in without["nodes"]) == 40 - 30
    picked = {"set": "node", "step": "1", "label": "help"}
    group = told(viewer, team, OUTCOMES, **MARCH, **picked)["group"]
    assert "There is nobody" not in group.note
    assert "who came to “help”" in group.findings[0].text
    group = told(viewer, team, OUTCOMES, **MARCH)["group"]
    assert group.note.startswith("Give the chart an end, or choose an event in it")


@pytest.mark.usefixtures("worker")
def test_ways_round_are_told_with_what_they_cost(viewer, team, shop, monkeypatch):
    group = told(viewer, team, DETOURS, **MARCH)["group"]
    text = plain(group.findings[0].text)
    assert text.startswith("“visit” → “order” from start: 10 directly in 1 min (median), 30 by way of others in 3 min")
    links = dict(group.findings[0].links)
    assert viewer.get(links["Directly"]).context["page"].panel.count == 10
    there = viewer.get(links["All ways"]).context["page"].shown.result
    counts = {node["step"]: node["converted"] for node in there["nodes"] if node["label"] == "order"}
    assert counts == {1: 10, 2: 30}
    # The walk is kept, so that who comes back does not walk again.
    monkeypatch.setattr(sets, "open_sets", None)
    assert told(viewer, team, DETOURS, **MARCH)["group"] == group
    for about in (DETOURS, OUTCOMES):
        assert "read forwards" in told(viewer, team, about, end="order")["group"].note


@pytest.mark.usefixtures("worker")
def test_going_to_and_fro_is_counted(viewer, team, shop):
    group = told(viewer, team, LOOPS, **MARCH)["group"]
    finding = group.findings[0]
    assert finding.text == "“terms⇄privacy”: to and fro at 1 place of the paths, 3 rounds in all."
    assert finding.caution.startswith("Fewer than 30")
    result = viewer.get(finding.links[0][1]).context["page"].shown.result
    assert [(n["count"], n["repeats"]) for n in result["nodes"] if n["label"] == "terms⇄privacy"] == [(1, 2)]


def test_what_is_computed_asks_again_until_it_is_there(viewer, team, shop, monkeypatch):
    monkeypatch.setattr("flows.views.insights.PATIENCE", 0.0)
    address = url(team, "new_insights", about=LOOPS, **MARCH)
    for _ in range(2):
        response = viewer.get(address, headers={"HX-Request": "true"})
        html = response.content.decode()
        assert "Counting…" in html
        assert 'hx-trigger="load delay:700ms"' in html
        assert "<html" not in html
    run = FlowRun.objects.get()
    assert f"&run={run.pk}" in html
    # One that failed is told, and not begun again by whoever waits for it.
    FlowRun.objects.filter(pk=run.pk).update(status="failed", error="The computation failed.")
    again = f"{address}&run={run.pk}"
    assert "The computation failed." in viewer.get(again, headers={"HX-Request": "true"}).content.decode()
    assert FlowRun.objects.count() == 1
    FlowRun.objects.filter(pk=run.pk).update(status="queued", error="")
    runs.run_flow(team_id=team.pk, run_id=run.pk)
    assert viewer.get(address).context["group"].findings
    assert viewer.get(url(team, "new_insights", about="nonsense", **MARCH)).status_code == 404
