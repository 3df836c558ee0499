from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, services
from maps.forms.history import UndoForm
from maps.log.reading import redoable, undoable
from maps.models import JourneyMap, Operation
from maps.services import NothingToUndo, Refused
from maps.views import answers
from maps.words import when


@require_POST
@team_view(Role.EDITOR)
def undo(request: TeamRequest, pk: int) -> HttpResponse:
    """Takes back one's last change, the change `seq`, or the last one `before` a change that was refused."""
    form = UndoForm(request.POST)
    return _answer(request, pk, services.undo, **(form.cleaned_data if form.is_valid() else {}))


@require_POST
@team_view(Role.EDITOR)
def redo(request: TeamRequest, pk: int) -> HttpResponse:
    return _answer(request, pk, services.redo)


def _answer(request: TeamRequest, pk: int, service: Callable[..., Operation], **which: Any) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    shows: list[str] = []
    past = None
    try:
        operation = service(journey=journey, by=request.user, **which)
        shows = operation.shows
        messages.success(request, f"{capfirst(operation.sentence)}.")
    except NothingToUndo as nothing:
        messages.info(request, str(nothing))
    except ValidationError as error:
        messages.error(request, f"Not possible: {' '.join(error.messages)}")
    except Refused as refused:
        past = refused.wanted.seq
        messages.error(request, _why(request, refused))
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("maps:history" if "history" in request.POST else "maps:map", request.team.slug, pk)
    return _buttons(request, access.map_of(request.team, pk), shows, past)


def _buttons(request: TeamRequest, journey: JourneyMap, shows: list[str], past: int | None) -> HttpResponse:
    """What changed, and what can be taken back and done again from here; past what was refused, the one before it."""
    candidates = undoable(journey, request.user)
    last = candidates.filter(seq__lt=past).first() if past else candidates.first()
    redo = redoable(journey, request.user).first()
    answer = answers.again(request, journey, shows, "maps/undone.html", undo=last, redo=redo, past=past)
    return answers.says(answer, "map:saved" if shows else "map:same", seq=journey.revision)


def _why(request: TeamRequest, refused: Refused) -> str:
    since = refused.since
    if since is None:
        return f"Not taken back, because it has been changed since: {refused.wanted.sentence}."
    who = "you" if since.actor_id == request.user.pk else since.actor or "somebody"
    at = when(since.made_at, request.team.time_zone)
    return f"Not taken back, because {who} {since.sentence} since then ({at}). What they did would be lost."
