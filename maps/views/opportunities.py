from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms.cards import DetailsForm
from maps.forms.ideas import IdeasForm, ScoreForm
from maps.ideas import FILTERS, ORDERS, board, choices, shared_out, weighed
from maps.models import Opportunity
from maps.services import Conflict

IDEAS_A_PAGE = 50
CHANGED = "Somebody changed this card meanwhile. Save again to put what stands here in place of theirs."


@team_view(Role.VIEWER)
def listing(request: TeamRequest) -> HttpResponse:
    """The ideas of all maps on a board and beside it as a list, narrowed by what the address says."""
    return _page(request)


@require_GET
@team_view(Role.VIEWER)
def pulse(request: TeamRequest) -> HttpResponse:
    """A word that is another one after any change of the team's maps."""
    return HttpResponse(queries.pulse(request.team), content_type="text/plain", headers={"Cache-Control": "no-store"})


@team_view(Role.VIEWER, write=Role.EDITOR)
def opportunity(request: TeamRequest, card: int) -> HttpResponse:
    """One idea with all that it says, beside the others; a POST saves it in its map."""
    idea = access.idea_of(request.team, card)
    if request.method != "POST":
        return redirect(_address(request, card))
    form = DetailsForm(request.POST, card=idea.card, team=request.team)
    if form.is_valid():
        body, version = form.cleaned_data["body"], form.cleaned_data["version"]
        try:
            services.save_card(
                journey=idea.map, by=request.user, card=card, version=version, body=body, details=form.details
            )
            return _page(request, shown=card) if request.htmx else redirect(_address(request, card))  # type: ignore[attr-defined]
        except ValidationError as error:
            form.add_error(None, error)
        except Conflict as conflict:
            form = DetailsForm(_with_version(request, conflict), card=idea.card, team=request.team)
            form.add_error(None, CHANGED)
    return _page(request, shown=card, form=form, status=422)


@require_POST
@team_view(Role.EDITOR)
def score(request: TeamRequest) -> HttpResponse:
    """An idea was put elsewhere on the board."""
    form = ScoreForm(request.POST)
    if not form.is_valid():
        messages.error(request, "An idea goes to an effort from 1 to 5 and an impact from 1 to 5.")
        return _page(request, status=422)
    said = form.cleaned_data
    idea = access.idea_of(request.team, said["card"])
    values = shared_out(said["points"], value=idea.value, business_value=idea.business_value)
    details = {"effort": said["effort"], **dict(zip(("value", "business_value"), values, strict=True))}
    try:
        services.save_card(
            journey=idea.map, by=request.user, card=said["card"], version=said["version"], details=details
        )
    except Conflict:
        messages.error(
            request, "Somebody changed this idea meanwhile, so it was not moved. It stands where they put it."
        )
        return _page(request, drawn=said["card"], status=409)
    return _page(request, drawn=said["card"])


def _page(
    request: TeamRequest, *, shown: int = 0, drawn: int = 0, form: DetailsForm | None = None, status: int = 200
) -> HttpResponse:
    """`shown` is the card whose idea is open, `drawn` one that the board must not leave out."""
    pulse = queries.pulse(request.team)  # Before anything else is read, so that no change falls between.
    asked = IdeasForm(request.GET)
    chosen = asked.chosen
    ideas = weighed(queries.list_opportunities(request.team), chosen)
    shown = shown or chosen.get("idea", 0)
    context: dict[str, Any] = {
        "pulse": pulse,
        "board": board(ideas, shown=drawn or shown),
        "pages": Paginator(ideas, IDEAS_A_PAGE).get_page(request.GET.get("page")),
        "choices": choices(request.team),
        "statuses": Opportunity.Status,
        "asked": asked,
        "chosen": chosen,
        "filters": [name for name in FILTERS if name in chosen],
        "orders": ORDERS,
        "shown": shown,
        "may_edit": request.membership.may(Role.EDITOR),
    }
    if shown:
        context["idea"] = access.idea_of(request.team, shown)
        context["form"] = form or DetailsForm(card=context["idea"].card, team=request.team)
    part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    return render(
        request, "maps/opportunities.html#ideas" if part else "maps/opportunities.html", context, status=status
    )


def _with_version(request: TeamRequest, conflict: Conflict) -> QueryDict:
    """What was typed, to be saved over what has been read now."""
    typed = request.POST.copy()
    typed["version"] = str(conflict.theirs.version)
    return typed


def _address(request: TeamRequest, card: int) -> str:
    query = request.GET.copy()
    query["idea"] = str(card)
    return f"{reverse('maps:opportunities', args=[request.team.slug])}?{query.urlencode()}#idea-{card}"
