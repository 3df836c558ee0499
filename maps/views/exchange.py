"""Maps as files: out of the product, and into it."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.exports.formats import FORMATS
from maps.forms.cards import PasteForm
from maps.forms.maps import ImportForm
from maps.imports.files import MOST_BYTES, read_map
from maps.models import JourneyMap
from maps.pasting import planned
from maps.services import MapChanged
from maps.views import answers


@require_safe
@team_view(Role.VIEWER)
def export(request: TeamRequest, pk: int, form: str) -> HttpResponse:
    """The map as a file in one of the formats."""
    journey = access.map_of(request.team, pk)
    chosen = FORMATS.get(form)
    if chosen is None:
        raise Http404("No such format.")
    try:
        document = queries.document_of(request.team, journey)
        data = chosen.write(services.with_pictures(document, team=request.team) if chosen.pictures else document)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(answers.url(request, journey))
    answer = HttpResponse(data, content_type=chosen.content_type)
    name = slugify(journey.title, allow_unicode=True)[:80] or "map"
    answer["Content-Disposition"] = content_disposition_header(True, f"{name}.{chosen.extension}")
    return answer


@team_view(Role.EDITOR)
def import_map(request: TeamRequest) -> HttpResponse:
    """A new map from a file or a pasted text; what cannot be read comes back with the reason."""
    form = ImportForm(request)
    if request.method == "POST" and form.is_valid():
        try:
            document = read_map(form.cleaned_data["data"], filename=form.cleaned_data["filename"])
            journey = services.build_map(team=request.team, by=request.user, document=document)
        except ValidationError as error:
            form.add_error(form.cleaned_data["field"], error)
        else:
            return redirect(answers.url(request, journey))
    return render(request, "maps/import.html", {"form": form, "most": MOST_BYTES}, status=422 if form.errors else 200)


@team_view(Role.EDITOR)
def paste(request: TeamRequest, pk: int) -> HttpResponse:
    """A range of a spreadsheet: first what it would do, then, once confirmed, that."""
    journey = access.map_of(request.team, pk)
    form = PasteForm(request.POST or None, initial=request.GET.dict(), journey=journey)
    if request.method == "POST" and form.is_valid():
        try:
            return _preview_or_paste(request, journey, form)
        except ValidationError as error:
            form.add_error("text", error)
    status = 422 if form.is_bound else 200
    answer = answers.panel(request, journey, "paste", form=form, title="Paste a range", status=status)
    return answers.in_dialog(answer) if form.is_bound else answer


def _preview_or_paste(request: TeamRequest, journey: JourneyMap, form: PasteForm) -> HttpResponse:
    revision = form.cleaned_data["revision"]
    if not revision:
        return _preview(request, journey, form)
    try:
        done = services.paste_cells(journey=journey, by=request.user, revision=revision, **form.place)
    except MapChanged:
        return _preview(request, access.map_of(request.team, journey.pk), form, changed_meanwhile=True)
    messages.success(request, f"Pasted: {done.new} new, {done.changed} changed.")
    return answers.grid(request, journey, anchor=f"cell-{form.place['lane']}-{form.place['step']}")


def _preview(
    request: TeamRequest, journey: JourneyMap, form: PasteForm, *, changed_meanwhile: bool = False
) -> HttpResponse:
    plan = planned(queries.map_page(request.team, journey), **form.place)
    answer = answers.panel(
        request,
        journey,
        "paste_preview",
        plan=plan,
        place=form.place,
        changed_meanwhile=changed_meanwhile,
        title="What would be pasted",
        status=409 if changed_meanwhile else 200,
    )
    return answers.in_dialog(answer)
