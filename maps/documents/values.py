"""Readers of values from outside: each takes a value and its place in a file, and returns what may be kept of it.

A reader raises ValidationError with one sentence that names the place, such as `lanes[3].cells[0].span`.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from datetime import date
from typing import Any, TypeVar

from django.core.exceptions import ValidationError

from maps.texts import flat, one_line, paragraphs, short_enough

T = TypeVar("T")
Reader = Callable[[Any, str], T]
NAMES = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}


def fault(place: str, what: str) -> ValidationError:
    return ValidationError(f"{place}: {what}" if place else what)


def of_type(value: Any, wanted: type[T], place: str) -> T:
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is int):
        found = NAMES.get(type(value), "nothing" if value is None else "a number")
        raise fault(place, f"{NAMES[wanted]} belongs here, not {found}.")
    return value


def text(limit: int, *, clean: Callable[[str, int], str] = paragraphs) -> Reader[str]:
    def read(value: Any, place: str) -> str:
        given = of_type(value, str, place)
        try:
            given.encode()
        except UnicodeEncodeError:
            raise fault(place, "this text holds half of a character.") from None
        try:
            return clean(given, limit)
        except ValidationError as error:
            raise fault(place, error.messages[0]) from None

    return read


def name(limit: int) -> Reader[str]:
    """One line with something on it."""
    return text(limit, clean=lambda given, most: one_line(given, "It", most))


def line(limit: int) -> Reader[str]:
    """One line, which may be empty."""
    return text(limit, clean=lambda given, most: short_enough(flat(given), most))


def whole(lowest: int, highest: int) -> Reader[int]:
    def read(value: Any, place: str) -> int:
        if not lowest <= of_type(value, int, place) <= highest:
            raise fault(place, f"a number from {lowest} to {highest} belongs here, not {_short(value)}.")
        return value

    return read


def flag(value: Any, place: str) -> bool:
    return of_type(value, bool, place)


def day(value: Any, place: str) -> str:
    """A day such as 2026-12-01, or an empty text."""
    given = of_type(value, str, place)
    try:
        return date.fromisoformat(given).isoformat() if given else ""
    except ValueError:
        raise fault(place, f"“{_short(given)}” is not a day such as 2026-12-01.") from None


def one_of(choices: Sequence[str]) -> Reader[str]:
    def read(value: Any, place: str) -> str:
        if of_type(value, str, place) not in choices:
            raise fault(place, f"“{_short(value)}” is not one of {', '.join(choices)}.")
        return value

    return read


def optional(reader: Reader[T]) -> Reader[T | None]:
    return lambda value, place: None if value is None else reader(value, place)


def several(reader: Reader[T], most: int, least: int = 0) -> Reader[tuple[T, ...]]:
    def read(value: Any, place: str) -> tuple[T, ...]:
        given = of_type(value, list, place)
        if not least <= len(given) <= most:
            raise fault(place, f"{least:,} to {most:,} belong here, not {len(given):,}.")
        return tuple(reader(each, f"{place}[{at}]") for at, each in enumerate(given))

    return read


def record(shape: type[T], **readers: Reader[Any]) -> Reader[T]:
    """An object with the fields of the dataclass `shape`; what has a default there may be left out."""
    needed = [each.name for each in fields(shape) if each.default is MISSING]  # type: ignore[arg-type]

    def read(value: Any, place: str) -> T:
        given = of_type(value, dict, place)
        for key in given:
            if key not in readers:
                raise fault(place, f"there is no field “{_short(key)}” here; known are {', '.join(readers)}.")
        for key in needed:
            if key not in given:
                raise fault(place, f"the field “{key}” is missing.")
        return shape(**{key: readers[key](each, f"{place}.{key}" if place else key) for key, each in given.items()})

    return read


def _short(value: object) -> str:
    written = str(value).encode(errors="replace").decode()
    return written if len(written) <= 40 else f"{written[:40]}…"
