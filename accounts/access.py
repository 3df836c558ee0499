"""The only door to a team: a stranger meets a 404, a member who lacks the role a 403."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models import Membership, Role, Team, User

P = ParamSpec("P")


class TeamRequest(HttpRequest):
    """A request of a signed-in member, as `team_view` hands it on."""

    user: User
    team: Team
    membership: Membership


def membership_of(user: User, team_slug: str) -> Membership:
    """Raises Http404 for a stranger, whether or not the team exists."""
    membership = Membership.objects.select_related("team").filter(user=user, team__slug=team_slug).first()
    if membership is None:
        raise Http404("No such team.")
    return membership


def member_of(team: Team, pk: int) -> User:
    return get_object_or_404(team.members, pk=pk)


def require(membership: Membership, role: Role) -> None:
    """Raises PermissionDenied where the member has fewer rights than `role`."""
    if not membership.may(role):
        raise PermissionDenied(
            f"This needs the role {role.label.lower()}, yours is {membership.get_role_display().lower()}."
        )


def team_view(
    role: Role, *, write: Role | None = None
) -> Callable[[Callable[Concatenate[TeamRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let members with `role` in, and set `request.team` and `request.membership`.

    `write` is the role asked for methods that change something; the same as `role` if not given.
    """

    def decorate(
        view: Callable[Concatenate[TeamRequest, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        @login_required
        def inner(request: TeamRequest, team_slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            membership = membership_of(request.user, team_slug)
            safe = request.method in ("GET", "HEAD", "OPTIONS")
            require(membership, role if safe or write is None else write)
            request.team, request.membership = membership.team, membership
            # Every time on the pages of a team is told in the team's zone.
            with timezone.override(membership.team.time_zone):
                return view(request, *args, **kwargs)

        return inner

    return decorate
