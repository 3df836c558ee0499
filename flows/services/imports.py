"""Imports: made from an upload, given their columns, run by whoever hears the bell."""

import logging
import secrets
from functools import partial
from pathlib import Path

from celery import current_app
from django.core.files import File
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Max

from accounts.models import User
from flows.importers import FORMATS, TIME_UNITS, ImportFault, Inspection, inspect
from flows.importers.roles import LABELS, REQUIRED, ROLES
from flows.models import Dataset, Import
from flows.services import jobs
from flows.services.intake import Intake
from flows.services.orphans import sweep_orphan_files
from flows.store import DamagedSegment
from flows.store.disk import remove, team_home

__all__ = [
    "MappingMistake",
    "confirm_columns",
    "create_import",
    "discard_draft",
    "inspect_import",
    "queue",
    "run_import",
    "sweep_orphan_files",
    "try_again",
]

log = logging.getLogger(__name__)

# Attempts come in series, and the last of a series gives up: a file that took its worker down so often will again.
# They are never counted anew, since whoever still holds an old claim must not find its number again.
SERIES = 6
HICCUPS = (OperationalError, InterfaceError)


class MappingMistake(ValueError):
    """A role has no column, or a column has two. The text is for the person who chose."""


def create_import(
    *,
    dataset: Dataset,
    file: File,
    filename: str,
    by: User | None,
    file_format: str = "auto",
    time_unit: str = "auto",
) -> Import:
    """Store the bytes; nothing is read before the columns are confirmed and the import is queued."""
    if file_format not in ("auto", *FORMATS) or time_unit not in TIME_UNITS:
        raise ValueError(f"Unknown format or time unit: {file_format}, {time_unit}")
    import_ = Import(
        team_id=dataset.team_id,
        dataset=dataset,
        filename=filename.replace("\0", "")[-255:] or "file",
        format=file_format,
        time_unit=time_unit,
        status=Import.Status.DRAFT,
        started_by=by,
    )
    import_.file.save("file", file, save=False)
    import_.bytes = import_.file.size
    with transaction.atomic():
        # Numbers are given out one at a time; the lock leaves readers and running imports alone.
        Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
        last = Import.objects.filter(dataset=dataset).aggregate(last=Max("number"))["last"]
        import_.number = (last or 0) + 1
        import_.save()
    return import_


def inspect_import(*, import_: Import) -> Inspection:
    """The first rows of the stored file, with guesses. Raises ImportFault."""
    place = team_home(import_.team_id) / "work" / f"inspect-{import_.pk}-{secrets.token_hex(4)}"
    try:
        return inspect(Path(import_.file.path), import_.filename, place, wanted=import_.format)
    finally:
        remove(place)


def confirm_columns(*, import_: Import, mapping: dict[str, str], time_unit: str = "auto") -> None:
    """Fix which column has which role. Raises MappingMistake; does nothing once the import has left the draft."""
    chosen = {role: mapping[role] for role in ROLES if mapping.get(role)}
    missing = [LABELS[role] for role in REQUIRED if role not in chosen]
    if missing:
        raise MappingMistake(f"Choose a column for {' and '.join(missing)}.")
    if len(set(chosen.values())) < len(chosen):
        raise MappingMistake("Each column can have one meaning only.")
    if time_unit not in TIME_UNITS:
        raise MappingMistake("Choose how times are written.")
    drafts = Import.objects.filter(pk=import_.pk, status=Import.Status.DRAFT)
    drafts.update(mapping=chosen, time_unit=time_unit)


def discard_draft(*, import_: Import) -> None:
    """Forget a draft and its file; does nothing once the import has left the draft."""
    gone, _ = Import.objects.filter(pk=import_.pk, status=Import.Status.DRAFT).delete()
    if gone:
        transaction.on_commit(partial(import_.file.storage.delete, str(import_.file.name)), robust=True)


def queue(*, import_: Import, ring: bool = True) -> bool:
    """Put a draft into the queue; False if it is no draft any more. Without `ring` the caller runs it."""
    with transaction.atomic():
        moved = Import.objects.filter(pk=import_.pk, status=Import.Status.DRAFT).update(status=Import.Status.QUEUED)
        if moved and ring:
            _ring(import_)
    return bool(moved)


def try_again(*, import_: Import) -> bool:
    """Put an import that failed or was cancelled into the queue once more; False if it is neither."""
    over = [Import.Status.FAILED, Import.Status.CANCELLED]
    fresh = {"stage": Import.Stage.READ, "fraction": 0.0, "rows": 0, "accepted": 0, "rejected": 0, "duplicates": 0}
    with transaction.atomic():
        moved = Import.objects.filter(pk=import_.pk, status__in=over).update(
            status=Import.Status.QUEUED if import_.mapping else Import.Status.DRAFT,
            cancel_requested=False,
            heartbeat_at=None,
            attempt=F("attempt") + SERIES - F("attempt") % SERIES,
            error="",
            finished_at=None,
            **fresh,
        )
        if moved and import_.mapping:
            _ring(import_)
    return bool(moved)


def _ring(import_: Import) -> None:
    # By name: tasks import services, not the other way round. A broker that is down is no error, the row waits.
    words = {"team_id": import_.team_id, "import_id": import_.pk}
    transaction.on_commit(partial(current_app.send_task, "flows.tasks.run_import", kwargs=words), robust=True)


def run_import(*, team_id: int, import_id: int) -> None:
    """Run a queued import. Doing it twice, or after somebody else took it, changes nothing.

    Raises OperationalError or InterfaceError if the database went away; the import is then back in the queue.
    """
    if not Import.objects.filter(team_id=team_id, pk=import_id).exists():
        return
    import_ = jobs.claim(Import, import_id)
    if import_ is None:
        return
    if import_.attempt % SERIES == 0:
        jobs.fail(import_, "This import ended its worker several times and was given up. The file has been kept.")
        return
    try:
        Intake(import_).run()
    except jobs.LostClaim:
        jobs.settle_cancelled(import_)
    except (ImportFault, DamagedSegment) as fault:
        jobs.fail(import_, str(fault))
    except HICCUPS:
        log.warning("The database went away during import %s.", import_id, exc_info=True)
        jobs.release(import_)
        raise
    except Exception:
        log.exception("Import %s failed.", import_id)
        jobs.fail(
            import_,
            "The import failed through a fault of ours, which has been written to the log. "
            "Nothing was imported, and the file has been kept: it can be tried again.",
        )
