"""Texts that a spreadsheet would compute, kept as texts by an apostrophe, and taken back."""

FIRST = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(text: str) -> str:
    return f"'{text}" if text.lstrip("'").startswith(FIRST) else text


def unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FIRST) else text
