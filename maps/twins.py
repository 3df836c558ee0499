"""How the rows of a variant are told to be those of the map that it was made from.

A twin's uid follows from the uid of the row that it was copied from and from its map, so that nothing else is kept.
"""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from maps.log.parts import MAP, PARTS
from maps.log.records import State
from maps.models import Card, JourneyMap, Lane, Stage, Step

Uids = Mapping[type[Any], Iterator[uuid.UUID]]


def uids_of_twins(original: JourneyMap, variant: JourneyMap) -> Uids:
    """For the rows of the variant, in the order in which a document holds them."""
    rows = {
        Stage: Stage.objects.filter(map=original),
        Step: Step.objects.filter(stage__map=original).order_by("stage__position", "position"),
        Lane: Lane.objects.filter(map=original),
        Card: Card.objects.filter(cell__lane__map=original).order_by(
            "cell__lane__position", "cell__step__stage__position", "cell__step__position", "position"
        ),
    }
    return {
        model: iter([_twin(uid, variant) for uid in some.values_list("uid", flat=True)]) for model, some in rows.items()
    }


def as_twins(state: State, variant: JourneyMap) -> State:
    """The state of the original with its rows named as their twins are."""
    return {
        part: rows
        if part == MAP
        else {
            _key(key, variant): {
                name: _key(value, variant) if name in PARTS[part].parents else value for name, value in values.items()
            }
            for key, values in rows.items()
        }
        for part, rows in state.items()
    }


def _twin(uid: uuid.UUID, variant: JourneyMap) -> uuid.UUID:
    return uuid.uuid5(uid, str(variant.pk))


def _key(key: str, variant: JourneyMap) -> str:
    """A key is made of uids; that of a feeling ends with its source, which stays."""
    return "/".join(str(_twin(uuid.UUID(piece), variant)) if len(piece) == 36 else piece for piece in key.split("/"))
