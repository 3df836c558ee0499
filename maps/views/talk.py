"""Comments beside the map: lists of threads, and one thread. Without htmx it is the page of the map, with them open."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, services, talking
from maps.forms.talk import SayForm, TalkForm
from maps.models import Comment, JourneyMap
from maps.targets import target_of
from maps.views import answers

PANEL = "maps/talk/{}.html"


@team_view(Role.VIEWER, write=Role.COMMENTER)
def comments(request: TeamRequest, pk: int) -> HttpResponse:
    """The threads that the address asks for; a POST begins one. What a part has been said about alone opens at once."""
    journey = access.map_of(request.team, pk)
    if request.method != "POST":
        asked = TalkForm(request.GET).asked
        found = talking.threads(journey, asked, by=request.user, page=request.GET.get("page"))
        if asked.about and found.paginator.count == 1 and "new" not in request.GET:
            return _thread(request, journey, found[0])
        return _list(request, journey)
    form = SayForm(request.POST)
    about, body = _said(form)
    try:
        first = services.start_thread(journey=journey, by=request.user, about=about, body=body)
    except ValidationError as error:
        return _list(request, journey, about=about, typed=body, error=error, status=422)
    return _written(request, journey, first)


@team_view(Role.VIEWER, write=Role.COMMENTER)
def thread(request: TeamRequest, pk: int, comment: int) -> HttpResponse:
    """The thread in which the comment stands; a POST adds one more."""
    journey = access.map_of(request.team, pk)
    first = talking.thread_with(journey, comment)
    if request.method != "POST":
        return _thread(request, journey, first)
    _, body = _said(SayForm(request.POST))
    try:
        said = services.reply(journey=journey, by=request.user, thread=first.pk, body=body)
    except ValidationError as error:
        return _thread(request, journey, first, typed=body, error=error, status=422)
    return _written(request, journey, said)


@team_view(Role.COMMENTER)
def edit(request: TeamRequest, pk: int, comment: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = access.own_comment_of(journey, comment, request.user)
    first = talking.thread_with(journey, comment)
    if request.method != "POST":
        return _thread(request, journey, first, open_comment=row.pk, edited=row.body)
    _, body = _said(SayForm(request.POST))
    try:
        said = services.edit_comment(journey=journey, by=request.user, comment=comment, body=body)
    except ValidationError as error:
        return _thread(request, journey, first, open_comment=row.pk, edited=body, edit_error=error, status=422)
    return _written(request, journey, said)


@require_POST
@team_view(Role.COMMENTER)
def remove(request: TeamRequest, pk: int, comment: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    row = services.remove_comment(journey=journey, by=request.user, comment=comment)
    first = row.thread or row
    if not first.size:
        return _to(request, journey, _url(request, journey, "comments"), _list)
    return _written(request, journey, first)


@require_POST
@team_view(Role.EDITOR)
def resolve(request: TeamRequest, pk: int, comment: int) -> HttpResponse:
    """Resolves the thread, or reopens it with `resolved=0`."""
    journey = access.map_of(request.team, pk)
    resolved = request.POST.get("resolved") != "0"
    first = services.resolve_thread(journey=journey, by=request.user, thread=comment, resolved=resolved)
    return _written(request, journey, first)


def _said(form: SayForm) -> tuple[str, str]:
    """What it is about, and the text as it was typed."""
    return (form.cleaned_data.get("about", "") if form.is_valid() else ""), form.data.get("body", "")


def _written(request: TeamRequest, journey: JourneyMap, comment: Comment) -> HttpResponse:
    """To the thread, where the comment stands now."""
    first = comment.thread or comment
    url = _url(request, journey, "thread", first.pk)
    return _to(request, journey, f"{url}#comment-{comment.pk}", _thread, access.thread_of(journey, first.pk))


def _to(request: TeamRequest, journey: JourneyMap, url: str, draw: Any, *what: Comment) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(url)
    return answers.says(draw(request, journey, *what), "map:talked", talked=journey.talked)


def _list(
    request: TeamRequest, journey: JourneyMap, *, about: str = "", status: int = 200, **more: Any
) -> HttpResponse:
    asked = TalkForm(request.GET).asked
    found = talking.threads(journey, asked, by=request.user, page=request.GET.get("page"))
    target = target_of(journey, about or asked.about or "map")
    here = _url(request, journey, "comments")
    more |= {"asked": asked, "shows": talking.SHOWS, "pages": found, "target": target, "here": here}
    more |= {"url": f"{here}?{asked.query}" if asked.query else here}
    return _panel(request, journey, "list", threads=talking.placed(journey, found), status=status, **more)


def _thread(
    request: TeamRequest, journey: JourneyMap, first: Comment, *, status: int = 200, **more: Any
) -> HttpResponse:
    (thread,) = talking.placed(journey, [first])
    more |= {"thread": thread, "said": talking.said_in(first), "here": request.path}
    more |= {"url": _url(request, journey, "thread", first.pk)}
    return _panel(request, journey, "thread", status=status, **more)


def _url(request: TeamRequest, journey: JourneyMap, name: str, *keys: int) -> str:
    return reverse(f"maps:{name}", args=[request.team.slug, journey.pk, *keys])


def _panel(request: TeamRequest, journey: JourneyMap, name: str, *, status: int, **more: Any) -> HttpResponse:
    more |= {"talk": PANEL.format(name), "people": reverse("accounts:people", args=[request.team.slug])}
    if not request.htmx:  # type: ignore[attr-defined]
        return answers.page(request, journey, status=status, **more)
    return render(request, more["talk"], answers.context(request, journey, **more), status=status)
