"""A range of a spreadsheet, put into the cells of a map as one change."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import User
from maps import queries
from maps.log.wording import name_of
from maps.models import Card, Cell, Channel, EmotionPoint, JourneyMap, Lane, Opportunity, Step, Touchpoint
from maps.pasting import Paste, PastedCard, PastedCell, planned
from maps.services.cards import ON_CARD, write_details
from maps.services.changes import Change, Verb, changing
from maps.services.channels import ensure_channels

Channels = dict[str, Channel]


class MapChanged(Exception):
    """The map is no longer in the revision that was looked at. Nothing was written."""


def paste_cells(*, journey: JourneyMap, by: User, lane: int, step: int, text: str, revision: int) -> Paste:
    """Do what `maps.pasting.planned` says, all of it or nothing, and return what was done.

    Raises MapChanged where the map is no longer in `revision`, and whatever `planned` raises.
    """
    with changing(journey, by=by) as change:
        if change.map.revision != revision:
            raise MapChanged
        plan = planned(queries.map_page(change.map.team, change.map), lane=lane, step=step, text=text)
        cells = [cell for row in plan.cells for cell in row]
        named = {card.details["channel"] for cell in cells for card in cell.cards if card.details.get("channel")}
        channels = ensure_channels(team=change.map.team, icons=dict.fromkeys(named, "")) if named else {}
        steps = Step.objects.in_bulk({cell.step.pk for cell in cells})
        _feel(change, cells, steps)
        _alter(change, cells, channels)
        _add(change, cells, channels, steps)
        change.says(Verb.CHANGE, "pasted a range into the lane", name_of(cells[0].lane))
    return plan


def _feel(change: Change, cells: Sequence[PastedCell], steps: Mapping[int, Step]) -> None:
    felt = [(cell, cell.feeling) for cell in cells if cell.feeling]
    change.add_all(
        [
            EmotionPoint(lane=cell.lane, step=steps[cell.step.pk], score=feeling.score, label=feeling.label)
            for cell, feeling in felt
            if feeling.point is None
        ]
    )
    for _, feeling in felt:
        if feeling.point:
            change.set(feeling.point, score=feeling.score, label=feeling.label)


def _alter(change: Change, cells: Sequence[PastedCell], channels: Channels) -> None:
    for card in (card for cell in cells for card in cell.cards if card.row and card.details):
        details = dict(card.details)
        if "channel" in details:
            details["channel"] = channels[details["channel"]].pk if details["channel"] else None
        assert card.row is not None
        write_details(change, card.row, details)


def _add(change: Change, pasted: Sequence[PastedCell], channels: Channels, steps: Mapping[int, Step]) -> None:
    """New cards below those that stand in their cells."""
    fresh = [(cell, card) for cell in pasted for card in cell.cards if card.fate == "new"]
    keys = {(cell.lane.pk, cell.step.pk) for cell, _ in fresh}
    lanes = {cell.lane.pk: cell.lane for cell, _ in fresh}
    known = Cell.objects.filter(lane__in=lanes, step__in={step for _, step in keys}).select_related("lane", "step")
    cells = {(cell.lane_id, cell.step_id): cell for cell in known}
    made = change.add_all([Cell(lane=lanes[lane], step=steps[step]) for lane, step in sorted(keys - set(cells))])
    cells |= {(cell.lane_id, cell.step_id): cell for cell in made}
    standing = {(cell.lane.pk, cell.step.pk): cell.standing for cell in pasted}
    rows: list[tuple[Card, PastedCard]] = []
    for cell, card in fresh:
        key = (cell.lane.pk, cell.step.pk)
        own = {name: value for name, value in card.details.items() if name in ON_CARD}
        row = Card(cell=cells[key], kind=cell.lane.kind, body=card.body, position=standing[key], **own)
        standing[key] += 1
        rows.append((row, card))
    change.add_all([row for row, _ in rows])
    change.add_all([_contact(row, card, channels) for row, card in rows if row.kind == Lane.Kind.TOUCHPOINT])
    change.add_all([Opportunity(card=row, **card.details) for row, card in rows if row.kind == Lane.Kind.OPPORTUNITY])


def _contact(row: Card, card: PastedCard, channels: Channels) -> Touchpoint:
    details: dict[str, Any] = card.details
    return Touchpoint(card=row, channel=channels.get(details.get("channel", "")))
