from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import access, queries
from flows.contexts.cohorts import cohort_rows
from flows.contexts.importing import people
from flows.forms.imports import DatasetForm, UploadForm
from flows.services import datasets

NAMES_SHOWN = 50
IMPORTS_SHOWN = 10
COHORTS_SHOWN = 10


@team_view(Role.VIEWER, write=Role.EDITOR)
def listing(request: TeamRequest) -> HttpResponse:
    """All datasets; POST makes one."""
    form = DatasetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = datasets.create_dataset(team=request.team, name=form.cleaned_data["name"])
        return redirect("flows:dataset", team_slug=request.team.slug, dataset_slug=made.slug)
    context = {
        "datasets": queries.datasets(request.team),
        "form": form,
        "may_edit": request.membership.may(Role.EDITOR),
    }
    return render(request, "flows/data/list.html", context, status=422 if form.errors else 200)


@require_safe
@vary_on_headers("HX-Request")
@team_view(Role.VIEWER)
def dataset(request: TeamRequest, dataset_slug: str) -> HttpResponse:
    """Its imports, its cohorts, its event names, and the place to drop a file. htmx gets the names alone."""
    found = access.dataset_of(request.team, dataset_slug)
    search = request.GET.get("q", "")[:300].replace("\0", "")
    context = {
        "dataset": found,
        "names": Paginator(queries.event_names(found, search=search), NAMES_SHOWN).get_page(request.GET.get("page")),
        "search": search,
    }
    htmx = request.htmx  # type: ignore[attr-defined]
    if htmx and not htmx.history_restore_request:
        return render(request, "flows/data/dataset.html#names", context)
    cohorts = Paginator(queries.cohorts_of(found), COHORTS_SHOWN).get_page(request.GET.get("cohorts"))
    context |= {
        "imports": Paginator(queries.imports(found), IMPORTS_SHOWN).get_page(request.GET.get("imports")),
        "cohorts": cohorts,
        "cohort_rows": cohort_rows(
            cohorts, ZoneInfo(request.team.time_zone), queries.cohort_names(request.team, found)
        ),
        "people": people(found),
        "form": UploadForm(request, settings.IMPORT_MAX_BYTES),
        "may_edit": request.membership.may(Role.EDITOR),
        "may_delete": request.membership.may(Role.ADMIN),
    }
    return render(request, "flows/data/dataset.html", context)


@require_POST
@team_view(Role.ADMIN)
def delete(request: TeamRequest, dataset_slug: str) -> HttpResponse:
    doomed = access.dataset_of(request.team, dataset_slug)
    datasets.delete_dataset(dataset=doomed)
    messages.success(request, f"{doomed.name} and its events are deleted.")
    return redirect("flows:data", team_slug=request.team.slug)
