"""Whole maps: new, imported, listed, what is said about them, and how somebody looks at one."""

from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict

from maps import queries
from maps.imports.files import MOST_BYTES
from maps.library import TEMPLATES
from maps.limits import BIGGEST_KEY, MOST_LANES, MOST_STAGES
from maps.listing import ORDERS, REVIEWS
from maps.models import JourneyMap, Persona
from maps.page import CARDS, ZOOMS, Look
from maps.texts import TITLE_LIMIT


class NewMapForm(forms.Form):
    title = forms.CharField(max_length=TITLE_LIMIT, label="Title")
    template = forms.ChoiceField(
        label="Start from",
        choices=lambda: [(key, template.title) for key, template in TEMPLATES.items()],
        widget=forms.RadioSelect,
        initial="lifecycle",
    )


class ImportForm(forms.Form):
    """A file, or else a text; `cleaned_data` has `data`, `filename` and the `field` that was used."""

    file = forms.FileField(max_length=255, allow_empty_file=True, required=False, label="File")
    text = forms.CharField(
        required=False, strip=False, label="Text", widget=forms.Textarea(attrs={"rows": 10, "dir": "auto"})
    )

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST or None, request.FILES or None)
        self.is_bound = request.method == "POST"

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        file, text = data.get("file"), data.get("text")
        if not file and not text:
            self.add_error("file", "Choose a file, or paste a text.")
        elif file and file.size > MOST_BYTES:
            self.add_error("file", f"This file is larger than {MOST_BYTES / 1024**2:,.0f} MB, which no map is.")
        elif file:
            data |= {"data": file.read(), "filename": file.name, "field": "file"}
        else:
            data |= {"data": (text or "").encode(), "filename": "", "field": "text"}
        return data


class SettingsForm(forms.ModelForm[JourneyMap]):
    class Meta:
        model = JourneyMap
        fields = ["title", "status", "state", "scenario", "expectations", "folder", "tags", "review_due", "review_days"]
        labels = {"state": "Shows", "review_due": "Review due", "review_days": "A stage holds for, in days"}
        help_texts = {
            "folder": "",
            "tags": "With commas between them.",
            "review_due": "The owner is the one to look.",
            "review_days": "Then it is marked, until somebody confirms it again.",
        }
        widgets = {
            "title": forms.TextInput(attrs={"dir": "auto"}),
            "scenario": forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
            "expectations": forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
            "folder": forms.TextInput(attrs={"list": "folders", "autocomplete": "off", "dir": "auto"}),
            "review_due": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        }

    SECTIONS = {
        "What it is about": ("title", "scenario", "expectations", "personas"),
        "Where it stands": ("status", "state", "owner", "review_due", "review_days"),
        "Where it is filed": ("folder", "tags"),
    }
    # Whether it is a member is for the service to say.
    owner = forms.IntegerField(required=False, widget=forms.Select)
    personas = forms.TypedMultipleChoiceField(coerce=int, required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any = None, *, instance: JourneyMap) -> None:
        super().__init__(data, instance=instance, initial={"owner": instance.owner_id})
        members = instance.team.members.order_by("name", "email")
        self.fields["owner"].widget.choices = [
            ("", "Nobody"),
            *((user.pk, str(user)) for user in members),
        ]
        about = set(instance.personas.values_list("pk", flat=True))
        self.offered = [row for row in queries.list_personas(instance.team) if row.pk in about or not row.archived]
        self.fields["personas"].choices = [(row.pk, row.name) for row in self.offered]  # type: ignore[attr-defined]
        self.initial["personas"] = sorted(about)
        self.fields["review_days"].required = False

    @property
    def about(self) -> list[tuple[Persona, bool]]:
        """The personas that can be chosen, and whether each is."""
        chosen = {str(key) for key in self["personas"].value() or ()}
        return [(row, str(row.pk) in chosen) for row in self.offered]

    @property
    def sections(self) -> dict[str, list[forms.BoundField]]:
        """The fields as they stand on the page, by the heading above them."""
        return {heading: [self[name] for name in names] for heading, names in self.SECTIONS.items()}


class MapsForm(forms.Form):
    """How the list of maps is looked at. What makes no sense is left out of `chosen`."""

    view = forms.ChoiceField(choices=[("list", "List"), ("board", "Board")], required=False)
    status = forms.ChoiceField(choices=[("", "Not archived"), *JourneyMap.Status.choices], required=False)
    state = forms.ChoiceField(choices=[("", "Any state"), *JourneyMap.State.choices], required=False)
    folder = forms.CharField(required=False)
    tag = forms.CharField(required=False)
    owner = forms.IntegerField(required=False, min_value=0, max_value=BIGGEST_KEY)
    review = forms.ChoiceField(choices=[("", "Any review date"), *REVIEWS.items()], required=False)
    sort = forms.ChoiceField(choices=[(key, key) for key in ORDERS], required=False)

    @property
    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


class SubJourneyForm(forms.Form):
    """Which map a step opens; none stands for a new one."""

    map = forms.IntegerField(label="Map", required=False, min_value=1, max_value=BIGGEST_KEY, widget=forms.Select)

    def __init__(self, data: Any = None, *, journey: JourneyMap) -> None:
        super().__init__(data)
        others = JourneyMap.objects.filter(team=journey.team).exclude(pk=journey.pk).order_by("title", "pk")
        self.fields["map"].widget.choices = [
            ("", "A new map with the name of the step"),
            *others.values_list("pk", "title"),
        ]


class TargetForm(forms.Form):
    """Another map of the team, by key; `cleaned_data["target"]` is its row."""

    def __init__(self, data: Any = None, *, journey: JourneyMap) -> None:
        super().__init__(data)
        others = queries.list_maps(journey.team).exclude(pk=journey.pk).select_related("team")
        self.fields["target"] = forms.ModelChoiceField(label="Map", queryset=others, empty_label=None)


class LookForm(forms.Form):
    """How somebody looks at a map. What makes no sense is left out."""

    zoom = forms.IntegerField(required=False)
    persona = forms.IntegerField(required=False, max_value=BIGGEST_KEY)
    only = forms.ChoiceField(required=False, choices=list(CARDS.items()))

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.hide = data.getlist("hide")

    @property
    def look(self) -> Look:
        self.is_valid()
        said = self.cleaned_data
        hidden = [key for key in self.hide if key.isascii() and key.isdecimal() and len(key) < 19]
        zoom = said.get("zoom") if said.get("zoom") in ZOOMS else 100
        return Look(
            zoom or 100, frozenset(map(int, hidden[:MOST_LANES])), said.get("persona") or 0, said.get("only") or ""
        )


class NumberForm(forms.Form):
    """Which stage, counted from 1."""

    stage = forms.IntegerField(min_value=1, max_value=MOST_STAGES)
