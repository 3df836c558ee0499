"""Files that no row names: what a crash or a deletion leaves behind."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from flows.models import Cohort, Import, Segment
from flows.services.compaction import superseded_files
from flows.store import index, properties
from flows.store.disk import age, remove, root

# Whoever writes a file names it in a row within this time, or gives a sign of life in the directory.
MARGIN = 3600.0
_WORK = re.compile(r"import-(\d+)-(\d+)")


def sweep_orphan_files() -> int:
    """Delete what is older than the margin and named by no row; the number of files and directories deleted."""
    orphans = unnamed_files(older=MARGIN)
    for path in orphans:
        remove(path)
    return len(orphans)


def unnamed_files(*, older: float = 0.0) -> list[Path]:
    """Files and directories that no row names and no running attempt uses, of at least this age in seconds.

    Files are listed before rows are read, so that a file whose row is committed meanwhile is found to be named.
    """
    old = [path for path in _candidates() if age(path) > older]
    media = Path(default_storage.path(""))
    named = {root() / file for file in _needed_segments()}
    named |= {derived for path in named for derived in (index.directory(path), properties.directory(path))}
    named |= {root() / file for file in Cohort.objects.values_list("file", flat=True)}
    named |= {root() / file for file in Import.objects.exclude(rejects_file="").values_list("rejects_file", flat=True)}
    named |= {media / file for file in Import.objects.values_list("file", flat=True)}
    named |= set(_in_use(old))
    return [path for path in old if path not in named]


def _candidates() -> Iterator[Path]:
    """What is derived from uploads, drafts of it, workspaces, stored uploads and unfinished ones."""
    for team in (root() / "teams").glob("*"):
        for home in team.iterdir():
            yield from home.iterdir()
    yield from Path(default_storage.path("")).glob("teams/*/imports/*")
    if settings.FILE_UPLOAD_TEMP_DIR:
        yield from Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*")


def _needed_segments() -> set[str]:
    # Rows are read after what is superseded, so that a segment which is replaced meanwhile counts as needed.
    superseded = superseded_files(MARGIN)
    return set(Segment.objects.values_list("file", flat=True)) - superseded


def _in_use(paths: Iterable[Path]) -> Iterator[Path]:
    """Workspaces of attempts that still run."""
    running = set(Import.objects.filter(status=Import.Status.RUNNING).values_list("pk", "attempt"))
    for path in paths:
        match = _WORK.fullmatch(path.name)
        if match and (int(match[1]), int(match[2])) in running:
            yield path
