import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class Role(models.TextChoices):
    """What a member may do, from most to least; `rank` compares them."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    EDITOR = "editor", "Editor"
    COMMENTER = "commenter", "Commenter"
    VIEWER = "viewer", "Viewer"

    @property
    def rank(self) -> int:
        return list(reversed(Role)).index(self)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A person who signs in with an e-mail address."""

    class Mails(models.TextChoices):
        ALL = "all", "About everything that reaches my inbox"
        MENTIONS = "mentions", "Only when somebody mentions me"
        NONE = "none", "Never"

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    mails = models.CharField(
        "e-mails", max_length=8, choices=Mails, default=Mails.ALL, help_text="What the inbox has stays there anyway."
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_ignores_case")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class Team(models.Model):
    """The tenant: owns maps, datasets and charts."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="Ranges and dates are read in this zone.")
    is_sample = models.BooleanField(default=False, help_text="Made by the sample generator, not by a person.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["team__name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_for_each_person"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team} ({self.get_role_display()})"

    def may(self, role: Role) -> bool:
        """Whether this member has at least the rights of `role`."""
        return Role(self.role).rank >= role.rank


def new_invitation_token() -> str:
    return secrets.token_urlsafe(24)


class Invitation(models.Model):
    """An open place in a team, for whoever proves to own the address or holds the link."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role, default=Role.EDITOR)
    token = models.CharField(max_length=40, unique=True, default=new_invitation_token, editable=False)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                "team",
                Lower("email"),
                condition=models.Q(accepted_at__isnull=True),
                name="one_open_invitation_for_each_address",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.team}"


class Notification(models.Model):
    """A line of somebody's inbox: what happened, and the page on which it is to be seen.

    `key` names the event, of which a person hears once.
    """

    class Kind(models.TextChoices):
        MENTION = "mention", "Mention"
        REPLY = "reply", "Reply"
        ASSIGNMENT = "assignment", "Assignment"
        ALERT = "alert", "Alert"

    class Mail(models.TextChoices):
        NONE = "none", "None"
        DUE = "due", "Due"
        SENT = "sent", "Sent"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=120)
    text = models.CharField(max_length=300, help_text="Goes on behind the name of whoever did it.")
    excerpt = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=500, help_text="The path of a page.")
    mail = models.CharField(max_length=4, choices=Mail, default=Mail.NONE, help_text="Whether there is a letter.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_notification_of_each_event")]
        indexes = [
            models.Index(fields=["user", "team", "-created_at"], name="inbox"),
            models.Index(fields=["user", "team"], condition=models.Q(read_at=None), name="inbox_unread"),
            models.Index(fields=["created_at"], condition=models.Q(mail="due"), name="letters_due"),
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        return f"{self.by} {self.text}" if self.by else self.text


class ShareLink(models.Model):
    """Lets whoever holds its token look at one thing of a team without signing in. Of the token a hash is kept."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="share_links")
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField()
    target = GenericForeignKey()
    token_hash = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the token.")
    note = models.CharField(max_length=80, blank=True, help_text="Whom it is for.")
    password = models.CharField(max_length=128, blank=True, editable=False, help_text="Hashed; empty: none is asked.")
    embeddable = models.BooleanField(default=False, help_text="Whether other sites may show it in a frame.")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["content_type", "object_id"], name="share_links_of_a_thing")]
        constraints = [
            # A frame on another site gets no cookie that would remember that the password was given.
            models.CheckConstraint(
                condition=models.Q(embeddable=False) | models.Q(password=""), name="embedded_link_asks_no_password"
            )
        ]

    def __str__(self) -> str:
        return f"Link to {self.content_type} {self.object_id}"

    @property
    def is_open(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())
