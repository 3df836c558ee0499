from collections.abc import Collection
from dataclasses import replace
from time import monotonic
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, drawn
from maps.forms.history import EditingForm, SinceForm
from maps.live import presence
from maps.live.presence import Person
from maps.live.stream import STREAM, Stream
from maps.log.elements import GRID, OUTSIDE
from maps.log.reading import Shown, shown_since
from maps.models import JourneyMap
from maps.talking import TALK
from maps.talking import shown_since as said_since
from maps.views import answers
from maps.words import when

KEPT_FOR = 60  # seconds


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
    parts = _drawn(request, journey, shown.elements)
    changed = when(shown.made_at, request.team.time_zone)
    content = render_to_string("maps/again.html", {"changed": changed, "parts": parts})
    return answers.says(HttpResponse(content), "map:at", seq=shown.seq, talked=journey.talked)


def _drawn(request: TeamRequest, journey: JourneyMap, elements: dict[str, int]) -> list[str]:
    """The HTML of elements that show at least the given operations, drawn once for all who follow."""
    # Nothing of it is this person's own, so it is the same for all who may as much and look at it in the same way.
    look = answers.look_of(request)
    may = next(role.value for role in (Role.EDITOR, Role.COMMENTER, Role.VIEWER) if request.membership.may(role))
    whose = (request.user.pk, timezone.localdate()) if look.only else None
    # What is no change of the map (the name of a channel) has to be seen some time too.
    lately = monotonic() // KEPT_FOR
    states = {
        (journey.pk, may, look.only, whose, look.query if name == GRID else "", name): (seq, journey.talked, lately)
        for name, seq in elements.items()
    }

    def draw(places: Collection[tuple[Any, ...]]) -> dict[tuple[Any, ...], str]:
        # From the map as it is by now: it may have gone on meanwhile.
        found = answers.drawn(request, access.map_of(request.team, journey.pk), [place[-1] for place in places])
        return {place: found[place[-1]] for place in places if place[-1] in found}

    return list(drawn.news.get_all(states, draw).values())


def _news(journey: JourneyMap, since: int, talked: int) -> Shown:
    """What has been changed and said meanwhile; the whole map where that is not known."""
    shown = Shown(journey.revision, journey.updated_at, {})
    if since != journey.revision:
        shown = shown_since(journey, since) or Shown.all_of(journey)
    if talked != journey.talked:
        shown.elements.update({name: shown.seq for name in said_since(journey, talked) if name not in shown.elements})
    if GRID in shown.elements:
        outside = {name: seq for name, seq in shown.elements.items() if name in (*OUTSIDE, TALK, GRID)}
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
