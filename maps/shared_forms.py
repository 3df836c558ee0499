"""What requests say about what the maps of a team share: the ideas on all of them, personas, pictures, channels."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from maps.ideas import EFFORTS, ORDERS, POINTS
from maps.limits import BIGGEST_KEY
from maps.models import Channel, Opportunity, Persona
from maps.pictures import drawn
from maps.texts import BODY_LIMIT, NAME_LIMIT, flat

MOST_VERSIONS = 2**31 - 1
MEGABYTES = drawn.MOST_BYTES // 1024**2
DESCRIPTION = "What is to be seen"
DECORATIVE = "Decorative: it says nothing that has to be read out"
PICTURE_INPUT = forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"})


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
    version = forms.IntegerField(min_value=1, max_value=MOST_VERSIONS)
    effort = forms.IntegerField(min_value=EFFORTS[0], max_value=EFFORTS[-1])
    points = forms.IntegerField(min_value=POINTS[0], max_value=POINTS[-1])


class PersonaForm(forms.ModelForm[Persona]):
    """A persona; `face()` draws the picture that came along, if one did."""

    picture = forms.FileField(
        label="Picture", required=False, max_length=255, allow_empty_file=True, widget=PICTURE_INPUT,
        help_text=f"JPEG, PNG, WebP or GIF of at most {MEGABYTES} MB; a square is cut out of the middle.",
    )  # fmt: skip
    no_picture = forms.BooleanField(label="Remove the picture", required=False)

    class Meta:
        model = Persona
        fields = ["name", "role", "quote", "goals", "needs", "frustrations", "evidence"]
        help_texts = {
            "role": "In a line: what they do, how old they are, where they live.",
            "quote": "Something that they would say.",
            "evidence": "What this rests on: interviews, numbers, or so far only guesses.",
        }
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in ("goals", "needs", "frustrations", "evidence")}

    def __init__(self, data: Any = None, files: Any = None, *, persona: Persona | None = None) -> None:
        # The form never touches the row that the page shows.
        super().__init__(data, files, initial=forms.model_to_dict(persona) if persona else None)
        self.initial.pop("picture", None)
        if not (persona and persona.picture):
            self.fields.pop("no_picture")

    @property
    def words(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}

    def face(self) -> drawn.Drawn | None:
        """Raises ValidationError for what is no picture."""
        file = self.cleaned_data["picture"]
        return drawn.face(read_picture(file)) if file else None


class PictureForm(forms.Form):
    """A picture for a card, with what is to be seen in words."""

    file = forms.FileField(
        label="Picture", max_length=255, allow_empty_file=True, widget=PICTURE_INPUT,
        help_text=f"JPEG, PNG, WebP or GIF of at most {MEGABYTES} MB; drawn with {drawn.CARD} points at most.",
    )  # fmt: skip
    body = forms.CharField(
        label=DESCRIPTION, max_length=BODY_LIMIT, widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text="Read out to those who do not see the picture.",
        error_messages={"required": "Say what is to be seen, or mark the picture as decorative."},
    )  # fmt: skip
    decorative = forms.BooleanField(label=DECORATIVE, required=False)
    uid = forms.UUIDField(widget=forms.HiddenInput, required=False)

    use_required_attribute = False

    def clean(self) -> dict[str, Any]:
        """A decorative picture is called as its file, where nothing else is said."""
        data = self.cleaned_data
        if data.get("decorative") and "body" in self.errors and not self.data.get("body"):
            del self.errors["body"]
            file = data.get("file")
            data["body"] = flat(PurePath(file.name if file else "").stem)[:NAME_LIMIT] or "Picture"
        return data


class OtherPictureForm(forms.Form):
    """Another picture for a card that has one."""

    file = PictureForm.base_fields["file"]
    version = forms.IntegerField(widget=forms.HiddenInput, max_value=MOST_VERSIONS)


def read_picture(file: UploadedFile) -> bytes:
    """The bytes of an upload, as far as they can be a picture: one more than may be, where there are too many."""
    return file.read(drawn.MOST_BYTES + 1)


class ChannelForm(forms.ModelForm[Channel]):
    class Meta:
        model = Channel
        fields = ["name", "icon"]


class MergeForm(forms.Form):
    """Into which other one something is merged."""

    into = forms.IntegerField(min_value=1, max_value=BIGGEST_KEY)
