from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms import NewMapForm, NumberForm, SettingsForm
from maps.library import TEMPLATES
from maps.models import JourneyMap
from maps.views import answers


@team_view(Role.VIEWER)
def listing(request: TeamRequest) -> HttpResponse:
    maps = list(queries.list_maps(request.team))
    context = {
        "maps": [journey for journey in maps if journey.status != JourneyMap.Status.ARCHIVED],
        "archived": [journey for journey in maps if journey.status == JourneyMap.Status.ARCHIVED],
        "may_edit": request.membership.may(Role.EDITOR),
    }
    return render(request, "maps/list.html", context)


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
    data |= {"may_edit": False, "channel_icons": answers.CHANNEL_ICONS, "stage": page.stages[0]}
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
            return _to_map(request, row)
        except ValidationError as error:
            form.add_error(None, error)
    status = 422 if form.is_bound else 200
    return answers.panel(request, row, "settings", form=form, title="About this map", status=status)


def _to_map(request: TeamRequest, row: JourneyMap) -> HttpResponse:
    """Title and status stand in the frame of the page, so the page is loaded anew."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": answers.url(request, row)})
    return redirect(answers.url(request, row))


@team_view(Role.VIEWER)
def opportunities(request: TeamRequest) -> HttpResponse:
    return render(request, "maps/opportunities.html", {"opportunities": queries.list_opportunities(request.team)})
