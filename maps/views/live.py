from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access
from maps.forms import EditingForm, SinceForm
from maps.live import presence
from maps.live.presence import Person
from maps.live.recent import Recent
from maps.live.stream import STREAM, Stream
from maps.log.reading import shown_since
from maps.talking import shown_since as said_since
from maps.views import answers

RECENT = Recent()


@team_view(Role.VIEWER)
def changes(request: TeamRequest, pk: int) -> HttpResponse:
    """What is new after the operation `since` and the word `talked`, as elements to put in place; 204 for nothing."""
    journey = access.map_of(request.team, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(answers.url(request, journey))
    form = SinceForm(request.GET)
    since = form.cleaned_data["since"] if form.is_valid() else 0
    talked = form.cleaned_data.get("talked") if form.is_valid() else None
    talked = journey.talked if talked is None else talked
    if since == journey.revision and talked == journey.talked:
        return HttpResponse(status=204)
    look = answers.look_of(request)
    may = [request.membership.may(role) for role in (Role.EDITOR, Role.COMMENTER)]
    # Nothing of it is this person's own, so it is the same for all who may as much and look in the same way.
    whose = request.user.pk if look.only else 0
    key = (journey.pk, since, journey.revision, talked, journey.talked, *may, look, timezone.localdate(), whose)

    def draw() -> bytes:
        names = shown_since(journey, since) if since != journey.revision else []
        names += said_since(journey, talked) if talked != journey.talked else []
        return answers.again(request, journey, names).content

    return answers.says(HttpResponse(RECENT.get(key, draw)), "map:at", seq=journey.revision, talked=journey.talked)


@require_GET
@team_view(Role.VIEWER)
def watch(request: TeamRequest, pk: int) -> HttpResponse:
    """News of the map as server-sent events, where the server can stream; 204 tells a browser not to try again."""
    journey = access.map_of(request.team, pk)
    scope = getattr(request, "scope", None)
    session = request.session.session_key
    if scope is None or session is None:
        return HttpResponse(status=204)
    # The last word of the view: what it answers is not sent, the stream takes over.
    scope[STREAM] = Stream(request.team.pk, journey.pk, _person(request), session)
    return HttpResponse(content_type="text/event-stream")


@require_POST
@team_view(Role.EDITOR)
def editing(request: TeamRequest, pk: int) -> HttpResponse:
    """Lets colleagues know in which cell somebody is editing, or with an empty one that nobody is any more."""
    journey = access.map_of(request.team, pk)
    form = EditingForm(request.POST)
    if form.is_valid():
        name, cell = form.cleaned_data["connection"], form.cleaned_data["cell"]
        presence.edit(journey=journey.pk, name=name, person=_person(request), cell=cell)
    return HttpResponse(status=204 if form.is_valid() else 422)


def _person(request: TeamRequest) -> Person:
    face = render_to_string("components/avatar.html", {"name": request.user})
    return Person(request.user.pk, str(request.user), face)
