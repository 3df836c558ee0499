"""Letters about what stands in an inbox. A line is written about at most once."""

from datetime import timedelta

from django.core.mail import send_mail
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Notification
from accounts.public import public_address

Mail = Notification.Mail
LOST_AFTER = timedelta(minutes=10)  # a bell that has not been heard by then is rung again
GIVEN_UP_AFTER = timedelta(days=1)


def send_letter(*, team_id: int, notification_id: int) -> bool:
    """Write about the line, unless that has been done or need not be any more; tells whether it was.

    The line is claimed first, so that of two who try at once one writes; a letter that cannot be sent gives it back.
    Raises OSError where the mail server cannot be reached or refuses (SMTPException is one).
    """
    lines = Notification.objects.filter(pk=notification_id, team=team_id)
    if not lines.filter(mail=Mail.DUE).update(mail=Mail.SENT):
        return False
    line = lines.select_related("user", "team", "by").first()
    if line is None or line.read_at or not _may_hear(line):
        lines.update(mail=Mail.NONE)
        return False
    try:
        send_mail(
            # On one line, whatever people call themselves and their teams.
            subject=" ".join(f"{line.sentence} · {line.team.name}".split()),
            message=_message(line),
            from_email=None,
            recipient_list=[line.user.email],
        )
    except OSError:
        lines.update(mail=Mail.DUE)
        raise
    return True


def waiting_letters() -> list[Notification]:
    """The lines whose letter is still due although its bell must have been heard."""
    now = timezone.now()
    return list(
        Notification.objects.filter(mail=Mail.DUE, created_at__lt=now - LOST_AFTER, created_at__gt=now - GIVEN_UP_AFTER)
    )


def _may_hear(line: Notification) -> bool:
    return line.user.is_active and Membership.objects.filter(team=line.team, user=line.user).exists()


def _message(line: Notification) -> str:
    where = public_address(reverse("accounts:open_notification", args=[line.team.slug, line.pk]))
    profile = public_address(reverse("profile"))
    parts = [
        f"{line.sentence}.",
        line.excerpt,
        where or f"It stands in your inbox in the team {line.team.name}.",
        "Which letters you get is for you to say, under “Your account”" + (f": {profile}" if profile else "."),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
