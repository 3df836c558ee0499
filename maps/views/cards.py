import uuid

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, clipboard, services
from maps.forms.cards import BodyForm, DetailsForm, MoveCardForm
from maps.models import Card, JourneyMap
from maps.services import Conflict
from maps.views import answers
from maps.views.answers import Editing


@team_view(Role.VIEWER, write=Role.EDITOR)
def cell(request: TeamRequest, pk: int, lane: int, step: int) -> HttpResponse:
    """The cards where a lane crosses a step; a POST adds one."""
    journey = access.map_of(request.team, pk)
    if request.method != "POST":
        return answers.cell_to_read(request, journey, lane, step)
    form = BodyForm(request.POST)
    typed = form.data.get("body", "")
    uid = form.cleaned_data.get("uid") if form.is_valid() else None
    try:
        _require(form)
        card = services.add_card(
            journey=journey, by=request.user, lane=lane, step=step, body=typed, uid=uid or uuid.uuid4()
        )
    except ValidationError as error:
        editing = Editing(lane, step, body=typed, uid=str(uid or uuid.uuid4()), error=" ".join(error.messages))
        return answers.editor(request, journey, editing, status=422)
    if typed.strip() and card.body != services.body_of(typed):
        # The same request again, with more in it: the first answer was lost on the way.
        return _save(request, journey, card.pk, form, card.version)
    return _written(request, journey, card, form)


@team_view(Role.EDITOR)
def new(request: TeamRequest, pk: int, lane: int, step: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    access.lane_of(journey, lane)
    access.step_of(journey, step)
    return answers.editor(request, journey, Editing(lane, step, uid=str(uuid.uuid4())))


@team_view(Role.EDITOR)
def card(request: TeamRequest, pk: int, card: int) -> HttpResponse:
    """A card to edit in its place; a POST saves its text, unless somebody saved another one meanwhile."""
    journey = access.map_of(request.team, pk)
    if request.method != "POST":
        row = access.card_of(journey, card)
        return answers.editor(request, journey, _editing(row, row.body, row.version))
    form = BodyForm(request.POST)
    version = form.cleaned_data.get("version") if form.is_valid() else None
    return _save(request, journey, card, form, version or 0)


@team_view(Role.EDITOR)
def details(request: TeamRequest, pk: int, card: int) -> HttpResponse:
    """Everything a card says, by its kind, and where it stands."""
    journey = access.map_of(request.team, pk)
    row = access.whole_card_of(journey, card)
    services.ensure_channels(team=request.team)
    form = DetailsForm(request.POST or None, card=row, team=request.team)
    if request.method == "POST" and form.is_valid():
        body, version = form.cleaned_data["body"], form.cleaned_data["version"]
        try:
            services.save_card(
                journey=journey, by=request.user, card=card, version=version, body=body, details=form.details
            )
            return answers.cell(request, journey, row.cell.lane_id, row.cell.step_id, anchor=f"card-{card}")
        except ValidationError as error:
            form.add_error(None, error)
        except Conflict:
            form.add_error(None, "Somebody changed this card meanwhile. Close and open it to see what stands there.")
    move = MoveCardForm(journey=journey, lane=row.cell.lane_id, step=row.cell.step_id)
    status = 422 if form.is_bound else 200
    answer = answers.panel(
        request, journey, "card", form=form, move=move, card=row, title=f"Card in {row.cell.lane.title}", status=status
    )
    if form.is_bound:
        answer["HX-Retarget"], answer["HX-Reswap"] = "#map-dialog", "innerHTML"
    return answer


@require_POST
@team_view(Role.EDITOR)
def move(request: TeamRequest, pk: int, card: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    form = MoveCardForm(request.POST, journey=journey)
    was = access.card_of(journey, card).cell
    try:
        if not form.is_valid():
            raise ValidationError("Choose a lane and a step of this map.")
        now = services.move_card(journey=journey, by=request.user, card=card, **form.cleaned_data).cell
    except ValidationError as error:
        return answers.refused(request, journey, error)
    cells = dict.fromkeys(f"cell-{cell.lane_id}-{cell.step_id}" for cell in (was, now))
    return answers.parts(request, journey, list(cells), anchor=f"card-{card}")


@require_POST
@team_view(Role.EDITOR)
def duplicate(request: TeamRequest, pk: int, card: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    try:
        twin = services.duplicate_card(journey=journey, by=request.user, card=card)
    except ValidationError as error:
        return answers.refused(request, journey, error)
    name = f"cell-{twin.cell.lane_id}-{twin.cell.step_id}"
    return answers.parts(request, journey, [name], anchor=f"card-{twin.pk}")


@require_POST
@team_view(Role.EDITOR)
def paste(request: TeamRequest, pk: int, lane: int, step: int) -> HttpResponse:
    """Puts a copy of the card that is on somebody's clipboard into the cell."""
    journey = access.map_of(request.team, pk)
    try:
        copied = clipboard.read(request.POST.get("copied", ""))
        card = services.paste_card(
            journey=journey, by=request.user, lane=lane, step=step, card=copied.card, body=copied.body
        )
    except ValidationError as error:
        return answers.refused(request, journey, error)
    return answers.parts(request, journey, [f"cell-{lane}-{step}"], anchor=f"card-{card.pk}")


@require_POST
@team_view(Role.EDITOR)
def remove(request: TeamRequest, pk: int, card: int) -> HttpResponse:
    journey = access.map_of(request.team, pk)
    form = BodyForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else None
    try:
        gone = services.remove_card(journey=journey, by=request.user, card=card, version=version)
    except Conflict as conflict:
        return _conflict(request, journey, conflict, conflict.theirs.body)  # type: ignore[attr-defined]
    return answers.cell(request, journey, gone.cell.lane_id, gone.cell.step_id)


def _require(form: BodyForm) -> None:
    """Raises ValidationError with what the form found."""
    if not form.is_valid():
        raise ValidationError([str(message) for messages in form.errors.values() for message in messages])


def _save(request: TeamRequest, journey: JourneyMap, card: int, form: BodyForm, version: int) -> HttpResponse:
    typed = form.data.get("body", "")
    try:
        _require(form)
        saved = services.save_card(journey=journey, by=request.user, card=card, version=version, body=typed)
    except ValidationError as error:
        row = access.card_of(journey, card)
        editing = _editing(row, typed, version, error=" ".join(error.messages))
        return answers.editor(request, journey, editing, status=422)
    except Conflict as conflict:
        return _conflict(request, journey, conflict, typed)
    return _written(request, journey, saved, form)


def _written(request: TeamRequest, journey: JourneyMap, saved: Card, form: BodyForm) -> HttpResponse:
    """The cell; or, while somebody goes on typing, only the news that the text is safe."""
    if not form.cleaned_data.get("keep"):
        cell = saved.cell
        return answers.cell(request, journey, cell.lane_id, cell.step_id, anchor=f"card-{saved.pk}")
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("maps:card", request.team.slug, journey.pk, saved.pk)
    element = f"cell-{saved.cell.lane_id}-{saved.cell.step_id}"
    url = f"{answers.url(request, journey)}cards/{saved.pk}/"
    return answers.kept(request, journey, element, card=saved.pk, version=saved.version, url=url)


def _conflict(request: TeamRequest, journey: JourneyMap, conflict: Conflict, typed: str) -> HttpResponse:
    theirs = access.whole_card_of(journey, conflict.theirs.pk)
    editing = _editing(theirs, typed, theirs.version, theirs=theirs)
    return answers.editor(request, journey, editing, status=409)


def _editing(row: Card, body: str, version: int, *, error: str = "", theirs: Card | None = None) -> Editing:
    return Editing(row.cell.lane_id, row.cell.step_id, card=row, body=body, version=version, error=error, theirs=theirs)
