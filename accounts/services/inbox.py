"""Telling people that something happened: a line in the inbox, and perhaps a letter."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial

from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Notification, Team, User

Kind, Mail, Mails = Notification.Kind, Notification.Mail, User.Mails
READ_KEPT_FOR = timedelta(days=90)
UNREAD_KEPT_FOR = timedelta(days=365)
AT_ONCE = 5_000


@transaction.atomic
def notify(
    *,
    team: Team,
    kind: Notification.Kind,
    key: str,
    text: str,
    url: str,
    to: Collection[User],
    by: User | None = None,
    excerpt: str = "",
) -> None:
    """Tell each of `to` once about the event that `key` names, however often this runs.

    `text` is a sentence that goes on behind the name of whoever did it (`by`), or stands alone; `url` is a path of a
    page. Whoever is no member of the team, and whoever did it, hears nothing.
    """
    if not to:
        return
    people = team.members.filter(pk__in=[person.pk for person in to], is_active=True)
    told = people.exclude(pk=by.pk) if by else people
    Notification.objects.bulk_create(
        [
            Notification(
                team=team,
                user=person,
                by=by,
                kind=kind,
                key=key,
                text=text,
                url=url,
                excerpt=excerpt,
                mail=Mail.DUE if _wants_letter(person, kind) and not team.is_sample else Mail.NONE,
            )
            for person in told
        ],
        ignore_conflicts=True,
    )
    for pk in Notification.objects.filter(key=key, user__in=told, mail=Mail.DUE).values_list("pk", flat=True):
        words = {"team_id": team.pk, "notification_id": pk}
        bell = partial(current_app.send_task, "accounts.tasks.send_letter", kwargs=words)
        transaction.on_commit(bell, robust=True)


def untell(*, team: Team, key: str) -> None:
    """The event that `key` names is taken back: nobody need hear of it any more."""
    Notification.objects.filter(team=team, key=key).delete()


def mark_read(*, team: Team, user: User, notification: int | None = None) -> None:
    """One line of the person's inbox, or all of them."""
    lines = Notification.objects.filter(team=team, user=user, read_at=None)
    if notification is not None:
        lines = lines.filter(pk=notification)
    lines.update(read_at=timezone.now())


def prune_inboxes() -> int:
    """Remove the lines that were read long ago, and very old ones that never were; returns how many.

    So many at once that nobody waits for long, however many there are.
    """
    now = timezone.now()
    spent = Q(read_at__lt=now - READ_KEPT_FOR) | Q(read_at=None, created_at__lt=now - UNREAD_KEPT_FOR)
    lines = Notification.objects.filter(spent).order_by()
    removed = 0
    while some := list(lines.values_list("pk", flat=True)[:AT_ONCE]):
        removed += Notification.objects.filter(pk__in=some).delete()[0]
    return removed


def _wants_letter(person: User, kind: Notification.Kind) -> bool:
    return person.mails == Mails.ALL or (person.mails == Mails.MENTIONS and kind == Kind.MENTION)
