from datetime import date

from django import forms
from django.http import HttpRequest

from accounts.models import Invitation, Membership, Team, User
from accounts.services import check_time_zone
from accounts.sharing import LEAST_PASSWORD, MOST_PASSWORD, NOTE_LENGTH

LAST_YEAR = 2199


class SignupForm(forms.Form):
    """What sign-up asks beyond allauth's own fields."""

    name = forms.CharField(
        max_length=120,
        label="Your name",
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
    )
    field_order = ["name", "email", "password1"]

    def signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])


class TeamForm(forms.ModelForm[Team]):
    class Meta:
        model = Team
        fields = ["name", "time_zone"]
        # Six hundred names: the browser searches them in a list that is drawn once (`accounts/zones.html`).
        widgets = {"time_zone": forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"})}

    def clean_time_zone(self) -> str:
        return check_time_zone(self.cleaned_data["time_zone"])


class InvitationForm(forms.ModelForm[Invitation]):
    class Meta:
        model = Invitation
        fields = ["email", "role"]
        labels = {"email": "E-mail address"}


class RoleForm(forms.ModelForm[Membership]):
    class Meta:
        model = Membership
        fields = ["role"]


class ProfileForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ["name", "mails"]
        labels = {"mails": "E-mails"}


class LineForm(forms.Form):
    """A line of an inbox; none stands for all of them."""

    line = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class ShareForm(forms.Form):
    """What a new link to something of the team may do."""

    note = forms.CharField(max_length=NOTE_LENGTH, required=False, label="For whom")
    until = forms.DateField(
        required=False, label="Works until", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    password = forms.CharField(
        min_length=LEAST_PASSWORD,
        max_length=MOST_PASSWORD,
        required=False,
        strip=False,
        label="Password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    embeddable = forms.BooleanField(required=False, label="Other sites may show it in a frame")

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until is not None and until.year > LAST_YEAR:
            raise forms.ValidationError(f"Choose a date before the year {LAST_YEAR + 1}.")
        return until
