"""The rows of a comparison: what differs, in words and figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flows.chart_view import end_words, step_name
from flows.difference import SAID, in_order, selector_of
from flows.engine.query import FlowQuery
from flows.engine.result import OTHER
from flows.engine.selector import LINK, MATCHED, Selector
from flows.figures import NOTHING, figure, p_value, points, ratio, share
from flows.lettering import cut_middle_to, isolated, printable

LETTERS = ("a", "b")  # of the sides, in addresses; pages write them large
SHORT = 32  # letters of an event in a list

Url = Callable[[str, Selector], str]  # letter, number


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of one side with its base; it opens the panel of its people."""

    count: str
    base: str
    share: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that can differ. `said` are the words of what can be said of it."""

    selector: Selector
    name: str
    short: str  # the same with long names cut
    place: str
    figures: tuple[Figure, ...]
    points: str
    interval: str
    ratio: str
    p: str
    verdict: str
    said: str
    picked: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """The first of all rows, how many are left out, how many are more than chance, and the open one, wherever it is."""

    listed: tuple[Row, ...]
    left_out: int
    differing: int
    opened: Row | None


def compare_rows(
    compared: Mapping[str, Any], query: FlowQuery, url: Url, picked: Selector | None, *, most: int
) -> Rows:
    """The first of `compared`, which says of how many rows there are how many differ."""
    found = in_order(compared)
    words = end_words(compared["steps"], query.backwards)

    def shown(row: Mapping[str, Any], said: str) -> Row:
        selector = selector_of(row)
        name, place = named(selector, words, query.backwards)
        short, _ = named(selector, words, query.backwards, SHORT)
        return _row(row, said, (name, short, place), url, picked)

    same_step = [pair for pair in found if picked and pair[0].get("step") == picked.step]
    return Rows(
        listed=tuple(shown(*pair) for pair in found[:most]),
        left_out=max(0, compared["rows"] - most),
        differing=compared["differing"],
        opened=next((shown(*pair) for pair in same_step if selector_of(pair[0]) == picked), None),
    )


def _row(row: Mapping[str, Any], said: str, words: tuple[str, str, str], url: Url, picked: Selector | None) -> Row:
    selector, known, (one, two) = selector_of(row), row["difference"] is not None, row["shares"]
    figures = tuple(
        Figure(
            figure(count),
            figure(base),
            share(count, base) if count is not None and base else NOTHING,
            url(letter, selector) if count else "",
        )
        for count, base, letter in zip(row["counts"], row["bases"], LETTERS, strict=True)
    )
    return Row(
        selector=selector,
        name=words[0],
        short=words[1],
        place=words[2],
        figures=figures,
        points=points(row["difference"]) if known else NOTHING,
        interval=" to ".join(map(points, row["interval"])) if known else NOTHING,
        ratio=ratio(two, one) if known else NOTHING,
        p=p_value(row["adjusted_p"]),
        verdict=said,
        said=SAID[said],
        picked=selector == picked,
    )


def named(selector: Selector, words: Mapping[str, str], backwards: bool, length: int = 0) -> tuple[str, str]:
    """What a number is of, and where it stands; each event in at most `length` letters, if there is a length."""
    if selector.set == LINK:
        assert selector.step is not None
        ends = [(selector.source_kind, selector.source), (selector.target_kind, selector.target)]
        steps = [step_name(selector.step, backwards), step_name(selector.step + 1, backwards)]
        if backwards:
            ends.reverse()
            steps.reverse()
        return " → ".join(_label(*end, length) for end in ends), f"{steps[0]} to {steps[1].lower()}"
    if selector.set == MATCHED:
        assert selector.state is not None
        return words[selector.state], "Over all steps"
    assert selector.step is not None
    ended = f", {words[selector.state].lower()}" if selector.state else ""
    return f"{_label(selector.kind, selector.label, length)}{ended}", step_name(selector.step, backwards)


def _label(kind: str, label: str, length: int) -> str:
    if kind == OTHER:
        return "Other"
    name = printable(label)
    return isolated(cut_middle_to(name, length) if length else name)
