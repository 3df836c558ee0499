from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms.heads import NameForm
from maps.forms.shared import MergeForm
from maps.views.channels import USES_A_PAGE

NAMES_A_PAGE = 100
MOST_OTHERS = 500


@team_view(Role.VIEWER)
def listing(request: TeamRequest) -> HttpResponse:
    """The names of all touchpoints, and where each is used."""
    asked = request.GET.get("q", "").replace("\0", "").strip()[:160]
    names = queries.list_touchpoint_names(request.team, asked)
    context = {"pages": Paginator(names, NAMES_A_PAGE).get_page(request.GET.get("page")), "asked": asked}
    return render(request, "maps/touchpoints.html", context)


@team_view(Role.VIEWER, write=Role.EDITOR)
def touchpoint(request: TeamRequest, touchpoint: int) -> HttpResponse:
    """Where the touchpoints are that are called like this one; they can be given another name all at once."""
    row = access.touchpoint_of(request.team, touchpoint)
    form = NameForm(request.POST or None, initial={"name": row.card.body})
    form.is_bound = request.method == "POST"
    if form.is_bound and form.is_valid():
        try:
            cards = services.rename_touchpoint(touchpoint=row, by=request.user, **form.cleaned_data)
            messages.success(request, f"Renamed on {cards} {'card' if cards == 1 else 'cards'}.")
            return redirect("maps:touchpoint", request.team.slug, touchpoint)
        except ValidationError as error:
            form.add_error("name", error)
    uses = queries.list_touchpoints(request.team, card__body=row.card.body)
    context = {
        "touchpoint": row,
        "form": form,
        "others": queries.list_touchpoint_names(request.team).exclude(body=row.card.body)[:MOST_OTHERS],
        "pages": Paginator(uses, USES_A_PAGE).get_page(request.GET.get("page")),
        "may_edit": request.membership.may(Role.EDITOR),
    }
    return render(request, "maps/touchpoint.html", context, status=422 if form.is_bound else 200)


@require_POST
@team_view(Role.EDITOR)
def merge(request: TeamRequest, touchpoint: int) -> HttpResponse:
    row = access.touchpoint_of(request.team, touchpoint)
    form = MergeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the touchpoint whose name stays.")
        return redirect("maps:touchpoint", request.team.slug, touchpoint)
    into = access.touchpoint_of(request.team, form.cleaned_data["into"])
    try:
        services.merge_touchpoints(touchpoint=row, into=into, by=request.user)
        messages.success(request, f"“{row.card.body}” is now called “{into.card.body}” everywhere.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("maps:touchpoint", request.team.slug, into.card_id)
