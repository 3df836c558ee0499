"""The whole question in plain words. What was chosen is underlined and leads to its control."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flows.contexts.conditions import filter_words, joined, person_words
from flows.durations import duration_words
from flows.engine.query import ID, FlowQuery
from flows.lettering import cut_middle_to, printable
from flows.moments import day_words

NAMES_SPOKEN = 3
NAME_LENGTH = 48


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the sentence; with `control` it is the id of the control that decides it."""

    text: str
    control: str = ""


def sentence(query: FlowQuery, zone: ZoneInfo, cohorts: Mapping[int, str]) -> tuple[Words, ...]:
    """`cohorts` are the names of those that the question may speak of, by id."""
    return tuple(_sentence(query, zone, cohorts))


def spoken(query: FlowQuery, zone: ZoneInfo, cohorts: Mapping[int, str]) -> str:
    """The sentence as one text, for lists and titles."""
    return "".join(words.text for words in sentence(query, zone, cohorts))


def _sentence(query: FlowQuery, zone: ZoneInfo, cohorts: Mapping[int, str]) -> Iterator[Words]:
    nouns = {"users": "people", "sessions": "sessions", "journeys": "journeys"}
    verbs = {
        "users": "who did",
        "sessions": "with",
        "journeys": "that lead to" if query.backwards else "that begin with",
    }
    yield Words("Of ")
    yield Words(nouns[query.count], "id_count")
    yield Words(f" {verbs[query.count]} ")
    yield from _anchor(query, "end" if query.backwards else "start")
    if query.count != "journeys" and query.occurrence == "last":
        yield Words(", from the ")
        yield Words("last time", "id_occurrence")
        yield Words(" on")
    yield from _people(query, cohorts)
    yield from _range(query, zone)
    yield from _question(query)
    yield from _window(query)
    yield from _views(query)
    yield Words("?")


def _anchor(query: FlowQuery, side: str) -> Iterator[Words]:
    yield from either(getattr(query, side), f"id_{side}")
    yield from _where(query, f"{side}_where", " where ")


def _where(query: FlowQuery, option: str, lead: str) -> Iterator[Words]:
    said = [filter_words(each.to_dict()) for each in getattr(query, option)]
    if said:
        yield Words(lead)
        yield from _control(said, f"id_{option}")


def _people(query: FlowQuery, cohorts: Mapping[int, str]) -> Iterator[Words]:
    said = [person_words(each.to_dict(), cohorts) for each in query.people]
    if said:
        yield Words(", and who " if query.count == "users" else ", of people who ")
        yield from _control(said, "id_people")


def _control(said: list[str], control: str) -> Iterator[Words]:
    for place, text in enumerate(joined(said)):
        yield Words(text, "" if place % 2 else control)


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
        yield from _anchor(query, "end")
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
    if query.session_by == ID:
        yield Words(", with ")
        yield Words("sessions as recorded", "id_session_by")
    yield from _where(query, "where", ", counting only events whose ")
    if query.expand:
        yield Words(", telling apart ")
        yield from _control([f"{_shown(event)} by {_shown(name)}" for event, name in query.expand], "id_expand")
    if query.rules:
        yield Words(", with ")
        yield rules_words(len(query.rules))
    if query.only:
        yield Words(", looking only at ")
        yield from either(query.only, "id_only", "and")
    if query.hide:
        yield Words(", hiding ")
        yield from either(query.hide, "id_hide", "and")
    if query.exclude:
        yield Words(", leaving out paths with ")
        yield from either(query.exclude, "id_exclude")


def either(names: Sequence[str], control: str, joint: str = "or") -> Iterator[Words]:
    """Some names, all of which lead to one control."""
    shown = list(names) if len(names) <= NAMES_SPOKEN else list(names[: NAMES_SPOKEN - 1])
    texts = [_shown(name) for name in shown]
    if len(shown) < len(names):
        texts.append(f"{len(names) - len(shown)} others")
    for place, text in enumerate(texts):
        if place:
            yield Words(f" {joint} " if place == len(texts) - 1 else ", ")
        yield Words(text, control)


def _shown(name: str) -> str:
    return cut_middle_to(printable(name), NAME_LENGTH)


def rules_words(count: int) -> Words:
    return Words(f"{count} renaming rule{'' if count == 1 else 's'}", "id_rules")
