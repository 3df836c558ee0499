"""Addresses of a chart's page: every state of it is in the address."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.http import QueryDict

from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.forms.charts import params_of
from flows.models import Dataset

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
        params = self.params.copy()
        if self.view != "sankey":
            params["view"] = self.view
        for name, value in self.look:
            params.appendlist(name, value)
        return written(self.path, params, self.picked)

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
        params = self.params.copy()
        for name, value in more.items():
            params.setlist(name, [value] if isinstance(value, str) else value)
        return written(f"{self.path}{part}/", params, self.picked)


def written(path: str, params: QueryDict, picked: Selector | None) -> str:
    params = params.copy()
    for name, value in picked.to_params() if picked else ():
        params.appendlist(name, value)
    return f"{path}?{params.urlencode()}" if params else path


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
