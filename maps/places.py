"""Everywhere one can go in a team: its pages and actions, maps, charts and datasets, found by their names."""

from dataclasses import dataclass

from django.urls import reverse

from accounts.models import Membership, Role, Team
from flows.models import Dataset, FlowChart
from maps.models import JourneyMap

MOST = 8  # of a kind


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    url: str
    icon: str


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    places: tuple[Place, ...]


# Name, address, icon, and who may.
PAGES = (
    ("New map", "maps:new", "plus", Role.EDITOR),
    ("Import a map", "maps:import_map", "upload", Role.EDITOR),
    ("New flow", "flows:new", "plus", Role.VIEWER),
    ("All maps", "maps:list", "kanban", Role.VIEWER),
    ("All flows", "flows:list", "workflow", Role.VIEWER),
    ("Personas", "maps:personas", "user", Role.VIEWER),
    ("Touchpoints", "maps:touchpoints", "link", Role.VIEWER),
    ("Channels", "maps:channels", "share-2", Role.VIEWER),
    ("Opportunities", "maps:opportunities", "chart-scatter", Role.VIEWER),
    ("Data", "flows:data", "database", Role.VIEWER),
    ("Team", "accounts:team", "users", Role.VIEWER),
    ("Inbox", "accounts:inbox", "inbox", Role.VIEWER),
    ("My work", "maps:work", "list-todo", Role.VIEWER),
)


def search(team: Team, membership: Membership, asked: str) -> tuple[Group, ...]:
    """What is called like `asked`, the last changed first; in three queries. Groups without a hit are left out."""
    maps = JourneyMap.objects.filter(team=team, title__icontains=asked).only("title")[:MOST]
    charts = FlowChart.objects.filter(team=team, name__icontains=asked).order_by("-updated_at").only("name")[:MOST]
    datasets = Dataset.objects.filter(team=team, name__icontains=asked).only("name", "slug")[:MOST]
    groups = (
        Group("Maps", tuple(Place(row.title, _url(team, "maps:map", row.pk), "kanban") for row in maps)),
        Group("Flows", tuple(Place(row.name, _url(team, "flows:chart", row.pk), "workflow") for row in charts)),
        Group("Data", tuple(Place(row.name, _url(team, "flows:dataset", row.slug), "database") for row in datasets)),
        Group(
            "Pages and actions",
            tuple(
                Place(name, _url(team, page), icon)
                for name, page, icon, role in PAGES
                if asked.casefold() in name.casefold() and membership.may(role)
            ),
        ),
    )
    return tuple(group for group in groups if group.places)


def _url(team: Team, page: str, *arguments: object) -> str:
    return reverse(page, args=[team.slug, *arguments])
