import zoneinfo

from django import forms
from django.http import HttpRequest

from accounts.models import Invitation, Membership, Team, User


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


def zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]


class TeamForm(forms.ModelForm[Team]):
    time_zone = forms.ChoiceField(choices=zones, initial="UTC", help_text="Dates and ranges are read in this zone.")

    class Meta:
        model = Team
        fields = ["name", "time_zone"]


class InvitationForm(forms.ModelForm[Invitation]):
    class Meta:
        model = Invitation
        fields = ["email", "role"]


class RoleForm(forms.ModelForm[Membership]):
    class Meta:
        model = Membership
        fields = ["role"]


class ProfileForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ["name"]
