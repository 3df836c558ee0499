"""Where charts are filed, their versions, and notes on dates."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from flows import queries
from flows.contexts.versions import changed_options, version_rows
from flows.engine.query import FlowQuery
from flows.models import Annotation, ChartVersion
from flows.services import annotations, charts
from tests.flows.shops import make_shop

VISIT = FlowQuery(start=("visit",))
PRO = {"property": "plan", "operator": "is", "values": ["pro"]}


@pytest.fixture
def shop(team):
    return make_shop(team)


@pytest.fixture
def chart(team, shop, alice):
    return charts.save_chart(team=team, dataset=shop, name="First steps", query=VISIT, owner=alice)


def page(name, chart, *more):
    return reverse(f"flows:{name}", args=[chart.team.slug, chart.pk, *more])


# --- Versions ---------------------------------------------------------------------------------------------------------


def test_each_save_of_the_question_is_a_version_and_a_save_of_the_same_is_none(chart, shop, bob):
    charts.update_chart(chart=chart, name=chart.name, dataset=shop, query=VISIT, by=bob)
    assert [version.number for version in queries.versions_of(chart)] == [1]
    deeper = FlowQuery(start=("visit",), steps=3, hide=("help",))
    charts.update_chart(chart=chart, name="Deeper", dataset=shop, query=deeper, by=bob)
    rows = version_rows(chart, "/here/")
    assert [(row.version.number, row.version.by, row.is_current) for row in rows] == [
        (2, bob, True),
        (1, chart.owner, False),
    ]
    assert rows[0].changes == ("Name: First steps → Deeper", "Hide: added help", "Depth: 5 → 3")
    assert rows[1].changes == ("Made",)
    assert rows[1].url == "/here/?dataset=shop&start=visit"


def test_every_option_of_a_question_is_told_when_it_changes(chart):
    old = FlowQuery(start=("visit",), hide=("help",), range_from=0, max_gap=60_000_000)
    new = FlowQuery.from_dict(
        {
            "end": ["order"], "steps": 4, "top": 9, "count": "sessions", "occurrence": "last", "within": "1d",
            "session_gap": "1h", "collapse": "none", "only": ["order"], "exclude": ["spam"],
            "to": "2026-03-02T00:00:00Z", "paths": 3, "people": [{"did": "visit"}], "where": [PRO],
            "end_where": [PRO], "expand": [["order", "kind"]], "session_by": "id",
            "rules": [{"match": "wildcard", "pattern": "a*", "label": "A"}],
        }
    )  # fmt: skip
    told = list(changed_options(old, new, ZoneInfo("UTC"), {}))
    was, now = old.canonical(), new.canonical()
    assert len(told) == sum(was.get(name) != now.get(name) for name in {**was, **now}) == 22
    assert "Start: removed visit" in told
    assert "Step to step: 1m → not set" in told
    assert "Counted: people → sessions" in told
    assert any(text.startswith("Through: not set → 1") for text in told)


def test_a_version_is_opened_and_restored_and_that_is_a_version_too(chart, shop, bob, sign_in):
    charts.update_chart(chart=chart, name="Other", dataset=shop, query=FlowQuery(end=("order",)), by=bob)
    editor = sign_in(bob)
    text = editor.get(page("about", chart)).content.decode()
    assert "Start: removed visit" in text
    assert "Version 2" in text
    editor.post(page("restore_version", chart, 1))
    chart.refresh_from_db()
    assert (chart.name, chart.query) == ("Other", VISIT.canonical())
    assert queries.versions_of(chart).count() == 3
    assert editor.post(page("restore_version", chart, 99)).status_code == 404
    ChartVersion.objects.filter(number=1).update(query={"nonsense": 1})
    editor.post(page("restore_version", chart, 1))
    assert queries.versions_of(chart).count() == 3


def test_the_versions_of_a_chart_cost_the_same_however_many(chart, shop, bob, sign_in):
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            sign_in(bob).get(page("about", chart))
        return len(caught)

    before = asked()
    for steps in range(1, 11):
        charts.update_chart(chart=chart, name="x", dataset=shop, query=FlowQuery(start=("visit",), steps=steps), by=bob)
        annotations.annotate(team=chart.team, day=date(2026, 3, steps), text="Launch", by=bob)
    assert asked() == before


# --- Where it is filed ------------------------------------------------------------------------------------------------


def shown(client, team, **asked):
    return [row.chart.name for row in client.get(reverse("flows:list", args=[team.slug]), asked).context["charts"]]


def test_charts_are_filed_and_found_again(chart, shop, team, alice, bob, sign_in):
    other = charts.save_chart(team=team, dataset=shop, name="Orders", query=FlowQuery(end=("order",)), owner=bob)
    editor = sign_in(bob)
    fields = {"description": "Why it matters", "folder": " Shop ", "tags": "first, First, week", "owner": alice.pk}
    assert editor.post(page("about", chart), fields).status_code == 302
    chart.refresh_from_db()
    assert (chart.folder, chart.tags, chart.owner) == ("Shop", ["first", "week"], alice)
    assert shown(editor, team) == ["First steps", "Orders"]
    for asked in (
        {"folder": "Shop"},
        {"tag": "week"},
        {"owner": alice.pk},
        {"q": "FIRST"},
        {"dataset": "shop", "tag": "week"},
    ):
        assert shown(editor, team, **asked) == ["First steps"], asked
    assert shown(editor, team, sort="made") == ["Orders", "First steps"]
    for nonsense in (
        {"owner": "x"},
        {"owner": 2**70},
        {"sort": "-password"},
        {"folder": "x" * 999},
        {"page": "x"},
        {"q": "\x00"},
    ):
        assert shown(editor, team, **nonsense) == ["First steps", "Orders"], nonsense
    assert charts.duplicate_chart(chart=chart, owner=bob).tags == ["first", "week"]
    assert other.tags == []


@pytest.mark.parametrize(
    "fields",
    [{"tags": ",".join(map(str, range(21)))}, {"folder": "x" * 81}, {"description": "x" * 10_001}, {"tags": "y" * 41}],
)
def test_what_cannot_be_filed_is_said_and_kept_in_the_form(chart, bob, sign_in, fields):
    answer = sign_in(bob).post(page("about", chart), {"owner": "", **fields})
    assert answer.status_code == 422
    chart.refresh_from_db()
    assert (chart.folder, chart.tags) == ("", [])


def test_nobody_from_outside_the_team_can_own_a_chart(chart, bob, charlie, sign_in):
    assert sign_in(bob).post(page("about", chart), {"owner": charlie.pk}).status_code == 422
    with pytest.raises(Http404):
        charts.describe_chart(chart=chart, description="", folder="", tags=(), owner=charlie.pk)


# --- Notes on dates ---------------------------------------------------------------------------------------------------


def test_a_note_stands_at_its_chart_or_at_all_of_them_on_days_of_the_range(chart, shop, team, bob, sign_in):
    editor = sign_in(bob)
    editor.post(page("annotate", chart), {"day": "2026-03-02", "text": "Launch <b>"})
    editor.post(page("annotate", chart), {"day": "2026-04-02", "text": "Spring sale", "everywhere": "on"})
    other = charts.save_chart(team=team, dataset=shop, name="Orders", query=FlowQuery(end=("order",)), owner=bob)
    assert [note.text for note in queries.annotations(team, chart)] == ["Launch <b>", "Spring sale"]
    assert [note.text for note in queries.annotations(team, other)] == ["Spring sale"]
    assert "Launch &lt;b&gt;" in editor.get(page("about", chart)).content.decode()
    march = reverse("flows:new", args=[team.slug]) + "?start=visit&from=2026-03-01&to=2026-03-31"
    assert editor.get(march).context["page"].notes == ()
    assert len(editor.get(page("chart", chart)).context["page"].notes) == 2
    for note in Annotation.objects.all():
        editor.post(page("remove_annotation", chart, note.pk))
    assert not Annotation.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"day": "2026-02-30", "text": "x"},
        {"day": "2026-03-02", "text": " "},
        {"text": "x"},
        {"day": "2026-03-02", "text": "x" * 201},
    ],
)
def test_a_note_that_says_nothing_or_names_no_day_is_refused(chart, bob, sign_in, fields):
    assert sign_in(bob).post(page("annotate", chart), fields).status_code == 422
    assert not Annotation.objects.exists()


def test_a_team_has_a_most_of_notes(chart, team, bob, monkeypatch):
    monkeypatch.setattr(annotations, "MOST", 0)
    with pytest.raises(ValidationError):
        annotations.annotate(team=team, day=date(2026, 3, 2), text="x", by=bob)


def test_notes_and_charts_of_another_team_do_not_exist(chart, team, bob, charlie, sign_in):
    note = annotations.annotate(team=team, day=date(2026, 3, 2), text="Launch", by=bob)
    theirs = charts.save_chart(
        team=charlie.teams.get(), dataset=make_shop(charlie.teams.get()), name="x", query=VISIT, owner=charlie
    )
    stranger = sign_in(charlie)
    assert stranger.post(page("remove_annotation", theirs, note.pk)).status_code == 404
    assert stranger.get(reverse("flows:about", args=["elsewhere", chart.pk])).status_code == 404
