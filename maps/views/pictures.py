import uuid

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, services
from maps.forms.pictures import OtherPictureForm, PictureForm, read_picture
from maps.models import JourneyMap, Lane
from maps.pictures.drawn import within
from maps.services import Conflict
from maps.views import answers

YEAR = 365 * 24 * 3600
ELSEWHERE = ValidationError("Pictures stand in lanes for pictures.")


@require_safe
@team_view(Role.VIEWER)
def picture(request: TeamRequest, name: uuid.UUID) -> HttpResponse:
    """A picture of the team. Under one name it stays the same for ever."""
    row = access.picture_of(request.team, name)
    try:
        with default_storage.open(row.file) as file:
            answer = HttpResponse(file.read(), content_type="image/webp")
    except FileNotFoundError:
        raise Http404("The file is gone.") from None
    answer["Cache-Control"] = f"private, max-age={YEAR}, immutable"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@team_view(Role.EDITOR)
def add(request: TeamRequest, pk: int, lane: int, step: int) -> HttpResponse:
    """A new card with a picture, where a lane for pictures crosses a step."""
    journey = access.map_of(request.team, pk)
    row, column = access.lane_of(journey, lane), access.step_of(journey, step)
    if row.kind != Lane.Kind.IMAGE:
        return answers.refused(request, journey, ELSEWHERE)
    form = PictureForm(request.POST or None, request.FILES or None, initial={"uid": uuid.uuid4()})
    form.is_bound = request.method == "POST"
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            picture = services.keep_picture(team=request.team, drawn=within(read_picture(form.cleaned_data["file"])))
            details = {"picture": picture.pk, "decorative": said["decorative"]}
            card = services.add_card(
                journey=journey,
                by=request.user,
                lane=lane,
                step=step,
                body=said["body"],
                details=details,
                uid=said["uid"],
            )
            return answers.cell(request, journey, lane, step, anchor=f"card-{card.pk}")
        except ValidationError as error:
            form.add_error("file", error)
    return _asked(request, journey, form, f"Picture in {row.title} at {column.name}", f"cell-{lane}-{step}")


@team_view(Role.EDITOR)
def replace(request: TeamRequest, pk: int, card: int) -> HttpResponse:
    """Another picture for a card; the words stay."""
    journey = access.map_of(request.team, pk)
    row = access.card_of(journey, card, "image__picture")
    if row.kind != Lane.Kind.IMAGE:
        return answers.refused(request, journey, ELSEWHERE)
    form = OtherPictureForm(request.POST or None, request.FILES or None, initial={"version": row.version})
    form.is_bound = request.method == "POST"
    if form.is_bound and form.is_valid():
        try:
            picture = services.keep_picture(team=request.team, drawn=within(read_picture(form.cleaned_data["file"])))
            services.save_card(
                journey=journey, by=request.user, card=card, version=form.cleaned_data["version"],
                details={"picture": picture.pk},
            )  # fmt: skip
            return answers.cell(request, journey, row.cell.lane_id, row.cell.step_id, anchor=f"card-{card}")
        except ValidationError as error:
            form.add_error("file", error)
        except Conflict:
            form.add_error(None, "Somebody changed this card meanwhile. Close and open it to see what stands there.")
    return _asked(request, journey, form, "Another picture", f"cell-{row.cell.lane_id}-{row.cell.step_id}")


def _asked(
    request: TeamRequest, journey: JourneyMap, form: PictureForm | OtherPictureForm, title: str, target: str
) -> HttpResponse:
    status = 422 if form.is_bound else 200
    answer = answers.panel(request, journey, "picture", form=form, title=title, target=target, status=status)
    return answers.in_dialog(answer) if form.is_bound else answer
