"""What an address asks, for every page about a question."""

from zoneinfo import ZoneInfo

from accounts.access import TeamRequest
from flows import access, queries
from flows.contexts.address import VIEWS, Address
from flows.engine.query import QueryError
from flows.engine.selector import Selector
from flows.forms.charts import QuestionForm, carried_over, data_of, event_names, is_question, question_params
from flows.models import Dataset, FlowChart
from flows.services import runs


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


def address(request: TeamRequest, path: str) -> Address:
    """Where the page at `path` stands by what this address says."""
    view = request.GET.get("view", "")
    return Address(path, question_params(request.GET), view if view in VIEWS else VIEWS[0], picked(request))


def picked(request: TeamRequest) -> Selector | None:
    """The number that the address opens; None where it opens none that there could be."""
    try:
        return Selector.from_params(dict(request.GET.lists())) if "set" in request.GET else None
    except QueryError:
        return None
