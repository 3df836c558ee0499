"""Lengths of time as people write and read them: "7 days", "30 minutes"."""

import re

from flows.engine.query import DAY, HOUR, MINUTE, SECOND, parse_duration

_UNITS = {
    "s": SECOND, "sec": SECOND, "secs": SECOND, "second": SECOND, "seconds": SECOND,
    "m": MINUTE, "min": MINUTE, "mins": MINUTE, "minute": MINUTE, "minutes": MINUTE,
    "h": HOUR, "hr": HOUR, "hrs": HOUR, "hour": HOUR, "hours": HOUR,
    "d": DAY, "day": DAY, "days": DAY,
    "w": 7 * DAY, "week": 7 * DAY, "weeks": 7 * DAY,
}  # fmt: skip
_SPELLED = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]+)", re.ASCII)
_NAMES = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second"))


def read_duration(text: str, field: str) -> int:
    """Microseconds of "7 days", "1.5 h" or "30m". Raises QueryError."""
    text = " ".join(text.split())
    match = _SPELLED.fullmatch(text.lower())
    if match is None or match[2] not in _UNITS:
        return parse_duration(text, field)
    return parse_duration(round(float(match[1]) * _UNITS[match[2]]), field)


def duration_words(microseconds: int) -> str:
    """ "7 days", "90 minutes", in the largest unit that divides it."""
    for size, name in _NAMES:
        if microseconds % size == 0:
            count = microseconds // size
            return f"{count:,}\N{NO-BREAK SPACE}{name}{'' if count == 1 else 's'}"
    return f"{microseconds / SECOND:g}\N{NO-BREAK SPACE}seconds"
