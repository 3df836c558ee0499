"""Saved questions, their computations and the people behind their numbers."""

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Team
from flows.models.datasets import Dataset, Job


class FlowChart(models.Model):
    """A saved question about a dataset, with a name."""

    class Refresh(models.TextChoices):
        NEVER = "never", "When somebody opens it"
        HOURLY = "hourly", "Every hour"
        DAILY = "daily", "Every day"
        WEEKLY = "weekly", "Every week"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="charts")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="charts")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    query = models.JSONField(help_text="The question as a canonical FlowQuery.")
    folder = models.CharField(max_length=80, blank=True, help_text="A folder is there while a chart is in it.")
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    refresh = models.CharField(max_length=6, choices=Refresh, default=Refresh.NEVER)
    refresh_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="When it is asked next.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    share_links = GenericRelation("accounts.ShareLink")

    class Meta:
        ordering = ["-updated_at", "-pk"]

    def __str__(self) -> str:
        return self.name


class ChartVersion(models.Model):
    """What a chart asked from one save of its question to the next; the last one is what it asks now."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    chart = models.ForeignKey(FlowChart, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(editable=False, help_text="Counts the versions of a chart from 1.")
    name = models.CharField(max_length=120)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    query = models.JSONField(help_text="The question as a canonical FlowQuery.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["chart", "number"], name="version_number_is_unique_in_chart")]

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"


class Annotation(models.Model):
    """What happened on a day that explains numbers, for all charts of a team or for one."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="annotations")
    chart = models.ForeignKey(FlowChart, on_delete=models.CASCADE, null=True, blank=True, related_name="annotations")
    day = models.DateField(help_text="In the zone of the team.")
    text = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["day", "pk"]
        indexes = [models.Index(fields=["team", "day"], name="annotations_of_a_team")]

    def __str__(self) -> str:
        return f"{self.day}: {self.text}"


class Cohort(models.Model):
    """People of one dataset, chosen once behind a number of a flow. Their keys stand in the file that the row names."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="cohorts")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="cohorts")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60)
    query = models.JSONField(help_text="The question that it was born from, as a canonical FlowQuery.")
    selector = models.JSONField(help_text="Which number of the answer it is.")
    dataset_version = models.PositiveIntegerField(help_text="The version that its people were found in.")
    count = models.BigIntegerField(help_text="The number itself: people, sessions or journeys.")
    people = models.BigIntegerField()
    file = models.CharField(max_length=200, unique=True, help_text="Path of the keys below the store.")
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the keys.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    refreshed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "name"], name="cohort_name_is_unique_in_dataset"),
            models.UniqueConstraint(fields=["dataset", "slug"], name="cohort_slug_is_unique_in_dataset"),
            models.CheckConstraint(
                condition=Q(people__gte=0, people__lte=F("count")), name="cohort_has_no_more_people_than_it_counts"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FlowRun(Job):
    """One computation of one question on one version of a dataset, with its result."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="runs")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="runs")
    dataset_version = models.PositiveIntegerField()
    query = models.JSONField()
    digest = models.CharField(
        max_length=64, help_text="SHA-256 of the canonical question, and of the cohorts that it names."
    )
    fraction = models.FloatField(default=0.0, editable=False)
    result = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            # The cache and the queue at once: a question on a version is computed one time.
            models.UniqueConstraint(
                fields=["dataset", "dataset_version", "digest"],
                condition=Q(status__in=["queued", "running", "done"]),
                name="one_run_for_a_question",
            ),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(result__isnull=False), name="a_done_run_has_a_result"
            ),
        ]
        indexes = [models.Index(fields=["status", "heartbeat_at"], name="run_lost_bells")]

    def __str__(self) -> str:
        return f"Run {self.pk} on {self.dataset} version {self.dataset_version}"
