"""Moments as the database has them, and as µs since 1970 UTC; exact both ways."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
