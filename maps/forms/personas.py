from typing import Any

from django import forms

from maps.forms.pictures import MEGABYTES, PICTURE_INPUT, read_picture
from maps.models import Persona
from maps.pictures import drawn


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
