from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms.personas import PersonaForm


@team_view(Role.VIEWER)
def listing(request: TeamRequest) -> HttpResponse:
    """The team's personas, and on how many maps each stands."""
    archived = request.GET.get("archived") == "1"
    rows = list(queries.list_personas(request.team))
    context = {
        "personas": [row for row in rows if row.archived == archived],
        "archived": archived,
        "others": sum(row.archived != archived for row in rows),
        "may_edit": request.membership.may(Role.EDITOR),
    }
    return render(request, "maps/personas.html", context)


@team_view(Role.EDITOR)
def new(request: TeamRequest) -> HttpResponse:
    form = PersonaForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            face = form.face()
            row = services.create_persona(team=request.team, values=form.words)
            if face:
                services.set_persona_picture(persona=row, drawn=face)
            return redirect("maps:persona", request.team.slug, row.pk)
        except ValidationError as error:
            form.add_error(None, error)
    return render(request, "maps/persona_form.html", {"form": form}, status=422 if form.is_bound else 200)


@team_view(Role.VIEWER)
def persona(request: TeamRequest, pk: int) -> HttpResponse:
    """All that is known of a persona, and the maps and lanes that are about it."""
    row = access.persona_of(request.team, pk)
    context = {
        "persona": row,
        "maps": queries.list_maps_about(row),
        "lanes": queries.list_lanes_about(row),
        "may_edit": request.membership.may(Role.EDITOR),
    }
    return render(request, "maps/persona.html", context)


@team_view(Role.EDITOR)
def edit(request: TeamRequest, pk: int) -> HttpResponse:
    row = access.persona_of(request.team, pk)
    form = PersonaForm(request.POST or None, request.FILES or None, persona=row)
    if request.method == "POST" and form.is_valid():
        try:
            face = form.face()
            services.update_persona(persona=row, values=form.words)
            if face or form.cleaned_data.get("no_picture"):
                services.set_persona_picture(persona=row, drawn=face)
            return redirect("maps:persona", request.team.slug, row.pk)
        except ValidationError as error:
            form.add_error(None, error)
    context = {"form": form, "persona": row}
    return render(request, "maps/persona_form.html", context, status=422 if form.is_bound else 200)


@require_POST
@team_view(Role.EDITOR)
def archive(request: TeamRequest, pk: int) -> HttpResponse:
    """Or back again, with `archived` left out."""
    row = access.persona_of(request.team, pk)
    services.archive_persona(persona=row, archived="archived" in request.POST)
    return redirect("maps:persona", request.team.slug, row.pk)
