"""Maps as a whole: made blank or from a template, renamed, described."""

from dataclasses import replace

from django.core.exceptions import ValidationError

from accounts.models import Team, User
from maps.library.shapes import Template
from maps.models import JourneyMap
from maps.services.building import build_map
from maps.services.changes import changing
from maps.texts import TITLE_LIMIT, one_line, paragraphs


def create_map(*, team: Team, by: User | None, title: str, template: Template) -> JourneyMap:
    """A map of the team, filled as the template says; `maps.library.BLANK` has one stage with one step."""
    document = replace(template.document, title=one_line(title, "A map", TITLE_LIMIT))
    return build_map(team=team, by=by, document=document)


def update_map(
    *,
    journey: JourneyMap,
    by: User,
    title: str | None = None,
    scenario: str | None = None,
    expectations: str | None = None,
    state: str | None = None,
    status: str | None = None,
) -> JourneyMap:
    """Write what is given, and return the map as it is then.

    Raises ValidationError for a blank title or an unknown state or status.
    """
    values: dict[str, str] = {}
    if title is not None:
        values["title"] = one_line(title, "A map", TITLE_LIMIT)
    if scenario is not None:
        values["scenario"] = paragraphs(scenario)
    if expectations is not None:
        values["expectations"] = paragraphs(expectations)
    if state is not None:
        values["state"] = _one_of(JourneyMap.State.values, state)
    if status is not None:
        values["status"] = _one_of(JourneyMap.Status.values, status)
    with changing(journey, by=by) as change:
        change.set(change.map, **values)
    return change.map


def _one_of(known: list[str], value: str) -> str:
    if value not in known:
        raise ValidationError(f"“{value}” is not one of {', '.join(known)}.")
    return value
