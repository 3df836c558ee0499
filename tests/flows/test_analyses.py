"""Funnel, retention and trend: asked by an address, saved as such, and their numbers are sets or add up."""

from datetime import date
from itertools import pairwise

import pytest
from django.urls import reverse

from flows.engine.query import QueryError
from flows.models import FlowChart, FlowRun
from flows.questions import FunnelQuestion, RetentionQuestion, TrendQuestion, read
from flows.services import charts
from flows.services.annotations import annotate
from tests.flows.rows import give_events
from tests.flows.shops import give, make_shop

DAY = 86_400
pytestmark = pytest.mark.usefixtures("worker")

FUNNEL = {"kind": "funnel", "step-0": "visit", "step-1": "search", "step-2": "order"}


@pytest.fixture
def shop(team):
    return make_shop(team)


def show(client, team, **params):
    return client.get(reverse("flows:new", args=[team.slug]), params)


@pytest.mark.parametrize("more", [{}, {"order": "strict"}, {"never": "help"}, {"count": "sessions", "within": "6m"}])
def test_every_number_of_a_funnel_opens_its_people_on_the_version_of_the_answer(editor, team, shop, more):
    page = show(editor, team, **FUNNEL, **more).context["page"]
    give(shop, [("eve", "visit", 1), ("eve", "search", 2)])
    assert page.answer.funnel[0].count == 4
    opened = 0
    for step, following in zip(page.answer.funnel, (*page.answer.funnel[1:], None), strict=True):
        lost = sum(each.count for each in step.lost)
        assert step.count == lost + (following.count if following else step.count - lost)
        for count, address in ((step.count, step.url), *((each.count, each.url) for each in step.lost)):
            if address:
                found = editor.get(address).context["set"]
                assert found.found.total == count
                assert len(found.rows) == found.found.people <= count
                opened += 1
    assert opened > 3


def test_a_chain_of_a_flow_is_a_funnel_with_the_same_numbers_after_new_events(editor, team, shop):
    flow = show(editor, team, start="visit", set="node", step="2", label="order").context["page"]
    give(shop, [("eve", "visit", 1), ("eve", "search", 2), ("eve", "order", 3)])
    funnel = editor.get(flow.funnel_url).context["funnel"]
    assert [step.count for step in funnel.steps] == [4, 3, 1]
    for step in funnel.steps:
        for count, address in ((step.count, step.url), *((each.count, each.url) for each in step.lost)):
            answer = editor.get(address)
            assert answer.context["set"].found.total == count
            assert editor.get(answer.context["set"].back_url).context["funnel"].steps == funnel.steps


def test_a_funnel_is_saved_as_one_changed_and_listed(editor, team, shop):
    editor.post(reverse("flows:new", args=[team.slug]) + "?kind=funnel&step-0=visit&step-1=order", {"name": ""})
    chart = FlowChart.objects.get()
    assert (chart.name, chart.query) == (
        "From visit to order",
        {"kind": "funnel", "steps": [["visit"], ["order"]]},
    )
    path = reverse("flows:chart", args=[team.slug, chart.pk])
    page = editor.get(path).context["page"]
    assert ([step.count for step in page.answer.funnel], page.is_changed, page.url) == ([4, 2], False, path)
    other = editor.get(path, {"kind": "funnel", "step-0": "visit", "step-1": "help", "within": "1 hour"})
    assert other.context["page"].is_changed
    assert "within 1h" in other.context["page"].url.replace("=", " ") or "within=1+hour" in other.context["page"].url
    assert "how many went on to order" in editor.get(reverse("flows:list", args=[team.slug])).content.decode()
    answer = editor.get(reverse("api:charts-result", args=[team.slug, chart.pk]))
    assert [step["count"] for step in answer.json()["steps"]] == [4, 2]
    assert editor.get(reverse("api:charts-members", args=[team.slug, chart.pk]), {"set": "matched"}).status_code == 400


def test_a_breakdown_adds_up_to_its_funnel(editor, team, shop):
    rows = [(f"p{n}", "visit", n, {"plan": "pro" if n % 3 else "free"}) for n in range(9)]
    rows += [(f"p{n}", "order", n + 60, {}) for n in range(0, 9, 2)]
    give_events(shop, rows)
    page = show(editor, team, kind="funnel", **{"step-0": "visit", "step-1": "order"}, breakdown="plan").context["page"]
    assert {group.name for group in page.answer.groups} == {"pro", "free", "Without it"}
    for place, step in enumerate(page.answer.funnel):
        assert sum(group.steps[place][0] for group in page.answer.groups) == step.count


def weekly(team, shop):
    team.time_zone = "Europe/Berlin"
    team.save()
    monday = 1_767_567_600  # 5 January 2026, midnight in Berlin
    rows = []
    for n in range(40):
        began = monday + (n % 4) * 7 * DAY
        rows.append((f"r{n}", "join", began, {}))
        rows += [(f"r{n}", "use", began + week * 7 * DAY + 60, {}) for week in range(n % 3 + 1)]
    give_events(shop, rows)


def test_retention_adds_up_and_says_what_is_not_over(editor, team, shop):
    weekly(team, shop)
    answer = show(editor, team, kind="retention", first="join", back="use", to="2026-02-08")
    retention = answer.context["page"].answer.retention
    assert (retention.people, [row.size for row in retention.rows]) == (40, [10, 10, 10, 10])
    assert [row.name for row in retention.rows][:2] == ["5 Jan 2026", "12 Jan 2026"]
    result = answer.context["page"].shown.result
    for row, cohort in zip(retention.rows, [c for c in result["cohorts"] if c["size"]], strict=True):
        assert row.is_small
        assert [cell.count for cell in row.returns] == [each["bounded"] for each in cohort["returns"]]
        assert row.returns[0].count == 10
    for offset, (count, size, *_) in enumerate(retention.overall):
        over = [c for c in result["cohorts"] if len(c["returns"]) > offset and c["returns"][offset]["complete"]]
        assert (count, size) == (sum(c["returns"][offset]["bounded"] for c in over), sum(c["size"] for c in over))
    later = editor.get(answer.context["page"].measures[1].url).context["page"].answer.retention
    assert all(a[0] <= b[0] for a, b in zip(retention.overall, later.overall, strict=True))


def trend_chart(team, shop, bob, period="week"):
    question = TrendQuestion(period=period)
    return charts.save_chart(team=team, dataset=shop, name="By week", query=question, owner=bob)


def test_notes_are_marked_where_their_periods_stand_and_added_there(editor, team, shop, bob):
    weekly(team, shop)
    chart = trend_chart(team, shop, bob)
    path = reverse("flows:chart", args=[team.slug, chart.pk])
    for day, text, onwards in (
        ("2026-01-25", "Launch <b>", path),  # the Sunday of the third week
        ("2026-01-26", "Sale", "//elsewhere.example/"),
        ("2026-01-12", "Mailing", ""),
        ("2025-12-31", "Too early", f"{path}?measure=events"),
    ):
        note = {"day": day, "text": text, "next": onwards}
        answer = editor.post(reverse("flows:annotate", args=[team.slug, chart.pk]), note)
        assert answer["Location"].startswith(onwards if onwards.startswith(path) else f"{path}about/")
    answer = editor.get(path)
    page = answer.context["page"]
    places = {text.split(", ")[1].partition(":")[0]: x for x, _, text in page.answer.trend.drawing.lines[0].dots}
    assert [(flag.text, flag.x) for flag in page.dates.flags] == [
        ("1", places["12 Jan 2026"]),
        ("2", places["19 Jan 2026"]),
        ("3", places["26 Jan 2026"]),
    ]
    assert [note.text for note in page.dates.notes] == ["Mailing", "Launch <b>", "Sale"]
    text = answer.content.decode()
    assert "Launch &lt;b&gt;" in text
    assert f'name="next" value="{path}' in text


@pytest.mark.parametrize("period", ["day", "month"])
def test_notes_close_to_each_other_share_a_mark_and_marks_stay_apart(team, shop, bob, editor, period):
    weekly(team, shop)
    chart = trend_chart(team, shop, bob, period)
    for day in range(1, 29):
        annotate(team=team, day=date(2026, 1, day), text=f"Day {day}", by=bob)
    page = editor.get(reverse("flows:chart", args=[team.slug, chart.pk])).context["page"]
    numbers = []
    for flag in page.dates.flags:
        first, _, last = flag.text.partition("–")
        numbers += range(int(first), int(last or first) + 1)
    assert numbers == list(range(1, len(page.dates.notes) + 1))
    assert all(a.x + a.width / 2 < b.x - b.width / 2 for a, b in pairwise(page.dates.flags))
    drawing = page.answer.trend.drawing
    assert all(drawing.left <= flag.x <= drawing.right for flag in page.dates.flags)


def test_a_trend_adds_up_over_labels_and_periods(editor, team, shop):
    weekly(team, shop)
    answer = show(editor, team, kind="trend", measure="events", period="day", top="2")
    trend = answer.context["page"].answer.trend
    assert [row.name for row in trend.rows][-1] == "Other"
    for place in range(len(trend.columns)):
        assert sum(row.values[place] for row in trend.rows) == trend.all.values[place]
    assert sum(row.total for row in trend.rows) == trend.all.total
    people = editor.get(answer.context["page"].measures[0].url).context["page"].answer.trend
    assert all(
        0 <= n <= e
        for a, b in zip(people.rows, trend.rows, strict=True)
        for n, e in zip(a.values, b.values, strict=True)
    )
    assert trend.drawing.lines[0].path.startswith("M")


def test_a_range_cuts_its_outer_periods_and_the_last_one_is_not_over(editor, team, shop):
    weekly(team, shop)
    give_events(shop, [("z", "ping", 1_767_567_600 + day * DAY, {}) for day in range(28)])
    asked = {"from": "2026-01-08", "to": "2026-01-14", "only": "ping"}
    trend = show(editor, team, kind="trend", measure="events", **asked).context["page"].answer.trend
    assert trend.rows[0].values == (4, 3)
    assert trend.columns == (("5 Jan 2026", True), ("12 Jan 2026", False))


RULES = {"rules-0-match": "regex", "rules-0-pattern": "^(search|help)$", "rules-0-label": "seek"}


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({"kind": "funnel", "step-0": "visit", "step-1": "seek", "step-2": "order"}, [4, 4, 2]),
        ({"kind": "funnel", "step-0": "visit", "step-1": "seek", "step-2": "order", "order": "strict"}, [4, 4, 1]),
        ({"kind": "retention", "first": "seek"}, [5]),
        ({"kind": "trend", "only": "seek"}, [5]),
    ],
)
def test_rules_name_events_anew(editor, team, shop, params, numbers):
    answer = show(editor, team, **params, **RULES)
    shown = answer.context["page"].answer
    if shown.funnel:
        assert [step.count for step in shown.funnel] == numbers
    else:
        assert [shown.retention.people if shown.retention else shown.trend.all.total] == numbers
    assert "1 renaming rule" in "".join(words.text for words in answer.context["page"].sentence)
    without = answer.context["page"].builder.conditions["rules"].rows[0].without
    assert "There is no event “seek”" in editor.get(without).context["page"].error


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"kind": "funnel", "step-0": "visit", "step-1": "nowhere"}, "there is no event"),
        ({"kind": "funnel", "step-0": "visit", "never": "visit", "step-1": "visit"}, "is itself a step"),
        ({"kind": "funnel", "step-0": "visit", "within": "soon"}, "is not a length of time"),
        ({"kind": "funnel", "step-0": "visit", "order": "strict", "breakdown": "plan"}, "only a funnel with order"),
        ({"kind": "retention", "first": "visit", "period": "eon"}, "Select a valid choice"),
        ({"kind": "retention", "first": "visit", "from": "0001-01-01", "period": "day"}, "1900 and 2200"),
        ({"kind": "trend", "only": "visit", "hide": "visit"}, "nothing of the listed events"),
        ({"kind": "trend", **RULES, "rules-0-pattern": "("}, "not a regular expression"),
        ({"kind": "trend", "only": "search", **RULES}, "there is no event “search”"),
        ({"kind": "trend", "top": "99999999999999999999"}, "less than or equal to 50"),
        ({"kind": "trend", "people-0-kind": "in_cohort", "people-0-cohort": "7"}, "there is no cohort"),
        ({"kind": "funnel", "step-0": "\x00\ud800"}, "there is no event"),
        ({"kind": "funnel", "step-0": "visit", "breakdown": "colour"}, "no event of this dataset has the property"),
        ({"kind": "trend", "where-0-property": "colour", "where-0-operator": "is_set"}, "has the property “colour”"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(editor, team, shop, params, says):
    answer = show(editor, team, **{name: text.encode("utf-8", "replace") for name, text in params.items()})
    page = answer.context["page"]
    assert answer.status_code == 200
    assert says.lower() in (page.error or "").lower()
    assert page.error.endswith(".")
    assert not FlowRun.objects.exists()


def test_nothing_asked_invites_and_nobody_is_said(editor, team, shop):
    assert "Choose the steps" in show(editor, team, kind="funnel").content.decode()
    assert "Choose the first event" in show(editor, team, kind="retention").content.decode()
    nobody = show(editor, team, **FUNNEL, **{"from": "2031-01-01", "to": "2031-02-01"})
    assert "Nobody did this in the range" in nobody.content.decode()
    assert FlowRun.objects.filter(status="done").count() == 1


@pytest.mark.parametrize(
    "question",
    [
        FunnelQuestion(steps=(("a",), ("b", "c")), never=("d",), after=0, before=1, within=1_500_000, range_from=0),
        RetentionQuestion(first=("a",), period="month", zone="Asia/Tokyo", people=({"did": "b"},)),
        RetentionQuestion(first=("a",), rules=({"match": "wildcard", "pattern": "b*", "label": "a"},)),
        TrendQuestion(only=("a",), top=3, where=({"property": "p", "operator": "is", "values": ["x"]},)),
    ],
)
def test_a_question_is_read_back_as_it_was_written(question):
    assert read(question.canonical()) == question
    assert read(question.canonical()).digest() == question.digest()


@pytest.mark.parametrize("stored", [{"kind": "pie"}, {"kind": "trend", "edges": [1, 2]}, {"kind": "funnel"}])
def test_what_is_no_question_is_refused(stored):
    with pytest.raises(QueryError):
        read(stored)
