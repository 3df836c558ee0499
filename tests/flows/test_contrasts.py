"""From one question, two: periods on the calendar, and conditions that change."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from flows.contrasts import COHORT, FILTER, PREVIOUS, RANGE, REST, Contrast
from flows.engine.query import FlowQuery, QueryError
from flows.forms.contrasts import read_contrast, write_contrast
from flows.moments import microseconds

BERLIN = ZoneInfo("Europe/Berlin")


def at(*moment: int) -> int:
    return microseconds(datetime(*moment, tzinfo=BERLIN))


def pair(contrast: Contrast, through: int | None = None, **options):
    return contrast.pair(FlowQuery(**({"start": ("visit",)} | options)), BERLIN, through)


def test_the_period_before_has_as_many_days_over_a_change_of_the_clock():
    # 28 days of April begin and end in summer time, the 28 days before lie across the change.
    first, second = pair(Contrast(PREVIOUS), range_from=at(2026, 4, 1), range_to=at(2026, 4, 29))
    assert (first.range_from, first.range_to) == (at(2026, 3, 4), at(2026, 4, 1))
    assert (second.range_from, second.range_to) == (at(2026, 4, 1), at(2026, 4, 29))


def test_the_period_before_a_range_of_hours_is_as_long():
    first, _ = pair(Contrast(PREVIOUS), range_from=at(2026, 5, 1, 9), range_to=at(2026, 5, 1, 17))
    assert (first.range_from, first.range_to) == (at(2026, 5, 1, 1), at(2026, 5, 1, 9))


def test_a_range_without_an_end_goes_through_the_day_of_the_newest_event():
    first, second = pair(Contrast(PREVIOUS), at(2026, 5, 10, 16), range_from=at(2026, 5, 1))
    assert (first.range_from, first.range_to) == (at(2026, 4, 21), at(2026, 5, 1))
    assert second.range_to is None


@pytest.mark.parametrize(
    ("options", "through"),
    [({}, None), ({"range_to": at(2026, 5, 1)}, None), ({"range_from": at(2026, 5, 1)}, at(2026, 4, 1))],
)
def test_without_a_beginning_or_after_the_data_there_is_no_period_before(options, through):
    with pytest.raises(QueryError) as caught:
        pair(Contrast(PREVIOUS), through, **options)
    assert caught.value.field == "with"


def test_everybody_else_is_the_complement_within_the_other_conditions():
    asked = ({"did": "order"}, {"in_cohort": 3}, {"not_in_cohort": 7})
    first, second = pair(Contrast(REST, cohort=7), people=asked)
    people = [[each.to_dict() for each in query.people] for query in (first, second)]
    assert people[0] == [{"did": "order", "at_least": 1}, {"in_cohort": 3}, {"in_cohort": 7}]
    assert people[1] == [{"did": "order", "at_least": 1}, {"in_cohort": 3}, {"not_in_cohort": 7}]


def test_another_cohort_takes_the_place_of_the_one_that_is_asked_about():
    first, second = pair(Contrast(COHORT, cohort=7), people=({"in_cohort": 3}, {"did": "order"}))
    assert [each.cohort for each in first.people] == [0, 3]
    assert [each.to_dict() for each in second.people] == [{"did": "order", "at_least": 1}, {"in_cohort": 7}]


def test_another_filter_takes_the_place_of_all_filters():
    plan = {"property": "plan", "operator": "is", "values": ["pro"]}
    first, second = pair(Contrast(FILTER, where=(plan,)), people=({"did": "order"},), range_from=5)
    assert ([each.to_dict() for each in second.where], second.people) == ([plan], ())
    assert (first.people[0].event, second.range_from) == ("order", 5)


@pytest.mark.parametrize("contrast", [Contrast(RANGE), Contrast(FILTER), Contrast(COHORT, cohort=3)])
def test_a_question_is_not_compared_with_itself(contrast):
    options = {"people": ({"in_cohort": 3},)} if contrast.kind == COHORT else {}
    with pytest.raises(QueryError, match="both sides ask the same"):
        pair(contrast, **options)


@pytest.mark.parametrize(
    "contrast",
    [
        Contrast(PREVIOUS),
        Contrast(RANGE, since=at(2026, 3, 1), until=at(2026, 4, 1)),
        Contrast(RANGE, until=at(2026, 4, 1, 12, 30)),
        Contrast(COHORT, cohort=12),
        Contrast(REST, cohort=12),
        Contrast(FILTER),
        Contrast(
            FILTER,
            where=({"property": "plan", "operator": "is", "values": ["pro", ""], "on": ["order"]},),
            people=({"did": "order", "at_least": 2}, {"not_in_cohort": 3}),
        ),
    ],
)
def test_an_address_tells_a_contrast_whole(contrast):
    text = write_contrast(contrast, BERLIN).urlencode()
    assert read_contrast(QueryDict(text), BERLIN) == contrast
