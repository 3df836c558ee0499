"""What maps and charts are filed under: a folder, tags, an owner."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from accounts.models import User

M = TypeVar("M", bound=Model)
FILED = ("folder", "tag", "owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What the things of a team can be narrowed by."""

    folders: list[str]
    tags: list[str]
    owners: list[tuple[int, str]]


def filing(rows: Iterable[tuple[str, list[str], int | None]]) -> Filing:
    """Of folder, tags and owner of each thing, in one query for the names of the owners."""
    rows = list(rows)
    people = User.objects.filter(pk__in={owner for *_, owner in rows if owner}).order_by("name", "email")
    return Filing(
        folders=sorted({folder for folder, *_ in rows if folder}, key=str.casefold),
        tags=sorted({tag for _, tags, _ in rows for tag in tags}, key=str.casefold),
        owners=[(user.pk, str(user)) for user in people],
    )


def filed(things: QuerySet[M], chosen: Mapping[str, Any]) -> QuerySet[M]:
    """Those that stand in the chosen folder, have the chosen tag and the chosen owner, as far as these are chosen."""
    for name in ("folder", "owner"):
        if name in chosen:
            things = things.filter(**{name: chosen[name]})
    return things.filter(tags__contains=[chosen["tag"]]) if "tag" in chosen else things
