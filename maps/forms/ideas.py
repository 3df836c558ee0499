"""The board with the opportunities of all maps."""

from typing import Any

from django import forms

from maps.ideas import EFFORTS, ORDERS, POINTS
from maps.limits import BIGGEST_KEY, MOST_CHANGES
from maps.models import Opportunity


class IdeasForm(forms.Form):
    """How the ideas of all maps are looked at. What makes no sense is left out of `chosen`."""

    status = forms.ChoiceField(
        choices=[("", "Open"), ("any", "Any status"), *Opportunity.Status.choices], required=False
    )
    map = forms.IntegerField(required=False, min_value=1, max_value=BIGGEST_KEY)
    tag = forms.CharField(required=False)
    owner = forms.IntegerField(required=False, min_value=1, max_value=BIGGEST_KEY)
    effort = forms.IntegerField(required=False, min_value=EFFORTS[0], max_value=EFFORTS[-1])
    points = forms.IntegerField(required=False, min_value=POINTS[0], max_value=POINTS[-1])
    sort = forms.ChoiceField(choices=[(key, key) for key in ORDERS], required=False)
    idea = forms.IntegerField(required=False, min_value=1, max_value=BIGGEST_KEY)

    @property
    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


class ScoreForm(forms.Form):
    """Where an idea was put on the board, by the key of its card."""

    card = forms.IntegerField(min_value=1, max_value=BIGGEST_KEY)
    version = forms.IntegerField(min_value=1, max_value=MOST_CHANGES)
    effort = forms.IntegerField(min_value=EFFORTS[0], max_value=EFFORTS[-1])
    points = forms.IntegerField(min_value=POINTS[0], max_value=POINTS[-1])
