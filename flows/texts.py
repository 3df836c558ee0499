"""What may be written about a thing of a team, and what it is filed under."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError

TEXT_LIMIT = 10_000
FOLDER_LIMIT = 80
TAG_LIMIT = 40
MOST_TAGS = 20


def flat(text: str) -> str:
    """The words of a text on one line."""
    return " ".join(text.replace("\x00", "").split())


def paragraphs(text: str, limit: int = TEXT_LIMIT) -> str:
    return short_enough(text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip(), limit)


def short_enough(text: str, limit: int) -> str:
    if len(text) > limit:
        raise ValidationError(f"At most {limit:,} characters fit here; this has {len(text):,}.")
    return text


def folder_of(name: str) -> str:
    return short_enough(flat(name), FOLDER_LIMIT)


def tags_of(names: Iterable[str]) -> list[str]:
    """Each tag once, in the order given, whatever its case. Raises ValidationError for a long one or too many."""
    tags = {name.casefold(): short_enough(name, TAG_LIMIT) for name in reversed([flat(name) for name in names]) if name}
    if len(tags) > MOST_TAGS:
        raise ValidationError(f"There can be {MOST_TAGS} tags; these are {len(tags)}.")
    return list(reversed(tags.values()))
