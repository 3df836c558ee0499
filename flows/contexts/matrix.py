"""The links of a flow as a matrix: from each event to each other, over all steps or between two."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flows.chart_tables import link_selector
from flows.chart_view import ChartView, end_look, end_words, step_name
from flows.contexts.address import Address
from flows.engine.query import QueryError
from flows.engine.result import EVENT, OTHER
from flows.engine.selector import NODE, Selector
from flows.figures import figure, share
from flows.forms.charts import QuestionForm, plain
from flows.lettering import printable
from flows.sankey import ENDS
from flows.services import details, sets
from flows.store import DamagedSegment

LABELS = 40  # rows and columns; the rarer ones stand together
HEATS = 9
RARER = "rarer"
EVERYTHING = "everything"
LAST = "Last"
Url = Callable[[Selector | None], str]
Key = tuple[str, str]  # kind and label


@dataclass(frozen=True, slots=True)
class Heading:
    name: str
    colour: int
    kind: str
    state: str = ""  # of an end: how it is drawn


@dataclass(frozen=True, slots=True)
class Cell:
    count: int
    share: str  # of the row
    heat: int  # 0 to 9
    title: str
    url: str
    picked: bool


@dataclass(frozen=True, slots=True)
class MatrixRow:
    heading: Heading
    cells: tuple[Cell, ...]
    total: int
    url: str


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """Each row adds up: its cells together are its total.

    `everything` leads to the transitions between all events, of which `within` says in what they are counted; nothing
    of them opens. `problem` says why there are none.
    """

    columns: tuple[Heading, ...]
    rows: tuple[MatrixRow, ...]
    choices: tuple[Choice, ...]
    everything: Choice
    step: int | None
    total: int
    within: str = ""
    problem: str = ""


def matrix_of(form: QuestionForm, result: Mapping[str, Any], chart: ChartView, address: Address, url: Url) -> Matrix:
    matrix = _matrix(result, chart, address, url)
    if not matrix.everything.current or form.query is None:
        return matrix
    version = result["dataset_version"]
    try:
        found = details.transitions_of(dataset=form.dataset, query=form.query, version=version, top=LABELS)
    except QueryError as error:
        return replace(matrix, columns=(), rows=(), total=0, problem=plain(error))
    except (DamagedSegment, sets.Busy) as error:
        return replace(matrix, columns=(), rows=(), total=0, problem=str(error))
    within = "session" if found["query"]["count"] == "sessions" else "person"
    return replace(matrix, **_everything(found, chart), within=within)


def _everything(found: Mapping[str, Any], chart: ChartView) -> dict[str, Any]:
    """Columns, rows and total of the transitions between all events."""
    counts = {
        (_key(cell["source_kind"], cell["source"]), _key(cell["target_kind"], cell["target"])): cell["count"]
        for cell in found["cells"]
    }
    labels = [(_key(row["kind"], row["label"]), row) for row in found["labels"]]
    names = {key: _heading(key, chart) for key, _ in labels}

    def row(key: Key, label: Mapping[str, Any]) -> MatrixRow:
        into = [(name.name, counts.get((key, other), 0)) for other, name in names.items()]
        cells = (
            _counted(count, label["count"], f"{names[key].name} → {name}")
            for name, count in (*into, (LAST, label["exits"]))
        )
        return MatrixRow(names[key], tuple(cells), label["count"], "")

    return {
        "columns": (*names.values(), Heading(LAST, 0, "end", "dropped")),
        "rows": tuple(row(key, label) for key, label in labels),
        "total": sum(label["count"] for _, label in labels),
    }


def _counted(count: int, total: int, name: str) -> Cell:
    part = share(count, total)
    return Cell(count, part, _heat(count, total), f"{name}: {figure(count)}, {part} of the row", "", False)


def _heat(count: int, total: int) -> int:
    return max(1, round(HEATS * (count / total) ** 0.6)) if count else 0


def _matrix(result: Mapping[str, Any], chart: ChartView, address: Address, url: Url) -> Matrix:
    step = _step(address, chart.steps)
    nodes = [node for node in result["nodes"] if step in (None, node["step"])]
    links = [link for link in result["links"] if step in (None, link["step"])]
    sources = _kept([(_key(node["kind"], node["label"]), node["count"]) for node in nodes])
    targets = _kept([(_key(link["target_kind"], link["target"]), link["count"]) for link in links])
    ends = [state for state in ENDS if any(node[state] for node in nodes)]
    words = end_words(chart.steps, chart.backwards)
    return Matrix(
        columns=(
            *(_heading(key, chart) for key in targets),
            *(Heading(words[state], 0, "end", end_look(state, chart.backwards)) for state in ends),
        ),
        rows=tuple(_rows(nodes, links, sources, targets, ends, chart, address, url)),
        choices=tuple(_choices(chart, address, step)),
        everything=Choice(
            "All events", str(address.looking("between", EVERYTHING).on(None)), EVERYTHING in address.looks("between")
        ),
        step=step,
        total=sum(node["count"] for node in nodes),
    )


def _step(address: Address, steps: int) -> int | None:
    text = next(iter(address.looks("between")), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 and int(text) <= steps else None


def _choices(chart: ChartView, address: Address, step: int | None) -> Iterator[Choice]:
    whole = step is None and EVERYTHING not in address.looks("between")
    yield Choice("All steps", str(address.looking("between").on(None)), whole)
    for number in range(chart.steps + 1):
        name = step_name(number, chart.backwards)
        yield Choice(name, str(address.looking("between", str(number)).on(None)), step == number)


def _key(kind: str, label: str) -> Key:
    return kind, label if kind == EVENT else ""


def _kept(counted: list[tuple[Key, int]]) -> list[Key]:
    """The most frequent labels, Other, and if there are more the rarer ones together."""
    sizes: Counter[Key] = Counter()
    for key, count in counted:
        sizes[key] += count
    events = sorted((key for key in sizes if key[0] == EVENT), key=lambda key: (-sizes[key], key[1]))
    kept = events[:LABELS]
    if (OTHER, "") in sizes:
        kept.append((OTHER, ""))
    return [*kept, (RARER, "")] if len(events) > LABELS else kept


def _heading(key: Key, chart: ChartView) -> Heading:
    kind, label = key
    if kind == EVENT:
        return Heading(printable(label), chart.colours.get(label, 0), kind)
    return Heading("Other" if kind == OTHER else "Rarer events", 0, kind)


def _rows(
    nodes: list[Mapping[str, Any]],
    links: list[Mapping[str, Any]],
    sources: list[Key],
    targets: list[Key],
    ends: list[str],
    chart: ChartView,
    address: Address,
    url: Url,
) -> Iterator[MatrixRow]:
    rows, columns = set(sources), set(targets)
    totals: Counter[Key] = Counter()
    places: dict[tuple[Key, Key | str], list[tuple[int, Selector]]] = {}
    own: dict[Key, list[Selector]] = {}
    for node in nodes:
        key = _key(node["kind"], node["label"])
        row = key if key in rows else (RARER, "")
        totals[row] += node["count"]
        selector = Selector(set=NODE, step=node["step"], kind=key[0], label=key[1])
        own.setdefault(row, []).append(selector)
        for state in ends:
            if node[state]:
                end = Selector(set=NODE, step=node["step"], kind=key[0], label=key[1], state=state)
                places.setdefault((row, state), []).append((node[state], end))
    for link in links:
        source, target = (_key(link[f"{side}_kind"], link[side]) for side in ("source", "target"))
        cell = (source if source in rows else (RARER, ""), target if target in columns else (RARER, ""))
        places.setdefault(cell, []).append((link["count"], link_selector(link)))
    for row in sources:
        heading = _heading(row, chart)
        names: list[tuple[Key | str, str]] = [(key, _heading(key, chart).name) for key in targets]
        words = end_words(chart.steps, chart.backwards)
        cells = tuple(
            _cell(places.get((row, column), []), totals[row], f"{heading.name} → {name}", chart, address, url)
            for column, name in [*names, *((state, words[state].lower()) for state in ends)]
        )
        yield MatrixRow(heading, cells, totals[row], url(own[row][0]) if len(own[row]) == 1 else "")


def _cell(
    found: list[tuple[int, Selector]], total: int, name: str, chart: ChartView, address: Address, url: Url
) -> Cell:
    """A number that stands at one step opens; else the step at which most of it stands is shown."""
    count = sum(size for size, _ in found)
    if not count:
        return Cell(0, "", 0, "", "", False)
    part = share(count, total)
    title = f"{name}: {chart.noun.of(count)}, {part} of the row"
    if len(found) == 1:
        opened, picked = url(found[0][1]), found[0][1] == address.picked
    else:
        step = max(found, key=lambda each: each[0])[1].step
        opened, picked = str(address.looking("between", str(step)).on(None)), False
        steps = (f"{figure(size)} from {step_name(each.step or 0, chart.backwards).lower()}" for size, each in found)
        title += f"; {', '.join(steps)}"
    return Cell(count, part, _heat(count, total), title, opened, picked)
