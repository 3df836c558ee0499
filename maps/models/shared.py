"""What the maps of a team share: personas, channels, pictures."""

import uuid

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.utils import timezone

from accounts.models import Team


def words_of(*fields: str, name: str) -> GinIndex:
    """The index in which the words of a row are found: as they are written, in any case, in any language."""
    return GinIndex(SearchVector(*fields, config="simple"), name=name)


class Picture(models.Model):
    """A picture as it was drawn anew from an upload. It never changes, so that any number of cards may show it."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="pictures")
    name = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file = models.CharField(max_length=200, unique=True, editable=False, help_text="Where it lies in the storage.")
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    size = models.PositiveIntegerField(help_text="In bytes.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    unused_since = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return f"{self.width} × {self.height}"


class Persona(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="personas")
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=200, blank=True)
    goals = models.TextField(blank=True)
    needs = models.TextField(blank=True)
    frustrations = models.TextField(blank=True)
    quote = models.CharField(max_length=300, blank=True)
    evidence = models.TextField(blank=True, help_text="What this rests on: interviews, numbers, guesses.")
    picture = models.ForeignKey("Picture", on_delete=models.SET_NULL, null=True, blank=True, related_name="personas")
    archived = models.BooleanField(default=False, help_text="No longer offered; maps that are about it keep it.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        indexes = [
            words_of("name", "role", "goals", "needs", "frustrations", "quote", name="words_of_personas"),
        ]

    def __str__(self) -> str:
        return self.name


class Channel(models.Model):
    """A way in which a company and a customer meet; a library of the team."""

    class Icon(models.TextChoices):
        WEB = "app-window", "Web"
        APP = "smartphone", "App"
        MAIL = "mail", "E-mail"
        PHONE = "phone", "Phone"
        CHAT = "message-circle", "Chat"
        SHOP = "store", "Shop"
        POST = "package", "Post and parcels"
        SOCIAL = "share-2", "Social media"
        AD = "megaphone", "Advertising"
        PERSON = "user", "In person"
        OTHER = "circle", "Other"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="channels")
    name = models.CharField(max_length=80)
    icon = models.CharField(max_length=20, choices=Icon, default=Icon.OTHER)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="channel_name_is_unique_in_team")]

    def __str__(self) -> str:
        return self.name
