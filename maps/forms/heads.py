"""Stages, steps and lanes: their names and places."""

from django import forms

from maps.models import Lane
from maps.texts import NAME_LIMIT

KINDS_TO_ADD = (
    Lane.Kind.TEXT,
    Lane.Kind.TOUCHPOINT,
    Lane.Kind.QUOTE,
    Lane.Kind.EMOTION,
    Lane.Kind.PAIN,
    Lane.Kind.OPPORTUNITY,
    Lane.Kind.METRIC,
    Lane.Kind.IMAGE,
)


class NameForm(forms.Form):
    name = forms.CharField(max_length=NAME_LIMIT)


class PlaceForm(forms.Form):
    """Beside which sibling something goes."""

    before = forms.IntegerField(required=False)
    after = forms.IntegerField(required=False)


class StepPlaceForm(PlaceForm):
    stage = forms.IntegerField(required=False)


class WhoseForm(forms.Form):
    """Of which persona a lane speaks; none for all of them."""

    persona = forms.IntegerField(required=False, min_value=1)


class LaneForm(PlaceForm):
    kind = forms.ChoiceField(
        label="What stands in it",
        choices=[(kind.value, kind.label) for kind in KINDS_TO_ADD],
        widget=forms.RadioSelect,
        initial=Lane.Kind.TEXT,
    )
    title = forms.CharField(max_length=NAME_LIMIT, label="Title")
    role = forms.ChoiceField(
        label="Place in a service blueprint",
        choices=Lane.Role.choices,
        required=False,
        help_text="Decides where the lines of interaction and visibility run.",
    )
    before = forms.IntegerField(required=False, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, widget=forms.HiddenInput)
