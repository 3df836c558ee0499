"""What happened on a day, written down beside the numbers."""

from datetime import date

from django.core.exceptions import ValidationError

from accounts.models import Team, User
from flows.models import Annotation, FlowChart
from flows.queries import can_be_stored
from flows.texts import flat, short_enough

TEXT_LENGTH = 200
MOST = 1_000  # in a team


def annotate(*, team: Team, day: date, text: str, by: User, chart: FlowChart | None = None) -> Annotation:
    """For one chart, or without it for all charts of the team. Raises ValidationError."""
    text = short_enough(flat(text), TEXT_LENGTH)
    if not text or not can_be_stored(text):
        raise ValidationError("Say what happened on that day.")
    if Annotation.objects.filter(team=team).count() >= MOST:
        raise ValidationError(f"A team has at most {MOST:,} notes. Remove one first.")
    return Annotation.objects.create(team=team, chart=chart, day=day, text=text, by=by)


def remove_annotation(*, annotation: Annotation) -> None:
    annotation.delete()
