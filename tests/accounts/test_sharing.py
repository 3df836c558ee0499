"""Links: their tokens, passwords and ends. What stands behind one is tested where it is drawn."""

import hashlib
from datetime import timedelta

import pytest
from django.contrib.sessions.backends.cache import SessionStore
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts import sharing
from accounts.models import Invitation, ShareLink, Team


def shared(team, by, **options):
    """Any row of a team can be shared; here it is the team itself."""
    return sharing.share(team=team, target=team, by=by, **options)


def test_the_token_is_long_and_nowhere_but_with_its_holder(team, alice):
    link, token = shared(team, alice, password="open sesame")
    assert len(token) >= 43
    kept = ShareLink.objects.filter(pk=link.pk).values().get()
    assert token not in str(kept)
    assert "open sesame" not in str(kept)
    assert kept["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
    assert sharing.link_of(token, Team) == link


@pytest.mark.parametrize(
    "end",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"object_id": 2**40},
    ],
)
def test_a_link_that_is_over_or_leads_nowhere_is_not_found(team, alice, end):
    link, token = shared(team, alice)
    ShareLink.objects.filter(pk=link.pk).update(**end)
    assert sharing.link_of(token, Team) is None


def test_a_token_opens_only_what_it_was_made_for(team, alice):
    _, token = shared(team, alice)
    assert sharing.link_of(token, Invitation) is None
    assert sharing.link_of(token[:-1], Team) is None
    assert sharing.link_of("", Team) is None


@pytest.mark.parametrize(
    "options",
    [
        {"password": "short"},
        {"password": "long enough", "embeddable": True},
        {"expires_at": timezone.now() - timedelta(days=1)},
    ],
)
def test_what_a_link_cannot_be_is_said(team, alice, options):
    with pytest.raises(ValidationError):
        shared(team, alice, **options)
    assert not ShareLink.objects.exists()


def test_passwords_cannot_be_guessed_for_long(team, alice):
    link, _ = shared(team, alice, password="open sesame")
    session = SessionStore()
    for _ in range(sharing.TRIES + 5):
        assert sharing.try_password(link=link, password="open sesame", session=session)
    for _ in range(sharing.TRIES):
        assert not sharing.try_password(link=link, password="wrong one", session=SessionStore())
    with pytest.raises(sharing.TooManyTries):
        sharing.try_password(link=link, password="open sesame", session=SessionStore())
    assert sharing.is_unlocked(link, session)
    assert not sharing.is_unlocked(link, SessionStore())


def test_another_password_locks_whoever_gave_the_old_one_out(team, alice):
    link, _ = shared(team, alice, password="open sesame")
    session = SessionStore()
    sharing.try_password(link=link, password="open sesame", session=session)
    link.password = shared(team, alice, password="another one")[0].password
    assert not sharing.is_unlocked(link, session)


def test_there_is_a_most_of_links_to_one_thing(team, alice, monkeypatch):
    monkeypatch.setattr(sharing, "MOST_LINKS", 1)
    link, _ = shared(team, alice)
    with pytest.raises(ValidationError):
        shared(team, alice)
    sharing.revoke(link=link)
    shared(team, alice)
