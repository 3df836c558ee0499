"""The question of an analysis as a form; what it says is what the address says."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict

from flows.durations import duration_words
from flows.engine.conditions import PEOPLE_KINDS
from flows.engine.query import MAX_STEPS, MAX_TOP, QueryError
from flows.forms.charts import DurationField, EventsField, MomentField, plain
from flows.forms.conditions import RowsField, write_rows
from flows.models import Dataset
from flows.moments import write_moment
from flows.questions import DURATIONS, FLOW, KINDS, PERIODS, Analysis, read
from flows.services import runs

ROWS = ("where", "people", "rules")
EVENTS = ("first", "back", "only", "hide", "never")
NAMES = {FLOW: "Flow", "funnel": "Funnel", "retention": "Retention", "trend": "Trend"}
CHOICES: Mapping[str, Sequence[tuple[str, str]]] = {
    "order": [("eventual", "In any time"), ("strict", "Right behind")],
    "count": [("users", "People"), ("sessions", "Sessions")],
    "occurrence": [("first", "First time"), ("last", "Last time")],
    "period": [(name, name.capitalize()) for name in PERIODS],
}
NUMBERS = {"top": (1, MAX_TOP), "after": (0, MAX_STEPS), "before": (0, MAX_STEPS)}
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "funnel": (
        *("steps", "order", "count", "occurrence", "within", "max_gap"),
        *("never", "after", "before", "breakdown", "top"),
    ),
    "retention": ("first", "back", "period"),
    "trend": ("period", "only", "hide", "top"),
}
SHARED = ("from", "to", *ROWS)


class StepsInput(forms.Widget):
    """Steps stand as `step-0=visit&step-0=home&step-1=order`; one without events is none."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[list[str]]:
        steps = [[event for event in data.getlist(f"step-{number}") if event] for number in range(MAX_STEPS + 2)]
        return [step for step in steps if step]


class StepsField(forms.Field):
    widget = StepsInput


class AnalysisForm(forms.Form):
    """One question of a kind about one dataset. Valid: `query` is an Analysis that the dataset can answer."""

    def __init__(self, data: QueryDict, *, kind: str, dataset: Dataset, zone: ZoneInfo) -> None:
        super().__init__(data)
        self.kind, self.dataset, self.zone = kind, dataset, zone
        self.query: Analysis | None = None
        for name in (*OPTIONS[kind], *SHARED):
            self.fields[name] = self._field(name)

    def _field(self, name: str) -> forms.Field:
        if name == "steps":
            return StepsField(required=False)
        if name in EVENTS:
            return EventsField(required=False)
        if name in ROWS:
            return RowsField(required=False)
        if name in DURATIONS:
            return DurationField(required=False, option=name)
        if name in ("from", "to"):
            return MomentField(required=False, option=name, zone=self.zone)
        if name in CHOICES:
            return forms.ChoiceField(required=False, choices=CHOICES[name])
        if name in NUMBERS:
            low, high = NUMBERS[name]
            return forms.IntegerField(required=False, min_value=low, max_value=high)
        return forms.CharField(required=False, max_length=1000)

    def clean(self) -> dict[str, Any]:
        values = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}
        if self.errors or not self.is_asked:
            return self.cleaned_data
        values["kind"] = self.kind
        if "period" in self.fields:
            values["zone"] = self.zone.key
        if "never" not in values:
            values.pop("after", None), values.pop("before", None)
        try:
            question = read(values)
            assert isinstance(question, Analysis)
            runs.check(dataset=self.dataset, query=question)
            self.query = question
        except QueryError as error:
            field = {"exclusions": "never"}.get(error.field, error.field)
            field = "people" if field in PEOPLE_KINDS else field
            self.add_error(field if field in self.fields else None, plain(error))
        return self.cleaned_data

    @property
    def is_asked(self) -> bool:
        """Whether there is a question at all; the course of all events needs none to be named."""
        needed = {"funnel": "steps", "retention": "first"}.get(self.kind)
        return needed is None or bool(self[needed].value())

    def rows(self, option: str) -> list[Any]:
        """The rows of an option as the question has them, or as they stand in the form where it cannot be asked."""
        if option not in self.fields:
            return []
        if self.query:
            return self.query.canonical().get(option, [])  # type: ignore[return-value]
        return self[option].value()


def kind_of(params: QueryDict) -> str:
    """The kind that an address asks for; "" where it names none."""
    kind = params.get("kind", "")
    return kind if kind in (FLOW, *KINDS) else ""


def is_option(parameter: str) -> bool:
    """Whether a parameter of an address says something of an analysis."""
    known = {"dataset", "kind", *SHARED, *(name for names in OPTIONS.values() for name in names)}
    return parameter in known or parameter.startswith(("step-", *(f"{name}-" for name in ROWS)))


def params_of(question: Analysis, dataset: Dataset, zone: ZoneInfo) -> QueryDict:
    """The question as it stands in an address: only what differs from the defaults."""
    params = QueryDict(mutable=True)
    params["dataset"], params["kind"] = dataset.slug, question.kind
    stored = question.canonical()
    for name in (*OPTIONS[question.kind], *SHARED):
        value: Any = stored.get(name)
        if value is None:
            continue
        if name == "steps":
            for number, step in enumerate(value):
                params.setlist(f"step-{number}", step)
        elif name in EVENTS:
            params.setlist(name, value)
        elif name in ROWS:
            write_rows(params, name, value)
        elif name in ("from", "to"):
            params[name] = write_moment(getattr(question, f"range_{name}"), zone, last=name == "to")
        elif name in DURATIONS:
            params[name] = duration_words(getattr(question, name)).replace("\N{NO-BREAK SPACE}", " ")
        else:
            params[name] = str(value)
    return params
