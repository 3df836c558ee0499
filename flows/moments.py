"""Days and moments between people, who mean a time zone, and the engine, which counts microseconds since 1970 UTC."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flows.engine.query import QueryError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Of an aware datetime."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_in(zone: ZoneInfo, moment: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=moment)).astimezone(zone)


def midnight(day: date, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """When a day begins; with `last` when it is over."""
    return datetime.combine(day + timedelta(days=int(last)), datetime.min.time(), tzinfo=zone)


def is_midnight(when: datetime) -> bool:
    return (when.hour, when.minute, when.second, when.microsecond) == (0, 0, 0, 0)


def read_moment(text: str, zone: ZoneInfo, field: str, *, last: bool = False) -> int:
    """A date is a day of the zone (with `last` its end), a time without a zone is meant in it. Raises QueryError."""
    text = text.strip()
    try:
        return microseconds(midnight(date.fromisoformat(text), zone, last=last))
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text)
        return microseconds(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        raise QueryError(field, f"{field}: “{text[:40]}” is not a date. Write for example 2026-03-31.") from None


def write_moment(moment: int, zone: ZoneInfo, *, last: bool = False) -> str:
    """The inverse of `read_moment`: a plain date where the moment is a midnight of the zone."""
    when = moment_in(zone, moment)
    if not is_midnight(when):
        return when.isoformat()
    return (when.date() - timedelta(days=int(last))).isoformat()


def day_words(moment: int, zone: ZoneInfo, *, last: bool = False) -> str:
    """A moment as a day, with the time where it is not midnight. `last`: the end of a range."""
    when = moment_in(zone, moment)
    exact = is_midnight(when)
    if exact and last:
        when -= timedelta(days=1)
    text = f"{when.day}\N{NO-BREAK SPACE}{when:%b}\N{NO-BREAK SPACE}{when.year}"
    return text if exact else f"{text}, {when:%H:%M}"
