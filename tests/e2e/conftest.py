"""A real browser against the product as it is served, by uvicorn: `page` is signed in as bob, who edits.

Without Chromium these tests are skipped with a reason, unless JOURNEYMAP_BROWSER_TESTS=required.
"""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from uvicorn import Config, Server

from accounts.models import User
from journeymap import asgi

# The driver runs an event loop in this thread, which Django would otherwise take for an async caller.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 20_000  # milliseconds; what comes true sooner is not waited for
expect.set_options(timeout=PATIENCE)

# A page can be read before its scripts have run, and then does not listen yet: until they have, it bears this mark.
MARK_UNTIL_LOADED = """
const mark = () => document.documentElement?.toggleAttribute("data-loading", document.readyState !== "complete");
new MutationObserver(mark).observe(document, { childList: true });
document.addEventListener("readystatechange", mark);
"""


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")
    if found and Path(found).exists():
        return found
    reason = f"No Chromium: set CHROMIUM to its path (looked for {found or ', '.join(NAMES)})."
    if os.environ.get("JOURNEYMAP_BROWSER_TESTS") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def uvicorn() -> Iterator[Server]:
    """It runs in a thread of this process, and so on the database and with the settings of the test."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        uvicorn = Server(Config(asgi.application, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=uvicorn.run, kwargs={"sockets": [place]})
        thread.start()
        while not uvicorn.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield uvicorn
        uvicorn.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def server(uvicorn: Server) -> str:
    """Its address."""
    host, port = uvicorn.servers[0].sockets[0].getsockname()
    return f"http://{host}:{port}"


def settle(uvicorn: Server) -> None:
    """Waits for the requests that a closed browser left behind: the database is emptied next, under their feet.

    A request may be over for the server while the thread that answered it still asks the database.
    """
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    busy += "AND state <> 'idle' AND backend_type = 'client backend'"
    for _ in range(PATIENCE // 20):
        with connection.cursor() as cursor:
            cursor.execute(busy)
            asking = cursor.fetchone()[0]
        if not uvicorn.server_state.tasks and not asking:
            return
        time.sleep(0.02)
    pytest.fail(f"The server still answers {len(uvicorn.server_state.tasks)} requests long after the browser closed.")


def heed_mark(page: Page) -> None:
    """Whatever is done on the page, or expected of it, waits until it has loaded."""
    page.add_locator_handler(page.locator("html[data-loading]"), lambda: None)


@pytest.fixture
def visit(
    browser: Browser, server: str, uvicorn: Server, transactional_db: None
) -> Iterator[Callable[..., BrowserContext]]:
    """`visit(user)` is a browser of its own, signed in; arguments go to the browser context."""
    contexts: list[BrowserContext] = []

    def signed_in(user: User, **options: object) -> BrowserContext:
        client = Client()
        client.force_login(user)
        context = browser.new_context(base_url=server, **{"viewport": {"width": 1440, "height": 1000}, **options})
        name = django_settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": server}])
        context.set_default_timeout(PATIENCE)
        context.add_init_script(MARK_UNTIL_LOADED)
        context.on("page", heed_mark)
        contexts.append(context)
        return context

    yield signed_in
    for context in contexts:
        context.close()
    settle(uvicorn)


@pytest.fixture
def page(visit: Callable[..., BrowserContext], bob: User) -> Iterator[Page]:
    """A page of bob's browser. A script that fails, or that the content policy stops, fails the test."""
    page = visit(bob).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    assert errors == []
