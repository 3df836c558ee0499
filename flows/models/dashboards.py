"""Pages of several charts."""

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Team
from flows.models.charts import FlowChart


class Dashboard(models.Model):
    """A page of charts of one team, as they were last computed, and of what other apps offer (flows.tiles)."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="dashboards")
    name = models.CharField(max_length=120)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    share_links = GenericRelation("accounts.ShareLink")

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Tile(models.Model):
    """A chart on a dashboard, or a `target` of another app.

    `position` counts from 0 without gaps, kept under a lock on the dashboard.
    """

    COLUMNS, ROWS = 4, 6

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="tiles")
    chart = models.ForeignKey(FlowChart, on_delete=models.CASCADE, null=True, blank=True, related_name="tiles")
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    object_id = models.PositiveBigIntegerField(null=True, blank=True)
    target = GenericForeignKey()
    part = models.UUIDField(null=True, blank=True, help_text="Which part of the target alone is shown.")
    position = models.PositiveIntegerField()
    width = models.PositiveSmallIntegerField(default=2, help_text="Columns, of four.")
    height = models.PositiveSmallIntegerField(default=4, help_text="Rows, one to six.")

    class Meta:
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["content_type", "object_id"], name="tiles_of_a_thing")]
        constraints = [
            models.CheckConstraint(
                condition=Q(width__gte=1, width__lte=4, height__gte=1, height__lte=6), name="tile_fits_the_grid"
            ),
            models.CheckConstraint(
                condition=Q(chart__isnull=False, content_type=None, object_id=None, part=None)
                | Q(chart=None, content_type__isnull=False, object_id__isnull=False),
                name="tile_shows_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chart or self.target} on {self.dashboard}"
