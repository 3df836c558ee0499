"""The permanent cast: alice owns, adam administers, bob edits, carol comments, vera looks, charlie is a stranger."""

import gc
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client, TransactionTestCase
from whitenoise.middleware import WhiteNoiseMiddleware

from accounts.models import Membership, Role, Team, User
from flows.models import FlowRun
from flows.services import runs

# TRUNCATE makes new files of a table and its indexes, be there rows in it or not: a hundred times the work. So only
# tables that have grown are truncated. What migrating puts there, and a flush would make anew, is left alone.
TABLES = """SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"""
EMPTY_EVERY_TABLE = f"""
DO $$ DECLARE name text; grown text; BEGIN
    SELECT string_agg(quote_ident(relname), ', ') INTO grown FROM pg_class
        WHERE relname IN ({TABLES}) AND pg_relation_size(oid) > 500000;
    IF grown IS NOT NULL THEN EXECUTE 'TRUNCATE ' || grown || ' CASCADE'; END IF;
    FOR name IN {TABLES} LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
END $$
"""
# What is known of a table would choose the way of queries in a later test, which begins with other rows.
KNOW_NOTHING_OF_TABLES = f"""
DO $$ DECLARE name text; BEGIN
    FOR name IN {TABLES}
    LOOP EXECUTE format('ALTER TABLE %I SET (autovacuum_analyze_threshold = 1000000000)', name); END LOOP;
END $$
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits longest begins first, so that at the end nobody waits for it."""
    items.sort(key=lambda item: item.get_closest_marker("worker") is None)


def pytest_collection_finish() -> None:
    """What has been imported and collected stays until the end: it need not be looked through for garbage.

    And what comes is looked through less often than every 700 objects, which took a twelfth of all the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def pytest_unconfigure() -> None:
    gc.unfreeze()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(KNOW_NOTHING_OF_TABLES)


@pytest.fixture(scope="session", autouse=True)
def _databases_are_emptied_by_deleting() -> Iterator[None]:
    def empty(test: TransactionTestCase) -> None:
        with connection.cursor() as cursor:
            cursor.execute(EMPTY_EVERY_TABLE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_found_once() -> Iterator[None]:
    """As on a server. Every client of a test makes the middleware anew, which looks through all their directories."""
    find = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def find_once(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            find(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", find_once)
        yield


@pytest.fixture(autouse=True)
def _own_data_directory(settings, tmp_path: Path) -> None:
    """Files of one test are never seen by another."""
    settings.DATA_DIR = tmp_path
    settings.FILE_UPLOAD_TEMP_DIR = None
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "media"}},
    }


@pytest.fixture(autouse=True)
def _fast_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _own_cache(settings) -> None:
    """What one test remembers is never seen by another. To clear a cache would empty the queues beside it, too."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test-{uuid.uuid4().hex}"}}


@pytest.fixture
def team(db) -> Team:
    return Team.objects.create(name="North Bank", slug="north-bank")


def _member(team: Team, name: str, role: Role) -> User:
    user = User.objects.create_user(f"{name}@example.com", "pass-word-1", name=name.title())
    Membership.objects.create(team=team, user=user, role=role)
    return user


@pytest.fixture
def alice(team: Team) -> User:
    return _member(team, "alice", Role.OWNER)


@pytest.fixture
def adam(team: Team) -> User:
    return _member(team, "adam", Role.ADMIN)


@pytest.fixture
def bob(team: Team) -> User:
    return _member(team, "bob", Role.EDITOR)


@pytest.fixture
def carol(team: Team) -> User:
    return _member(team, "carol", Role.COMMENTER)


@pytest.fixture
def vera(team: Team) -> User:
    return _member(team, "vera", Role.VIEWER)


@pytest.fixture
def charlie(db) -> User:
    """Has a team of his own, and no part in anybody else's."""
    other = Team.objects.create(name="Elsewhere", slug="elsewhere")
    return _member(other, "charlie", Role.OWNER)


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    def as_user(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return as_user


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is always there: what is asked of flows is computed at once."""
    ask = runs.ask

    def ask_and_compute(**words: Any) -> FlowRun:
        run = ask(**words)
        runs.run_flow(team_id=run.team_id, run_id=run.pk)
        run.refresh_from_db()
        return run

    monkeypatch.setattr(runs, "ask", ask_and_compute)
