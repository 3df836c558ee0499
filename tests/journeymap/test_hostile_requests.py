"""What is turned away before any page sees it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from accounts.models import User
from journeymap import asgi
from maps.imports.files import MOST_BYTES


def test_a_nul_byte_in_the_address_of_an_invitation_is_not_found(sign_in, alice):
    assert sign_in(alice).get("/invitations/%00/").status_code == 404


@pytest.mark.parametrize("charset", ["iso-8859-1", "base64", "punycode", "nonsense"])
def test_a_form_that_is_not_in_utf8_is_refused(charset, db):
    content_type = f"application/x-www-form-urlencoded; charset={charset}"
    answer = Client().generic("POST", "/healthz", b"x=1", content_type=content_type)
    assert answer.status_code == 415


def send(path: str, *, size: int | None, body: bytes = b"", cookie: str = "") -> tuple[int, int]:
    """Status of the answer, and how many bytes of the body were taken."""
    headers = [(b"host", b"localhost"), (b"cookie", cookie.encode()), (b"content-type", b"text/plain")]
    headers += [(b"content-length", str(size).encode())] if size is not None else [(b"transfer-encoding", b"chunked")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": path,
        "raw_path": path.encode(), "root_path": "", "scheme": "http", "query_string": b"", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    taken = calls = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken, calls
        calls += 1
        if calls > 1 and not body:
            await asyncio.sleep(60)  # The client waits for its answer.
        taken += len(body)
        return {"type": "http.request", "body": body, "more_body": bool(body)}

    async def answer(message: dict[str, Any]) -> None:
        sent.append(message)

    # In a thread of its own: a browser test before this one may have left its event loop running in ours.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, asgi.application(scope, receive, answer)).result()
    return (sent[0]["status"] if sent else 0), taken


@pytest.mark.django_db(transaction=True)
class TestTheSizeOfABody:
    def test_more_than_a_form_is_refused_before_it_is_read(self):
        assert send("/accounts/login/", size=300_000_000) == (413, 0)
        assert send("/t/north-bank/data/shop/imports/new/", size=300_000_000) == (413, 0)

    def test_a_body_that_does_not_say_its_size_is_cut_off(self):
        status, taken = send("/healthz", size=None, body=b"x" * 1_000_000)
        assert status == 0
        assert taken <= asgi.FORM_BYTES + 1_000_000

    def test_a_map_of_a_signed_in_person_may_be_as_large_as_maps_are(self, alice: User):
        session = SessionStore()
        session["_auth_user_id"] = str(alice.pk)
        session.save()
        cookie = f"sessionid={session.session_key}"
        path = "/t/north-bank/maps/import/"
        assert send(path, size=MOST_BYTES)[0] == 413
        assert send(path, size=MOST_BYTES, cookie=cookie)[0] != 413
        assert send(path, size=MOST_BYTES + asgi.FORM_BYTES + 1, cookie=cookie) == (413, 0)
        for picture in (
            "maps/personas/new/",
            "maps/personas/7/edit/",
            "maps/1/cells/2/3/picture/",
            "maps/1/cards/4/picture/",
        ):
            assert send(f"/t/north-bank/{picture}", size=asgi.FORM_BYTES + 1)[0] == 413
            assert send(f"/t/north-bank/{picture}", size=asgi.FORM_BYTES + 1, cookie=cookie)[0] != 413
        assert send("/t/north-bank/maps/1/paste/", size=MOST_BYTES, cookie=cookie) == (413, 0)

    def test_only_a_signed_in_person_uploads_much(self, alice: User):
        session = SessionStore()
        session["_auth_user_id"] = str(alice.pk)
        session.save()
        path = "/t/north-bank/data/shop/imports/new/"
        assert send(path, size=300_000_000, cookie="sessionid=made-up") == (413, 0)
        assert send(path, size=300_000_000, cookie=f"sessionid={session.session_key}")[0] != 413
