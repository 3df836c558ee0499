"""The question as a form. Its fields are the options of the query; what it says is what the address says."""

from collections.abc import Collection, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict

from flows.durations import duration_words, read_duration
from flows.engine.conditions import PEOPLE_KINDS
from flows.engine.query import MAX_PATHS, MAX_STEPS, MAX_TOP, SECOND, FlowQuery, QueryError
from flows.forms.conditions import (
    FILTERS,
    OF_COHORTS,
    ROWS,
    RowsField,
    is_rewritten,
    option_of,
    read_rows,
    without_rows,
    write_rows,
)
from flows.models import Dataset
from flows.moments import read_moment, write_moment
from flows.services import runs
from flows.services.names import NAME_LENGTH

UNASKED = FlowQuery(start=("-",)).canonical()  # an address says what differs from it
EVENTS = ("start", "end", "only", "hide", "exclude")
DURATIONS = ("session_gap", "within", "max_gap")
OPTIONS = (
    *("from", "to", "session_gap", "session_by", "people", "where", "rules", "expand", "only", "hide", "exclude"),
    *("collapse", "start", "start_where", "end", "end_where"),
    *("count", "occurrence", "within", "max_gap", "steps", "top", "tops", "paths"),
)


class EventsField(forms.Field):
    """Event names as they come: whether the dataset has them is for the service to say."""

    widget = forms.SelectMultiple

    def to_python(self, value: Sequence[str] | None) -> list[str]:
        return [name for name in value or () if name]


class TextField(forms.Field):
    """What was typed, read by `read`. Raises ValidationError with its sentence."""

    widget = forms.TextInput

    def __init__(self, *, option: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.option = option

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").replace("\0", "").strip()
        if not text:
            return None
        try:
            return self.read(text)
        except QueryError as error:
            raise forms.ValidationError(plain(error)) from None

    def read(self, text: str) -> int:
        raise NotImplementedError


class DurationField(TextField):
    """A length of time in microseconds, written as "7 days" or "7d"."""

    def read(self, text: str) -> int:
        return read_duration(text, self.option)


class MomentField(TextField):
    """A day of the team's time zone, or a moment in ISO form, as microseconds; "to" is through the end of that day."""

    def __init__(self, *, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zone = zone

    def read(self, text: str) -> int:
        return read_moment(text, self.zone, self.option, last=self.option == "to")


class TopsField(forms.Field):
    """Steps with another number of labels, each written as "step:labels"."""

    widget = forms.SelectMultiple

    def to_python(self, value: Sequence[str] | None) -> list[list[int]]:
        found = []
        for text in value or ():
            step, colon, most = text.partition(":")
            if not (colon and all(part.isascii() and part.isdigit() and len(part) < 4 for part in (step, most))):
                raise forms.ValidationError("Write a step and its number of labels, for example 2:12.")
            found.append([int(step), int(most)])
        return found


class QuestionForm(forms.Form):
    """One question about one dataset. Valid: `query` is a FlowQuery that the dataset can answer."""

    steps = forms.IntegerField(required=False, min_value=1, max_value=MAX_STEPS)
    top = forms.IntegerField(required=False, min_value=1, max_value=MAX_TOP)
    paths = forms.IntegerField(required=False, min_value=0, max_value=MAX_PATHS)
    session_by = forms.ChoiceField(required=False, choices=[("gap", "After a gap"), ("id", "As recorded")])
    count = forms.ChoiceField(
        required=False, choices=[("users", "People"), ("sessions", "Sessions"), ("journeys", "Journeys")]
    )
    occurrence = forms.ChoiceField(required=False, choices=[("first", "First time"), ("last", "Last time")])
    collapse = forms.ChoiceField(
        required=False, choices=[("none", "None"), ("consecutive", "In a row"), ("cycles", "Cycles")]
    )

    def __init__(self, data: QueryDict, *, dataset: Dataset, zone: ZoneInfo) -> None:
        super().__init__(data)
        self.params = data
        self.dataset, self.zone = dataset, zone
        self.query: FlowQuery | None = None
        for name in EVENTS:
            self.fields[name] = EventsField(required=False)
        for name in ROWS:
            self.fields[name] = RowsField(required=False)
        self.fields["tops"] = TopsField(required=False)
        for name in DURATIONS:
            self.fields[name] = DurationField(required=False, option=name)
        for name in ("from", "to"):
            self.fields[name] = MomentField(required=False, option=name, zone=zone)

    def clean(self) -> dict[str, Any]:
        values = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}
        if self.errors or not self.is_asked:
            return self.cleaned_data
        try:
            query = FlowQuery.from_dict(values)
            runs.check(dataset=self.dataset, query=query)
            self.query = query
        except QueryError as error:
            field = "people" if error.field in PEOPLE_KINDS else error.field
            self.add_error(field if field in self.fields else None, plain(error))
        return self.cleaned_data

    @property
    def is_asked(self) -> bool:
        """Whether there is a question at all: where no event is named, the page invites to choose one."""
        return any(self.events(field) for field in EVENTS)

    def events(self, field: str) -> list[str]:
        """The names that stand in a field, valid or not."""
        return EventsField().to_python(self[field].value())

    def rows(self, option: str) -> list[Any]:
        """The rows of an option as the question has them, or as they stand in the form where it cannot be asked."""
        if self.query:
            return self.query.canonical().get(option, [])  # type: ignore[return-value]
        return self[option].value()

    @property
    def rewritten(self) -> list[str]:
        """Options whose rows have to be shown anew after what was sent."""
        return [name for name in ROWS if self.query and is_rewritten(self.params, name, self.rows(name))]


class NameForm(forms.Form):
    name = forms.CharField(required=False, max_length=NAME_LENGTH)


DEFAULTS: dict[str, Any] = {
    "steps": 5,
    "top": 8,
    "paths": 50,
    "session_by": "gap",
    "count": "users",
    "occurrence": "first",
    "collapse": "consecutive",
    "within": "7 days",
    "session_gap": "30 minutes",
    "max_gap": "",
    "from": "",
    "to": "",
}


def params_of(query: FlowQuery, dataset: Dataset, zone: ZoneInfo) -> QueryDict:
    """The question as it stands in an address: only what differs from the defaults, always in the same order."""
    params = QueryDict(mutable=True)
    params["dataset"] = dataset.slug
    plain_query = query.canonical()
    for name in OPTIONS:
        value = plain_query.get(name)
        if value not in (None, UNASKED.get(name)) or name in EVENTS:
            _write(params, query, name, value, zone)
    return params


def data_of(query: FlowQuery, zone: ZoneInfo) -> QueryDict:
    """The question as the form takes it."""
    data = QueryDict(mutable=True)
    for name, value in query.canonical().items():
        if name in DURATIONS and value is not None and getattr(query, name) % SECOND == 0:
            data[name] = duration_words(getattr(query, name)).replace("\N{NO-BREAK SPACE}", " ")
        elif value is not None:
            _write(data, query, name, value, zone)
    return data


def _write(params: QueryDict, query: FlowQuery, name: str, value: Any, zone: ZoneInfo) -> None:
    if name in EVENTS:
        params.setlist(name, value)
    elif name in ROWS:
        write_rows(params, name, value)
    elif name == "tops":
        params.setlist(name, [f"{step}:{most}" for step, most in value])
    elif name in ("from", "to"):
        params[name] = write_moment(getattr(query, f"range_{name}"), zone, last=name == "to")
    else:
        params[name] = str(value)


def is_question(parameter: str) -> bool:
    """Whether a parameter of an address says something of the question."""
    return parameter == "dataset" or option_of(parameter) in OPTIONS


def question_params(params: QueryDict) -> QueryDict:
    """What an address says of the question."""
    kept = QueryDict(mutable=True)
    for name, values in params.lists():
        if is_question(name):
            kept.setlist(name, values)
    return kept


def event_names(params: QueryDict) -> list[str]:
    """Every event that a question names, as it stands in an address."""
    rows = {name: read_rows(dict(params.lists()), name) for name in ROWS}
    return [
        *(name for field in EVENTS for name in params.getlist(field) if name),
        *(str(value) for row in rows["people"] for kind, value in row.items() if kind in PEOPLE_KINDS),
        *(name for field in FILTERS for row in rows[field] for name in row.get("on", ())),
        *(pair[0] for pair in rows["expand"]),
    ]


def carried_over(params: QueryDict, unknown: Collection[str]) -> QueryDict:
    """The question as far as it can be asked of another dataset.

    The same without its unknown events, what is said of these, its cohorts and its range.
    """
    carried = params.copy()
    for field in EVENTS:
        carried.setlist(field, [name for name in params.getlist(field) if name not in unknown])
    for field in ("from", "to"):
        carried.pop(field, None)
    for option in ROWS:
        rows = [row for row in read_rows(dict(params.lists()), option) if _is_known(option, row, unknown)]
        without_rows(carried, option)
        write_rows(carried, option, rows)
    return carried


def _is_known(option: str, row: Any, unknown: Collection[str]) -> bool:
    if option == "people":
        return not any(kind in row for kind in OF_COHORTS) and not any(
            row.get(kind) in unknown for kind in PEOPLE_KINDS
        )
    if option == "expand":
        return row[0] not in unknown
    return not any(name in unknown for name in row.get("on", ()))


def plain(error: QueryError) -> str:
    """The sentence without the option's name, which the form shows beside its control."""
    text = error.sentence.removeprefix(f"{error.field}: ")
    return text[:1].upper() + text[1:]
