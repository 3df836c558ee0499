"""Points of the history of a map, and what is new since one."""

from django import forms

from maps.limits import MOST_CHANGES
from maps.services.snapshots import LABEL_LIMIT


class UndoForm(forms.Form):
    """Which change is to be taken back, unless it is the last."""

    seq = forms.IntegerField(max_value=MOST_CHANGES, required=False)
    before = forms.IntegerField(max_value=MOST_CHANGES, required=False)


class SnapshotForm(forms.Form):
    label = forms.CharField(max_length=LABEL_LIMIT, label="Label")


class SeqForm(forms.Form):
    """A point of the history."""

    seq = forms.IntegerField(min_value=0, max_value=MOST_CHANGES)


class CompareForm(forms.Form):
    """Two points of the history; either may be left out."""

    old = forms.IntegerField(min_value=0, max_value=MOST_CHANGES, required=False)
    new = forms.IntegerField(min_value=0, max_value=MOST_CHANGES, required=False)


class SinceForm(forms.Form):
    """From which operation, and from which word about the map, on somebody wants to know what is new."""

    since = forms.IntegerField(min_value=0, max_value=MOST_CHANGES)
    talked = forms.IntegerField(min_value=0, max_value=MOST_CHANGES, required=False)


class EditingForm(forms.Form):
    """The browser's connection, as the stream named it, and the cell as the page names it."""

    connection = forms.RegexField(r"^[\w-]{12}$")
    cell = forms.RegexField(r"^cell-\d{1,19}-\d{1,19}$", required=False)
