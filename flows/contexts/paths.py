"""Whole paths as a list that is sorted and searched."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.chart_view import ChartView, end_look, end_words
from flows.contexts.address import Address
from flows.engine.selector import PATH, Selector
from flows.figures import share
from flows.lettering import printable

Url = Callable[[Selector | None], str]
# Order of the list → the name of its column, and the key by which rows ascend.
SORTS: Mapping[str, tuple[str, Callable[["PathRow"], Any]]] = {
    "count": ("", lambda row: 0),  # as the result lists them
    "length": ("Steps", lambda row: -len(row.steps)),
    "path": ("Path", lambda row: [step.name.lower() for step in row.steps]),
    "end": ("Then", lambda row: row.end_name),
}


@dataclass(frozen=True, slots=True)
class PathStep:
    name: str
    colour: int


@dataclass(frozen=True, slots=True)
class PathRow:
    steps: tuple[PathStep, ...]
    end: str  # how it is drawn
    end_name: str
    count: int
    share: str  # of start
    percent: float  # of the most frequent, for the bar
    url: str


@dataclass(frozen=True, slots=True)
class Order:
    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class PathList:
    """`rows` are those that hold the words of `find`; `listed` is how many there are without."""

    rows: tuple[PathRow, ...]
    listed: int
    orders: Mapping[str, Order]
    find: str
    fields: tuple[tuple[str, str], ...]  # the address as fields of the form that searches

    @property
    def count(self) -> int:
        """How many of the start the rows hold; a path that ends in several ways is listed for each."""
        return sum(row.count for row in self.rows)


def path_list(result: Mapping[str, Any], chart: ChartView, address: Address, url: Url) -> PathList:
    find = next(iter(address.looks("find")), "")
    sort = next((name for name in address.looks("sort") if name in SORTS), "count")
    rows = list(_rows(result, chart, url))
    words = find.lower().split()
    found = [row for row in rows if all(any(word in step.name.lower() for step in row.steps) for word in words)]
    found.sort(key=SORTS[sort][1])
    query = address.looking("find")
    fields = [(name, value) for name, values in query.params.lists() for value in values]
    fields += [("view", address.view), *query.look, *(query.picked.to_params() if query.picked else ())]
    return PathList(
        rows=tuple(found),
        listed=len(rows),
        orders={
            name: Order(
                title or chart.noun.many.capitalize(),
                str(address.looking("sort", *([] if name == "count" else [name]))),
                name == sort,
            )
            for name, (title, _) in SORTS.items()
        },
        find=find,
        fields=tuple(fields),
    )


def _rows(result: Mapping[str, Any], chart: ChartView, url: Url) -> Iterator[PathRow]:
    words = end_words(chart.steps, chart.backwards)
    most = max((path["count"] for path in result["paths"]), default=1)
    for path in result["paths"]:
        # Read backwards a path is told from its anchor; time runs the other way.
        labels = reversed(path["labels"]) if chart.backwards else path["labels"]
        yield PathRow(
            steps=tuple(PathStep(printable(label), chart.colours.get(label, 0)) for label in labels),
            end=end_look(path["end"], chart.backwards),
            end_name=words[path["end"]],
            count=path["count"],
            share=share(path["count"], chart.start),
            percent=100 * path["count"] / most,
            url=url(Selector(set=PATH, path=tuple(path["labels"]), state=path["end"])),
        )
