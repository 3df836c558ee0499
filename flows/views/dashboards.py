"""Pages of charts, each drawn from its last result, and of what other apps offer."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role, ShareLink
from accounts.views.shared import share_page, shared_view
from flows import access, queries, tiles
from flows.contexts.shown_chart import shown_tile
from flows.contexts.tiles import offered, tile_head, tile_heads
from flows.forms.dashboards import TileForm
from flows.models import Dashboard, Tile
from flows.services import dashboards


@team_view(Role.VIEWER, write=Role.EDITOR)
def listing(request: TeamRequest) -> HttpResponse:
    """The team's dashboards; POST makes one."""
    if request.method == "POST":
        try:
            made = dashboards.create_dashboard(team=request.team, name=request.POST.get("name", ""), by=request.user)
        except ValidationError as error:
            messages.error(request, error.messages[0])
            return redirect("flows:dashboards", request.team.slug)
        return redirect("flows:dashboard", request.team.slug, made.pk)
    context = {"dashboards": queries.dashboards(request.team), "may_edit": request.membership.may(Role.EDITOR)}
    return render(request, "flows/dashboards.html", context)


@team_view(Role.VIEWER, write=Role.EDITOR)
def dashboard(request: TeamRequest, pk: int) -> HttpResponse:
    """POST gives it another name."""
    found = access.dashboard_of(request.team, pk)
    if request.method == "POST":
        try:
            dashboards.rename_dashboard(dashboard=found, name=request.POST.get("name", ""))
        except ValidationError as error:
            messages.error(request, error.messages[0])
        return redirect("flows:dashboard", request.team.slug, pk)
    return _page(request, found)


@require_POST
@team_view(Role.EDITOR)
def delete(request: TeamRequest, pk: int) -> HttpResponse:
    dashboards.delete_dashboard(dashboard=access.dashboard_of(request.team, pk))
    return redirect("flows:dashboards", request.team.slug)


@team_view(Role.EDITOR)
def share(request: TeamRequest, pk: int) -> HttpResponse:
    found = access.dashboard_of(request.team, pk)
    back = reverse("flows:dashboard", args=[request.team.slug, pk])
    return share_page(request, found, name=found.name, back=back, shown_at="shared:dashboard")


@require_POST
@team_view(Role.EDITOR)
def add_tile(request: TeamRequest, pk: int) -> HttpResponse:
    found = access.dashboard_of(request.team, pk)
    if what := TileForm(request.POST).what:
        name, key, part = what
        try:
            if name == "chart":
                dashboards.add_tile(dashboard=found, chart=access.chart_of(request.team, key))
            else:
                target = access.target_of(request.team, name, key, part)
                dashboards.add_excerpt(dashboard=found, target=target, part=part)
        except ValidationError as error:
            messages.error(request, error.messages[0])
    return _page(request, found)


@require_POST
@team_view(Role.EDITOR)
def change_tile(request: TeamRequest, pk: int, tile: int) -> HttpResponse:
    """Move, resize or remove a tile, by one step (`action`) or to a place and a size."""
    found = access.dashboard_of(request.team, pk)
    changed = access.tile_of(found, tile)
    form = TileForm(request.POST)
    if form.action == "remove":
        dashboards.remove_tile(tile=changed)
    if (to := form.position(changed)) is not None:
        dashboards.move_tile(tile=changed, to=to)
    if (size := form.size(changed)) is not None:
        dashboards.resize_tile(tile=changed, width=size[0], height=size[1])
    return _page(request, found)


@require_GET
@team_view(Role.VIEWER)
def tile(request: TeamRequest, pk: int, tile: int) -> HttpResponse:
    """What stands in a tile, fetched once it comes into sight."""
    found = access.tile_of(access.dashboard_of(request.team, pk), tile)
    return _contents(request, found, may_open=True, url=tile_head(found, request.team).url)


@shared_view(Dashboard)
def shared(request: HttpRequest, link: ShareLink, dashboard: Dashboard) -> HttpResponse:
    """The dashboard for whoever holds a link."""
    token = request.path.rstrip("/").rpartition("/")[2]
    heads = [(head, reverse("shared:dashboard_tile", args=[token, head.tile.pk])) for head in tile_heads(dashboard)]
    return render(request, "flows/shared/dashboard.html", {"link": link, "dashboard": dashboard, "heads": heads})


@shared_view(Dashboard)
def shared_tile(request: HttpRequest, link: ShareLink, dashboard: Dashboard, tile: int) -> HttpResponse:
    return _contents(request, access.tile_of(dashboard, tile))


def _contents(request: HttpRequest, tile: Tile, **more: Any) -> HttpResponse:
    """What stands in a tile; `more` is for members."""
    if tile.chart:
        return render(request, "flows/tile.html", {"shown": shown_tile(tile, tile.chart), **more})
    if kind := tiles.kind_of(tile.target):
        return render(request, kind.template, {"shown": kind.shown(tile.target, tile.part), **more})
    return render(request, "flows/tile_gone.html")


def _page(request: TeamRequest, found: Dashboard) -> HttpResponse:
    """The page; after a change its grid alone for htmx, and the page again for a form."""
    if request.method == "POST" and not request.htmx:  # type: ignore[attr-defined]
        return redirect("flows:dashboard", request.team.slug, found.pk)
    may_edit = request.membership.may(Role.EDITOR)
    context = {
        "dashboard": found,
        "heads": tile_heads(found),
        "offered": offered(request.team) if may_edit else (),
        "may_edit": may_edit,
    }
    name = "flows/dashboard.html#grid" if request.method == "POST" else "flows/dashboard.html"
    return render(request, name, context)
