"""Paths as a tree: whose begin alike stand together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flows.chart_view import ChartView, end_look, end_words
from flows.contexts.address import Address, with_picked
from flows.engine.log import STATES
from flows.engine.prefixes import Branch
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import MATCHED, PATH, PREFIX, Selector
from flows.figures import share
from flows.lettering import printable
from flows.models import Dataset
from flows.sankey import colours_by_rank
from flows.services import details, sets
from flows.store import DamagedSegment

DEPTH = 4  # levels that are open at first


@dataclass(frozen=True, slots=True)
class TreeEnd:
    key: str  # how it is drawn
    name: str
    count: int
    share: str
    of_before: str
    percent: float
    url: str


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One branch. `more_url` fetches what follows, where that is not there; `root_url` shows it alone."""

    name: str
    colour: int
    count: int
    share: str  # of start
    of_before: str
    percent: float
    people_url: str
    root_url: str
    more_url: str
    rows: tuple["TreeRow", ...]
    ends: tuple[TreeEnd, ...]
    rest: int
    rest_labels: int


@dataclass(frozen=True, slots=True)
class Tree:
    """`crumbs` lead from everybody to the root: a name and an address each."""

    root: TreeRow | None
    crumbs: tuple[tuple[str, str], ...]
    problem: str


def tree_view(dataset: Dataset, query: FlowQuery, chart: ChartView, address: Address, version: int) -> Tree:
    """The tree below the root that the address names."""
    root = address.looks("root")[: query.steps + 1]
    try:
        branch = details.tree_of(dataset=dataset, query=query, prefix=root, depth=DEPTH, version=version)
    except QueryError as error:
        return Tree(None, (), error.sentence)
    except (DamagedSegment, sets.Busy) as error:
        return Tree(None, (), str(error))
    crumbs = [("Everybody", str(address.looking("root")))] if root else []
    crumbs += [(printable(root[at]), str(address.looking("root", *root[: at + 1]))) for at in range(len(root))]
    grower = Grower.at(address, query, chart.start, chart.colours, version)
    return Tree(grower.row(branch, branch.count), tuple(crumbs), "")


@dataclass(frozen=True, slots=True)
class Grower:
    """Makes rows of branches. `start` is everybody, `colours` are those of the labels in the picture.

    `people`, `below` and `root` are the addresses of a number's people, of what follows a branch, and of one alone.
    """

    query: FlowQuery
    start: int
    colours: Mapping[str, int]
    people: str
    below: str
    root: str

    @classmethod
    def of(cls, query: FlowQuery, result: Mapping[str, Any], address: Address) -> "Grower":
        nodes = result["nodes"]
        start = sum(node["count"] for node in nodes if node["step"] == 0)
        return cls.at(address, query, start, colours_by_rank(nodes), result["dataset_version"])

    @classmethod
    def at(cls, address: Address, query: FlowQuery, start: int, colours: Mapping[str, int], version: int) -> "Grower":
        closed = address.on(None)
        people, below = (closed.below(part, version=str(version)) for part in ("people", "tree"))
        return cls(query, start, colours, people, below, str(closed.at(view="tree").looking("root")))

    def row(self, branch: Branch, before: int) -> TreeRow:
        """A branch and what stands below it; `before` is the count of the one above."""
        path = branch.labels
        follows = branch.ends is None and len(path) <= self.query.steps
        roots = urlencode([("root", label) for label in path])
        return TreeRow(
            name=printable(path[-1]) if path else "Everybody",
            colour=self.colours.get(path[-1], 0) if path else 0,
            count=branch.count,
            share=share(branch.count, self.start),
            of_before=share(branch.count, before),
            percent=self._percent(branch.count),
            people_url=self._people(Selector(set=PREFIX, path=path) if path else Selector(set=MATCHED)),
            root_url=f"{self.root}&{roots}" if roots else self.root,
            more_url=f"{self.below}&{roots}" if follows else "",
            rows=tuple(self.row(each, branch.count) for each in branch.children),
            ends=tuple(self._ends(branch)) if path else (),
            rest=branch.rest,
            rest_labels=branch.rest_labels,
        )

    def _ends(self, branch: Branch) -> Iterator[TreeEnd]:
        words = end_words(self.query.steps, self.query.backwards)
        for state, count in zip(STATES, branch.ends or (), strict=False):
            if count:
                key = end_look(state, self.query.backwards)
                opened = self._people(Selector(set=PATH, path=branch.labels, state=state))
                part = share(count, branch.count)
                yield TreeEnd(key, words[state], count, share(count, self.start), part, self._percent(count), opened)

    def _people(self, selector: Selector) -> str:
        return with_picked(self.people, selector)

    def _percent(self, count: int) -> float:
        return 100 * count / (self.start or 1)
