"""What a map is made of, and its rows as values.

Every concrete field of a part is a value, so that a field added to a model is in the log from then on. A reference to
another part is that part's key; a reference to anything else (a channel, a persona, a person) is its primary key and
may come to name a row that is gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet

from maps.log.records import State, Values
from maps.models import (
    Card,
    Cell,
    EmotionPoint,
    Image,
    JourneyMap,
    Lane,
    Named,
    Opportunity,
    Persona,
    Positioned,
    Stage,
    Step,
    Touchpoint,
    Versioned,
)

MAP = "map"
PERSONAS = "personas"
# Who wrote a row and when stands in the operation; a row that has a name for good is found by it. How maps hang
# together, and what was sent or said about them, is no part of any one of them.
LEFT_OUT = frozenset(
    {"uid", "team", "map", "revision", "created_at", "updated_at", "updated_by"}
    | {"variant_of", "parent_step", "reminded_of", "talked", "confirmed", "changed_at"}
)
PLAIN = (str, int, float, bool, list, type(None))


@dataclass(frozen=True)
class Part:
    """One kind of row. `parents` are its references to other parts, `path` leads from it to its map."""

    name: str
    model: type[models.Model]
    parents: tuple[str, ...]
    path: str

    @cached_property
    def fields(self) -> dict[str, "models.Field[Any, Any]"]:
        """A named row keeps its primary key too, so that addresses are right again when it comes back."""
        left_out = LEFT_OUT if issubclass(self.model, Named) else LEFT_OUT | {"id"}
        return {field.name: field for field in self.model._meta.concrete_fields if field.name not in left_out}

    @cached_property
    def positioned(self) -> bool:
        return issubclass(self.model, Positioned)

    @cached_property
    def versioned(self) -> bool:
        return issubclass(self.model, Versioned)

    def rows(self) -> "QuerySet[Any]":
        """With all that `key_of` looks at."""
        return self.model._default_manager.select_related(*_to_named(self))


def _to_named(part: Part) -> list[str]:
    """Paths to the named rows from which the key of a part is made."""
    paths = []
    for field in part.parents:
        paths += [field, *(f"{field}__{further}" for further in _to_named(_parent(part, field)))]
    return paths


def _parent(part: Part, field: str) -> Part:
    return of_model(part.model._meta.get_field(field).related_model)  # type: ignore[arg-type]


# Parents before what hangs on them: rows are added in this order and removed in the opposite one.
PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        Part("stage", Stage, (), "map"),
        Part("step", Step, ("stage",), "stage__map"),
        Part("lane", Lane, (), "map"),
        Part("cell", Cell, ("lane", "step"), "lane__map"),
        Part("card", Card, ("cell",), "cell__lane__map"),
        Part("touchpoint", Touchpoint, ("card",), "card__cell__lane__map"),
        Part("opportunity", Opportunity, ("card",), "card__cell__lane__map"),
        Part("image", Image, ("card",), "card__cell__lane__map"),
        Part("emotion", EmotionPoint, ("lane", "step"), "lane__map"),
    )
}
# The map itself is a row of the log, but has no siblings and never goes.
MAP_PART = Part(MAP, JourneyMap, (), "pk")
_BY_MODEL = {part.model: part for part in (*PARTS.values(), MAP_PART)}


def of_model(model: type[models.Model]) -> Part:
    return _BY_MODEL[model]


def part_of(row: models.Model) -> Part:
    return of_model(type(row))


def part_named(name: str) -> Part:
    return MAP_PART if name == MAP else PARTS[name]


def refers_to(part: Part, name: str) -> type[models.Model] | None:
    """The model outside the map that a field refers to, if it does."""
    if name == PERSONAS:
        return Persona
    field = part.fields.get(name)
    return field.related_model if isinstance(field, models.ForeignKey) and name not in part.parents else None


def map_of(row: models.Model) -> JourneyMap:
    part = part_of(row)
    return JourneyMap.objects.get(pk=part.model._default_manager.values_list(part.path, flat=True).get(pk=row.pk))


def key_of(row: models.Model) -> str:
    """A uid; where a row has none, the keys of what it stands at: a lane and a step, or a card."""
    if isinstance(row, Named):
        return str(row.uid)
    if isinstance(row, JourneyMap):
        return MAP
    keys = [key_of(getattr(row, name)) for name in part_of(row).parents]
    return "/".join([*keys, row.source] if isinstance(row, EmotionPoint) else keys)


def value_of(row: models.Model, name: str) -> Any:
    """One field as JSON holds it."""
    part = part_of(row)
    if name in part.parents:
        return key_of(getattr(row, name))
    field = part.fields[name]
    value = field.value_from_object(row)
    return value if isinstance(value, PLAIN) else field.value_to_string(row)


def values_of(row: models.Model) -> Values:
    return {name: value_of(row, name) for name in part_of(row).fields}


def values_of_map(journey: JourneyMap) -> Values:
    """What the map says of itself, and the personas that it is about."""
    return {**values_of(journey), PERSONAS: personas_of(journey)}


def personas_of(journey: JourneyMap) -> list[int]:
    return sorted(journey.personas.values_list("pk", flat=True))


def state_of(journey: JourneyMap) -> State:
    """The whole map as values, in ten queries. Hold the lock of the map where they must fit together."""
    state: State = {MAP: {MAP: values_of_map(journey)}}
    for part in PARTS.values():
        state[part.name] = values_by_key(part.rows().filter(**{part.path: journey}))
    return state


def values_by_key(rows: Iterable[models.Model]) -> dict[str, Values]:
    return {key_of(row): values_of(row) for row in rows}


def with_all_below(rows: Sequence[models.Model]) -> list[models.Model]:
    """Rows of one part with everything that would go with them, parents first."""
    found: dict[str, dict[int, models.Model]] = {part_of(rows[0]).name: {row.pk: row for row in rows}}
    for part in PARTS.values():
        hanging = Q()
        for field in part.parents:
            if above := found.get(_parent(part, field).name):
                hanging |= Q(**{f"{field}__in": list(above)})
        if hanging:
            found.setdefault(part.name, {}).update((row.pk, row) for row in part.rows().filter(hanging))
    return [row for part in PARTS for row in found.get(part, {}).values()]
