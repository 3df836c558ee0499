"""Addresses of a chart's page: every state of it is in the address."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.http import QueryDict

from flows.engine.query import FlowQuery, QueryError
from flows.forms.charts import params_of
from flows.models import Dataset

VIEWS = ("sankey", "paths", "table")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page stands. `params` hold the question, and are empty where it is the saved one."""

    path: str
    params: QueryDict
    view: str = "sankey"
    node: str = ""

    def __str__(self) -> str:
        params = self.params.copy()
        if self.view != "sankey":
            params["view"] = self.view
        if self.node:
            params["node"] = self.node
        return f"{self.path}?{params.urlencode()}" if params else self.path

    def at(self, *, view: str | None = None, node: str | None = None) -> "Address":
        return replace(self, view=self.view if view is None else view, node=self.node if node is None else node)


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
        return str(replace(self.address, params=params_of(query, self.dataset, self.zone), node=""))
