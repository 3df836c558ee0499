"""Comments in threads. They are no changes of the map: not in its log, not undone, and not copied with it.

Every write holds the lock of the map, raises its `talked`, and lets those who watch it know.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notification, User
from accounts.services import notify, untell
from maps import access
from maps.limits import MOST_COMMENTS
from maps.live import bus
from maps.mentions import People
from maps.models import Comment, JourneyMap
from maps.services.changes import locked
from maps.targets import target_of
from maps.texts import BODY_LIMIT, EXCERPT, paragraphs

Kind = Notification.Kind


def start_thread(*, journey: JourneyMap, by: User, about: str, body: str) -> Comment:
    """The first comment about an element of the page, such as `card-7` or `map`.

    Raises ValidationError for a blank or too long body, as all that write here, and Http404 for what is not on the map.
    """
    body = _body(body)
    with _talking(journey) as talk:
        target = target_of(journey, about)
        comment = Comment(part=target.part, key=target.key, about=target.name)
        talk.says(comment, by, body)
    return comment


def reply(*, journey: JourneyMap, by: User, thread: int, body: str) -> Comment:
    """One more comment at the end of a thread, which stays resolved if it is."""
    body = _body(body)
    with _talking(journey) as talk:
        first = access.thread_of(journey, thread)
        if first.size >= MOST_COMMENTS:
            raise ValidationError(f"A thread has at most {MOST_COMMENTS} comments. Begin another one.")
        comment = Comment(thread=first)
        talk.says(comment, by, body)
    return comment


def edit_comment(*, journey: JourneyMap, by: User, comment: int, body: str) -> Comment:
    """Raises PermissionDenied for anybody but the author. Whoever is newly mentioned is told."""
    with _talking(journey) as talk:
        row, body = access.own_comment_of(journey, comment, by), _body(body)
        if row.body != body:
            row.edited_at = timezone.now()
            talk.says(row, by, body)
    return row


def remove_comment(*, journey: JourneyMap, by: User, comment: int) -> Comment:
    """Nothing of the text is kept; what others said in the thread stays. Raises PermissionDenied as `edit_comment`."""
    with _talking(journey) as talk:
        row = access.own_comment_of(journey, comment, by)
        row.body, row.removed_at = "", timezone.now()
        row.save(update_fields=["body", "removed_at"])
        row.mentions.clear()
        untell(team=journey.team, key=_key(row))
        talk.changed(row.thread or row)
    return row


def resolve_thread(*, journey: JourneyMap, by: User, thread: int, resolved: bool = True) -> Comment:
    """Resolve or reopen. Of two who do the same at once, the first did it."""
    with _talking(journey) as talk:
        first = access.thread_of(journey, thread)
        if (first.resolved_at is not None) != resolved:
            first.resolved_at = timezone.now() if resolved else None
            first.resolved_by = by if resolved else None
            first.save(update_fields=["resolved_at", "resolved_by"])
            talk.changed(first)
    return first


class _Talk:
    """What is said while the map is locked."""

    def __init__(self, journey: JourneyMap) -> None:
        self.map = journey

    def says(self, comment: Comment, by: User, body: str) -> None:
        """Write the comment, new or not, and tell whom it concerns."""
        comment.team_id, comment.map, comment.body = self.map.team_id, self.map, body
        if comment.pk is None:
            comment.author = by
        comment.save()
        people = self.map.team.members.filter(is_active=True) if "@" in body else []
        named = People(people).named(body)
        comment.mentions.set(named)
        first = comment.thread or comment
        self.changed(first)
        others = [person for person in _in_thread(first) if person not in named]
        for kind, verb, to in ((Kind.MENTION, "mentioned you", named), (Kind.REPLY, "replied", others)):
            notify(
                team=self.map.team,
                kind=kind,
                key=_key(comment),
                text=f"{verb} in “{self.map.title}”",
                excerpt=body[:EXCERPT],
                url=_url(self.map, first, comment),
                to=to,
                by=by,
            )

    def changed(self, first: Comment) -> None:
        self.map.talked += 1
        self.map.save(update_fields=["talked"])
        first.heard = self.map.talked
        first.size = first.replies.filter(removed_at=None).count() + (first.removed_at is None)
        first.save(update_fields=["heard", "size"])
        transaction.on_commit(partial(bus.tell_talk, self.map.pk, self.map.talked), robust=True)


@contextmanager
def _talking(journey: JourneyMap) -> Iterator[_Talk]:
    with locked(journey) as row:
        yield _Talk(row)
        journey.talked = row.talked


def _in_thread(first: Comment) -> Collection[User]:
    """Whoever wrote or was mentioned in the thread."""
    comments = Comment.objects.filter(Q(pk=first.pk) | Q(thread=first), removed_at=None)
    return list(User.objects.filter(Q(pk__in=comments.values("author")) | Q(pk__in=comments.values("mentions"))))


def _body(text: str) -> str:
    body = paragraphs(text, BODY_LIMIT)
    if not body:
        raise ValidationError("Write something first.")
    return body


def _key(comment: Comment) -> str:
    return f"comment:{comment.pk}"


def _url(journey: JourneyMap, first: Comment, comment: Comment) -> str:
    return f"{reverse('maps:thread', args=[journey.team.slug, journey.pk, first.pk])}#comment-{comment.pk}"
