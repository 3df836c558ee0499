"""Pages of several charts."""

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Team
from flows.models.charts import FlowChart


class Dashboard(models.Model):
    """A page of charts of one team, as they were last computed."""

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
    """A chart on a dashboard. `position` counts from 0 without gaps, kept under a lock on the dashboard."""

    COLUMNS, ROWS = 4, 6

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="tiles")
    chart = models.ForeignKey(FlowChart, on_delete=models.CASCADE, related_name="tiles")
    position = models.PositiveIntegerField()
    width = models.PositiveSmallIntegerField(default=2, help_text="Columns, of four.")
    height = models.PositiveSmallIntegerField(default=4, help_text="Rows, one to six.")

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(width__gte=1, width__lte=4, height__gte=1, height__lte=6), name="tile_fits_the_grid"
            )
        ]

    def __str__(self) -> str:
        return f"{self.chart} on {self.dashboard}"
