"""The people behind one number of a flow, and a chain of steps as a funnel."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flows import queries
from flows.answers.funnel import FunnelStep, funnel_steps
from flows.answers.stairs import Stairs, stairs_of
from flows.answers.view import WIDTH
from flows.chart_view import NOUNS, Noun, end_look, end_words
from flows.contexts.address import Address
from flows.contexts.cohorts import place
from flows.contexts.sentence import Words, sentence
from flows.engine.query import FlowQuery
from flows.engine.spot import Spot
from flows.figures import duration
from flows.forms.charts import QuestionForm
from flows.lettering import printable
from flows.models import FlowChart
from flows.services.names import NAME_LENGTH
from flows.services.sets import MOST_LISTED, SetMember, SetPage

PAGE, SHORT = 50, 4
COLOURS = 11


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    colour: int
    since: str  # how long after the one before; "" for the first in time


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person, session or journey: its events in the order of time, and what became of it."""

    person: str
    at: datetime
    events: tuple[Event, ...]
    end: str  # how it is drawn
    end_name: str


class PeoplePages:
    """Where the pages of a list of people are, for a view that has one of them: `rows`, from `offset` on."""

    __slots__ = ()
    title: str
    offset: int
    rows: Sequence[object]

    @property
    def listed(self) -> int:
        """How many stand in the whole list, of which not all are shown."""
        raise NotImplementedError

    def _at(self, offset: int) -> str:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return self._at(self.offset)

    @property
    def previous_url(self) -> str:
        return self._at(max(0, self.offset - PAGE)) if self.offset else ""

    @property
    def next_url(self) -> str:
        following = self.offset + PAGE
        return self._at(following) if following < min(self.listed, MOST_LISTED) else ""

    @property
    def last(self) -> int:
        return self.offset + len(self.rows)

    @property
    def cohort_name(self) -> str:
        return self.title[:NAME_LENGTH]


@dataclass(frozen=True, slots=True)
class SetView(PeoplePages):
    """A page about one number. `rows` are those from `offset` on; `problem` says why there are none."""

    saved: FlowChart | None
    address: Address
    sentence: tuple[Words, ...]
    title: str
    noun: Noun
    total: int
    offset: int
    version: str
    rows: tuple[PersonRow, ...]
    problem: str

    @property
    def back_url(self) -> str:
        return str(self.address)

    @property
    def listed(self) -> int:
        return self.total

    def _at(self, offset: int) -> str:
        more = {name: value for name, value in (("version", self.version), ("offset", str(offset or ""))) if value}
        return self.address.below("people", **more)


def set_view(
    saved: FlowChart | None,
    form: QuestionForm,
    address: Address,
    found: SetPage | None,
    *,
    offset: int,
    version: str,
    problem: str,
) -> SetView:
    query, zone = form.query, form.zone
    cohorts = queries.cohort_names(form.dataset.team, form.dataset)
    return SetView(
        saved=saved,
        address=address,
        sentence=sentence(query, zone, cohorts) if query else (),
        title=place(query, address.picked) if query and address.picked else "People",
        noun=NOUNS[query.count if query else "users"],
        total=found.total if found else 0,
        offset=offset,
        version=version,
        rows=tuple(_rows(found.members, query)) if found and query else (),
        problem=problem,
    )


def _rows(members: Sequence[SetMember], query: FlowQuery) -> Iterator[PersonRow]:
    words = end_words(query.steps, query.backwards)
    colours: dict[str, int] = {}
    for member in members:
        labels, seconds = member.path, member.seconds
        if query.backwards:
            # Told from the anchor back: each step says how long before the one that was told first.
            labels, seconds = labels[::-1], (0.0, *seconds[:0:-1])
        events = [
            Event(
                printable(label),
                colours.setdefault(label, len(colours) % COLOURS + 1),
                duration(passed) if number else "",
            )
            for number, (label, passed) in enumerate(zip(labels, seconds, strict=True))
        ]
        key = end_look(member.end, query.backwards)
        yield PersonRow(printable(member.person), member.at, tuple(events), key, words[member.end])


@dataclass(frozen=True, slots=True)
class FunnelView:
    saved: FlowChart | None
    address: Address
    sentence: tuple[Words, ...]
    noun: Noun
    steps: tuple[FunnelStep, ...]
    problem: str

    @property
    def back_url(self) -> str:
        return str(self.address)

    @property
    def stairs(self) -> Stairs:
        return stairs_of(self.steps, WIDTH)


def funnel_view(
    saved: FlowChart | None, form: QuestionForm, address: Address, funnel: Mapping[str, Any] | None, problem: str
) -> FunnelView:
    query = form.query
    cohorts = queries.cohort_names(form.dataset.team, form.dataset)

    chain = tuple(each["events"][0] for each in funnel["steps"]) if funnel else ()
    shared = address.on(None).below("reached", version=str(funnel["dataset_version"]) if funnel else "")

    def opened(spot: Spot) -> str:
        return f"{shared}&{urlencode(replace(spot, chain=chain).to_params())}"

    return FunnelView(
        saved=saved,
        address=address,
        sentence=sentence(query, form.zone, cohorts) if query else (),
        noun=NOUNS[query.count if query else "users"],
        steps=tuple(funnel_steps(funnel["steps"], opened)) if funnel else (),
        problem=problem,
    )
