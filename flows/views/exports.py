"""A chart as a file."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows import access, queries
from flows.contexts.chart_file import chart_file
from flows.exports.formats import FORMATS
from flows.questions import FLOW
from flows.views import asking


@require_safe
@team_view(Role.VIEWER)
def export(request: TeamRequest, form: str, pk: int | None = None) -> HttpResponse:
    """The numbers that the page of the address shows, from the same kept result."""
    saved = access.chart_of(request.team, pk) if pk else None
    chosen = FORMATS[asking.analysis_kind(request, saved) or FLOW].get(form)
    if chosen is None:
        raise Http404("No such format.")
    asked = asking.anything(request, saved)
    params = request.GET.copy()
    version = params.pop("version", [""])[-1]
    page = f"{request.path.removesuffix(f'export/{form}/')}?{params.urlencode()}".removesuffix("?")
    run = queries.answered(asked.dataset, asked.query, version) if asked and asked.query else None
    if asked is None or run is None:
        messages.error(request, "There is nothing to export before the answer is there.")
        return redirect(page)
    file = chart_file(team=request.team, saved=saved, form=asked, run=run, measure=params.get("measure", ""))
    try:
        data = chosen.write(file)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(page)
    answer = HttpResponse(data, content_type=chosen.content_type)
    part = f"-{chosen.key}" if chosen.extension == "csv" else ""
    name = f"{slugify(file.title, allow_unicode=True)[:80] or 'chart'}{part}.{chosen.extension}"
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer
