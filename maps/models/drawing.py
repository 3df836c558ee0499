"""The drawn journey. Every row carries its team, so that nothing can be reached past it."""

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Team
from maps.models.shared import Channel, Persona, Picture, words_of


class JourneyMap(models.Model):
    class Kind(models.TextChoices):
        JOURNEY = "journey", "Journey"
        BLUEPRINT = "blueprint", "Blueprint"
        LIFECYCLE = "lifecycle", "Lifecycle"

    class State(models.TextChoices):
        CURRENT = "current", "Current"
        FUTURE = "future", "Future"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        REVIEW = "review", "In review"
        LIVE = "live", "Live"
        ARCHIVED = "archived", "Archived"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="maps")
    title = models.CharField(max_length=160)
    scenario = models.TextField(blank=True)
    expectations = models.TextField(blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.JOURNEY)
    state = models.CharField(max_length=8, choices=State, default=State.CURRENT)
    status = models.CharField(max_length=8, choices=Status, default=Status.DRAFT)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    personas = models.ManyToManyField(Persona, blank=True, related_name="maps")
    folder = models.CharField(max_length=80, blank=True, help_text="A folder is there while a map is in it.")
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    review_due = models.DateField(null=True, blank=True, help_text="Until when somebody has to look at it again.")
    review_days = models.PositiveSmallIntegerField(
        default=90, validators=[MinValueValidator(1), MaxValueValidator(3650)], help_text="How long a stage holds."
    )
    confirmed = models.BooleanField(default=False, editable=False, help_text="Some stage has been confirmed once.")
    reminded_of = models.DateField(null=True, editable=False, help_text="The date of which the owner has been told.")
    # A step that is removed can come back with the same key, and then opens what it opened; until then nothing does.
    parent_step = models.ForeignKey(
        "Step",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        editable=False,
        related_name="sub_journeys",
        help_text="The step of another map that this one shows closer.",
    )
    variant_of = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="variants",
        help_text="The map that this one was made from, as it could become.",
    )
    revision = models.PositiveIntegerField(default=0, editable=False, help_text="Rises with every change of the map.")
    talked = models.PositiveIntegerField(default=0, editable=False, help_text="Rises with everything said about it.")
    share_links = GenericRelation("accounts.ShareLink")
    tiles = GenericRelation("flows.Tile")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    shows: Sequence[str] = ()  # the elements that show what has just been changed through this very object

    class Meta:
        ordering = ["-updated_at", "-pk"]
        indexes = [words_of("title", "scenario", "expectations", name="words_of_maps")]

    def __str__(self) -> str:
        return self.title


class Positioned(models.Model):
    """A row with a place among its siblings: 0, 1, 2 … without gaps, kept by the services under a lock on the map."""

    position = models.PositiveIntegerField()

    class Meta:
        abstract = True
        ordering = ["position", "pk"]


class Versioned(models.Model):
    """A row that two people may edit at once: a save names the `version` that it started from."""

    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        abstract = True


class Named(models.Model):
    """A row that can be removed and come back: `uid` names it for good, in the log and in every snapshot."""

    uid = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class Stage(Named, Positioned):
    """A phase of the journey. It always has at least one step."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    map = models.ForeignKey(JourneyMap, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(max_length=300)
    goal = models.TextField(blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True, help_text="When somebody last said that it is true.")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(null=True, editable=False, help_text="When it last changed after that.")

    class Meta(Positioned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["map", "position"], name="one_stage_at_a_place", deferrable=models.Deferrable.DEFERRED
            ),
            models.UniqueConstraint(fields=["team", "uid"], name="stage_uid_is_unique_in_team"),
        ]
        indexes = [words_of("name", "goal", name="words_of_stages")]

    def __str__(self) -> str:
        return self.name


class Step(Named, Positioned):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=300)
    moment_of_truth = models.BooleanField(default=False)

    class Meta(Positioned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "position"],
                name="one_step_at_a_place",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["team", "uid"], name="step_uid_is_unique_in_team"),
        ]
        indexes = [words_of("name", name="words_of_steps")]

    def __str__(self) -> str:
        return self.name


class Lane(Named, Positioned):
    class Kind(models.TextChoices):
        TEXT = "text", "Text"
        TOUCHPOINT = "touchpoint", "Touchpoints"
        CHANNEL = "channel", "Channels"
        EMOTION = "emotion", "Emotion"
        QUOTE = "quote", "Quotes"
        PAIN = "pain", "Pain points"
        OPPORTUNITY = "opportunity", "Opportunities"
        METRIC = "metric", "Metrics"
        IMAGE = "image", "Images"
        FLOW = "flow", "Flow"
        LINK = "link", "Links"

    class Role(models.TextChoices):
        NONE = "none", "None"
        EVIDENCE = "evidence", "Evidence"
        CUSTOMER_ACTION = "customer_action", "Customer actions"
        FRONTSTAGE = "frontstage", "Frontstage"
        BACKSTAGE = "backstage", "Backstage"
        SUPPORT = "support", "Support"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    map = models.ForeignKey(JourneyMap, on_delete=models.CASCADE, related_name="lanes")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.TEXT)
    role = models.CharField(max_length=16, choices=Role, default=Role.NONE)
    title = models.CharField(max_length=300)
    persona = models.ForeignKey(Persona, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    collapsed = models.BooleanField(default=False)

    class Meta(Positioned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["map", "position"], name="one_lane_at_a_place", deferrable=models.Deferrable.DEFERRED
            ),
            models.UniqueConstraint(fields=["team", "uid"], name="lane_uid_is_unique_in_team"),
        ]
        indexes = [words_of("title", name="words_of_lanes")]

    def __str__(self) -> str:
        return self.title


class Cell(models.Model):
    """Where a lane crosses a step; made when the first card is put there."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="cells")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="cells")
    span = models.PositiveSmallIntegerField(default=1, help_text="Steps that the cell stretches over.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lane", "step"], name="one_cell_where_lane_and_step_cross"),
            models.CheckConstraint(condition=Q(span__gte=1), name="a_cell_spans_a_step"),
        ]

    def __str__(self) -> str:
        return f"{self.lane} × {self.step}"


class Card(Named, Positioned, Versioned):
    """What stands in a cell. Its `uid` is chosen by whoever adds it, so that a repeated request adds nothing."""

    class Evidence(models.TextChoices):
        OBSERVED = "observed", "Observed"
        ASSUMED = "assumed", "Assumed"
        PROPOSED = "proposed", "Proposed"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    cell = models.ForeignKey(Cell, on_delete=models.CASCADE, related_name="cards")
    kind = models.CharField(max_length=12, choices=Lane.Kind, default=Lane.Kind.TEXT)
    body = models.TextField(blank=True, max_length=10_000)
    colour = models.CharField(max_length=12, blank=True)
    evidence = models.CharField(max_length=10, choices=Evidence, default=Evidence.ASSUMED)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    due = models.DateField(null=True, blank=True, help_text="By when the owner is to have seen to it.")
    severity = models.PositiveSmallIntegerField(default=2, help_text="Of a pain point: 1 light, 2 medium, 3 severe.")

    class Meta(Positioned.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(severity__range=(1, 3)), name="severity_is_1_to_3"),
            models.UniqueConstraint(fields=["team", "uid"], name="card_uid_is_unique_in_team"),
            models.UniqueConstraint(
                fields=["cell", "position"], name="one_card_at_a_place", deferrable=models.Deferrable.DEFERRED
            ),
        ]
        indexes = [
            words_of("body", name="words_of_cards"),
            models.Index(fields=["team", "owner", "due"], condition=Q(owner__isnull=False), name="work_of_people"),
        ]

    def __str__(self) -> str:
        return self.body[:60]

    @property
    def over(self) -> bool:
        """Whether nobody need see to it any more. Asks for the opportunity, where it is one."""
        return self.kind == Lane.Kind.OPPORTUNITY and self.opportunity.status in Opportunity.CLOSED


class Touchpoint(models.Model):
    """What a card adds when it is a point of contact."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="touchpoints")
    card = models.OneToOneField(Card, on_delete=models.CASCADE, related_name="touchpoint")
    channel = models.ForeignKey(Channel, on_delete=models.SET_NULL, null=True, blank=True, related_name="touchpoints")
    importance_to_customer = models.PositiveSmallIntegerField(default=3, help_text="1 to 5.")
    importance_to_business = models.PositiveSmallIntegerField(default=3, help_text="1 to 5.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(importance_to_customer__range=(1, 5), importance_to_business__range=(1, 5)),
                name="importance_is_1_to_5",
            )
        ]

    def __str__(self) -> str:
        return str(self.card)


class Opportunity(models.Model):
    """What a card adds when it is an idea for something better."""

    class Status(models.TextChoices):
        IDEA = "idea", "Idea"
        PLANNED = "planned", "Planned"
        DOING = "doing", "Doing"
        DONE = "done", "Done"
        DROPPED = "dropped", "Dropped"

    CLOSED = (Status.DONE, Status.DROPPED)

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="opportunities")
    card = models.OneToOneField(Card, on_delete=models.CASCADE, related_name="opportunity")
    value = models.PositiveSmallIntegerField(default=3, help_text="To the customer, 1 to 5.")
    business_value = models.PositiveSmallIntegerField(default=3, help_text="1 to 5.")
    effort = models.PositiveSmallIntegerField(default=3, help_text="1 to 5.")
    status = models.CharField(max_length=8, choices=Status, default=Status.IDEA)
    link = models.URLField(blank=True, validators=[URLValidator(["http", "https"])])

    class Meta:
        verbose_name_plural = "opportunities"
        constraints = [
            models.CheckConstraint(
                condition=Q(value__range=(1, 5), business_value__range=(1, 5), effort__range=(1, 5)),
                name="opportunity_scores_are_1_to_5",
            )
        ]

    def __str__(self) -> str:
        return str(self.card)

    @property
    def map(self) -> JourneyMap:
        return self.card.cell.lane.map

    @property
    def points(self) -> int:
        """Twice the impact, a whole number from 2 to 10."""
        return self.value + self.business_value

    @property
    def impact(self) -> float:
        """The mean of both values, 1 to 5."""
        return self.points / 2

    @property
    def score(self) -> float:
        """Impact for each unit of effort, 0.2 to 5."""
        return self.impact / self.effort


class Image(models.Model):
    """What a card adds when it shows a picture; its body says in words what is to be seen."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    card = models.OneToOneField(Card, on_delete=models.CASCADE, related_name="image")
    picture = models.ForeignKey(Picture, on_delete=models.SET_NULL, null=True, blank=True, related_name="images")
    decorative = models.BooleanField(default=False, help_text="It says nothing that has to be read out.")

    def __str__(self) -> str:
        return str(self.card)


CardExtra = Touchpoint | Opportunity | Image


class EmotionPoint(Versioned):
    """How people feel at a step, −2 to +2. A measured point never shares a line with a judged one."""

    class Source(models.TextChoices):
        JUDGED = "judged", "Judged"
        MEASURED = "measured", "Measured"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="emotions")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="emotions")
    score = models.SmallIntegerField(default=0)
    label = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=8, choices=Source, default=Source.JUDGED)
    n = models.PositiveIntegerField(null=True, blank=True, help_text="People behind the score.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lane", "step", "source"], name="one_emotion_where_lane_and_step_cross"),
            models.CheckConstraint(condition=Q(score__range=(-2, 2)), name="emotion_is_minus_2_to_2"),
        ]
        indexes = [words_of("label", name="words_of_emotions")]

    def __str__(self) -> str:
        return f"{self.signed} {self.label}".strip()

    @property
    def signed(self) -> str:
        """The score with its sign, as it is written: +1, 0, −2."""
        return f"{'−' if self.score < 0 else '+' if self.score else ''}{abs(self.score)}"
