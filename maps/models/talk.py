"""What people say to each other about a map."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Team
from maps.models.drawing import JourneyMap


class Comment(models.Model):
    """Something said about a map or a part of it. The first of a thread has no `thread`.

    Only the first says what the thread is about: a part and its key, as in the log. So nothing is lost when the part is
    removed, and the thread is about it again when it comes back.
    """

    class Part(models.TextChoices):
        MAP = "map", "The map"
        STAGE = "stage", "Stage"
        STEP = "step", "Step"
        LANE = "lane", "Lane"
        CELL = "cell", "Cell"
        CARD = "card", "Card"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    map = models.ForeignKey(JourneyMap, on_delete=models.CASCADE, related_name="comments")
    thread = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="replies")
    part = models.CharField(max_length=5, choices=Part, blank=True)
    key = models.CharField(max_length=80, blank=True)
    about = models.CharField(max_length=200, blank=True, help_text="What the part was called when the thread began.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    mentions = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    body = models.TextField(max_length=10_000)
    made_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    size = models.PositiveIntegerField(default=1, help_text="Comments of the thread that have not been removed.")
    heard = models.PositiveIntegerField(default=0, help_text="`talked` of the map when the thread last changed.")

    class Meta:
        ordering = ["made_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(thread=None, part__gt="") | Q(thread__isnull=False, part="", resolved_at=None),
                name="the_first_comment_says_what_about",
            )
        ]
        indexes = [
            models.Index(fields=["map", "-heard"], condition=Q(thread=None), name="threads_of_a_map"),
            models.Index(fields=["map", "key"], condition=Q(thread=None, resolved_at=None), name="threads_open"),
        ]

    def __str__(self) -> str:
        return self.body[:60]
