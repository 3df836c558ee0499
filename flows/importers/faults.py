"""What can be wrong with a file as a whole, and with one row of it."""

from dataclasses import dataclass
from enum import StrEnum

MAX_COLUMNS = 1_000
MAX_FIELD = 256 * 1024
MAX_ROW = 16 * 1024 * 1024
MAX_NAME = 300
FOUND = 200


class ImportFault(Exception):
    """The file cannot be imported at all. The text is one sentence for the person who sent it."""


class Reason(StrEnum):
    """Why a row is not taken; the words that people read and count by."""

    COLUMNS = "Wrong number of columns"
    QUOTE = "Quote never closed"
    NUL = "NUL byte"
    TOO_LARGE = "Field too large"
    NOT_JSON = "Not a JSON object"
    TOO_MANY = "Too many fields"
    NO_PERSON = "No person"
    PERSON_TOO_LONG = "Person too long"
    NO_EVENT = "No event"
    EVENT_TOO_LONG = "Name too long"
    ID_TOO_LONG = "Id too long"
    NO_TIME = "No time"
    NOT_A_TIME = "Not a time"
    TOO_EARLY = "Before the year 1900"
    IN_FUTURE = "In the future"


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that was not taken. `line` is the line of the file on which the row begins, counted from 1."""

    line: int
    column: str
    reason: Reason
    detail: str
    found: str


def shorten(text: str) -> str:
    return text if len(text) <= FOUND else text[: FOUND - 1] + "…"
