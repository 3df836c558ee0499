from django import forms

from maps.talking import SHOWS, Asked


class SayForm(forms.Form):
    """What somebody says, kept as it was typed, and about which element of the page."""

    body = forms.CharField(required=False, strip=False)
    about = forms.CharField(required=False, max_length=60)


class TalkForm(forms.Form):
    """Which threads somebody wants to see. What makes no sense is left out."""

    show = forms.ChoiceField(required=False, choices=list(SHOWS.items()))
    mine = forms.BooleanField(required=False)
    about = forms.CharField(required=False, max_length=60)

    @property
    def asked(self) -> Asked:
        self.is_valid()
        return Asked(**{name: value for name, value in self.cleaned_data.items() if value})
