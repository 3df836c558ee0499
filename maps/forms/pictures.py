"""Pictures from outside."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from maps.limits import MOST_CHANGES
from maps.pictures import drawn
from maps.texts import BODY_LIMIT, NAME_LIMIT, flat

MEGABYTES = drawn.MOST_BYTES // 1024**2
DESCRIPTION = "What is to be seen"
DECORATIVE = "Decorative: it says nothing that has to be read out"
PICTURE_INPUT = forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"})


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
    version = forms.IntegerField(widget=forms.HiddenInput, max_value=MOST_CHANGES)


def read_picture(file: UploadedFile) -> bytes:
    """The bytes of an upload, as far as they can be a picture: one more than may be, where there are too many."""
    return file.read(drawn.MOST_BYTES + 1)
