from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, services
from maps.log.compare import Comparison
from maps.views import answers
from maps.views.history import DIFFERENCES_A_PAGE


@require_POST
@team_view(Role.EDITOR)
def duplicate(request: TeamRequest, pk: int) -> HttpResponse:
    copy = services.duplicate_map(journey=access.map_of(request.team, pk), by=request.user)
    return redirect("maps:map", request.team.slug, copy.pk)


@require_POST
@team_view(Role.EDITOR)
def make_variant(request: TeamRequest, pk: int) -> HttpResponse:
    variant = services.make_variant(journey=access.map_of(request.team, pk), by=request.user)
    return redirect("maps:map", request.team.slug, variant.pk)


@team_view(Role.VIEWER)
def differences(request: TeamRequest, pk: int) -> HttpResponse:
    """A variant and the map that it was made from beside each other."""
    variant = access.map_of(request.team, pk)
    if variant.variant_of is None:
        raise Http404("Not a variant.")
    comparison = Comparison(*services.variant_states(variant=variant))
    pages = Paginator(comparison, DIFFERENCES_A_PAGE).get_page(request.GET.get("page"))
    data = answers.context(request, variant, original=variant.variant_of, comparison=comparison, pages=pages)
    return render(request, "maps/variant.html", data)
