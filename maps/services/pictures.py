"""Pictures kept in the storage, under names that nobody can guess, until nothing shows them any more."""

import base64
import uuid
from collections.abc import Collection, Iterator
from datetime import timedelta
from functools import partial

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import BooleanField, Func, Q, Value
from django.utils import timezone

from accounts.models import Team
from maps.documents.shapes import ImagePart, MapDocument, with_data
from maps.models import Operation, Picture, Snapshot
from maps.pictures.drawn import Drawn, within

# Whoever writes a file names it in a row within this time.
MARGIN = timedelta(hours=1)
MOST_EMBEDDED = 12 * 1024**2
KEPT_UNUSED = timedelta(days=7)
_PATH_EXISTS = "%(function)s(%(expressions)s::jsonpath)"


def keep_picture(*, team: Team, drawn: Drawn) -> Picture:
    """File first, then the row: what is left where the row does not come is swept."""
    name = uuid.uuid4()
    file = default_storage.save(f"teams/{team.pk}/pictures/{name.hex}.webp", ContentFile(drawn.data))
    return Picture.objects.create(
        team=team, name=name, file=file, width=drawn.width, height=drawn.height, size=len(drawn.data)
    )


def known_pictures(*, team: Team, parts: Collection[ImagePart]) -> dict[tuple[str, str], Picture]:
    """The pictures of a document by name and data: those of the team, and others from the data that came along.

    Raises ValidationError for data that is no picture.
    """
    names = {part.picture for part in parts if part.picture}
    there = {str(row.name): row for row in Picture.objects.filter(team=team, name__in=names)} if names else {}
    found: dict[tuple[str, str], Picture] = {}
    for part in parts:
        key = part.picture, part.data
        if part.picture in there:
            found[key] = there[part.picture]
        elif part.data and key not in found:
            found[key] = keep_picture(team=team, drawn=within(base64.b64decode(part.data)))
    return found


def with_pictures(document: MapDocument, *, team: Team, most: int = MOST_EMBEDDED) -> MapDocument:
    """The document with the pictures themselves, as far as `most` bytes go; the others are left as names."""
    names = {card.image.picture for _, _, card in document.cards() if card.image and card.image.picture}
    if not names:
        return document
    left, data = most, dict[str, str]()
    for row in Picture.objects.filter(team=team, name__in=names).order_by("pk"):
        if row.size <= left and default_storage.exists(row.file):
            with default_storage.open(row.file) as file:
                data[str(row.name)] = base64.b64encode(file.read()).decode()
            left -= row.size
    return with_data(document, data)


def discard_picture(*, picture: Picture) -> None:
    """Remove the row, and after the commit the file."""
    picture.delete()
    transaction.on_commit(partial(default_storage.delete, picture.file), robust=True)


def sweep_pictures() -> int:
    """Remove pictures that nothing has shown for a week, and files that no row names; how many.

    A picture that an undo or a snapshot can bring back is in use.
    """
    now = timezone.now()
    shown = Q(images__isnull=False) | Q(personas__isnull=False)
    Picture.objects.filter(shown, unused_since__isnull=False).update(unused_since=None)
    Picture.objects.exclude(shown).filter(unused_since=None).update(unused_since=now)
    gone = [row for row in Picture.objects.filter(unused_since__lt=now - KEPT_UNUSED).exclude(shown) if not _told(row)]
    for picture in gone:
        with transaction.atomic():
            discard_picture(picture=picture)
    return len(gone) + _sweep_files()


def _told(picture: Picture) -> bool:
    """Whether the log or a snapshot of a map of the team names it."""
    written = [["image", {"picture": picture.pk}]]
    path = Value(f"$.image.*.picture ? (@ == {picture.pk})")
    held = Func("state", path, function="jsonb_path_exists", template=_PATH_EXISTS, output_field=BooleanField())
    operations = Operation.objects.filter(team=picture.team_id)
    return (
        operations.filter(Q(op__contains=written) | Q(inverse__contains=written)).exists()
        or Snapshot.objects.filter(held, team=picture.team_id).exists()
    )


def _sweep_files() -> int:
    """Files are listed before rows are read, so that one whose row is committed meanwhile is found to be named."""
    old = timezone.now() - MARGIN
    found = [file for file in _files() if default_storage.get_modified_time(file) < old]
    orphans = set(found) - set(Picture.objects.filter(file__in=found).values_list("file", flat=True))
    for file in orphans:
        default_storage.delete(file)
    return len(orphans)


def _files() -> Iterator[str]:
    for team in _listed("teams", 0):
        yield from (f"teams/{team}/pictures/{name}" for name in _listed(f"teams/{team}/pictures", 1))


def _listed(directory: str, which: int) -> list[str]:
    """The directories (0) or files (1) in it; none where it is not there."""
    return default_storage.listdir(directory)[which] if default_storage.exists(directory) else []
