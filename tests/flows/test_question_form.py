"""The form of a question: whatever a question is, an address says it and gives it back."""

from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.engine.conditions import LabelRule, PeopleCondition
from flows.engine.filters import OPERATORS, PropertyFilter
from flows.engine.query import FlowQuery, QueryError
from flows.forms.charts import QuestionForm, carried_over, data_of, event_names, params_of
from flows.forms.conditions import is_rewritten, read_rows
from flows.models import Dataset

UTC = ZoneInfo("UTC")
EVENTS = ("visit", "search", "a: b", "order-0-event", "نعم", " x ")
TEXTS = st.sampled_from(["", "pro", "a,b", "0", "true", "12.5", "2026-03-01", "é&=%#", "  ", "where-0-value", "🧑‍🚀"])
MOMENTS = st.one_of(st.none(), st.integers(0, 10**15).map(lambda second: second * 1_000_000 % (4 * 10**15)))
DURATIONS = st.sampled_from([1, 1_000, 1_500_000, 30 * 60_000_000, 86_400_000_000 * 9, 86_399_999_999])


@st.composite
def filters(draw, about=True):
    operator = draw(st.sampled_from(OPERATORS))
    values = draw(st.lists(TEXTS, min_size=1, max_size=3))
    if operator.endswith("_set"):
        values = []
    elif operator[0] in "<>":
        values = [draw(st.sampled_from(["1", "-2.5", "2026-03-01"]))]
    on = draw(st.lists(st.sampled_from(EVENTS), unique=True, max_size=2)) if about else []
    return PropertyFilter(draw(TEXTS), operator, tuple(values), tuple(on))


@st.composite
def people(draw):
    kind = draw(st.sampled_from(["did", "did", "did_not", "in_cohort", "not_in_cohort"]))
    if kind.endswith("cohort"):
        return {kind: draw(st.integers(1, 2**40))}
    where = [each.to_dict() for each in draw(st.lists(filters(about=False), max_size=2))]
    times = draw(st.sampled_from([{}, {"at_least": 2}, {"at_most": 3, "at_least": 0}, {"at_least": 2, "at_most": 2}]))
    return {kind: draw(st.sampled_from(EVENTS)), **(times if kind == "did" else {}), "where": where}


@st.composite
def questions(draw):
    names = st.lists(st.sampled_from(EVENTS), unique=True, max_size=2)
    start, end = draw(names), draw(names)
    since, until = sorted(draw(st.tuples(MOMENTS, MOMENTS)), key=lambda moment: (moment is None, moment))
    pairs = draw(st.dictionaries(st.sampled_from(EVENTS), TEXTS, max_size=2))
    rules = st.builds(
        LabelRule, st.sampled_from(["wildcard", "regex"]), TEXTS.filter(bool), st.sampled_from(["x", " - ", "0"])
    )
    given_filters = {name: draw(st.lists(filters(), max_size=2)) for name in ("where", "start_where", "end_where")}
    try:
        return FlowQuery(
            start=tuple(start),
            end=tuple(end),
            steps=draw(st.integers(1, 20)),
            top=draw(st.integers(1, 50)),
            paths=draw(st.integers(0, 10_000)),
            count=draw(st.sampled_from(["users", "sessions", "journeys"])),
            occurrence=draw(st.sampled_from(["first", "last"])),
            collapse=draw(st.sampled_from(["none", "consecutive", "cycles"])),
            session_by=draw(st.sampled_from(["gap", "id"])),
            within=draw(DURATIONS),
            session_gap=draw(DURATIONS),
            max_gap=draw(st.one_of(st.none(), DURATIONS)),
            only=tuple(draw(names)),
            hide=tuple(draw(names)),
            exclude=tuple(draw(names)),
            range_from=since,
            range_to=until,
            people=tuple(draw(st.lists(people(), max_size=3))),
            rules=tuple(draw(st.lists(rules, max_size=2))),
            expand=tuple(pairs.items()),
            **{name: tuple(each) for name, each in given_filters.items()},
        )
    except QueryError:
        return None


@pytest.fixture
def unchecked(monkeypatch):
    """Whether the dataset can answer is another matter."""
    monkeypatch.setattr("flows.forms.charts.runs.check", lambda **words: None)


def asked(params: QueryDict) -> FlowQuery | None:
    form = QuestionForm(QueryDict(params.urlencode()), dataset=Dataset(slug="shop"), zone=UTC)
    assert form.is_valid(), form.errors
    return form.query


@given(questions().filter(bool))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_question_comes_back_from_its_address_and_its_form(unchecked, query):
    params = params_of(query, Dataset(slug="shop"), UTC)
    assert asked(params) == query
    assert asked(data_of(query, UTC)) == query
    assert list(params_of(asked(params), Dataset(slug="shop"), UTC).lists()) == list(params.lists())


def test_what_is_typed_for_one_more_value_is_added():
    params = QueryDict(
        "where-0-property=plan&where-0-operator=is&where-0-value=pro&where-0-add=team&where-0-also=visit"
    )
    assert read_rows(dict(params.lists()), "where") == [
        {"property": "plan", "operator": "is", "values": ["pro", "team"], "on": ["visit"]}
    ]
    assert is_rewritten(params, "where", read_rows(dict(params.lists()), "where"))


@pytest.mark.parametrize(
    "blank",
    [
        "where-new-property=&where-new-operator=is&where-new-add=",
        "people-new-kind=did&people-new-event=&people-new-cohort=3&people-new-at_least=2",
        "people-new-kind=in_cohort&people-new-event=visit&people-new-cohort=",
        "rules-new-match=wildcard&rules-new-pattern=&rules-new-label=",
        "expand-new-event=&expand-new-property=",
        "where-x-property=plan&where--property=plan&where-1234-property=plan&where=plan&where-0=plan",
    ],
)
def test_a_row_in_which_nothing_stands_is_none(blank):
    params = QueryDict(blank)
    for option in ("where", "people", "rules", "expand"):
        assert read_rows(dict(params.lists()), option) == []


def test_rows_stand_in_the_order_of_their_numbers_and_the_new_one_last():
    params = QueryDict("expand-new-event=c&expand-10-event=b&expand-9-event=a")
    assert [row[0] for row in read_rows(dict(params.lists()), "expand")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("params", "field", "sentence"),
    [
        ("where-0-property=plan&where-0-operator=is", "where", "Is needs a value."),
        ("where-0-property=plan&where-0-operator=>&where-0-add=many", "where", "“many” is neither a number"),
        ("where-0-property=plan&where-0-operator=like&where-0-add=x", "where", "The operator must be one of"),
        ("people-0-kind=did&people-0-event=visit&people-0-at_least=often", "people", "At_least must be a whole number"),
        ("people-0-kind=in_cohort&people-0-cohort=x", "people", "Give the number of a cohort."),
        ("people-0-kind=hates&people-0-event=visit", "people", "A condition is one of"),
        ("end_where-0-property=plan&end_where-0-operator=is_set", "end_where", "There is no end event"),
        ("rules-0-match=wildcard&rules-0-pattern=x&rules-0-label=", "rules", "The label of a rule"),
        (
            "expand-0-event=visit&expand-0-property=a&expand-1-event=visit&expand-1-property=b",
            "expand",
            "one property only",
        ),
        ("paths=10001", "paths", "10000"),
        ("session_by=mood", "session_by", "mood"),
    ],
)
def test_what_is_wrong_is_said_at_the_control(unchecked, params, field, sentence):
    form = QuestionForm(QueryDict(f"start=visit&{params}"), dataset=Dataset(slug="shop"), zone=UTC)
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert sentence in form.errors[field][0]


def test_another_dataset_gets_the_conditions_it_can_meet():
    query = FlowQuery(
        start=("visit",),
        people=(PeopleCondition("did", "pay"), PeopleCondition("did", "visit"), PeopleCondition("in_cohort", cohort=3)),
        where=(PropertyFilter("plan", "is", ("pro",)), PropertyFilter("sum", "is", ("1",), ("pay",))),
        expand=(("pay", "sum"), ("visit", "url")),
    )
    params = params_of(query, Dataset(slug="shop"), UTC)
    assert set(event_names(params)) == {"visit", "pay", "3"}
    carried = carried_over(params, {"pay", "3"})
    assert carried.urlencode() == (
        "dataset=shop&start=visit&people-0-kind=did&people-0-event=visit&where-0-property=plan&where-0-operator=is"
        "&where-0-value=pro&expand-0-event=visit&expand-0-property=url"
    )
