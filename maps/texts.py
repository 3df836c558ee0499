"""What may be written: names on one line, bodies of any shape within a limit."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError

NAME_LIMIT = 300
TITLE_LIMIT = 160
BODY_LIMIT = 10_000
LABEL_LIMIT = 120
FOLDER_LIMIT = 80
TAG_LIMIT = 40
MOST_TAGS = 20
EXCERPT = 280  # of a text, for whoever is told of it


def one_line(text: str, what: str, limit: int = NAME_LIMIT) -> str:
    """A name without line breaks and outer blanks. Raises ValidationError if nothing is left or it is too long."""
    name = flat(text)
    if not name:
        raise ValidationError(f"{what} needs a name.")
    return short_enough(name, limit)


def flat(text: str) -> str:
    """The words of a text on one line."""
    return " ".join(text.replace("\x00", "").split())


def tags_of(names: Iterable[str]) -> list[str]:
    """Each tag once, in the order given, whatever its case. Raises ValidationError for a long one or too many."""
    tags = {name.casefold(): short_enough(name, TAG_LIMIT) for name in reversed([flat(name) for name in names]) if name}
    if len(tags) > MOST_TAGS:
        raise ValidationError(f"A map has at most {MOST_TAGS} tags; these are {len(tags)}.")
    return list(reversed(tags.values()))


def body_of(text: str) -> str:
    """The text of a card, with line breaks as `\\n`. Raises ValidationError if it is blank or too long."""
    body = paragraphs(text, BODY_LIMIT)
    if not body:
        raise ValidationError("Write something, or remove the card.")
    return body


def paragraphs(text: str, limit: int = BODY_LIMIT) -> str:
    return short_enough(text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip(), limit)


def short_enough(text: str, limit: int) -> str:
    if len(text) > limit:
        raise ValidationError(f"At most {limit:,} characters fit here; this has {len(text):,}.")
    return text
