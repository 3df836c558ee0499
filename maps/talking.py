"""What has been said about a map, as a panel beside it shows it."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from accounts.models import User
from maps import access
from maps.log.elements import GRID, MOST
from maps.mentions import People, Run
from maps.models import Comment, JourneyMap
from maps.targets import Target, target_of, targets_of

TALK = "talk"  # the element that counts all open threads
THREADS_A_PAGE = 40
SHOWS = {"open": "Open", "resolved": "Resolved", "all": "All"}


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread in a list; `target` is None where what it is about has been removed."""

    first: Comment
    target: Target | None

    @property
    def replies(self) -> int:
        return self.first.size - (self.first.removed_at is None)

    @property
    def about(self) -> str:
        return self.target.name if self.target else self.first.about


@dataclass(frozen=True, slots=True)
class Said:
    comment: Comment
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which threads somebody wants to see."""

    show: str = "open"
    mine: bool = False
    about: str = ""

    @property
    def query(self) -> str:
        """As it stands in an address, without what is not out of the ordinary."""
        pairs = {
            "show": self.show if self.show != "open" else "",
            "mine": "1" if self.mine else "",
            "about": self.about,
        }
        return urlencode({name: value for name, value in pairs.items() if value})


def _standing(journey: JourneyMap) -> QuerySet[Comment]:
    return Comment.objects.filter(map=journey, thread=None, size__gt=0)


def open_threads(journey: JourneyMap) -> dict[str, int]:
    """How many there are about each part that has any, by its key."""
    found = _standing(journey).filter(resolved_at=None).order_by().values_list("key")
    return dict(found.annotate(threads=Count("pk")))


def threads(journey: JourneyMap, asked: Asked, *, by: User, page: str | None = None) -> Page[Comment]:
    """The last changed first. Raises Http404 where `asked.about` is not on the map."""
    found = _standing(journey).select_related("author", "resolved_by").order_by("-heard", "-pk")
    if asked.show != "all":
        found = found.filter(resolved_at__isnull=asked.show == "open")
    if asked.mine:
        found = found.filter(_takes_part(by))
    if asked.about:
        found = found.filter(key=target_of(journey, asked.about).key)
    return Paginator(found, THREADS_A_PAGE).get_page(page)


def placed(journey: JourneyMap, comments: Collection[Comment]) -> list[Thread]:
    targets = targets_of(journey, comments)
    return [Thread(comment, targets.get(comment.key)) for comment in comments]


def thread_with(journey: JourneyMap, comment: int) -> Comment:
    """The first comment of the thread in which a comment stands. Raises Http404."""
    row = access.comment_of(journey, comment)
    return access.thread_of(journey, row.thread_id or row.pk)


def said_in(first: Comment) -> list[Said]:
    """The comments of a thread in order, without replies that have been removed; in two queries."""
    comments = Comment.objects.filter(Q(pk=first.pk) | Q(thread=first, removed_at=None))
    comments = comments.select_related("author").prefetch_related("mentions").order_by("made_at", "pk")
    return [Said(comment, People(comment.mentions.all()).runs(comment.body)) for comment in comments]


def shown_since(journey: JourneyMap, talked: int) -> list[str]:
    """The elements whose marks may be different since the map had that `talked`."""
    changed = list(Comment.objects.filter(map=journey, thread=None, heard__gt=talked).only("part", "key")[: MOST + 1])
    if len(changed) > MOST:
        return [TALK, GRID]
    drawn = dict.fromkeys(target.drawn for target in targets_of(journey, changed).values())
    return [TALK, *filter(None, drawn)]


def _takes_part(person: User) -> Q:
    replied = Comment.objects.filter(thread__isnull=False, removed_at=None, author=person).values("thread")
    meant = Comment.objects.filter(mentions=person)
    return (
        Q(author=person)
        | Q(pk__in=replied)
        | Q(pk__in=meant.values("pk"))
        | Q(pk__in=meant.filter(thread__isnull=False).values("thread"))
    )
