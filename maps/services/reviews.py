"""Reminds the owners of maps that are due for review."""

import logging
import zoneinfo
from datetime import date, timedelta
from smtplib import SMTPException

from django.core.mail import send_mail
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.public import public_address
from maps.models import JourneyMap

log = logging.getLogger(__name__)


def remind_owners() -> int:
    """Write to whoever owns a map whose date has come on the clock of its team; returns how many were written to.

    Once for each date, however often this runs and however many run it at once. Who has left the team hears nothing.
    """
    day_after_everywhere = timezone.now().date() + timedelta(days=1)
    due = (
        JourneyMap.objects.filter(review_due__lte=day_after_everywhere, team__is_sample=False, owner__is_active=True)
        .filter(Q(reminded_of=None) | ~Q(reminded_of=F("review_due")), team__members=F("owner"))
        .exclude(status=JourneyMap.Status.ARCHIVED)
        .select_related("owner", "team")
    )
    return sum(_remind(journey) for journey in due if journey.review_due and journey.review_due <= _today(journey))


def _today(journey: JourneyMap) -> date:
    return timezone.localdate(timezone=zoneinfo.ZoneInfo(journey.team.time_zone))


def _remind(journey: JourneyMap) -> bool:
    """Claims the date first, so that nobody else writes; gives it back where the letter cannot be sent."""
    same = JourneyMap.objects.filter(pk=journey.pk, review_due=journey.review_due)
    if not same.exclude(reminded_of=journey.review_due).update(reminded_of=journey.review_due):
        return False
    assert journey.owner is not None
    where = public_address(reverse("maps:map", args=[journey.team.slug, journey.pk]))
    try:
        send_mail(
            subject=f"Due for review: {journey.title}",
            message=(
                f"The map “{journey.title}” of the team {journey.team.name} is due for review.\n\n"
                "Look at whether it is still true. Under “About this map” you can set the next date.\n"
                + (f"\n{where}\n" if where else "")
            ),
            from_email=None,
            recipient_list=[journey.owner.email],
        )
    except (OSError, SMTPException) as error:
        log.warning("The owner of map %s could not be reminded, which is tried again: %s", journey.pk, error)
        same.update(reminded_of=journey.reminded_of)
        return False
    return True
