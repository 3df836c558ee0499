"""Maps within maps: a map that shows closer what happens in a step of another one."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Team, User
from flows.lettering import cut_middle_to
from maps import queries
from maps.library import BLANK
from maps.models import JourneyMap, Step
from maps.services.journeys import create_map
from maps.texts import TITLE_LIMIT


def put_under(*, journey: JourneyMap, step: Step) -> None:
    """Let the step open the map. Raises ValidationError where the map would come to stand within itself."""
    with _hierarchy(journey.team):
        parents = queries.parents_of_maps(journey.team)
        above: int | None = step.stage.map_id
        if above == journey.pk:
            raise ValidationError(f"“{journey.title}” cannot stand within itself.")
        seen = set()
        while above is not None and above not in seen:
            seen.add(above)
            above = parents.get(above)
            if above == journey.pk:
                title = step.stage.map.title
                raise ValidationError(
                    f"“{title}” stands within “{journey.title}”, which can therefore not go below it."
                )
        JourneyMap.objects.filter(pk=journey.pk).update(parent_step=step)


@transaction.atomic
def draw_under(*, step: Step, by: User) -> JourneyMap:
    """A blank map with the name of the step, which opens it."""
    journey = create_map(team=step.stage.map.team, by=by, title=cut_middle_to(step.name, TITLE_LIMIT), template=BLANK)
    put_under(journey=journey, step=step)
    return journey


def take_out(*, journey: JourneyMap) -> None:
    """Let the map stand by itself."""
    JourneyMap.objects.filter(pk=journey.pk).update(parent_step=None)


@contextmanager
def _hierarchy(team: Team) -> Iterator[None]:
    """Two people may not put two maps below each other at once."""
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        yield
