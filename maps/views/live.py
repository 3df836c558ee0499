from django.http import HttpResponse
from django.shortcuts import redirect

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access
from maps.forms import SinceForm
from maps.log.reading import shown_since
from maps.views import answers


@team_view(Role.VIEWER)
def changes(request: TeamRequest, pk: int) -> HttpResponse:
    """What has changed on the map after the operation `since`, as elements to put in place; 204 where nothing has."""
    journey = access.map_of(request.team, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(answers.url(request, journey))
    form = SinceForm(request.GET)
    since = form.cleaned_data["since"] if form.is_valid() else 0
    if since == journey.revision:
        return HttpResponse(status=204)
    answer = answers.again(request, journey, shown_since(journey, since))
    return answers.says(answer, "map:at", seq=journey.revision)
