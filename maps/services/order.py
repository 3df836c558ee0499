"""Where a row goes among its siblings."""

from collections.abc import Sequence
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.http import Http404

from maps.models import Positioned

P = TypeVar("P", bound=Positioned)


def put(rows: Sequence[P], row: P, *, before: int | None = None, after: int | None = None) -> list[P]:
    """`rows` with `row` before or after the sibling with that key, or at the end.

    A sibling is named by its key and not by its place, so that a move means the same when others moved meanwhile.
    Raises Http404 where the named sibling is not among `rows`.
    """
    anchor = after if before is None else before
    if anchor == row.pk and anchor is not None:
        return list(rows)
    others = [other for other in rows if other.pk != row.pk]
    if anchor is None:
        return [*others, row]
    keys = [other.pk for other in others]
    if anchor not in keys:
        raise Http404("No such neighbour.")
    place = keys.index(anchor) + (before is None)
    return [*others[:place], row, *others[place:]]


def among(rows: Sequence[P], pk: int) -> P:
    """Raises Http404 where no row has that key."""
    for row in rows:
        if row.pk == pk:
            return row
    raise Http404("No such row on this map.")


def room_for_one(rows: Sequence[Positioned], limit: int, what: str) -> None:
    """Raises ValidationError where `limit` is reached."""
    check_room(len(rows) + 1, limit, what)


def check_room(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise ValidationError(f"There is room for {limit} {what}.")
