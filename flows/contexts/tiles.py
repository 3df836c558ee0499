"""Tiles as dashboards name them, and what can be put there."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from accounts.models import Team
from flows import queries, tiles
from flows.models import Dashboard, Tile

GONE = "No longer there"


@dataclass(frozen=True, slots=True)
class TileHead:
    """`url` is the page of what it shows, for members."""

    tile: Tile
    name: str
    url: str


def tile_heads(dashboard: Dashboard) -> list[TileHead]:
    """In their order, in a number of queries that does not depend on how many there are."""
    return [tile_head(tile, dashboard.team) for tile in queries.tiles_of(dashboard)]


def tile_head(tile: Tile, team: Team) -> TileHead:
    if tile.chart:
        return TileHead(tile, tile.chart.name, reverse("flows:chart", args=[team.slug, tile.chart.pk]))
    if kind := tiles.kind_of(tile.target):
        name, url = kind.title(tile.target, tile.part), kind.url(team, tile.target, tile.part)
        return TileHead(tile, name, url)
    return TileHead(tile, GONE, "")


def offered(team: Team) -> list[tuple[str, tiles.Options]]:
    """What can be put on a dashboard, in groups; none of them is empty."""
    return [group for group in _groups(team) if group[1]]


def _groups(team: Team) -> Iterator[tuple[str, tiles.Options]]:
    charts = queries.charts(team).order_by("name", "pk").values_list("pk", "name")
    yield "Charts", [(f"chart-{pk}", name) for pk, name in charts]
    for kind in tiles.kinds():
        yield from kind.offered(team)
