"""Charts that are asked again by the clock."""

from datetime import datetime, timedelta

from django.utils import timezone

from flows.engine.query import QueryError
from flows.models import FlowChart
from flows.services import line, runs

Refresh = FlowChart.Refresh
EVERY = {Refresh.HOURLY: timedelta(hours=1), Refresh.DAILY: timedelta(days=1), Refresh.WEEKLY: timedelta(weeks=1)}
FULL = timedelta(minutes=5)  # until a team whose line is full is tried again


def set_refresh(*, chart: FlowChart, refresh: Refresh) -> None:
    """The first time is now."""
    chart.refresh = refresh
    chart.refresh_at = None if refresh == Refresh.NEVER else timezone.now()
    chart.save(update_fields=["refresh", "refresh_at"])


def refresh_due() -> int:
    """Ask the questions whose time has come; how many. Twice at once asks once, and what was missed is not made up."""
    now = timezone.now()
    due = FlowChart.objects.filter(refresh_at__lte=now).exclude(refresh=Refresh.NEVER).select_related("dataset__team")
    return sum(_claimed(chart, now) and _asked(chart, now) for chart in due)


def _claimed(chart: FlowChart, now: datetime) -> bool:
    assert chart.refresh_at is not None
    every = EVERY[Refresh(chart.refresh)]
    # At the hour that it always had, the first one that lies ahead.
    following = chart.refresh_at + every * ((now - chart.refresh_at) // every + 1)
    same = FlowChart.objects.filter(pk=chart.pk, refresh_at=chart.refresh_at, refresh=chart.refresh)
    return bool(same.update(refresh_at=following))


def _asked(chart: FlowChart, now: datetime) -> bool:
    query = runs.saved_query(chart.query)
    if query is None or not chart.dataset.events:
        return False
    try:
        runs.check(dataset=chart.dataset, query=query)
        runs.ask(dataset=chart.dataset, query=query)
    except QueryError:
        return False  # its page says why
    except line.TooManyWait:
        FlowChart.objects.filter(pk=chart.pk).update(refresh_at=now + FULL)
        return False
    return True
