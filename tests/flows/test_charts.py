"""Saved charts."""

from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from flows.contexts.sentence import spoken
from flows.durations import duration_words, read_duration
from flows.engine.conditions import LabelRule, PeopleCondition
from flows.engine.filters import PropertyFilter
from flows.engine.query import DAY, HOUR, FlowQuery, QueryError
from flows.models import FlowChart
from flows.moments import read_moment, write_moment
from flows.services import charts
from tests.flows.shops import make_shop

VISIT = FlowQuery(start=("visit",))
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def shop(team):
    return make_shop(team)


def test_a_chart_keeps_the_canonical_question(team, shop, alice):
    chart = charts.save_chart(team=team, dataset=shop, name="  After \n visit ", query=VISIT, owner=alice)
    chart.refresh_from_db()
    assert (chart.name, chart.owner) == ("After visit", alice)
    assert FlowQuery.from_dict(chart.query) == VISIT


def test_a_chart_needs_a_name_that_can_be_read(team, shop, alice):
    for name in ("", " \t\0 ", "x" * 121):
        with pytest.raises(ValidationError):
            charts.save_chart(team=team, dataset=shop, name=name, query=VISIT, owner=alice)
    assert not FlowChart.objects.exists()


def test_a_chart_never_asks_another_teams_events(team, shop, charlie, alice):
    theirs = make_shop(charlie.teams.get())
    with pytest.raises(ValidationError):
        charts.save_chart(team=team, dataset=theirs, name="x", query=VISIT, owner=alice)
    chart = charts.save_chart(team=team, dataset=shop, name="x", query=VISIT, owner=alice)
    with pytest.raises(ValidationError):
        charts.update_chart(chart=chart, name="x", dataset=theirs, query=VISIT)


def test_updating_changes_question_and_name(team, shop, alice):
    chart = charts.save_chart(team=team, dataset=shop, name="x", query=VISIT, owner=alice)
    before = chart.updated_at
    charts.update_chart(chart=chart, name="y", dataset=shop, query=FlowQuery(end=("order",)))
    chart.refresh_from_db()
    assert (chart.name, chart.query["end"], chart.query["start"]) == ("y", ["order"], [])
    assert chart.updated_at > before


def test_a_copy_belongs_to_who_made_it(team, shop, alice, bob):
    chart = charts.save_chart(team=team, dataset=shop, name="n" * 120, query=VISIT, owner=alice)
    copy = charts.duplicate_chart(chart=chart, owner=bob)
    assert (copy.owner, copy.query, copy.pk == chart.pk) == (bob, chart.query, False)
    assert copy.name.endswith("n (copy)")


def test_renaming_and_deleting(team, shop, alice):
    chart = charts.save_chart(team=team, dataset=shop, name="x", query=VISIT, owner=alice)
    charts.rename_chart(chart=chart, name="z")
    chart.refresh_from_db()
    assert chart.name == "z"
    charts.delete_chart(chart=chart)
    assert not FlowChart.objects.exists()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (VISIT, "Of people who did visit, what did they do next, within 7 days, in 5 steps?"),
        (
            FlowQuery(end=("order",), steps=1, within=HOUR),
            "Of people who did order, what did they do before, within 1 hour, in 1 step?",
        ),
        (
            FlowQuery(start=("a", "b"), end=("c",), within=90 * DAY, occurrence="last"),
            "Of people who did a or b, from the last time on, how did they get to c, within 90 days, in 5 steps?",
        ),
        (
            FlowQuery(start=("a",), count="sessions", hide=("h",), max_gap=HOUR),
            "Of sessions with a, what came next and at most 1 hour from step to step, in 5 steps, hiding h?",
        ),
        (
            FlowQuery(start=("a", "b", "c", "d"), count="journeys", only=("x", "y"), exclude=("z",)),
            "Of journeys that begin with a, b or 2 others, what came next, within 7 days, in 5 steps,"
            " looking only at x and y, leaving out paths with z?",
        ),
        (
            FlowQuery(
                start=("a",),
                range_from=read_moment("2026-03-01", AMSTERDAM, "from"),
                range_to=read_moment("2026-03-31", AMSTERDAM, "to", last=True),
            ),
            "Of people who did a between 1 Mar 2026 and 31 Mar 2026, what did they do next, within 7 days, in 5 steps?",
        ),
        (
            FlowQuery(
                start=("a",),
                start_where=(PropertyFilter("plan", "is", ("pro", "team")),),
                people=(
                    PeopleCondition("in_cohort", cohort=3),
                    PeopleCondition("did", "b", at_least=2),
                    PeopleCondition("did_not", "c", where=(PropertyFilter("sum", ">", ("5",)),)),
                ),
                where=(PropertyFilter("url", "contains", ("shop",), ("a",)),),
                expand=(("a", "plan"),),
                rules=(LabelRule("wildcard", "x*", "y"),),
                session_by="id",
            ),
            "Of people who did a where plan is pro or team, and who did b at least 2 times, did not do c where sum is"
            " more than 5 and are in cohort Loyal, what did they do next, within 7 days, in 5 steps,"
            " with sessions as recorded, counting only events whose url contains shop (of a), telling apart a by plan,"
            " with 1 renaming rule?",
        ),
    ],
)
def test_the_question_in_words(query, said):
    assert spoken(query, AMSTERDAM, {3: "Loyal"}).replace("\N{NO-BREAK SPACE}", " ") == said


@pytest.mark.parametrize("text", ["7d", "7 days", "1 week", " 168 Hours ", "10080min", "604800s"])
def test_a_length_of_time_may_be_written_in_many_ways(text):
    assert duration_words(read_duration(text, "within")) == "7\N{NO-BREAK SPACE}days"


@pytest.mark.parametrize("text", ["", "7", "d", "-1 day", "0 days", "9 moons", "1e9 days", "99999999 weeks", "٣ days"])
def test_nonsense_is_no_length_of_time(text):
    with pytest.raises(QueryError):
        read_duration(text, "within")


def test_days_belong_to_the_zone_of_the_team():
    since = read_moment("2026-03-29", AMSTERDAM, "from")
    until = read_moment("2026-03-29", AMSTERDAM, "to", last=True)
    assert until - since == 23 * HOUR  # the clocks go forward
    assert write_moment(since, AMSTERDAM) == "2026-03-29"
    assert write_moment(until, AMSTERDAM, last=True) == "2026-03-29"
    assert write_moment(since, ZoneInfo("UTC")) == "2026-03-28T23:00:00+00:00"


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "0000-00-00", "99999-01-01", "9999-12-31T23:00:00-23:00x"])
def test_nonsense_is_no_date(text):
    with pytest.raises(QueryError, match="from:"):
        read_moment(text, AMSTERDAM, "from")
