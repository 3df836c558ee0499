"""What the pages of data show."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.core.cache import cache
from django.core.paginator import Page, Paginator
from django.forms import BoundField
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from flows.figures import duration, figure
from flows.forms.imports import ColumnsForm
from flows.importers import Inspection
from flows.importers.roles import LABELS, REQUIRED, ROLES
from flows.models import Dataset, Import
from flows.store import DamagedSegment, EventStore
from flows.store.rejects import RejectedRow, read_rejects

POLL_MS = 700
REJECTS_SHOWN = 50
_TONES = {
    Import.Status.QUEUED: "run",
    Import.Status.RUNNING: "run",
    Import.Status.DONE: "good",
    Import.Status.FAILED: "bad",
    Import.Status.CANCELLED: "warn",
}
_WORDS = {Import.Stage.READ: "Reading rows", Import.Stage.SORT: "Sorting", Import.Stage.COMMIT: "Committing"}
_STAGES = list(Import.Stage)


@dataclass(frozen=True, slots=True)
class StageLine:
    label: str
    note: str
    state: str  # done, now or nothing


@dataclass(frozen=True, slots=True)
class RejectsView:
    """The rejected rows of one page; `reason` is empty for all."""

    reason: str
    reasons: list[tuple[str, int]]
    rows: list[RejectedRow]
    page: Page[int]


@dataclass(frozen=True, slots=True)
class ImportView:
    import_: Import
    tone: str
    headline: str
    note: str
    percent: str
    rate: str
    time_left: str
    stages: list[StageLine]
    mapping: list[tuple[str, str]]
    rejects: RejectsView | None
    poll_ms: int = POLL_MS


@dataclass(frozen=True, slots=True)
class ColumnView:
    name: str
    kind: str
    field: BoundField
    is_required: bool


@dataclass(frozen=True, slots=True)
class DraftView:
    import_: Import
    inspection: Inspection
    form: ColumnsForm
    columns: list[ColumnView]


def draft_view(import_: Import, inspection: Inspection, form: ColumnsForm) -> DraftView:
    columns = [
        ColumnView(column.name, column.kind, form[f"c{place}"], form.role_of(place) in REQUIRED)
        for place, column in enumerate(inspection.columns)
    ]
    return DraftView(import_, inspection, form, columns)


def tone(import_: Import) -> str:
    return _TONES.get(Import.Status(import_.status), "")


def import_view(import_: Import, *, reason: str = "", page: str = "1") -> ImportView:
    now = import_.finished_at or timezone.now()
    spent = (now - import_.started_at).total_seconds() if import_.started_at else 0.0
    running = import_.status == Import.Status.RUNNING
    left = ""
    if running and import_.fraction > 0.02:
        left = duration(max(1.0, spent * (1 - import_.fraction) / import_.fraction))
    rate = f"{figure(round(import_.rows / spent))} rows/s" if import_.rows and spent else ""
    return ImportView(
        import_=import_,
        tone=tone(import_),
        headline=_headline(import_),
        note=_note(import_, spent),
        percent="100" if import_.fraction == 1 else f"{100 * import_.fraction:.1f}",
        rate=rate,
        time_left=left,
        stages=list(_stages(import_, spent)),
        mapping=[(LABELS[role], import_.mapping[role]) for role in ROLES if role in import_.mapping],
        rejects=rejects_view(import_, reason, page) if import_.rejects_file else None,
    )


def rejects_view(import_: Import, reason: str, page: str) -> RejectsView:
    reasons = sorted(import_.reject_reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    counts = dict(reasons)
    reason = reason if reason in counts else ""
    pages = Paginator(range(counts.get(reason, import_.rejected)), REJECTS_SHOWN)
    shown = pages.get_page(page)
    offset = (shown.number - 1) * REJECTS_SHOWN
    rows = read_rejects(import_.team_id, import_.rejects_file, reason=reason, offset=offset, limit=REJECTS_SHOWN)
    return RejectsView(reason, reasons, list(rows), shown)


def people(dataset: Dataset) -> int | None:
    """How many people the newest version holds; None where its events cannot be read."""
    key = f"people-{dataset.pk}-{dataset.version}"
    found: int | None = cache.get(key)
    if found is None:
        try:
            found = EventStore(dataset.team_id).people(dataset)
        except DamagedSegment:
            return None
        cache.set(key, found, timeout=None)
    return found


def _headline(import_: Import) -> str:
    if import_.status == Import.Status.RUNNING:
        return "Stopping" if import_.cancel_requested else _WORDS[Import.Stage(import_.stage)]
    return {
        Import.Status.QUEUED: "Waiting for a free worker",
        Import.Status.DONE: "Imported" if import_.accepted else "Nothing new",
        Import.Status.FAILED: "Not imported",
        Import.Status.CANCELLED: "Cancelled",
    }.get(Import.Status(import_.status), "")


def _note(import_: Import, spent: float) -> str:
    if import_.status == Import.Status.DONE:
        return f"{figure(import_.rows)} rows in {duration(spent)}"
    if import_.status == Import.Status.CANCELLED:
        return "Nothing was imported, the file has been kept"
    return f"{figure(import_.rows)} rows read" if import_.rows else ""


def _stages(import_: Import, spent: float) -> Iterator[StageLine]:
    yield StageLine("Upload", filesizeformat(import_.bytes), "done")
    yield StageLine("Columns", "chosen" if import_.started_by_id else "", "done")
    reached = _STAGES.index(Import.Stage(import_.stage))
    running = import_.status == Import.Status.RUNNING
    for place, stage in enumerate(_STAGES):
        is_done = import_.status == Import.Status.DONE or (running and place < reached)
        is_now = running and place == reached
        note = f"{duration(spent)} so far" if is_now else ""
        if stage == Import.Stage.COMMIT and import_.dataset_version:
            note = f"as data version {import_.dataset_version}"
        yield StageLine(stage.label, note, "done" if is_done else "now" if is_now else "")
