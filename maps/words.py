"""How moments are written on the pages of maps."""

import zoneinfo
from datetime import datetime

from django.utils import timezone


def moment(at: datetime, zone: str) -> str:
    """A day and a time on the team's clock, "3 Nov 2026, 14:02"."""
    there = at.astimezone(zoneinfo.ZoneInfo(zone))
    return f"{there.day} {there:%b %Y, %H:%M}"


def when(moment: datetime, zone: str) -> str:
    """A time of today, "14:02", else a day, "3 Nov 2026", on the team's clock."""
    local = zoneinfo.ZoneInfo(zone)
    there, today = moment.astimezone(local), timezone.now().astimezone(local)
    return f"{there:%H:%M}" if there.date() == today.date() else f"{there.day} {there:%b %Y}"
