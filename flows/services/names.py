"""Names that people give to things."""

from django.core.exceptions import ValidationError

from flows.queries import can_be_stored

NAME_LENGTH = 120


def readable(name: str, noun: str) -> str:
    """The name on one line. Raises ValidationError where nothing can be read in it, or it cannot be stored."""
    name = " ".join(name.replace("\0", " ").split())
    if not name:
        raise ValidationError(f"Give the {noun} a name.")
    if len(name) > NAME_LENGTH:
        raise ValidationError(f"A name has at most {NAME_LENGTH} characters; this one has {len(name)}.")
    if not can_be_stored(name):
        raise ValidationError(f"The name of the {noun} has a character that is none.")
    return name
