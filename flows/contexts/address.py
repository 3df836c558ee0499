"""Addresses of a chart's page: every state of it is in the address."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict

from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.forms.charts import params_of
from flows.models import Dataset, FlowChart
from flows.questions import Analysis

VIEWS = ("sankey", "tree", "paths", "matrix", "table", "insights")
# What an address says of one view alone.
LOOKS = {"paths": ("sort", "find"), "matrix": ("between",), "tree": ("root",)}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page stands. `params` hold the question, and are empty where it is the saved one.

    `picked` is the number of the answer whose panel is open, `look` how the view is looked at: names and values.
    """

    path: str
    params: QueryDict
    view: str = "sankey"
    picked: Selector | None = None
    look: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        said = [("view", self.view)] if self.view != "sankey" else []
        return joined(self.path, self.params.urlencode(), urlencode([*said, *self.look]), _picked(self.picked))

    def at(self, *, view: str) -> "Address":
        return replace(self, view=view, look=self.look if view == self.view else ())

    def looking(self, name: str, *values: str) -> "Address":
        """With something else said of its view."""
        kept = (pair for pair in self.look if pair[0] != name)
        return replace(self, look=(*kept, *((name, value) for value in values)))

    def looks(self, name: str) -> tuple[str, ...]:
        return tuple(value for known, value in self.look if known == name)

    def on(self, picked: Selector | None) -> "Address":
        return replace(self, picked=picked)

    def below(self, part: str, **more: str | list[str]) -> str:
        """The address of a page about the picked number, such as its people."""
        said = urlencode(more, doseq=True)
        return joined(f"{self.path}{part}/", self.params.urlencode(), said, _picked(self.picked))

    def opener(self) -> Callable[[Selector | None], str]:
        """Makes addresses of the same page with another number open; the open one closes.

        Hundreds of them stand on a page, so what they share is written once.
        """
        closed = str(self.on(None))

        def url(selector: Selector | None) -> str:
            return closed if selector == self.picked else with_picked(closed, selector)

        return url


def asked_params(query: FlowQuery, dataset: Dataset, zone: ZoneInfo, saved: FlowChart | None) -> QueryDict:
    """A question as the address of its chart says it: not at all where it is the saved one."""
    return QueryDict(mutable=True) if is_saved(query, dataset, saved) else params_of(query, dataset, zone)


def is_saved(query: FlowQuery | Analysis | None, dataset: Dataset, saved: FlowChart | None) -> bool:
    """Whether a chart asks just this."""
    return saved is not None and query is not None and (query.canonical(), dataset) == (saved.query, saved.dataset)


def with_picked(address: str, selector: Selector | None) -> str:
    """An address that names no number, with one."""
    return saying(address, _picked(selector))


def saying(address: str, more: str) -> str:
    """An address that says something more."""
    return f"{address}{'&' if '?' in address else '?'}{more}" if more else address


def joined(path: str, *texts: str) -> str:
    """A path with what is said behind it."""
    said = "&".join(filter(None, texts))
    return f"{path}?{said}" if said else path


def _picked(selector: Selector | None) -> str:
    return urlencode(selector.to_params()) if selector else ""


@dataclass(frozen=True, slots=True)
class Asker:
    """Makes addresses of other questions on the same page."""

    address: Address
    query: FlowQuery
    dataset: Dataset
    zone: ZoneInfo

    def other(self, **changes: object) -> str:
        """The address of the question with `changes`; empty where that is no possible question."""
        try:
            query = replace(self.query, **changes)  # type: ignore[arg-type]
        except QueryError:
            return ""
        return str(replace(self.address, params=params_of(query, self.dataset, self.zone), picked=None))
