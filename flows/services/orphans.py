"""Files that no row names: what a crash or a deletion leaves behind."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from flows.models import Import, Segment
from flows.store.disk import age, remove, root

# Whoever writes a file names it in a row within this time, or gives a sign of life in the directory.
MARGIN = 3600.0
_WORK = re.compile(r"import-(\d+)-(\d+)")


def sweep_orphan_files() -> int:
    """Delete what is older than the margin and named by no row; the number of files and directories deleted.

    Files are listed before rows are read, so that a file whose row is committed meanwhile is found to be named.
    """
    old = [path for path in _candidates() if age(path) > MARGIN]
    media = Path(default_storage.path(""))
    named = {root() / file for file in Segment.objects.values_list("file", flat=True)}
    named |= {path.with_suffix(".index") for path in named}
    named |= {root() / file for file in Import.objects.exclude(rejects_file="").values_list("rejects_file", flat=True)}
    named |= {media / file for file in Import.objects.values_list("file", flat=True)}
    named |= set(_in_use(old))
    orphans = [path for path in old if path not in named]
    for path in orphans:
        remove(path)
    return len(orphans)


def _candidates() -> Iterator[Path]:
    """Segments, indexes, drafts of either, rejected rows, workspaces, stored uploads and unfinished ones."""
    for team in (root() / "teams").glob("*"):
        for home in team.iterdir():
            yield from home.iterdir()
    yield from Path(default_storage.path("")).glob("teams/*/imports/*")
    if settings.FILE_UPLOAD_TEMP_DIR:
        yield from Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*")


def _in_use(paths: Iterable[Path]) -> Iterator[Path]:
    """Workspaces of attempts that still run."""
    running = set(Import.objects.filter(status=Import.Status.RUNNING).values_list("pk", "attempt"))
    for path in paths:
        match = _WORK.fullmatch(path.name)
        if match and (int(match[1]), int(match[2])) in running:
            yield path
