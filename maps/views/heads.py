"""What stages, steps and lanes have in common: their heads are renamed, moved, duplicated, copied and removed alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access
from maps.forms.heads import NameForm, PlaceForm
from maps.forms.maps import TargetForm
from maps.models import JourneyMap, Lane, Stage, Step
from maps.views import answers

Row = Stage | Step | Lane
View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Head:
    """A kind of head. Its views and services name the key of the row by `kind`, as its element on the page does.

    `part` is the context of the head alone, `contents` what would go with the row, where one asks before.
    """

    kind: str
    row: Callable[[JourneyMap, int], Row]
    part: Callable[[JourneyMap, int], dict[str, Any]]
    contents: Callable[[Any], dict[str, int]]
    rename: Callable[..., Any]
    duplicate: Callable[..., Any]
    remove: Callable[..., Any]
    title: str = "name"


def neighbours(siblings: Sequence[Row], row: Row) -> dict[str, Any]:
    """What stands before and behind it; none at the ends."""
    place = siblings.index(row)
    return {
        "before": siblings[place - 1] if place else None,
        "after": siblings[place + 1] if place + 1 < len(siblings) else None,
    }


def renaming(head: Head) -> View:
    @team_view(Role.EDITOR)
    def rename(request: TeamRequest, pk: int, **key: int) -> HttpResponse:
        journey = access.map_of(request.team, pk)
        number = key[head.kind]
        row = head.row(journey, number)
        form = NameForm(request.POST or None, initial={"name": str(row)})
        if request.method == "POST" and form.is_valid():
            try:
                head.rename(journey=journey, by=request.user, **key, **{head.title: form.cleaned_data["name"]})
                part = head.part(journey, number)
                return answers.part(request, journey, head.kind, anchor=f"{head.kind}-{number}", **part)
            except ValidationError as error:
                form.add_error("name", error)
        status = 422 if form.is_bound else 200
        return answers.panel(request, journey, "rename", form=form, title=f"Rename {row}", status=status)

    return rename


def moving(head: Head, move: Callable[..., Any]) -> View:
    """Beside a sibling, as the services for it take it."""

    @require_POST
    @team_view(Role.EDITOR)
    def moved(request: TeamRequest, pk: int, **key: int) -> HttpResponse:
        journey = access.map_of(request.team, pk)
        place = PlaceForm(request.POST)
        move(journey=journey, by=request.user, **key, **(place.cleaned_data if place.is_valid() else {}))
        return answers.grid(request, journey, anchor=f"{head.kind}-{key[head.kind]}")

    return moved


def duplicating(head: Head) -> View:
    @require_POST
    @team_view(Role.EDITOR)
    def duplicate(request: TeamRequest, pk: int, **key: int) -> HttpResponse:
        journey = access.map_of(request.team, pk)
        try:
            twin = head.duplicate(journey=journey, by=request.user, **key)
        except ValidationError as error:
            return answers.refused(request, journey, error)
        return answers.grid(request, journey, anchor=f"{head.kind}-{twin.pk}")

    return duplicate


def copying(head: Head, copy: Callable[..., Any]) -> View:
    """Choose another map of the team; a POST copies the row there and goes along."""

    @team_view(Role.EDITOR)
    def copied(request: TeamRequest, pk: int, **key: int) -> HttpResponse:
        journey = access.map_of(request.team, pk)
        row = head.row(journey, key[head.kind])
        form = TargetForm(request.POST or None, journey=journey)
        if request.method == "POST" and form.is_valid():
            target = form.cleaned_data["target"]
            try:
                twin = copy(journey=journey, by=request.user, target=target, **key)
                return answers.go_to(request, target, anchor=f"{head.kind}-{twin.pk}")
            except ValidationError as error:
                form.add_error("target", error)
        title = f"Copy “{row}” to another map"
        status = 422 if form.is_bound else 200
        answer = answers.panel(request, journey, "copy", action=request.path, form=form, title=title, status=status)
        return answers.in_dialog(answer) if form.is_bound else answer

    return copied


def removing(head: Head) -> View:
    """Asks first where something would be lost."""

    @require_POST
    @team_view(Role.EDITOR)
    def remove(request: TeamRequest, pk: int, **key: int) -> HttpResponse:
        journey = access.map_of(request.team, pk)
        row = head.row(journey, key[head.kind])
        contents = head.contents(row)
        if contents and "confirmed" not in request.POST:
            return answers.ask(request, journey, title=f"Remove the {head.kind} “{row}”?", contents=contents)
        try:
            head.remove(journey=journey, by=request.user, **key)
        except ValidationError as error:
            return answers.refused(request, journey, error)
        return answers.grid(request, journey)

    return remove
