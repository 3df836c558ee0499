"""What all pages about one question share: the run that was asked for, and the one that stands there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import Team
from flows import queries
from flows.contexts.address import is_saved, saying
from flows.contexts.sentence import Words
from flows.engine.query import FlowQuery
from flows.models import Annotation, Dataset, FlowChart, FlowRun
from flows.moments import moment_in
from flows.questions import Analysis

EAGER = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a computation is, for whoever waits for it at `url`."""

    run: FlowRun
    url: str
    events: int

    @property
    def percent(self) -> int:
        return int(100 * self.run.fraction)

    @property
    def poll_ms(self) -> int:
        """Often at first, then once a second."""
        return 100 if timezone.now() - self.run.created_at < EAGER else 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPage:
    """One state of a page.

    `run` is what was asked (None: nothing could be asked), `shown` the run whose result stands on the page: the same,
    an older one that is marked as stale, or none. `form` holds the question, and knows whether it is one.
    """

    team: Team
    saved: FlowChart | None
    may_edit: bool
    form: Any
    sentence: tuple[Words, ...]
    title: str
    run: FlowRun | None
    shown: FlowRun | None
    is_paused: bool
    turned_away: str  # why it was not asked
    notes: tuple[Annotation, ...]  # on days of the range, the newest first

    @property
    def is_waiting(self) -> bool:
        return self.run is not None and not self.run.is_over

    @property
    def is_stale(self) -> bool:
        return self.shown is not None and self.shown is not self.run

    @property
    def is_changed(self) -> bool:
        return self.saved is not None and not is_saved(self.form.query, self.form.dataset, self.saved)

    @property
    def is_invalid(self) -> bool:
        return self.form.is_asked and self.form.query is None

    @property
    def error(self) -> str:
        if self.is_invalid:
            return self.first_error
        return self.run.error if self.run is not None and self.run.status == FlowRun.Status.FAILED else self.turned_away

    @property
    def first_error(self) -> str:
        """The first of what is wrong with the question, with the name of its control."""
        raise NotImplementedError

    @property
    def was_cancelled(self) -> bool:
        return self.is_paused or (self.run is not None and self.run.status == FlowRun.Status.CANCELLED)

    @property
    def data_through(self) -> datetime | None:
        """The newest event that the numbers on the page know."""
        result = self.shown.result if self.shown else None
        return datetime.fromisoformat(result["data_through"]) if result and result["data_through"] else None

    @property
    def url(self) -> str:
        raise NotImplementedError

    @property
    def progress(self) -> Progress | None:
        return Progress(self.run, self.waiting_url, self.form.dataset.events) if self.run else None

    @property
    def waiting_url(self) -> str:
        """The same page for whoever waits for the computation that has begun."""
        return saying(self.url, f"run={self.run.pk}") if self.run else self.url


def shown_run(dataset: Dataset, query: FlowQuery | Analysis | None, run: FlowRun | None) -> FlowRun | None:
    """The answer itself, or while it is computed the last one to the same question."""
    if run is not None and run.status == FlowRun.Status.DONE:
        return run
    return queries.last_answer(dataset, query) if query else None


def notes_on(
    team: Team, saved: FlowChart | None, query: FlowQuery | Analysis | None, zone: ZoneInfo
) -> tuple[Annotation, ...]:
    """What happened on days of the range, the newest first."""
    if query is None:
        return ()
    since, until = (moment_in(zone, at).date() if at is not None else None for at in (query.range_from, query.range_to))
    return tuple(reversed(queries.annotations(team, saved, since=since, until=until)))
