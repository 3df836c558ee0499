import os
import re
import warnings
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from asgiref.sync import sync_to_async
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "journeymap.settings")
django_application = get_asgi_application()

from django.conf import settings  # noqa: E402
from django.contrib.auth import SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection  # noqa: E402

from maps.imports.files import MOST_BYTES  # noqa: E402
from maps.live.stream import STREAM  # noqa: E402
from maps.live.turns import turn  # noqa: E402
from maps.pictures.drawn import MOST_BYTES as PICTURE_BYTES  # noqa: E402

# whitenoise hands its files out as synchronous streams. They are small, and reading one at once is what we want.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

FORM_BYTES = 5_000_000
# Where more may come in, and how much.
UPLOADS = (
    (re.compile(r"/t/[^/]+/data/[^/]+/imports/new/"), settings.IMPORT_MAX_BYTES),
    (re.compile(r"/t/[^/]+/maps/import/"), MOST_BYTES),
    (re.compile(r"/t/[^/]+/maps/(personas/(new|\d+/edit)|\d+/(cells/\d+/\d+|cards/\d+)/picture)/"), PICTURE_BYTES),
)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Django behind a limit on bodies, which it would otherwise spool to disk before anybody asks who sends them.

    Only the upload of a signed-in person may be large. What a body declares is checked at once, what it really holds
    while it comes in.
    """
    if scope["type"] != "http":
        await django_application(scope, receive, send)
        return
    headers = dict(scope["headers"])
    declared = headers.get(b"content-length", b"0")
    left = FORM_BYTES
    more = next((size for path, size in UPLOADS if path.fullmatch(scope["path"])), 0)
    if more and await _is_signed_in(headers.get(b"cookie", b"")):
        left += more
    if not declared.isdigit() or int(declared) > left:
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"This is too large."})
        return

    async def receive_within_limit() -> Any:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    async def send_unless_it_streams(message: Mapping[str, Any]) -> None:
        if STREAM not in scope:
            await send(message)

    async with turn(scope["path"]):
        await django_application(scope, receive_within_limit, send_unless_it_streams)
    if STREAM in scope:
        # Django has answered that it may, and holds nothing any more. The stream says the rest.
        await scope[STREAM](receive, send)


async def _is_signed_in(cookie: bytes) -> bool:
    try:
        morsel = SimpleCookie(cookie.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return False
    return morsel is not None and await sync_to_async(_session_has_a_person)(morsel.value)


def _session_has_a_person(key: str) -> bool:
    try:
        return SESSION_KEY in SessionStore(key).load()
    finally:
        connection.close()  # There is no request yet, whose end would do it.
