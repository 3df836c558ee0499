"""What is said when a question cannot be answered."""

from __future__ import annotations


class QueryError(ValueError):
    """A question that cannot be answered.

    Attributes
    ----------
    field : str
        Name of the field as the commands spell it (``start``, ``within``, ``from`` …).
    sentence : str
        One sentence for the person who asked; it names the field.
    """

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


def quoted(text: str) -> str:
    """A user's word for a sentence: in quotation marks, at most 80 characters."""
    return f"“{text if len(text) <= 80 else text[:79] + '…'}”"


def is_text(text: str) -> bool:
    """Whether a text can be stored anywhere: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
