"""What a team wants to be told about its numbers, and what became of telling it."""

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import Team
from flows.models.charts import FlowChart


def new_secret() -> str:
    return secrets.token_hex(32)


class Alert(models.Model):
    """Watches one number of a chart. What was seen last is kept, so that a crossing is told once."""

    class Measure(models.TextChoices):
        COUNT = "count", "How many"
        SHARE = "share", "Share of start"
        SECONDS = "seconds", "Median time"

    class Rule(models.TextChoices):
        ABOVE = "above", "goes above"
        BELOW = "below", "goes below"
        CHANGES = "changes", "changes significantly"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    chart = models.ForeignKey(FlowChart, on_delete=models.CASCADE, related_name="alerts")
    selector = models.JSONField(help_text="Which number of the answer it is.")
    label = models.CharField(max_length=300, help_text="The number in words.")
    measure = models.CharField(max_length=7, choices=Measure, default=Measure.SHARE)
    rule = models.CharField(max_length=7, choices=Rule, default=Rule.CHANGES)
    bound = models.FloatField(null=True, blank=True, help_text="A count, a share from 0 to 1, or seconds.")
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    webhook_url = models.CharField(max_length=500, blank=True)
    secret = models.CharField(max_length=64, default=new_secret, editable=False, help_text="Signs what is sent.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    is_beyond = models.BooleanField(default=False, editable=False, help_text="Whether the bound is crossed.")
    seen_digest = models.CharField(max_length=64, blank=True, editable=False)
    seen_version = models.PositiveIntegerField(null=True, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)
    seen = models.JSONField(null=True, editable=False, help_text="The number: count, base, seconds.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rule="changes", measure="share") | models.Q(bound__isnull=False),
                name="alert_has_a_bound_or_watches_a_share",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.get_rule_display()}"


class Delivery(models.Model):
    """One message to one place. It is tried again until it arrives or is given up."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=7, choices=Kind)
    target = models.CharField(max_length=500)
    payload = models.JSONField()
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    next_at = models.DateTimeField(default=timezone.now, editable=False)
    last = models.CharField(max_length=200, blank=True, editable=False, help_text="What came of the last attempt.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    done_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["status", "next_at"], name="deliveries_that_wait")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.target}"
