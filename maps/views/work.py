from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import queries

CARDS_A_PAGE = 100


@team_view(Role.VIEWER)
def work(request: TeamRequest) -> HttpResponse:
    """The cards that the person is to see to, over all maps of the team."""
    pages = Paginator(queries.list_work(request.team, request.user), CARDS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "maps/work.html", {"pages": pages, "today": timezone.localdate()})
