from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, services
from maps.forms.history import CompareForm, SeqForm, SnapshotForm
from maps.log import reading
from maps.log.compare import Comparison
from maps.models import JourneyMap, Operation, Snapshot
from maps.timeline import days
from maps.views import answers
from maps.words import moment

CHANGES_A_PAGE = 50
DIFFERENCES_A_PAGE = 50


@team_view(Role.VIEWER)
def history(request: TeamRequest, pk: int) -> HttpResponse:
    """Every change of the map by day and person, and the snapshots."""
    journey = access.map_of(request.team, pk)
    return _history(request, journey, SnapshotForm())


@require_POST
@team_view(Role.EDITOR)
def snapshot(request: TeamRequest, pk: int) -> HttpResponse:
    """Keeps the map as it is, under a label."""
    journey = access.map_of(request.team, pk)
    form = SnapshotForm(request.POST)
    try:
        if form.is_valid():
            kept = services.take_snapshot(journey=journey, by=request.user, label=form.cleaned_data["label"])
            messages.success(request, f"The map is kept as “{kept.label}”.")
            return _to_history(request, journey)
    except ValidationError as error:
        form.add_error("label", error)
    return _history(request, journey, form, status=422)


@require_POST
@team_view(Role.EDITOR)
def remove_snapshot(request: TeamRequest, pk: int, snapshot: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    services.remove_snapshot(journey=journey, snapshot=snapshot)
    return _to_history(request, journey)


@require_POST
@team_view(Role.EDITOR)
def restore(request: TeamRequest, pk: int) -> HttpResponse:
    """Makes the map what it was after the operation `seq`."""
    journey = access.map_of(request.team, pk)
    form = SeqForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a point of the history to go back to.")
        return _to_history(request, journey)
    seq = form.cleaned_data["seq"]
    try:
        label = _label(request, journey, seq)
        if services.restore_map(journey=journey, by=request.user, seq=seq, label=label):
            messages.success(request, f"The map is as it was: {label}. How it was before is kept as a snapshot.")
        else:
            messages.info(request, "The map is just that already.")
    except ValidationError as error:
        messages.error(request, f"Not possible: {' '.join(error.messages)}")
    return redirect("maps:map", request.team.slug, journey.pk)


@team_view(Role.VIEWER)
def compare(request: TeamRequest, pk: int) -> HttpResponse:
    """What is different between two points of the history; without a choice, since the last snapshot with a label."""
    journey = access.map_of(request.team, pk)
    kept = list(reading.snapshots(journey))
    form = CompareForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    labelled = [snapshot.seq for snapshot in kept if not snapshot.automatic]
    first = chosen.get("old")
    old = next(iter(labelled), reading.first_known(journey)) if first is None else first
    new = journey.revision if chosen.get("new") is None else chosen["new"]
    comparison = Comparison(*services.states_at(journey=journey, points=(old, new)))
    data = answers.context(
        request,
        journey,
        old=old,
        new=new,
        old_label=_label(request, journey, old),
        new_label=_label(request, journey, new),
        snapshots=kept,
        comparison=comparison,
        pages=Paginator(comparison, DIFFERENCES_A_PAGE).get_page(request.GET.get("page")),
    )
    return render(request, "maps/compare.html", data)


def _history(request: TeamRequest, journey: JourneyMap, form: SnapshotForm, *, status: int = 200) -> HttpResponse:
    people = reading.people_of(journey)
    who = next((person for person in people if str(person.pk) == request.GET.get("who")), None)
    changes = reading.operations(journey).select_related("actor", "undone_by__actor")
    changes = changes.defer("op", "inverse", "undone_by__op", "undone_by__inverse")
    pages = Paginator(changes if who is None else changes.filter(actor=who), CHANGES_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    kept = list(reading.snapshots(journey))
    data = answers.context(
        request,
        journey,
        people=people,
        who=who,
        pages=page,
        days=days(page, [] if who else kept, zone=request.team.time_zone),
        snapshots=kept,
        form=form,
    )
    return render(request, "maps/history.html", data, status=status)


def _label(request: TeamRequest, journey: JourneyMap, seq: int) -> str:
    """How a point is called: by its snapshot, else by the moment of the change that led there."""
    point = reading.point(journey, seq)
    if isinstance(point, Snapshot):
        return point.label
    if isinstance(point, Operation):
        return moment(point.made_at, request.team.time_zone)
    return "Before the first change"


def _to_history(request: TeamRequest, journey: JourneyMap) -> HttpResponse:
    return redirect("maps:history", request.team.slug, journey.pk)
