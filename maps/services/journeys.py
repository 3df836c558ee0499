"""Maps as a whole: made blank or from a template, renamed, described."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from enum import Enum
from typing import Any

from django.core.exceptions import ValidationError

from accounts.access import member_of
from accounts.models import Team, User
from flows.texts import folder_of, tags_of
from maps import access
from maps.library.shapes import Template
from maps.log.wording import short_name
from maps.models import JourneyMap
from maps.services.building import build_map
from maps.services.changes import Change, Verb, changing
from maps.texts import TITLE_LIMIT, one_line, paragraphs

NEWS = {
    "title": "renamed the map to",
    "status": "set the status to",
    "state": "set what the map shows to",
    "scenario": "wrote as the scenario",
    "expectations": "wrote as the expectations",
    "personas": "drew the map for",
    "owner": "gave the map to",
    "folder": "put the map into the folder",
    "tags": "set the tags to",
    "review_due": "set the review to",
    "review_days": "set the days for which a stage holds to",
}


class Kept(Enum):
    """Stands for a value that is left as it is, where None says that there is none."""

    KEPT = "kept"


def create_map(*, team: Team, by: User | None, title: str, template: Template) -> JourneyMap:
    """A map of the team, filled as the template says; `maps.library.BLANK` has one stage with one step."""
    document = replace(template.document, title=one_line(title, "A map", TITLE_LIMIT))
    return build_map(team=team, by=by, document=document, told=("drew the map from the template", template.title))


def update_map(
    *,
    journey: JourneyMap,
    by: User,
    title: str | None = None,
    scenario: str | None = None,
    expectations: str | None = None,
    state: str | None = None,
    status: str | None = None,
    personas: Collection[int] | None = None,
    folder: str | None = None,
    tags: Collection[str] | None = None,
    owner: int | Kept | None = Kept.KEPT,
    review_due: date | Kept | None = Kept.KEPT,
    review_days: int | None = None,
) -> JourneyMap:
    """Write what is given, and return the map as it is then.

    Raises ValidationError for a blank title or an unknown state or status, Http404 for a persona of another team and
    for an owner who is no member.
    """
    values: dict[str, Any] = {}
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
    if folder is not None:
        values["folder"] = folder_of(folder)
    if tags is not None:
        values["tags"] = tags_of(tags)
    if owner is not Kept.KEPT:
        values["owner"] = None if owner is None else member_of(journey.team, owner)
    if review_due is not Kept.KEPT:
        values["review_due"] = review_due
    if review_days is not None:
        values["review_days"] = review_days
    with changing(journey, by=by) as change:
        change.set(change.map, **values)
        if personas is not None:
            change.set_personas(access.personas_of(change.map.team, personas))
        change.says(Verb.CHANGE, *_news(change))
    return change.map


def _news(change: Change) -> list[str]:
    words: list[str] = []
    for name in next((record.after for record in change.records if record.after), {}):
        words += ["and " + NEWS[name] if words else NEWS[name], _shown(change.map, name)]
    return words


def _shown(journey: JourneyMap, name: str) -> str:
    if name == "personas":
        return ", ".join(map(str, journey.personas.all())) or "nobody"
    display = getattr(journey, f"get_{name}_display", None)
    value = display() if display else getattr(journey, name)
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    return short_name(", ".join(value) if isinstance(value, list) else str(value or "nothing"))


def _one_of(known: list[str], value: str) -> str:
    if value not in known:
        raise ValidationError(f"“{value}” is not one of {', '.join(known)}.")
    return value
