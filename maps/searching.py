"""Finds words in all that the team's maps say, and where each of them stands.

A word is asked for by its beginning. Every source is asked through the very expression that its index is over.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db.models import F, Model, TextField, Value
from django.db.models.functions import Concat

from accounts.models import Team
from maps.log.texts import Run
from maps.models import Card, EmotionPoint, JourneyMap, Lane, Persona, Stage, Step
from maps.texts import flat

LONGEST = 200  # characters of a question
MOST_WORDS = 12
MOST_HITS = 60
# Of the private use area: no text has a reason to hold them, and one that does is only marked in a wrong place.
START, STOP = "\ue000", "\ue001"


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in which all the words stand. `anchor` is its element on the page of the map."""

    what: str
    icon: str
    map: int
    title: str
    archived: bool
    anchor: str
    where: tuple[str, ...]
    excerpt: list[Run]
    rank: float


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one model. `path` leads to their map, `where` to the names around them; a higher `weight` comes first."""

    what: str
    icon: str
    model: type[Model]
    fields: tuple[str, ...]
    path: str
    anchor: str
    keys: tuple[str, ...] = ("pk",)
    where: tuple[str, ...] = ()
    weight: float = 1

    def hits(self, team: Team, query: SearchQuery) -> list[Hit]:
        words: Any = next(index for index in self.model._meta.indexes if isinstance(index, GinIndex)).expressions[0]
        prefix = f"{self.path}__" if self.path else ""
        text = Concat(*_between(self.fields), output_field=TextField()) if len(self.fields) > 1 else F(self.fields[0])
        rows = (
            self.model._default_manager.filter(team=team, **({f"{self.path}__isnull": False} if self.path else {}))
            .annotate(words=words)
            .filter(words=query)
            .annotate(
                rank=SearchRank(words, query),
                excerpt=SearchHeadline(
                    text,
                    query,
                    config="simple",
                    start_sel=START,
                    stop_sel=STOP,
                    min_words=12,
                    max_words=30,
                    short_word="0",
                ),
            )
            .order_by("-rank", "-pk")
            .values_list(
                "rank", "excerpt", f"{prefix}pk", f"{prefix}title", f"{prefix}status", *self.keys, *self.where
            )[:MOST_HITS]
        )
        return [self._hit(*row) for row in rows]

    def _hit(self, rank: float, excerpt: str, journey: int, title: str, status: str, *rest: Any) -> Hit:
        keys, where = rest[: len(self.keys)], rest[len(self.keys) :]
        return Hit(
            what=self.what,
            icon=self.icon,
            map=journey,
            title=title,
            archived=status == JourneyMap.Status.ARCHIVED,
            anchor=self.anchor.format(*keys),
            where=where,
            excerpt=_runs(excerpt),
            rank=rank * self.weight,
        )


SOURCES = (
    Source("Map", "kanban", JourneyMap, ("title", "scenario", "expectations"), "", "", weight=4),
    Source("Stage", "rectangle-horizontal", Stage, ("name", "goal"), "map", "stage-{}", weight=2),
    Source("Step", "columns-2", Step, ("name",), "stage__map", "step-{}", where=("stage__name",), weight=2),
    Source("Lane", "rows-2", Lane, ("title",), "map", "lane-{}", weight=2),
    Source(
        "Card",
        "sticky-note",
        Card,
        ("body",),
        "cell__lane__map",
        "card-{}",
        where=("cell__lane__title", "cell__step__stage__name", "cell__step__name"),
    ),
    Source(
        "Feeling",
        "smile",
        EmotionPoint,
        ("label",),
        "lane__map",
        "cell-{}-{}",
        keys=("lane_id", "step_id"),
        where=("lane__title", "step__stage__name", "step__name"),
    ),
    # Once for each map that is about them.
    Source(
        "Persona",
        "user",
        Persona,
        ("name", "role", "goals", "needs", "frustrations", "quote"),
        "maps",
        "map-corner",
        weight=2,
    ),
)


def hits(team: Team, asked: str) -> list[Hit]:
    """The best places first, in one query for each source; none where nothing is asked."""
    query = question(asked)
    if query is None:
        return []
    found = [hit for source in SOURCES for hit in source.hits(team, query)]
    return sorted(found, key=lambda hit: -hit.rank)[:MOST_HITS]


def question(asked: str) -> SearchQuery | None:
    """All the words, each by its beginning, in any order; None where there is none.

    Each is quoted, so that no sign in it means anything to the database.
    """
    words = flat(asked)[:LONGEST].split()[:MOST_WORDS]
    if not words:
        return None
    quoted = [word.replace("\\", "\\\\").replace("'", "''") for word in words]
    return SearchQuery(" & ".join(f"'{word}':*" for word in quoted), config="simple", search_type="raw")


def _between(fields: tuple[str, ...]) -> list[Any]:
    """The fields with a line break between each two."""
    return [part for name in fields for part in (Value("\n"), F(name))][1:]


def _runs(excerpt: str) -> list[Run]:
    parts = re.split(f"{START}(.*?){STOP}", excerpt, flags=re.DOTALL)
    return [Run(text, differs=bool(place % 2)) for place, text in enumerate(parts) if text]
