"""What an address asks, for every page about a question."""

from collections.abc import Callable
from typing import TypeVar
from zoneinfo import ZoneInfo

from accounts.access import TeamRequest
from flows import access, queries
from flows.contexts.address import LOOKS, VIEWS, Address
from flows.engine.query import MAX_STEPS, FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.forms.charts import QuestionForm, carried_over, data_of, event_names, is_question, question_params
from flows.models import Dataset, FlowChart
from flows.services import runs, sets
from flows.store import DamagedSegment

T = TypeVar("T")


def question(request: TeamRequest, saved: FlowChart | None) -> QuestionForm | None:
    """What the address asks, or the saved question where it asks nothing; None without a dataset to ask."""
    zone = ZoneInfo(request.team.time_zone)
    dataset: Dataset | None
    if slug := request.GET.get("dataset", "").replace("\0", ""):
        dataset = access.dataset_of(request.team, slug)
    else:
        dataset = (
            saved.dataset if saved else queries.datasets_with_events(request.team).order_by("-data_through").first()
        )
    if dataset is None or not dataset.events:
        return None
    stored = runs.saved_query(saved.query) if saved and not any(map(is_question, request.GET)) else None
    params = data_of(stored, zone) if stored else request.GET
    if params.get("asked", dataset.slug) != dataset.slug:
        params = carried_over(params, queries.unknown_events(dataset, event_names(params)))
    form = QuestionForm(params, dataset=dataset, zone=zone)
    form.is_valid()
    return form


def found(form: QuestionForm, look: Callable[[FlowQuery], T]) -> tuple[T | None, str]:
    """What there is, or the sentence that says why it cannot be shown."""
    if form.query is None:
        return None, next((str(errors[0]) for errors in form.errors.values()), "Choose a start event first.")
    try:
        return look(form.query), ""
    except QueryError as error:
        return None, error.sentence
    except (DamagedSegment, sets.Busy) as error:
        return None, str(error)


def whole(request: TeamRequest, name: str) -> int | None:
    """A number of the address; None where there is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def address(request: TeamRequest, path: str) -> Address:
    """Where the page at `path` stands by what this address says."""
    view = request.GET.get("view", "")
    view = view if view in VIEWS else VIEWS[0]
    look = [(name, text[:300].replace("\0", "")) for name in LOOKS.get(view, ()) for text in request.GET.getlist(name)]
    return Address(path, question_params(request.GET), view, _picked(request), tuple(look[: MAX_STEPS + 1]))


def _picked(request: TeamRequest) -> Selector | None:
    """The number that the address opens; None where it opens none that there could be."""
    try:
        return Selector.from_params(dict(request.GET.lists())) if "set" in request.GET else None
    except QueryError:
        return None
