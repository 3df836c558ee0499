"""Where charts are filed, what is written beside them, and how their list is looked at."""

from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField

from flows.models import FlowChart
from flows.services.annotations import TEXT_LENGTH
from flows.services.names import NAME_LENGTH
from flows.texts import FOLDER_LIMIT, TAG_LIMIT, TEXT_LIMIT

ORDERS = {
    "changed": ("Last changed", ("-updated_at", "-pk")),
    "name": ("Name", ("name", "pk")),
    "made": ("Newest", ("-created_at", "-pk")),
}
BIGGEST_ID = 2**31 - 1


class DescriptionForm(forms.Form):
    description = forms.CharField(
        required=False, max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    )
    folder = forms.CharField(
        required=False,
        max_length=FOLDER_LIMIT,
        widget=forms.TextInput(attrs={"list": "folders", "autocomplete": "off", "dir": "auto"}),
    )
    tags = SimpleArrayField(
        forms.CharField(max_length=TAG_LIMIT, required=False), required=False, help_text="With commas between them."
    )
    owner = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)

    def __init__(self, data: Any = None, *, chart: FlowChart) -> None:
        now = {name: getattr(chart, name) for name in ("description", "folder", "tags")}
        super().__init__(data, initial={**now, "owner": chart.owner_id})
        members = [(user.pk, str(user)) for user in chart.team.members.order_by("name", "email")]
        self.fields["owner"].choices = [("", "Nobody"), *members]  # type: ignore[attr-defined]


class AnnotationForm(forms.Form):
    day = forms.DateField(label="Day", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    text = forms.CharField(
        label="What happened",
        max_length=TEXT_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    everywhere = forms.BooleanField(required=False, label="For all charts of the team")


class ChartsForm(forms.Form):
    """How the list of charts is looked at. What makes no sense is left out of `chosen`."""

    q = forms.CharField(required=False, max_length=NAME_LENGTH)
    dataset = forms.SlugField(required=False)
    folder = forms.CharField(required=False, max_length=FOLDER_LIMIT)
    tag = forms.CharField(required=False, max_length=TAG_LIMIT)
    owner = forms.IntegerField(required=False, min_value=0, max_value=BIGGEST_ID)
    sort = forms.ChoiceField(choices=[(key, name) for key, (name, _) in ORDERS.items()], required=False)

    @property
    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
