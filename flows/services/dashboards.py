"""Dashboards, and the order and size of what stands on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Team, User
from flows.models import Dashboard, FlowChart, Tile
from flows.services.names import readable

MOST = 200  # in a team
MOST_TILES = 40


def create_dashboard(*, team: Team, name: str, by: User) -> Dashboard:
    if Dashboard.objects.filter(team=team).count() >= MOST:
        raise ValidationError(f"A team has at most {MOST} dashboards. Delete one first.")
    return Dashboard.objects.create(team=team, name=readable(name, "dashboard"), owner=by)


def rename_dashboard(*, dashboard: Dashboard, name: str) -> None:
    dashboard.name = readable(name, "dashboard")
    dashboard.save(update_fields=["name", "updated_at"])


def delete_dashboard(*, dashboard: Dashboard) -> None:
    dashboard.delete()


def add_tile(*, dashboard: Dashboard, chart: FlowChart) -> Tile:
    """At the end. Raises ValidationError where there is no room, or the chart is of another team."""
    if chart.team_id != dashboard.team_id:
        raise ValidationError("The chart belongs to another team.")
    return _append(Tile(team_id=dashboard.team_id, dashboard=dashboard, chart=chart))


def add_excerpt(*, dashboard: Dashboard, target: Any, part: UUID | None = None) -> Tile:
    """Something that another app offers (flows.tiles), or a part of it, at the end. Raises ValidationError likewise."""
    if target.team_id != dashboard.team_id:
        raise ValidationError("This belongs to another team.")
    return _append(Tile(team_id=dashboard.team_id, dashboard=dashboard, target=target, part=part))


def _append(tile: Tile) -> Tile:
    with _arranging(tile.dashboard) as tiles:
        if len(tiles) >= MOST_TILES:
            raise ValidationError(f"A dashboard holds {MOST_TILES} tiles.")
        tile.position = len(tiles)
        tile.save(force_insert=True)
    return tile


def move_tile(*, tile: Tile, to: int) -> None:
    """To a place counted from 0; beyond an end it stands at that end."""
    with _arranging(tile.dashboard) as tiles:
        if tile in tiles:  # somebody else may have taken it away
            tiles.remove(tile)
            tiles.insert(max(0, to), tile)
            _number(tiles)


def resize_tile(*, tile: Tile, width: int, height: int) -> None:
    """What does not fit the grid is cut to it."""
    width, height = min(max(width, 1), Tile.COLUMNS), min(max(height, 1), Tile.ROWS)
    with _arranging(tile.dashboard):
        Tile.objects.filter(pk=tile.pk).update(width=width, height=height)


def remove_tile(*, tile: Tile) -> None:
    with _arranging(tile.dashboard) as tiles:
        Tile.objects.filter(pk=tile.pk).delete()
        _number([each for each in tiles if each.pk != tile.pk])


@contextmanager
def _arranging(dashboard: Dashboard) -> Iterator[list[Tile]]:
    """The tiles in their order, while nobody else changes it; afterwards the dashboard counts as changed."""
    with transaction.atomic():
        locked = Dashboard.objects.select_for_update().get(pk=dashboard.pk)
        yield list(Tile.objects.filter(dashboard=dashboard))
        locked.save(update_fields=["updated_at"])


def _number(tiles: list[Tile]) -> None:
    """Charts that were deleted leave gaps, which are closed here."""
    for position, tile in enumerate(tiles):
        tile.position = position
    Tile.objects.bulk_update(tiles, ["position"])
