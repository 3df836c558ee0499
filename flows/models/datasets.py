"""Bodies of events, the files they came in, and the segments they stand in."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Team


class Dataset(models.Model):
    """A named body of events of one team. `version` rises by one with every commit of events."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60)
    version = models.PositiveIntegerField(default=0, editable=False)
    events = models.BigIntegerField(default=0, editable=False, help_text="Events in the newest version.")
    data_from = models.DateTimeField(null=True, editable=False, help_text="Time of the earliest event.")
    data_through = models.DateTimeField(null=True, editable=False, help_text="Time of the newest event.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["team", "slug"], name="dataset_slug_is_unique_in_team")]

    def __str__(self) -> str:
        return self.name


class Job(models.Model):
    """A computation whose truth is its row: claimed by a conditional update, kept alive by a heartbeat.

    `attempt` rises with every claim. A worker that lost its claim finds another attempt in the row, and its
    commit is refused.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Waiting for columns"
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveIntegerField(default=0, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    cancel_requested = models.BooleanField(default=False, editable=False)
    error = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        return self.status in (self.Status.DONE, self.Status.FAILED, self.Status.CANCELLED)


def import_path(import_: "Import", filename: str) -> str:
    return f"teams/{import_.team_id}/imports/{uuid.uuid4().hex}"


class Import(Job):
    """One file brought into a dataset: its stored bytes, how its columns are read, and what became of its rows."""

    class Stage(models.TextChoices):
        READ = "read", "Read and validate"
        SORT = "sort", "Sort"
        COMMIT = "commit", "Commit"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="imports")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="imports")
    number = models.PositiveIntegerField(editable=False, help_text="Counts the imports of a dataset from 1.")
    file = models.FileField(upload_to=import_path, max_length=200)
    filename = models.CharField(max_length=255)
    bytes = models.BigIntegerField(default=0, editable=False)
    format = models.CharField(max_length=20, default="auto")
    mapping = models.JSONField(
        default=dict, blank=True, help_text="Role → column: actor, event, time, insert_id, session."
    )
    time_unit = models.CharField(max_length=4, default="auto")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    stage = models.CharField(max_length=8, choices=Stage, default=Stage.READ, editable=False)
    fraction = models.FloatField(default=0.0, editable=False, help_text="Share of the work that is done, 0 to 1.")
    rows = models.BigIntegerField(default=0, editable=False, help_text="Rows read so far, and in the end all of them.")
    accepted = models.BigIntegerField(default=0, editable=False)
    rejected = models.BigIntegerField(default=0, editable=False)
    duplicates = models.BigIntegerField(default=0, editable=False)
    reject_reasons = models.JSONField(default=dict, editable=False, help_text="Reason → number of rows.")
    rejects_file = models.CharField(max_length=200, blank=True, editable=False)
    dataset_version = models.PositiveIntegerField(null=True, editable=False, help_text="The version that it made.")

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="import_number_is_unique_in_dataset")]
        indexes = [models.Index(fields=["status", "heartbeat_at"], name="import_lost_bells")]

    def __str__(self) -> str:
        return f"Import {self.number} into {self.dataset}"


class Segment(models.Model):
    """An immutable file of events. Versions `born` ≤ v < `gone` (null: still there) of the dataset include it."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="segments")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="segments")
    import_number = models.PositiveIntegerField(help_text="Ties in time between segments fall in this order.")
    file = models.CharField(max_length=200, unique=True, help_text="Path of the Parquet file below the store.")
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the Parquet file.")
    time_from = models.DateTimeField()
    time_through = models.DateTimeField()
    born = models.PositiveIntegerField()
    gone = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["dataset", "import_number", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(rows__gt=0), name="segment_is_not_empty"),
            models.CheckConstraint(condition=Q(time_from__lte=F("time_through")), name="segment_times_are_ordered"),
            models.CheckConstraint(
                condition=Q(gone__isnull=True) | Q(gone__gt=F("born")), name="segment_ends_after_birth"
            ),
        ]
        indexes = [models.Index(fields=["dataset", "born", "gone"], name="segments_of_a_version")]

    def __str__(self) -> str:
        return self.file


class EventName(models.Model):
    """The catalogue: what can be picked in a chart, kept in step with the segments by each commit."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="event_names")
    name = models.CharField(max_length=300)
    events = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-events", "name"]
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="event_name_is_unique_in_dataset")]

    def __str__(self) -> str:
        return self.name
