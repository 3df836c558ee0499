"""Who waits for an answer: so many of a team at most, and teams take turns."""

from django.db.models import F, Max

from accounts.models import Team
from flows.models import FlowRun

MOST_WAITING = 100  # questions of a team; a few more where many are asked at the very same moment


class TooManyWait(Exception):
    """The team has as many questions in line as it may have. The text is for whoever asked one more."""


def check_room(team: Team) -> None:
    """Raises TooManyWait."""
    if FlowRun.objects.filter(team=team, status=FlowRun.Status.QUEUED).count() >= MOST_WAITING:
        raise TooManyWait(
            f"{MOST_WAITING} questions of {team.name} wait for their answers already. "
            "Ask again once some of them are there, or cancel what nobody needs."
        )


def next_in_line() -> FlowRun | None:
    """The oldest question of the team whose turn is longest ago; None if nobody waits."""
    waiting = FlowRun.objects.filter(status=FlowRun.Status.QUEUED)
    teams = waiting.order_by().values("team").distinct()
    turns = Team.objects.filter(pk__in=teams).annotate(turn=Max("runs__started_at"))
    first = turns.order_by(F("turn").asc(nulls_first=True), "pk").first()
    return None if first is None else waiting.filter(team=first).order_by("created_at", "pk").first()
