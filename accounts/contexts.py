from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.queries import memberships_of


def frame(request: HttpRequest) -> dict[str, Any]:
    """What the frame around every page shows: the team, the person's other teams, the place in the rail.

    Pages outside a team say what becomes of e-mails.
    """
    team = getattr(request, "team", None)
    if team is None:
        return {"team": None, "theme": request.COOKIES.get("theme", ""), "mail": settings.MAIL}
    return {
        "team": team,
        "membership": request.membership,  # type: ignore[attr-defined]
        "memberships": memberships_of(request.user),  # type: ignore[arg-type]
        "section": request.path.split("/")[3],
        "theme": request.COOKIES.get("theme", ""),
    }
