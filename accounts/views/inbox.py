"""What a person was told, and the names that complete a mention."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import queries, services
from accounts.access import TeamRequest, team_view
from accounts.forms import LineForm
from accounts.models import Role

LINES_A_PAGE = 50
ASKED_LENGTH = 120


@require_GET
@team_view(Role.VIEWER)
def inbox(request: TeamRequest) -> HttpResponse:
    """Everything, or with `show=unread` what has not been read yet."""
    lines = queries.inbox(request.team, request.user)
    unread = lines.filter(read_at=None)
    only_unread = request.GET.get("show") == "unread"
    pages = Paginator(unread if only_unread else lines, LINES_A_PAGE).get_page(request.GET.get("page"))
    context = {"pages": pages, "only_unread": only_unread, "unread_count": unread.count()}
    return render(request, "accounts/inbox.html", context)


@require_GET
@team_view(Role.VIEWER)
def open_notification(request: TeamRequest, pk: int) -> HttpResponse:
    """Goes where it happened; the line counts as read."""
    line = get_object_or_404(queries.inbox(request.team, request.user), pk=pk)
    services.mark_read(team=request.team, user=request.user, notification=line.pk)
    return redirect(line.url)


@require_POST
@team_view(Role.VIEWER)
def mark_read(request: TeamRequest) -> HttpResponse:
    """The line that the form names, or all of them."""
    form = LineForm(request.POST)
    if form.is_valid():
        line = form.cleaned_data["line"]
        services.mark_read(team=request.team, user=request.user, notification=line)
    return redirect(f"{reverse('accounts:inbox', args=[request.team.slug])}?{request.GET.urlencode()}")


@require_GET
@team_view(Role.VIEWER)
def people(request: TeamRequest) -> HttpResponse:
    """Members whose names begin like `q`, to choose from while somebody writes a mention."""
    asked = request.GET.get("q", "")[:ASKED_LENGTH].replace("\x00", "")
    return render(request, "accounts/people.html", {"people": queries.suggested(request.team, asked)})
