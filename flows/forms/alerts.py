"""When a chart is asked again, and what is told about its numbers."""

import math
from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import User
from flows.durations import read_duration
from flows.engine.query import SECOND, QueryError
from flows.engine.selector import Selector
from flows.models import Alert, FlowChart
from flows.outgoing import MOST_URL

Measure, Rule = Alert.Measure, Alert.Rule


class RefreshForm(forms.Form):
    refresh = forms.ChoiceField(choices=FlowChart.Refresh.choices, label="Compute it")


class AlertForm(forms.Form):
    """Valid: `cleaned_data` holds what `create_alert` takes, but for the label."""

    number = forms.CharField(label="Number", max_length=20_000, widget=forms.Select)
    measure = forms.ChoiceField(label="Look at", choices=Measure.choices, initial=Measure.SHARE)
    rule = forms.ChoiceField(label="Tell me when it", choices=Rule.choices, initial=Rule.CHANGES)
    bound = forms.CharField(
        label="Bound",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"placeholder": "12 %, 300 or 2 min"}),
    )
    people = forms.ModelMultipleChoiceField(
        label="By e-mail", queryset=User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    webhook_url = forms.CharField(
        label="By webhook",
        required=False,
        max_length=MOST_URL,
        widget=forms.TextInput(attrs={"placeholder": "https://", "inputmode": "url", "autocomplete": "off"}),
    )

    def __init__(self, data: Any, *, chart: FlowChart, numbers: Sequence[tuple[str, str]], by: User) -> None:
        super().__init__(data, initial={"people": [by.pk]})
        self.fields["number"].widget.choices = numbers
        members = chart.team.members.filter(is_active=True).order_by("name", "email")
        self.fields["people"].queryset = members  # type: ignore[attr-defined]

    def clean_number(self) -> Selector:
        params = QueryDict(self.cleaned_data["number"])
        try:
            return Selector.from_params(dict(params.lists()))
        except QueryError as error:
            raise forms.ValidationError(error.sentence) from None

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("rule") == Rule.CHANGES or not data.get("bound"):
            data["bound"] = None
        elif "measure" in data:
            try:
                data["bound"] = _read(data["bound"], data["measure"])
            except (QueryError, ValueError):
                self.add_error("bound", EXAMPLES[data["measure"]])
        return data


EXAMPLES = {
    Measure.COUNT: "Write how many, for example 300.",
    Measure.SHARE: "Write a share from 0 to 100 %, for example 12.5 %.",
    Measure.SECONDS: "Write a length of time, for example 30 s or 2 min.",
}


def _read(text: str, measure: str) -> float:
    """Raises ValueError and QueryError where it is no such thing."""
    if measure == Measure.SECONDS:
        return read_duration(text, "bound") / SECOND
    value = float(text.replace("%", "").replace(",", "").strip())
    most = 100.0 if measure == Measure.SHARE else 1e15
    if not (math.isfinite(value) and 0 <= value <= most):
        raise ValueError(text)
    return value / 100 if measure == Measure.SHARE else value
