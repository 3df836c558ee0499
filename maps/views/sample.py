from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role, Team
from maps.sample import services


@require_POST
@login_required
def add(request: TeamRequest) -> HttpResponse:
    """A sample team of the person's own, to look around in, one for each; its events come in through the worker."""
    team = Team.objects.filter(is_sample=True, memberships__user=request.user).first()
    team = team or services.make_sample_team(owner=request.user)
    return redirect("maps:list", team_slug=team.slug)


@require_POST
@team_view(Role.OWNER)
def remove(request: TeamRequest) -> HttpResponse:
    try:
        services.remove_sample_team(team=request.team)
    except services.NotSample:
        raise PermissionDenied("Only a sample team is removed this way.") from None
    return redirect("home")
