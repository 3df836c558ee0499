"""The question of an analysis in plain words; what was chosen is underlined and leads to its control."""

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from flows.contexts.conditions import filter_words, person_words
from flows.contexts.sentence import Words, either, rules_words
from flows.contexts.sentence import sentence as flow_sentence
from flows.durations import duration_words
from flows.engine.query import FlowQuery
from flows.lettering import cut_middle_to, printable
from flows.moments import day_words
from flows.questions import Analysis, FunnelQuestion, RetentionQuestion, TrendQuestion


def sentence(question: FlowQuery | Analysis, zone: ZoneInfo, cohorts: Mapping[int, str]) -> tuple[Words, ...]:
    """`cohorts` are the names of those that the question may speak of, by id."""
    if isinstance(question, FlowQuery):
        return flow_sentence(question, zone, cohorts)
    return tuple(_sentence(question, zone, cohorts))


def spoken(question: FlowQuery | Analysis, zone: ZoneInfo, cohorts: Mapping[int, str]) -> str:
    """The sentence as one text, for lists and titles."""
    return "".join(words.text for words in sentence(question, zone, cohorts))


def _sentence(question: Analysis, zone: ZoneInfo, cohorts: Mapping[int, str]) -> Iterator[Words]:
    if isinstance(question, FunnelQuestion):
        yield from _funnel(question, zone, cohorts)
    elif isinstance(question, RetentionQuestion):
        yield from _retention(question, zone, cohorts)
    elif isinstance(question, TrendQuestion):
        yield from _trend(question, zone, cohorts)
    yield Words("?")


def _funnel(question: FunnelQuestion, zone: ZoneInfo, cohorts: Mapping[int, str]) -> Iterator[Words]:
    yield Words("Of ")
    yield Words("sessions" if question.count == "sessions" else "people", "id_count")
    yield Words(" with " if question.count == "sessions" else " who did ")
    yield from either(question.steps[0], "id_step-0")
    yield from _shared(question, zone, cohorts)
    if len(question.steps) > 1:
        yield Words(", how many went on to ")
        for number, step in enumerate(question.steps[1:], 1):
            if number > 1:
                yield Words(" and then ")
            yield from either(step, f"id_step-{number}")
        if question.order == "strict":
            yield Words(", ")
            yield Words("each right behind the other", "id_order")
    else:
        yield Words(", how many are there")
    if question.never:
        yield Words(", without ")
        yield from either(question.never, "id_never")
        if (question.after, question.before) != (0, None):
            last = len(question.steps) if question.before is None else question.before + 1
            yield Words(f" between steps {question.after + 1} and {last}")
    if question.count != "sessions":
        yield Words(", within ")
        yield Words(duration_words(question.within), "id_within")
    if question.breakdown:
        yield Words(", by ")
        yield Words(cut_middle_to(printable(question.breakdown), 48), "id_breakdown")


def _retention(question: RetentionQuestion, zone: ZoneInfo, cohorts: Mapping[int, str]) -> Iterator[Words]:
    yield Words("Of people who first did ")
    yield from either(question.first, "id_first")
    yield from _shared(question, zone, cohorts)
    yield Words(" in a ")
    yield Words(question.period, "id_period")
    yield Words(", how many came back ")
    if question.back:
        yield Words("and did ")
        yield from either(question.back, "id_back")
    else:
        yield Words("with any event", "id_back")
    yield Words(f" in the {question.period}s after it")


def _trend(question: TrendQuestion, zone: ZoneInfo, cohorts: Mapping[int, str]) -> Iterator[Words]:
    yield Words("How often, and by how many people, was ")
    if question.only:
        yield from either(question.only, "id_only", "and")
    else:
        yield Words("every event", "id_only")
    yield Words(" done each ")
    yield Words(question.period, "id_period")
    yield from _shared(question, zone, cohorts)
    if question.hide:
        yield Words(", hiding ")
        yield from either(question.hide, "id_hide", "and")


def _shared(question: Analysis, zone: ZoneInfo, cohorts: Mapping[int, str]) -> Iterator[Words]:
    said = [person_words(each.to_dict(), cohorts) for each in question.people]
    if said:
        yield Words(", and who " if not isinstance(question, TrendQuestion) else ", of people who ")
        yield from _all(said, "id_people")
    for word, moment, control in (("since", question.range_from, "id_from"), ("until", question.range_to, "id_to")):
        if moment is not None:
            yield Words(f" {word} ")
            yield Words(day_words(moment, zone, last=control == "id_to"), control)
    said = [filter_words(each.to_dict()) for each in question.where]
    if said:
        yield Words(", counting only events whose ")
        yield from _all(said, "id_where")
    if question.rules:
        yield Words(", with ")
        yield rules_words(len(question.rules))


def _all(said: Sequence[str], control: str) -> Iterator[Words]:
    for place, text in enumerate(said):
        if place:
            yield Words(" and ")
        yield Words(text, control)
