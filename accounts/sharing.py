"""Links that show one thing of a team to whoever holds them: made, found again by their token, taken back."""

import hashlib
import hmac
import secrets
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import ShareLink, Team, User

TOKEN_BYTES = 32
NOTE_LENGTH = 80
LEAST_PASSWORD, MOST_PASSWORD = 8, 128
MOST_LINKS = 50  # to one thing, at a time
TRIES, TRIES_WITHIN = 10, 15 * 60  # wrong passwords for a link, from wherever, within so many seconds
UNLOCKED, MOST_UNLOCKED = "share_links", 50


class TooManyTries(Exception):
    """The password of this link was guessed too often; it is not even looked at for a while."""


def share(
    *,
    team: Team,
    target: Model,
    by: User,
    note: str = "",
    password: str = "",
    expires_at: datetime | None = None,
    embeddable: bool = False,
) -> tuple[ShareLink, str]:
    """A new link and its token, which nobody can look up later. Raises ValidationError."""
    if password and not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise ValidationError(f"A password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters.")
    if password and embeddable:
        raise ValidationError("In a frame no password can be asked. Choose one of the two.")
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError("This date has passed.")
    if open_links(target).count() >= MOST_LINKS:
        raise ValidationError(f"There are {MOST_LINKS} links already. Take one back first.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = ShareLink.objects.create(
        team=team,
        target=target,
        token_hash=_hash(token),
        note=" ".join(note.replace("\0", " ").split())[:NOTE_LENGTH],
        password=make_password(password) if password else "",
        expires_at=expires_at,
        embeddable=embeddable,
        created_by=by,
    )
    return link, token


def revoke(*, link: ShareLink) -> None:
    """The link shows nothing from now on; taking it back twice changes nothing."""
    ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())


def open_links(target: Model) -> QuerySet[ShareLink]:
    """Links to `target` that work, the newest first, with whoever made them."""
    kind = ContentType.objects.get_for_model(target)
    still = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    links = ShareLink.objects.filter(still, content_type=kind, object_id=target.pk, revoked_at=None)
    return links.select_related("created_by")


def link_of(token: str, model: type[Model]) -> ShareLink | None:
    """The open link with this token, if it shows a `model` that is still there."""
    links = ShareLink.objects.select_related("team")
    link = links.filter(token_hash=_hash(token), content_type=ContentType.objects.get_for_model(model)).first()
    return link if link is not None and link.is_open and link.target is not None else None


def try_password(*, link: ShareLink, password: str, session: SessionBase) -> bool:
    """Whether it is right; then this browser is let in from now on. Raises TooManyTries."""
    key = f"share-tries:{link.pk}"
    cache.add(key, 0, TRIES_WITHIN)
    # Counted before it is looked at, so that guesses at the same moment do not slip through.
    if cache.incr(key) > TRIES:
        raise TooManyTries
    if not check_password(password[:MOST_PASSWORD], link.password):
        return False
    with suppress(ValueError):  # the quarter of an hour may be over by now
        cache.decr(key)
    known: dict[str, Any] = session.get(UNLOCKED, {})
    session[UNLOCKED] = dict([*known.items(), (str(link.pk), _mark(link))][-MOST_UNLOCKED:])
    return True


def is_unlocked(link: ShareLink, session: SessionBase) -> bool:
    """Whether it asks no password, or this browser has given it."""
    return not link.password or hmac.compare_digest(session.get(UNLOCKED, {}).get(str(link.pk), ""), _mark(link))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _mark(link: ShareLink) -> str:
    return salted_hmac("accounts.sharing", f"{link.pk}:{link.password}", algorithm="sha256").hexdigest()
