"""What may be written: names on one line, bodies of any shape within a limit."""

from django.core.exceptions import ValidationError

from flows.texts import flat, paragraphs, short_enough

NAME_LIMIT = 300
TITLE_LIMIT = 160
BODY_LIMIT = 10_000
LABEL_LIMIT = 120
EXCERPT = 280  # of a text, for whoever is told of it


def one_line(text: str, what: str, limit: int = NAME_LIMIT) -> str:
    """A name without line breaks and outer blanks. Raises ValidationError if nothing is left or it is too long."""
    name = flat(text)
    if not name:
        raise ValidationError(f"{what} needs a name.")
    return short_enough(name, limit)


def body_of(text: str) -> str:
    """The text of a card, with line breaks as `\\n`. Raises ValidationError if it is blank or too long."""
    body = paragraphs(text, BODY_LIMIT)
    if not body:
        raise ValidationError("Write something, or remove the card.")
    return body
