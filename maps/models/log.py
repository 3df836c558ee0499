"""How a map came to be what it is: every change as values before and after, and the map kept whole at some moments."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Team
from maps.models.drawing import JourneyMap


class Operation(models.Model):
    """One change of one map. `seq` is the revision that it made, so that operations of a map are numbered 1, 2, 3 …

    `op` is a list of [part, key, values after], `inverse` the same rows with their values before; None for values
    means that there was no such row. Keys are uids, so they still mean the same row when it was removed and restored.
    """

    class Verb(models.TextChoices):
        CREATE = "create", "Created"
        ADD = "add", "Added"
        WRITE = "write", "Wrote"
        CHANGE = "change", "Changed"
        MOVE = "move", "Moved"
        REMOVE = "remove", "Removed"
        RESTORE = "restore", "Restored"
        UNDO = "undo", "Took back"
        REDO = "redo", "Did again"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    map = models.ForeignKey(JourneyMap, on_delete=models.CASCADE, related_name="operations")
    seq = models.PositiveIntegerField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    verb = models.CharField(max_length=8, choices=Verb)
    words: "models.JSONField[list[str]]" = models.JSONField(
        help_text="What was done, without who did it: words and names in turn, beginning with words."
    )
    target = models.CharField(max_length=120, blank=True, help_text="Key of the row that was meant.")
    shows: "models.JSONField[list[str]]" = models.JSONField(
        default=list, help_text="Elements of the page that show what changed."
    )
    op: "models.JSONField[list[Any]]" = models.JSONField()
    inverse: "models.JSONField[list[Any]]" = models.JSONField()
    undone_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="undoes")

    class Meta:
        ordering = ["map", "-seq"]
        constraints = [models.UniqueConstraint(fields=["map", "seq"], name="one_operation_for_each_revision")]
        indexes = [
            # What a person may take back or do again.
            models.Index(fields=["map", "actor", "-seq"], condition=Q(undone_by=None), name="operations_to_undo")
        ]

    def __str__(self) -> str:
        return f"{self.seq}: {self.sentence}"

    @property
    def sentence(self) -> str:
        """The words in one line, names in quotation marks."""
        words = " ".join(f"“{word}”" if place % 2 else word for place, word in enumerate(self.words))
        return f"{self.prelude} {words}" if self.prelude else words

    @property
    def prelude(self) -> str:
        """What comes before the words where they are those of an earlier change."""
        return {self.Verb.UNDO: "took back:", self.Verb.REDO: "did again:"}.get(self.Verb(self.verb), "")


class Snapshot(models.Model):
    """A whole map as it was after the operation `seq`, kept under a label."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    map = models.ForeignKey(JourneyMap, on_delete=models.CASCADE, related_name="snapshots")
    seq = models.PositiveIntegerField()
    label = models.CharField(max_length=120)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    automatic = models.BooleanField(default=False, help_text="Taken by the product before it changed or cleared much.")
    state: "models.JSONField[dict[str, Any]]" = models.JSONField(help_text="Values by part and key.")

    class Meta:
        ordering = ["-seq", "-pk"]
        indexes = [models.Index(fields=["map", "-seq"], name="snapshots_of_a_map")]

    def __str__(self) -> str:
        return self.label
