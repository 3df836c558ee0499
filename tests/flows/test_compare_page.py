"""The page of a comparison: what it compares with, and that its numbers are those of two plain charts."""

import re

import pytest
from django.urls import reverse

from flows.difference import selector_of
from flows.engine.compare import compare_flows
from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from flows.models import Cohort, FlowRun
from flows.services import charts, cohorts, comparisons, runs, sets
from tests.flows.addresses import url
from tests.flows.shops import make_shop

DAY = 24 * 60
MARCH, FEBRUARY = 0, -28  # days from the noon of 2 March to that of 2 March, and of 2 February


def months():
    """In February 10 of 100 who visit order, in March 40 of 100; then the data go on long after."""
    rows = []
    for month, orders in ((FEBRUARY, 10), (MARCH, 40)):
        for number in range(100):
            who, at = f"{month} {number}", month * DAY + number
            rows.append((who, "visit", at))
            rows.append((who, "search" if number % 2 else "help", at + 1))
            if number < orders:
                rows.append((who, "order", at + 5))
    return [*rows, ("last", "help", 60 * DAY)]


VISIT = {"start": "visit", "steps": "3", "from": "2026-03-01", "to": "2026-03-28"}


@pytest.fixture
def shop(team):
    return make_shop(team, rows=months())


def compare(client, team, **params):
    return client.get(url(team, "new_compare", **params)).context["page"]


def whole(text: str) -> int:
    return int(text.replace(",", ""))


def save_cohort(shop, name: str, query: FlowQuery, selector: Selector) -> Cohort:
    return cohorts.save_cohort(dataset=shop, query=query, selector=selector, name=name, by=None)


CONTRASTS = [
    {"with": "previous"},
    {"with": "range", "with-from": "2026-02-05", "with-to": "2026-03-03"},
    {"with": "filter", "with-people-0-kind": "did", "with-people-0-event": "order"},
    {"with": "rest"},
    {"with": "cohort"},
]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("contrast", CONTRASTS, ids=lambda each: each["with"])
@pytest.mark.parametrize("top", [8, 1])
def test_every_number_is_that_of_the_plain_chart_of_its_side(editor, team, shop, contrast, top):
    if contrast["with"] in ("rest", "cohort"):
        everybody = FlowQuery(start=("visit",))
        buyers = save_cohort(shop, "Searched", everybody, Selector(set="node", step=1, label="search"))
        contrast = {**contrast, "with-cohort": buyers.pk}
    page = compare(editor, team, **VISIT, top=top, **contrast)
    assert page.error == ""
    assert len(page.rows.listed) > 8
    seen = 0
    for at, side in enumerate(page.sides):
        plain = editor.get(side.chart_url).context["page"].shown.result
        assert side.start == plain["units"]["matched"]
        assert plain["query"]["top"] == top
        counts = {(n["step"], n["kind"], n["label"]): n["count"] for n in plain["nodes"]}
        for row in page.rows.listed:
            number = sets.shown_number(plain, row.selector)
            figure = row.figures[at]
            if number is not None and "other" not in (row.selector.kind, row.selector.target_kind):
                assert whole(figure.count) == number, row
                seen += 1
            if row.selector.set == "node" and not row.selector.state:
                assert whole(figure.base) == side.start
            key = (row.selector.step, "event", row.selector.source or row.selector.label)
            if (row.selector.set == "link" or row.selector.state) and key in counts:
                assert whole(figure.base) == counts[key]
    assert seen > 8


@pytest.mark.usefixtures("worker")
def test_every_number_opens_its_people(editor, team, shop):
    page = compare(editor, team, **VISIT, **{"with": "previous"})
    opened = 0
    for row in page.rows.listed:
        for letter, figure in zip("ab", row.figures, strict=True):
            if not figure.url:
                assert figure.count in ("0", "–")
                continue
            there = editor.get(figure.url).context["page"]
            assert (there.panel.letter, there.panel.row.selector) == (letter, row.selector)
            people = editor.get(there.panel.people_url).context["set"]
            assert people.total == whole(figure.count)
            assert editor.get(there.panel.chart_url).context["page"].panel.count == whole(figure.count)
            opened += 1
    assert opened > 12


@pytest.mark.usefixtures("worker")
def test_a_comparison_is_made_once_and_opens_also_what_it_does_not_list(editor, team, shop, monkeypatch):
    made = []
    monkeypatch.setattr(comparisons, "LISTED", 3)
    monkeypatch.setattr(comparisons, "compare_flows", lambda *both: made.append(both) or compare_flows(*both))
    asked = {**VISIT, "with": "previous", "top": 1}
    page = compare(editor, team, **asked)
    whole = compare_flows(*page.runs.results)
    beside = compare(editor, team, **asked, view="beside")
    assert (page.rows.differing, page.rows.left_out) == (beside.rows.differing, beside.rows.left_out)
    assert len(made) == 1
    rows = [selector_of(row) for kind in ("nodes", "links", "ends", "totals") for row in whole[kind]]
    for selector in rows:
        opened = compare(editor, team, **asked, **dict(selector.to_params())).rows.opened
        assert opened.selector == selector
    assert 1 < len(made) < len(rows)


@pytest.mark.usefixtures("worker")
def test_what_is_more_than_chance_is_said_first(editor, team, shop):
    page = compare(editor, team, **VISIT, **{"with": "previous"})
    assert [side.name for side in page.sides] == [
        "1\xa0Feb\xa02026 – 28\xa0Feb\xa02026",
        "1\xa0Mar\xa02026 – 28\xa0Mar\xa02026",
    ]
    assert [side.start for side in page.sides] == [100, 100]
    order = next(row for row in page.rows.listed if row.name == "order")
    assert [(f.count, f.base, f.share) for f in order.figures] == [
        ("10", "100", "10.0\xa0%"),
        ("40", "100", "40.0\xa0%"),
    ]
    assert (order.points, order.ratio, order.p, order.said) == ("+30.0", "4.00×", "<0.001", "more, significant")
    verdicts = [row.verdict for row in page.rows.listed]
    assert verdicts == sorted(verdicts, key=["more", "fewer", "same", "few", "unknown"].index)
    assert page.tests == sum(verdict in ("more", "fewer", "same") for verdict in verdicts)


@pytest.mark.usefixtures("worker")
def test_few_people_are_said_to_be_too_few(editor, team):
    make_shop(team, rows=[(f"{month} {n}", name, month * DAY + at) for month in (FEBRUARY, MARCH)
                          for n in range(3) for at, name in enumerate(("visit", "order"))])  # fmt: skip
    page = compare(editor, team, **VISIT, **{"with": "previous"})
    assert {row.said for row in page.rows.listed} == {"too few to say"}
    assert page.tests == 0
    html = editor.get(page.url).content.decode()
    assert "the numbers are too few for any test" in html


@pytest.mark.usefixtures("worker")
def test_the_address_holds_the_comparison(editor, team, shop):
    chart = charts.save_chart(
        team=team,
        dataset=shop,
        name="Visits",
        query=FlowQuery(start=("visit",), range_from=1772323200000000),
        owner=None,
    )
    page = editor.get(url(team, "compare", chart.pk, **{"with": "previous"}, view="beside")).context["page"]
    assert page.url == url(team, "compare", chart.pk, **{"with": "previous"}, view="beside")
    assert page.sides[1].chart_url == reverse("flows:chart", args=[team.slug, chart.pk])
    assert len(page.charts) == 2
    for contrast in CONTRASTS[:3]:
        page = compare(editor, team, **VISIT, **contrast)
        again = editor.get(page.url).context["page"]
        assert again.url == page.url
        assert again.sides == page.sides


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("view", [{}, {"view": "beside"}])
def test_both_views_show_the_same_numbers(editor, team, shop, view):
    html = editor.get(url(team, "new_compare", **VISIT, **view, **{"with": "previous"})).content.decode()
    assert html.count('class="flow__svg"') == (2 if view else 1)
    if view:
        for start in ("100", "100"):
            assert f"{start}</a>" in html or f">{start}<" in html
    else:
        title = re.search(r"<title>(order, Step 2: [^<]*)</title>", html)[1]
        assert title == ("order, Step 2: 10 → 40 people, 10.0 → 40.0\xa0% of start, +30.0 points (more, significant)")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"with": "previous"}, "Give the chart a range that begins somewhere, so that there is a period before."),
        ({"with": "range", "with-from": ""}, "Both sides ask the same. Choose something else to compare with."),
        ({"with": "range", "with-from": "someday"}, "“someday” is not a date. Write for example 2026-03-31."),
        ({"with": "cohort", "with-cohort": ""}, "Choose a cohort."),
        ({"with": "rest", "with-cohort": "999"}, "There is no cohort 999."),
        ({"with": "rest", "with-cohort": "0"}, "There is no cohort 0."),
        ({"with": "filter", "with-where-0-property": "plan", "with-where-0-operator": "x"}, "The operator must be"),
        ({"with": "filter", "with-people-0-kind": "did", "with-people-0-event": "nope"}, "nope"),
        ({"with": "evil\0"}, "Must be one of previous, range, cohort, rest, filter."),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_said_in_one_sentence(editor, team, shop, params, sentence):
    response = editor.get(url(team, "new_compare", start="visit", **params))
    page = response.context["page"]
    assert response.status_code == 200
    assert sentence in page.problem
    assert page.problem
    assert not FlowRun.objects.exists()


@pytest.mark.usefixtures("worker")
def test_the_api_tells_the_numbers_of_the_page(editor, team, shop):
    query = FlowQuery(start=("visit",), steps=3, range_from=1772323200000000, range_to=1774742400000000)
    chart = charts.save_chart(team=team, dataset=shop, name="Visits", query=query, owner=None)
    path = reverse("api:charts-compare", args=[team.slug, chart.pk])
    told = editor.get(path, {"with": "previous"}).json()
    page = editor.get(url(team, "compare", chart.pk, **{"with": "previous"})).context["page"]
    assert [side["units"]["matched"] for side in told["sides"]] == [side.start for side in page.sides]
    rows = {selector_of(row): row for kind in ("nodes", "links", "ends", "totals") for row in told[kind]}
    assert rows.keys() == {row.selector for row in page.rows.listed}
    for row in page.rows.listed:
        assert [f"{count:,}" for count in rows[row.selector]["counts"]] == [f.count for f in row.figures]
    assert (told["tests"], told["sides"][0]["query"]["to"]) == (page.tests, "2026-03-01T00:00:00Z")
    for params, field in (({}, "with"), ({"with": "x"}, "with"), ({"with": "rest", "with-cohort": "x"}, "with-cohort")):
        refused = editor.get(path, params)
        assert (refused.status_code, refused.json()["field"]) == (400, field)


@pytest.mark.parametrize("kind", ["", "range", "cohort", "rest"])
def test_a_kind_alone_invites_to_say_more(editor, team, shop, kind):
    page = compare(editor, team, **VISIT, **({"with": kind} if kind else {}))
    assert (page.problem, page.chooser.kind) == ("", kind or "previous")
    assert not FlowRun.objects.exists()


def test_while_both_are_counted_it_waits_and_can_be_cancelled(editor, team, shop, monkeypatch):
    monkeypatch.setattr("flows.views.compare.PATIENCE", 0.0)
    page = compare(editor, team, **VISIT, **{"with": "previous"})
    assert page.is_waiting
    first, second = FlowRun.objects.order_by("pk")
    headers = {"HX-Request": "true", "HX-Trigger": "ticking", "HX-Target": "compared"}
    tick = editor.get(page.waiting_url, headers=headers)
    assert tick["HX-Retarget"] == "#ticking"
    assert FlowRun.objects.count() == 2
    runs.run_flow(team_id=team.pk, run_id=first.pk)
    assert compare(editor, team, **VISIT, **{"with": "previous"}).percent == 50
    cancel = reverse("flows:cancel_run", args=[team.slug, first.pk])
    there = editor.post(cancel, {"also": second.pk, "next": page.url})
    second.refresh_from_db()
    assert second.status == FlowRun.Status.CANCELLED
    paused = editor.get(there["Location"]).context["page"]
    assert paused.was_cancelled
    assert FlowRun.objects.count() == 2
    # Who asks again gets the half that was done, and only the other is counted anew.
    compare(editor, team, **VISIT, **{"with": "previous"})
    assert FlowRun.objects.count() == 3


def test_a_run_of_others_is_not_cancelled(editor, team, shop, sign_in, charlie):
    there = make_shop(charlie.memberships.get().team, slug="theirs")
    foreign = runs.ask(dataset=there, query=FlowQuery(start=("visit",)))
    own = runs.ask(dataset=shop, query=FlowQuery(start=("visit",)))
    response = editor.post(reverse("flows:cancel_run", args=[team.slug, own.pk]), {"also": foreign.pk, "next": ""})
    assert response.status_code == 404
    assert set(FlowRun.objects.values_list("pk", "status")) == {(foreign.pk, "queued"), (own.pk, "queued")}
