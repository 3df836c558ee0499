"""The people behind one number of an analysis, or of a chain of a flow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict

from flows import queries
from flows.chart_view import NOUNS, Noun
from flows.contexts.address import joined
from flows.contexts.people import COLOURS, Event, PeoplePages
from flows.contexts.questioning import sentence
from flows.contexts.sentence import Words
from flows.contexts.spots import spot_words
from flows.engine.query import FlowQuery
from flows.engine.spot import DID, EVENTS, Spot
from flows.figures import duration
from flows.forms.analyses import NAMES
from flows.lettering import printable
from flows.models import Dataset, FlowChart
from flows.questions import Analysis, FunnelQuestion
from flows.services.spots import Person, SpotPage

EVENT = Noun("event", "events")


@dataclass(frozen=True, slots=True)
class PersonRow:
    """`events` are what somebody did from `at` on, `count` how many of what is counted are theirs."""

    person: str
    at: datetime
    count: int
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class ReachedView(PeoplePages):
    """A page about one number. `rows` are those from `offset` on; `problem` says why there are none."""

    saved: FlowChart | None
    sentence: tuple[Words, ...]
    title: str
    noun: Noun
    path: str
    params: QueryDict
    back_url: str
    back_name: str
    found: SpotPage | None
    offset: int
    rows: tuple[PersonRow, ...]
    problem: str

    @property
    def listed(self) -> int:
        return self.found.people if self.found else 0

    @property
    def is_several(self) -> bool:
        """Whether somebody may have several of what is counted."""
        return self.found is not None and (self.noun is EVENT or self.found.total != self.found.people)

    def _at(self, offset: int) -> str:
        params = self.params.copy()
        params.pop("offset", None)
        return joined(self.path, params.urlencode(), urlencode({"offset": offset}) if offset else "")


def reached_view(
    *,
    saved: FlowChart | None,
    dataset: Dataset,
    zone: ZoneInfo,
    question: FlowQuery | Analysis | None,
    spot: Spot,
    path: str,
    params: QueryDict,
    back_url: str,
    found: SpotPage | None,
    offset: int,
    problem: str,
) -> ReachedView:
    cohorts = queries.cohort_names(dataset.team, dataset)
    return ReachedView(
        saved=saved,
        sentence=sentence(question, zone, cohorts) if question else (),
        title=spot_words(question, spot) if question else "People",
        noun=_noun(question, spot),
        path=path,
        params=params,
        back_url=back_url,
        back_name=saved.name if saved and not spot.chain else _kind_name(question),
        found=found,
        offset=offset,
        rows=tuple(_rows(found.members)) if found else (),
        problem=problem,
    )


def _kind_name(question: FlowQuery | Analysis | None) -> str:
    """What a page is called that nobody has saved; a chain of a flow stands there as a funnel."""
    return NAMES[question.kind if isinstance(question, Analysis) else FunnelQuestion.kind]


def _noun(question: FlowQuery | Analysis | None, spot: Spot) -> Noun:
    if spot.set == DID and spot.measure == EVENTS:
        return EVENT
    counted = question.count if isinstance(question, FlowQuery | FunnelQuestion) else "users"
    return NOUNS[counted]


def _rows(members: Sequence[Person]) -> Iterator[PersonRow]:
    colours: dict[str, int] = {}
    for member in members:
        events = tuple(
            Event(
                printable(name),
                colours.setdefault(name, len(colours) % COLOURS + 1),
                duration(passed) if number else "",
            )
            for number, (name, passed) in enumerate(member.story)
        )
        yield PersonRow(printable(member.name), member.at, member.count, events)
