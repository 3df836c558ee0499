"""The whole question in plain words. What was chosen is underlined and leads to its control."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flows.durations import duration_words
from flows.engine.query import FlowQuery
from flows.lettering import cut_middle_to, printable
from flows.moments import day_words

NAMES_SPOKEN = 3
NAME_LENGTH = 48


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the sentence; with `control` it is the id of the control that decides it."""

    text: str
    control: str = ""


def sentence(query: FlowQuery, zone: ZoneInfo) -> tuple[Words, ...]:
    return tuple(_sentence(query, zone))


def spoken(query: FlowQuery, zone: ZoneInfo) -> str:
    """The sentence as one text, for lists and titles."""
    return "".join(words.text for words in sentence(query, zone))


def _sentence(query: FlowQuery, zone: ZoneInfo) -> Iterator[Words]:
    nouns = {"users": "people", "sessions": "sessions", "journeys": "journeys"}
    verbs = {
        "users": "who did",
        "sessions": "with",
        "journeys": "that lead to" if query.backwards else "that begin with",
    }
    yield Words("Of ")
    yield Words(nouns[query.count], "id_count")
    yield Words(f" {verbs[query.count]} ")
    yield from _either(query.end, "id_end") if query.backwards else _either(query.start, "id_start")
    if query.count != "journeys" and query.occurrence == "last":
        yield Words(", from the ")
        yield Words("last time", "id_occurrence")
        yield Words(" on")
    yield from _range(query, zone)
    yield from _question(query)
    yield from _window(query)
    yield from _views(query)
    yield Words("?")


def _range(query: FlowQuery, zone: ZoneInfo) -> Iterator[Words]:
    if query.range_from is not None and query.range_to is not None:
        yield Words(" between ")
        yield Words(day_words(query.range_from, zone), "id_from")
        yield Words(" and ")
        yield Words(day_words(query.range_to, zone, last=True), "id_to")
    elif query.range_from is not None:
        yield Words(" since ")
        yield Words(day_words(query.range_from, zone), "id_from")
    elif query.range_to is not None:
        yield Words(" until ")
        yield Words(day_words(query.range_to, zone, last=True), "id_to")


def _question(query: FlowQuery) -> Iterator[Words]:
    people = query.count == "users"
    if query.between:
        yield Words(", how did they get to " if people else ", what led to ")
        yield from _either(query.end, "id_end")
    elif query.backwards:
        yield Words(", what did they do before" if people else ", what came before")
    else:
        yield Words(", what did they do next" if people else ", what came next")


def _window(query: FlowQuery) -> Iterator[Words]:
    if query.count != "sessions":
        yield Words(", within ")
        yield Words(duration_words(query.within), "id_within")
    if query.max_gap is not None:
        yield Words(" and at most ")
        yield Words(duration_words(query.max_gap), "id_max_gap")
        yield Words(" from step to step")
    yield Words(", in ")
    yield Words(f"{query.steps}\N{NO-BREAK SPACE}step{'' if query.steps == 1 else 's'}", "id_steps")


def _views(query: FlowQuery) -> Iterator[Words]:
    if query.only:
        yield Words(", looking only at ")
        yield from _either(query.only, "id_only", "and")
    if query.hide:
        yield Words(", hiding ")
        yield from _either(query.hide, "id_hide", "and")
    if query.exclude:
        yield Words(", leaving out paths with ")
        yield from _either(query.exclude, "id_exclude")


def _either(names: Sequence[str], control: str, joint: str = "or") -> Iterator[Words]:
    shown = list(names) if len(names) <= NAMES_SPOKEN else list(names[: NAMES_SPOKEN - 1])
    texts = [cut_middle_to(printable(name), NAME_LENGTH) for name in shown]
    if len(shown) < len(names):
        texts.append(f"{len(names) - len(shown)} others")
    for place, text in enumerate(texts):
        if place:
            yield Words(f" {joint} " if place == len(texts) - 1 else ", ")
        yield Words(text, control)
