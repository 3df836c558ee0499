from dataclasses import replace

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access
from maps.forms.history import EditingForm, SinceForm
from maps.live import presence
from maps.live.presence import Person
from maps.live.recent import drawn
from maps.live.stream import STREAM, Stream
from maps.log.elements import GRID, HEAD
from maps.log.reading import Shown, shown_since
from maps.models import JourneyMap
from maps.talking import TALK
from maps.talking import shown_since as said_since
from maps.views import answers
from maps.words import when


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
    if (since, talked) == (journey.revision, journey.talked):
        return HttpResponse(status=204)
    shown = _news(journey, since, talked)
    # Nothing of it is this person's own, so it is the same for all who may as much and look at it in the same way.
    look = answers.look_of(request)
    may = next(role.value for role in (Role.EDITOR, Role.COMMENTER, Role.VIEWER) if request.membership.may(role))
    whose = f"{request.user.pk}-{timezone.localdate()}" if look.only else ""
    states = {
        name: f"{seq}:{journey.talked}:{may}:{look.query if name == GRID else ''}:{look.only}:{whose}"
        for name, seq in shown.elements.items()
    }
    # Drawn from the map as it is then: it may have gone on meanwhile.
    parts = drawn(pk, states, lambda names: answers.drawn(request, access.map_of(request.team, pk), names))
    changed = when(shown.made_at, request.team.time_zone)
    content = render_to_string("maps/again.html", {"changed": changed, "parts": parts.values()})
    return answers.says(HttpResponse(content), "map:at", seq=shown.seq, talked=journey.talked)


def _news(journey: JourneyMap, since: int, talked: int) -> Shown:
    """What has been changed and said meanwhile; the whole map where that is not known."""
    shown = Shown(journey.revision, journey.updated_at, {})
    if since != journey.revision:
        shown = shown_since(journey, since) or Shown.all_of(journey)
    if talked != journey.talked:
        shown.elements.update({name: shown.seq for name in said_since(journey, talked) if name not in shown.elements})
    if GRID in shown.elements:
        outside = {name: seq for name, seq in shown.elements.items() if name in (HEAD, TALK, GRID)}
        return replace(shown, elements=outside)
    return shown


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
