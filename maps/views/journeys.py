from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms.maps import MapsForm, NewMapForm, NumberForm, SettingsForm
from maps.library import TEMPLATES
from maps.listing import FILTERS, ORDERS, columns, narrowed, shelf
from maps.searching import LONGEST, MOST_HITS, hits
from maps.trust import evidence_of
from maps.views import answers

MAPS_A_PAGE = 100


@team_view(Role.VIEWER)
def listing(request: TeamRequest) -> HttpResponse:
    """The team's maps as a list or as a board, narrowed by what the address says."""
    return _maps(request)


@team_view(Role.VIEWER)
def search(request: TeamRequest) -> HttpResponse:
    """Words in all that the maps say; what is found changes while somebody types."""
    asked = request.GET.get("q", "")
    found = hits(request.team, asked)
    name = "maps/search.html#found" if request.htmx else "maps/search.html"  # type: ignore[attr-defined]
    return render(request, name, {"asked": asked[:LONGEST], "hits": found, "most": len(found) == MOST_HITS})


@require_POST
@team_view(Role.EDITOR)
def set_status(request: TeamRequest, pk: int) -> HttpResponse:
    """From the list or the board, which come back as they were."""
    row = access.map_of(request.team, pk)
    try:
        services.update_map(journey=row, by=request.user, status=request.POST.get("status", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    if request.htmx:  # type: ignore[attr-defined]
        return _maps(request)
    back = reverse("maps:list", args=[request.team.slug])
    return redirect(f"{back}?{request.GET.urlencode()}#map-{row.pk}")


def _maps(request: TeamRequest) -> HttpResponse:
    form = MapsForm(request.GET)
    chosen = form.chosen
    board = chosen.get("view") == "board"
    found = list(narrowed(queries.list_maps(request.team), chosen, today=timezone.localdate(), all_statuses=board))
    in_columns = columns(found) if board else None
    pages = None if board else Paginator(found, MAPS_A_PAGE).get_page(request.GET.get("page"))
    shown = [row for column in in_columns or () for row in column.maps] + list(pages or ())
    known = evidence_of([row.pk for row in shown])
    for row in shown:
        row.evidence = known.get(row.pk)  # type: ignore[attr-defined]
    context = {
        "board": in_columns,
        "pages": pages,
        "found": len(found),
        "shelf": shelf(request.team),
        "form": form,
        "chosen": chosen,
        "filters": [name for name in FILTERS if name in chosen and not (board and name == "status")],
        "orders": ORDERS,
        "today": timezone.localdate(),
        "may_edit": request.membership.may(Role.EDITOR),
    }
    name = "maps/list.html#maps" if request.htmx else "maps/list.html"  # type: ignore[attr-defined]
    return render(request, name, context)


@team_view(Role.EDITOR)
def new(request: TeamRequest) -> HttpResponse:
    """Choose a template and a title; a map is made from them."""
    form = NewMapForm(request.POST or None, initial={"template": request.GET.get("template", "lifecycle")})
    if request.method == "POST" and form.is_valid():
        template = TEMPLATES[form.cleaned_data["template"]]
        try:
            journey = services.create_map(
                team=request.team, by=request.user, title=form.cleaned_data["title"], template=template
            )
            return redirect("maps:map", request.team.slug, journey.pk)
        except ValidationError as error:
            form.add_error("title", error)
    context = {"form": form, "templates": list(TEMPLATES.values())}
    return render(request, "maps/new.html", context, status=422 if form.is_bound else 200)


@team_view(Role.VIEWER)
def journey(request: TeamRequest, pk: int) -> HttpResponse:
    return answers.page(request, access.map_of(request.team, pk))


@team_view(Role.VIEWER)
def present(request: TeamRequest, pk: int) -> HttpResponse:
    """One stage at a time, to be looked at together."""
    row = access.map_of(request.team, pk)
    asked = NumberForm(request.GET)
    page = queries.map_page(request.team, row, number=asked.cleaned_data["stage"] if asked.is_valid() else 1)
    data = answers.context(request, row, page=page.seen(answers.look_of(request)), count=row.stages.count())
    data |= {
        "may_edit": False,
        "talks": False,
        "may_talk": False,
        "channel_icons": answers.CHANNEL_ICONS,
        "stage": page.stages[0],
    }
    template = "maps/present.html#stage" if request.htmx else "maps/present.html"  # type: ignore[attr-defined]
    return render(request, template, data)


@team_view(Role.EDITOR)
def settings(request: TeamRequest, pk: int) -> HttpResponse:
    """Title, status and what the map is about."""
    row = access.map_of(request.team, pk)
    form = SettingsForm(request.POST or None, instance=access.map_of(request.team, pk))
    if request.method == "POST" and form.is_valid():
        try:
            services.update_map(journey=row, by=request.user, **form.cleaned_data)
            return answers.to_map(request, row)
        except ValidationError as error:
            form.add_error(None, error)
    status = 422 if form.is_bound else 200
    folders = shelf(request.team).folders
    return answers.panel(request, row, "settings", form=form, folders=folders, title="About this map", status=status)
