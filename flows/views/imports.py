from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import access
from flows.contexts.importing import draft_view, import_view
from flows.downloads import rejects_as_csv, streamed
from flows.forms.imports import ColumnsForm, UploadForm
from flows.importers import ImportFault
from flows.models import Import
from flows.services import imports, jobs


@team_view(Role.EDITOR)
def upload(request: TeamRequest, dataset_slug: str) -> HttpResponse:
    """Choose or drop a file; a file that cannot be an import is told so at once, and not kept."""
    dataset = access.dataset_of(request.team, dataset_slug)
    form = UploadForm(request, settings.IMPORT_MAX_BYTES)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        draft = imports.create_import(dataset=dataset, file=file, filename=file.name, by=request.user)
        try:
            imports.inspect_import(import_=draft)
        except ImportFault as fault:
            imports.discard_draft(import_=draft)
            form.add_error("file", str(fault))
        else:
            return _to(draft)
    status = 422 if form.errors else 200
    return render(request, "flows/data/upload.html", {"dataset": dataset, "form": form}, status=status)


@vary_on_headers("HX-Request")
@team_view(Role.VIEWER, write=Role.EDITOR)
def import_(request: TeamRequest, dataset_slug: str, number: int) -> HttpResponse:
    """A draft asks for its columns, POST starts it; later its progress and what became of its rows."""
    found = access.import_of(request.team, dataset_slug, number)
    if found.status == Import.Status.DRAFT:
        return _draft(request, found)
    if request.method == "POST":
        imports.try_again(import_=found)
        return _to(found)
    page = import_view(found, reason=request.GET.get("reason", ""), page=request.GET.get("page", "1"))
    context = {"page": page, "may_edit": request.membership.may(Role.EDITOR)}
    htmx = request.htmx  # type: ignore[attr-defined]
    if not htmx or htmx.history_restore_request:
        return render(request, "flows/data/import.html", context)
    if htmx.target == "rejects":
        return render(request, "flows/data/import.html#rejects", context)
    response = render(request, "flows/data/import.html#run", context)
    if found.is_over:
        response["HX-Refresh"] = "true"
    return response


def _draft(request: TeamRequest, found: Import) -> HttpResponse:
    context = {"import": found, "may_edit": request.membership.may(Role.EDITOR)}
    try:
        inspection = imports.inspect_import(import_=found)
    except ImportFault as fault:
        return render(request, "flows/data/columns.html", {**context, "fault": str(fault)}, status=422)
    form = ColumnsForm(request.POST if request.method == "POST" else None, inspection)
    if request.method == "POST" and form.is_valid():
        imports.confirm_columns(
            import_=found, mapping=form.cleaned_data["mapping"], time_unit=form.cleaned_data["time_unit"]
        )
        imports.queue(import_=found)
        return _to(found)
    context["draft"] = draft_view(found, inspection, form)
    return render(request, "flows/data/columns.html", context, status=422 if form.errors else 200)


@require_POST
@team_view(Role.EDITOR)
def cancel(request: TeamRequest, dataset_slug: str, number: int) -> HttpResponse:
    """Stop an import that waits or runs. A draft is forgotten with its file."""
    found = access.import_of(request.team, dataset_slug, number)
    if found.status == Import.Status.DRAFT:
        imports.discard_draft(import_=found)
        messages.info(request, f"{found.filename} was not imported.")
        return redirect("flows:dataset", team_slug=request.team.slug, dataset_slug=dataset_slug)
    jobs.cancel(found)
    return _to(found)


@require_safe
@team_view(Role.VIEWER)
def rejects(request: TeamRequest, dataset_slug: str, number: int) -> StreamingHttpResponse:
    """The rejected rows as CSV, those of one reason if the address names it."""
    found = access.import_of(request.team, dataset_slug, number)
    reason = request.GET.get("reason", "")
    response = StreamingHttpResponse(
        streamed(request, rejects_as_csv(found, reason=reason if reason in found.reject_reasons else "")),
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="import-{found.number}-rejected.csv"'
    return response


def _to(found: Import) -> HttpResponse:
    return redirect("flows:import", team_slug=found.team.slug, dataset_slug=found.dataset.slug, number=found.number)
