import uuid

from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access

YEAR = 365 * 24 * 3600


@require_safe
@team_view(Role.VIEWER)
def picture(request: TeamRequest, name: uuid.UUID) -> HttpResponse:
    """A picture of the team. Under one name it stays the same for ever."""
    row = access.picture_of(request.team, name)
    try:
        with default_storage.open(row.file) as file:
            answer = HttpResponse(file.read(), content_type="image/webp")
    except FileNotFoundError:
        raise Http404("The file is gone.") from None
    answer["Cache-Control"] = f"private, max-age={YEAR}, immutable"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
