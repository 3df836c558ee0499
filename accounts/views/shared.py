"""Pages behind a link, for whoever holds it, and the page on which a team makes such links."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from csp.constants import NONE
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import sharing
from accounts.access import TeamRequest, team_view
from accounts.forms import ShareForm
from accounts.models import Role, ShareLink


def shared_view(model: type[Model]) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let in whoever holds a link to a `model`, and hand on link, object and place; everybody else meets the same 404.

    With `embed` other sites may show the page in a frame, if the link allows that.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def inner(request: HttpRequest, token: str, embed: bool = False, **place: int) -> HttpResponse:
            link = sharing.link_of(token, model)
            if link is None or (embed and not link.embeddable):
                raise Http404("There is no such link.")
            if not sharing.is_unlocked(link, request.session):
                return _kept_apart(_ask_password(request, link))
            if request.method not in ("GET", "HEAD"):
                return HttpResponseNotAllowed(["GET", "HEAD"])
            request.is_embedded = embed  # type: ignore[attr-defined]
            with timezone.override(link.team.time_zone):
                answer = _kept_apart(view(request, link, link.target, **place))
            answer["Referrer-Policy"] = "no-referrer"
            if embed:
                answer.xframe_options_exempt = True
                answer._csp_replace = {"frame-ancestors": ["*"], "form-action": [NONE]}  # type: ignore[attr-defined]
            return answer

        return inner

    return decorate


def _kept_apart(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "private, no-store"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _ask_password(request: HttpRequest, link: ShareLink) -> HttpResponse:
    problem, status = "", 200
    if request.method == "POST":
        try:
            if sharing.try_password(link=link, password=request.POST.get("password", ""), session=request.session):
                return redirect(request.path)
            problem, status = "That is not the password.", 422
        except sharing.TooManyTries:
            problem, status = "Too many wrong passwords. Try again in a quarter of an hour.", 429
    return render(request, "accounts/share_password.html", {"problem": problem}, status=status)


def share_page(request: TeamRequest, target: Model, *, name: str, back: str, shown_at: str) -> HttpResponse:
    """Lists the links to `target` and makes new ones, as a page and in a dialog.

    `name` is what the target is called, `back` the address of its page. `shown_at` names the address behind a link;
    with `embed_` before it, the one for frames.
    """
    form = ShareForm(request.POST or None)
    made: dict[str, str] = {}
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        until = data.pop("until")
        expires_at = _end_of(until, request.team.time_zone) if until else None
        try:
            link, token = sharing.share(
                team=request.team, target=target, by=request.user, expires_at=expires_at, **data
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            made = {"url": request.build_absolute_uri(reverse(shown_at, args=[token]))}
            if link.embeddable:
                app, _, short = shown_at.rpartition(":")
                made["embed"] = request.build_absolute_uri(reverse(f"{app}:embed_{short}", args=[token]))
            form = ShareForm()
    context = {"form": form, "made": made, "links": sharing.open_links(target), "name": name, "back": back}
    template = "accounts/share.html#share" if request.htmx else "accounts/share.html"  # type: ignore[attr-defined]
    answer = render(request, template, context, status=422 if form.errors else 200)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _end_of(day: Any, zone: str) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))


@require_POST
@team_view(Role.EDITOR)
def revoke(request: TeamRequest, pk: int) -> HttpResponse:
    """Take a link back; `next` is the page of the links."""
    sharing.revoke(link=get_object_or_404(ShareLink, team=request.team, pk=pk))
    here = reverse("home") + f"t/{request.team.slug}/"
    back = request.POST.get("next", "")
    return redirect(back if back.startswith(here) else here + "team/")
