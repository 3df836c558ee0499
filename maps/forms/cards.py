"""What stands in the cells: cards with their details, feelings, and ranges of a spreadsheet."""

from typing import Any

from django import forms

from accounts.models import Team
from maps import queries
from maps.forms.heads import PlaceForm
from maps.forms.pictures import DECORATIVE, DESCRIPTION
from maps.models import Card, Channel, JourneyMap, Lane, Opportunity
from maps.pasting import MOST_CHARACTERS
from maps.texts import BODY_LIMIT

ONE_TO_FIVE = [(n, str(n)) for n in range(1, 6)]


class BodyForm(forms.Form):
    """A save of a card's text; `keep` is set while somebody goes on typing."""

    body = forms.CharField(max_length=BODY_LIMIT, required=False, strip=False)
    version = forms.IntegerField(required=False)
    uid = forms.UUIDField(required=False)
    keep = forms.BooleanField(required=False)


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
