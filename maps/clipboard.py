"""A card on the clipboard, as `map-paste.js` puts it there. Any page can write the same: nothing of it is trusted."""

import json
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from maps.documents.reading import BODY
from maps.documents.values import one_of, record, whole
from maps.limits import BIGGEST_KEY
from maps.texts import BODY_LIMIT

FORMAT = "journeymap-card"
MOST_CHARACTERS = 6 * BODY_LIMIT + 500  # Every letter may be escaped.


@dataclass(frozen=True, slots=True)
class CopiedCard:
    """What was copied: the text that somebody saw, and the card that it stood on, which may be gone or foreign."""

    format: str
    card: int
    body: str


_COPIED = record(CopiedCard, format=one_of((FORMAT,)), card=whole(1, BIGGEST_KEY), body=BODY)


def read(text: str) -> CopiedCard:
    """Raises ValidationError with one sentence where the text is no card."""
    try:
        if len(text) <= MOST_CHARACTERS:
            return _COPIED(json.loads(text), "")
    except (ValueError, RecursionError, ValidationError):
        pass
    raise ValidationError("What is on the clipboard is no card of a map. Copy the card again.")
