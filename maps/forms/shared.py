"""The names that the maps of a team share."""

from django import forms

from maps.limits import BIGGEST_KEY
from maps.models import Channel


class ChannelForm(forms.ModelForm[Channel]):
    class Meta:
        model = Channel
        fields = ["name", "icon"]


class MergeForm(forms.Form):
    """Into which other one something is merged."""

    into = forms.IntegerField(min_value=1, max_value=BIGGEST_KEY)
