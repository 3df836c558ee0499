"""What requests say, parsed. Rules live in the services; a form only turns text into values."""

from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict

from accounts.models import Team
from maps import queries
from maps.imports.files import MOST_BYTES
from maps.library import TEMPLATES
from maps.limits import BIGGEST_KEY, MOST_LANES, MOST_STAGES
from maps.listing import ORDERS, REVIEWS
from maps.models import Card, Channel, JourneyMap, Lane, Opportunity, Persona
from maps.page import CARDS, ZOOMS, Look
from maps.pasting import MOST_CHARACTERS
from maps.services.snapshots import LABEL_LIMIT
from maps.shared_forms import DECORATIVE, DESCRIPTION
from maps.talking import SHOWS, Asked
from maps.texts import BODY_LIMIT, NAME_LIMIT, TITLE_LIMIT

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
MOST_CHANGES = 2**31 - 1  # what the number of an operation can be
HOLDS = "Then it is marked, until somebody confirms it again."
ONE_TO_FIVE = [(n, str(n)) for n in range(1, 6)]


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
            "review_days": HOLDS,
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
    owner = forms.IntegerField(required=False, min_value=0, max_value=MOST_CHANGES)
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


class NameForm(forms.Form):
    name = forms.CharField(max_length=NAME_LIMIT)


class PlaceForm(forms.Form):
    """Beside which sibling something goes."""

    before = forms.IntegerField(required=False)
    after = forms.IntegerField(required=False)


class StepPlaceForm(PlaceForm):
    stage = forms.IntegerField(required=False)


class TargetForm(forms.Form):
    """Another map of the team, by key; `cleaned_data["target"]` is its row."""

    def __init__(self, data: Any = None, *, journey: JourneyMap) -> None:
        super().__init__(data)
        others = queries.list_maps(journey.team).exclude(pk=journey.pk).select_related("team")
        self.fields["target"] = forms.ModelChoiceField(label="Map", queryset=others, empty_label=None)


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


class BodyForm(forms.Form):
    """A save of a card's text; `keep` is set while somebody goes on typing."""

    body = forms.CharField(max_length=BODY_LIMIT, required=False, strip=False)
    version = forms.IntegerField(required=False)
    uid = forms.UUIDField(required=False)
    keep = forms.BooleanField(required=False)


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


class EmotionForm(forms.Form):
    score = forms.TypedChoiceField(
        coerce=int,
        choices=[(2, "+2"), (1, "+1"), (0, "0"), (-1, "−1"), (-2, "−2")],
        widget=forms.RadioSelect,
    )
    label = forms.CharField(max_length=120, required=False, label="In a word")
    version = forms.IntegerField(widget=forms.HiddenInput)


class DetailsForm(forms.Form):
    """All that a card says beside its text; which fields it has depends on its kind."""

    body = forms.CharField(
        label="Text", max_length=BODY_LIMIT, strip=False, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, card: Card, team: Team) -> None:
        super().__init__(data, initial={"body": card.body, "version": card.version, **_known(card)})
        self.fields |= _fields_of(card.kind, team)
        people = team.members.order_by("name", "email")
        self.fields["owner"] = forms.ModelChoiceField(
            people, label="Who sees to it", required=False, empty_label="Nobody"
        )
        self.fields["due"] = forms.DateField(
            label="Due", required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        )
        if card.kind == Lane.Kind.IMAGE:
            self.fields["body"].label = DESCRIPTION

    @property
    def details(self) -> dict[str, Any]:
        values = {name: value for name, value in self.cleaned_data.items() if name not in ("body", "version")}
        return {name: getattr(value, "pk", value) for name, value in values.items()}


class MoveCardForm(PlaceForm):
    """Into which cell, and beside which of its cards."""

    before = forms.IntegerField(required=False, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, widget=forms.HiddenInput)
    lane = forms.TypedChoiceField(coerce=int)
    step = forms.TypedChoiceField(coerce=int)

    def __init__(self, data: Any = None, *, journey: JourneyMap, lane: int = 0, step: int = 0) -> None:
        super().__init__(data, initial={"lane": lane, "step": step})
        lanes = queries.list_lanes(journey).exclude(kind=Lane.Kind.EMOTION)
        self.fields["lane"].choices = [(row.pk, row.title) for row in lanes]  # type: ignore[attr-defined]
        self.fields["step"].choices = [  # type: ignore[attr-defined]
            (head.pk, head.name) for head in queries.steps_in_order(journey)
        ]


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


class PasteForm(forms.Form):
    """A range and where its first cell goes; `revision` is that of the map in the preview, 0 before there was one."""

    text = forms.CharField(
        label="Cells of a spreadsheet",
        max_length=MOST_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto", "autofocus": True}),
        help_text="Copied from any spreadsheet: tabs between columns, a line for each lane.",
    )
    lane = forms.TypedChoiceField(label="First lane", coerce=int)
    step = forms.TypedChoiceField(label="First step", coerce=int)
    revision = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, initial: dict[str, Any], journey: JourneyMap) -> None:
        super().__init__(data, initial=initial)
        self.fields["lane"].choices = [  # type: ignore[attr-defined]
            (row.pk, row.title) for row in queries.list_lanes(journey)
        ]
        self.fields["step"].choices = [  # type: ignore[attr-defined]
            (head.pk, head.name) for head in queries.steps_in_order(journey)
        ]

    @property
    def place(self) -> dict[str, Any]:
        """The range and where it goes, as the service wants it."""
        return {name: self.cleaned_data[name] for name in ("lane", "step", "text")}


def _fields_of(kind: str, team: Team) -> dict[str, forms.Field]:
    if kind == Lane.Kind.TOUCHPOINT:
        return {
            "channel": forms.ModelChoiceField(queryset=queries.list_channels(team), required=False, empty_label="None"),
            "importance_to_customer": _scale("Importance to the customer"),
            "importance_to_business": _scale("Importance to the business"),
        }
    if kind == Lane.Kind.OPPORTUNITY:
        return {
            "value": _scale("Value to the customer"),
            "business_value": _scale("Value to the business"),
            "effort": _scale("Effort"),
            "status": forms.ChoiceField(choices=Opportunity.Status.choices),
            "owner": forms.ModelChoiceField(
                queryset=team.members.order_by("name", "email"), required=False, empty_label="Nobody"
            ),
            "link": forms.URLField(label="Link to a ticket", required=False, assume_scheme="https"),
        }
    evidence = forms.ChoiceField(choices=Card.Evidence.choices)
    if kind == Lane.Kind.IMAGE:
        return {"evidence": evidence, "decorative": forms.BooleanField(label=DECORATIVE, required=False)}
    if kind == Lane.Kind.PAIN:
        severity = forms.TypedChoiceField(coerce=int, choices=[(1, "Light"), (2, "Medium"), (3, "Severe")])
        return {"severity": severity, "evidence": evidence}
    return {"evidence": evidence}


def _scale(label: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=label, coerce=int, choices=ONE_TO_FIVE)


def _known(card: Card) -> dict[str, Any]:
    known: dict[str, Any] = {name: getattr(card, name) for name in ("severity", "evidence", "owner", "due")}
    if card.kind == Lane.Kind.TOUCHPOINT:
        touchpoint = card.touchpoint
        channel: Channel | None = touchpoint.channel
        known |= {
            "channel": channel,
            "importance_to_customer": touchpoint.importance_to_customer,
            "importance_to_business": touchpoint.importance_to_business,
        }
    if card.kind == Lane.Kind.IMAGE:
        known["decorative"] = hasattr(card, "image") and card.image.decorative
    if card.kind == Lane.Kind.OPPORTUNITY:
        idea = card.opportunity
        known |= {name: getattr(idea, name) for name in ("value", "business_value", "effort", "status", "link")}
    return known
