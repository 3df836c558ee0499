"""Pages about one number of a flow: the people behind it, and the chain that leads to it."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from flows.contexts.address import Address
from flows.contexts.dates import notes_within
from flows.contexts.people import PAGE, SHORT, funnel_view, set_view
from flows.contexts.times import times_view
from flows.engine.query import MAX_STEPS, FlowQuery
from flows.engine.selector import Selector
from flows.forms.charts import QuestionForm
from flows.models import FlowChart
from flows.moments import moment_in
from flows.services import details, sets
from flows.views import asking


@vary_on_headers("HX-Request")
@team_view(Role.VIEWER, write=Role.EDITOR)
def people(request: TeamRequest, pk: int | None = None) -> HttpResponse:
    """The people behind a number, the newest first; htmx gets the first few. POST saves them as a cohort."""
    saved, form, address = asking.asked(request, pk)
    if form is None:
        return render(request, "flows/no_events.html", {"chart": saved})
    if request.method == "POST":
        return _save(request, saved, form, address)
    return _people(request, saved, form, address)


@require_safe
@team_view(Role.VIEWER)
def funnel(request: TeamRequest, pk: int | None = None) -> HttpResponse:
    """A chain of steps of a flow, as a funnel with the same numbers."""
    saved, form, address = asking.asked(request, pk)
    if form is None:
        return render(request, "flows/no_events.html", {"chart": saved})
    chain = request.GET.getlist("chain")[: MAX_STEPS + 2]

    def count(query: FlowQuery) -> dict[str, object]:
        version = asking.whole(request, "version")
        return sets.chain_of(dataset=form.dataset, query=query, chain=chain, version=version)

    found, problem = asking.found(form, count)
    return render(request, "flows/funnel.html", {"funnel": funnel_view(saved, form, address, found, problem)})


def _people(
    request: TeamRequest,
    saved: FlowChart | None,
    form: QuestionForm,
    address: Address,
    refused: str = "",
) -> HttpResponse:
    htmx = request.htmx  # type: ignore[attr-defined]
    short = bool(htmx) and not htmx.history_restore_request and htmx.target == "people-short"
    selector, offset = address.picked, asking.whole(request, "offset") or 0
    if selector is None:
        raise Http404

    if short:
        return _glance(request, saved, form, address, selector)

    def page(query: FlowQuery) -> sets.SetPage:
        return sets.page_of(
            dataset=form.dataset,
            query=query,
            selector=selector,
            version=asking.whole(request, "version"),
            offset=offset,
            limit=PAGE,
        )

    found, problem = asking.found(form, page)
    view = set_view(saved, form, address, found, offset=offset, version=request.GET.get("version", ""), problem=problem)
    context = {"set": view, "may_edit": request.membership.may(Role.EDITOR), "refused": refused}
    status = 422 if refused else 200
    return render(request, "flows/people.html", context, status=status)


def _glance(
    request: TeamRequest, saved: FlowChart | None, form: QuestionForm, address: Address, selector: Selector
) -> HttpResponse:
    """What the panel shows of the people: when they began, how long their step took, and the newest of them."""

    def look(query: FlowQuery) -> details.Glance:
        version = asking.whole(request, "version")
        return details.glance_of(dataset=form.dataset, query=query, selector=selector, version=version, limit=SHORT)

    found, problem = asking.found(form, look)
    people = found.people if found else None
    view = set_view(saved, form, address, people, offset=0, version=request.GET.get("version", ""), problem=problem)
    times = None
    if found:
        low, high = (moment_in(form.zone, found.edges[place]) for place in (0, -1))
        notes = notes_within(request.team, saved, low, high)
        backwards = bool(form.query and form.query.backwards)
        times = times_view(found, form.zone, selector, backwards=backwards, notes=notes)
    return render(request, "flows/people.html#short", {"set": view, "times": times})


def _save(request: TeamRequest, saved: FlowChart | None, form: QuestionForm, address: Address) -> HttpResponse:
    selector = address.picked
    if selector is None:
        raise Http404
    refused = asking.first_error(form)
    if form.query is not None:
        refused = asking.save_people(request, form.dataset, form.query, selector)
    return _people(request, saved, form, address, refused) if refused else redirect(str(address))
