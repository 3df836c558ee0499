"""Rows of maps mended field by field by whoever manages data, in the same log as every other change."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from accounts.models import User
from maps.log.parts import map_of, part_of
from maps.models import CardExtra, JourneyMap
from maps.services.changes import Verb, changing


def correct(*, row: models.Model, by: User, values: Mapping[str, Any]) -> None:
    """Write fields of a map or of a part of it as they are given; `personas` of a map as rows."""
    fields = {name: value for name, value in values.items() if name != "personas"}
    with changing(map_of(row), by=by) as change:
        there = change.map if isinstance(row, JourneyMap) else part_of(row).rows().get(pk=row.pk)
        wrote = change.set(there, **fields)
        if "personas" in values:
            change.set_personas(values["personas"])
        if wrote and isinstance(there, CardExtra):
            change.touch(there.card)
        change.says(Verb.CHANGE, f"corrected {', '.join(values).replace('_', ' ')} of", there, about=there)
