"""Pages of charts, each drawn from its last result."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role, ShareLink
from accounts.views.shared import share_page, shared_view
from flows import access, queries
from flows.contexts.shown_chart import shown_tile
from flows.forms.dashboards import TileForm
from flows.models import Dashboard
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
    form = TileForm(request.POST)
    if form.chart is not None:
        try:
            dashboards.add_tile(dashboard=found, chart=access.chart_of(request.team, form.chart))
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
    shown = shown_tile(access.tile_of(access.dashboard_of(request.team, pk), tile))
    return render(request, "flows/tile.html", {"shown": shown, "may_open": True})


@shared_view(Dashboard)
def shared(request: HttpRequest, link: ShareLink, dashboard: Dashboard) -> HttpResponse:
    """The dashboard for whoever holds a link."""
    token = request.path.rstrip("/").rpartition("/")[2]
    tiles = [(each, reverse("shared:dashboard_tile", args=[token, each.pk])) for each in queries.tiles_of(dashboard)]
    return render(request, "flows/shared/dashboard.html", {"link": link, "dashboard": dashboard, "tiles": tiles})


@shared_view(Dashboard)
def shared_tile(request: HttpRequest, link: ShareLink, dashboard: Dashboard, tile: int) -> HttpResponse:
    return render(request, "flows/tile.html", {"shown": shown_tile(access.tile_of(dashboard, tile))})


def _page(request: TeamRequest, found: Dashboard) -> HttpResponse:
    """The page; after a change its grid alone for htmx, and the page again for a form."""
    if request.method == "POST" and not request.htmx:  # type: ignore[attr-defined]
        return redirect("flows:dashboard", request.team.slug, found.pk)
    may_edit = request.membership.may(Role.EDITOR)
    context = {
        "dashboard": found,
        "tiles": queries.tiles_of(found),
        "charts": queries.charts(request.team).order_by("name") if may_edit else (),
        "may_edit": may_edit,
    }
    name = "flows/dashboard.html#grid" if request.method == "POST" else "flows/dashboard.html"
    return render(request, name, context)
