"""The people whom the maps of a team are about."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import Team
from maps.models import Persona
from maps.pictures.drawn import Drawn
from maps.services.pictures import discard_picture, keep_picture
from maps.texts import flat, one_line, paragraphs, short_enough

NAME_LIMIT = 120
LINES = {"role": 200, "quote": 300}
TEXTS = ("goals", "needs", "frustrations", "evidence")


def create_persona(*, team: Team, values: Mapping[str, str]) -> Persona:
    """`values` by the names of the fields. Raises ValidationError for a blank name and for what is too long."""
    return Persona.objects.create(team=team, **_checked(values))


def update_persona(*, persona: Persona, values: Mapping[str, str]) -> Persona:
    """Write what is given, under the same rules."""
    checked = _checked(values)
    Persona.objects.filter(pk=persona.pk).update(**checked)
    for name, value in checked.items():
        setattr(persona, name, value)
    return persona


def archive_persona(*, persona: Persona, archived: bool) -> None:
    """No longer offered for maps, or again; what is about it stays."""
    Persona.objects.filter(pk=persona.pk).update(archived=archived)


@transaction.atomic
def set_persona_picture(*, persona: Persona, drawn: Drawn | None) -> None:
    """The old one goes, with its file, once this is committed."""
    row = Persona.objects.select_for_update(of=("self",)).select_related("picture").get(pk=persona.pk)
    old, row.picture = row.picture, keep_picture(team=row.team, drawn=drawn) if drawn else None
    row.save(update_fields=["picture"])
    if old:
        discard_picture(picture=old)


def _checked(values: Mapping[str, str]) -> dict[str, Any]:
    checked = {name: paragraphs(values[name]) for name in TEXTS if name in values}
    checked |= {name: short_enough(flat(values[name]), limit) for name, limit in LINES.items() if name in values}
    if "name" in values:
        checked["name"] = one_line(values["name"], "A persona", NAME_LIMIT)
    return checked
