"""Real servers in directories of their own; every client is a process of its own, as it is in life."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis

from journeymap import env

# Reads commands from its input: `attach` answers with both URLs; the end of the input is the end of the process.
CLIENT = """
import json, os, sys
from journeymap import embedded
for line in sys.stdin:
    if line.strip() == "attach":
        try:
            embedded.attach()
            print(json.dumps([os.environ["DATABASE_URL"], os.environ["REDIS_URL"]]), flush=True)
        except embedded.EmbeddedError as error:
            print(json.dumps(str(error)), flush=True)
"""
NOBODY = pwd.getpwnam("nobody")
AS_NOBODY: dict[str, Any] = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}
KINDS = ("embedded.keeper", "bin/postgres", "valkey-server")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")


class Client:
    def __init__(
        self, data: Path, *, python: str = sys.executable, options: dict[str, Any] | None = None, **variables: str
    ):
        kept = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
        packages = os.pathsep.join([str(env.BASE_DIR), str(Path(psycopg.__file__).parent.parent)])
        self.process = subprocess.Popen(
            [python, "-c", CLIENT],
            env={**kept, "JOURNEYMAP_DATA": str(data), "PYTHONPATH": packages, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
            **(options or {}),
        )
        self.database = self.redis = ""

    def ask(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("attach\n")
        self.process.stdin.flush()

    def answer(self) -> "Client":
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline())
        assert isinstance(answer, list), answer
        self.database, self.redis = answer
        return self

    def attach(self) -> "Client":
        self.ask()
        return self.answer()

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(30) == 0

    def kill(self, kind: signal.Signals = signal.SIGKILL) -> None:
        os.killpg(self.process.pid, kind)
        self.process.wait(30)

    def sql(self, statement: str) -> list[tuple]:
        with psycopg.connect(self.database, connect_timeout=5) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    @property
    def valkey(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis)


def processes(data: Path, word: str = "") -> list[psutil.Process]:
    """The keeper and the servers of this data directory, wherever it keeps their files; or one kind of them."""
    places = {str(data), str((data / "servers").resolve()), str((data / "run").resolve())}
    found: dict[int, tuple[psutil.Process, int, str]] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            program = " ".join(line[:3])
            ours = any(place in " ".join(line) for place in places) and any(each in program for each in KINDS)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = (process, process.ppid(), program)
    # A child that PostgreSQL has just forked bears its parent's command line until it names itself.
    newborn = {pid for pid, (_, parent, _) in found.items() if parent in found and "bin/postgres" in found[parent][2]}
    return [process for pid, (process, _, program) in found.items() if word in program and pid not in newborn]


def one(data: Path, word: str) -> psutil.Process:
    (found,) = processes(data, word)
    return found


def another(data: Path, word: str, pid: int) -> bool:
    return any(each.pid != pid for each in processes(data, word))


def eventually(condition, *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.02)


def wait_until_gone(data: Path) -> None:
    eventually(lambda: not processes(data))


def works(client: Client) -> bool:
    try:
        return client.sql("SELECT 1") == [(1,)] and bool(client.valkey.ping())
    except (psycopg.OperationalError, redis.ConnectionError):
        return False


def new_directory() -> Path:
    # Not pytest's own temporary directory: as root that one is closed to the user the servers run as.
    return Path(tempfile.mkdtemp(prefix="journeymap-test-", dir="/tmp"))


@pytest.fixture
def fresh() -> Iterator[Path]:
    """A data directory that no server has seen."""
    directory = new_directory()
    yield directory
    remove(directory)


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    directory = new_directory()
    Client(directory).attach().leave()
    wait_until_gone(directory)
    yield directory
    remove(directory)


@pytest.fixture
def data(used: Path) -> Iterator[Path]:
    """A data directory in which the servers have run before: a copy, as making a cluster takes its time."""
    directory = new_directory()
    subprocess.run(["cp", "-a", f"{used}/.", directory], check=True)
    yield directory
    remove(directory)


def remove(directory: Path) -> None:
    for process in processes(directory):
        process.kill()
    servers, sockets = directory / "servers", directory / "run"
    for link in (servers, sockets):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(directory)


def test_the_first_process_starts_the_servers_and_the_last_one_stops_them(fresh: Path) -> None:
    first = Client(fresh).attach()
    second = Client(fresh).attach()
    assert (first.database, first.redis) == (second.database, second.redis)
    first.sql("CREATE TABLE kept (word text)")
    first.leave()
    second.sql("INSERT INTO kept VALUES ('é')")
    second.leave()
    wait_until_gone(fresh)
    assert not os.path.lexists(fresh / "run") or not any((fresh / "run").iterdir())

    third = Client(fresh).attach()
    assert third.sql("SELECT word, upper(word) FROM kept") == [("é", "É")]
    third.leave()


def test_attaching_again_neither_waits_nor_changes_anything(data: Path) -> None:
    client = Client(data).attach()
    before = (client.database, client.redis, [each.pid for each in processes(data)])
    client.attach()
    assert (client.database, client.redis, [each.pid for each in processes(data)]) == before
    client.leave()


def test_the_database_is_in_utf8_and_utc_with_fsync(data: Path) -> None:
    client = Client(data).attach()
    names = ("server_encoding", "timezone", "fsync", "listen_addresses")
    assert [client.sql(f"SHOW {name}") for name in names] == [[("UTF8",)], [("UTC",)], [("on",)], [("",)]]
    assert client.sql("SELECT to_tsvector('simple', 'Élan vital') @@ to_tsquery('simple', 'élan')") == [(True,)]
    client.leave()


def test_processes_that_start_together_share_one_pair_of_servers(fresh: Path) -> None:
    clients = [Client(fresh) for _ in range(4)]
    for client in clients:
        client.ask()
    assert len({(client.answer().database, client.redis) for client in clients}) == 1
    assert all(works(client) for client in clients)
    assert one(fresh, "keeper")
    assert one(fresh, "bin/postgres")
    assert one(fresh, "valkey-server")
    for client in clients:
        client.leave()
    wait_until_gone(fresh)


def test_two_data_directories_do_not_meet(data: Path) -> None:
    other = data / "other"
    one_client, other_client = Client(data).attach(), Client(other).attach()
    one_client.valkey.set("word", "here")
    assert other_client.valkey.get("word") is None
    one_client.leave()
    assert works(other_client)
    other_client.leave()
    wait_until_gone(other)
    with contextlib.suppress(FileNotFoundError):
        remove(other)


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_process_gives_its_lease_back(data: Path, kind: signal.Signals) -> None:
    killed, other = Client(data).attach(), Client(data).attach()
    killed.kill(kind)
    assert works(other)
    other.sql("CREATE TABLE kept ()")
    other.kill(kind)
    wait_until_gone(data)

    after = Client(data).attach()
    assert after.sql("SELECT * FROM kept") == []
    after.leave()


def test_ctrl_c_reaches_the_clients_only(data: Path) -> None:
    interrupted, other = Client(data).attach(), Client(data).attach()
    assert {os.getsid(each.pid) for each in processes(data)}.isdisjoint({os.getsid(0)})
    interrupted.kill(signal.SIGINT)
    assert works(other)
    other.leave()


def test_a_forked_child_does_not_hold_the_lease(data: Path) -> None:
    script = """
import os, sys, time
from journeymap import embedded
embedded.attach()
child = os.fork()
if child == 0:
    os.execvp("sleep", ["sleep", "60"]) if sys.argv[1] == "exec" else time.sleep(60)
print(child, flush=True)
"""
    for way in ("exec", "fork"):
        kept = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
        parent = subprocess.run(
            [sys.executable, "-c", script, way],
            env={**kept, "JOURNEYMAP_DATA": str(data), "PYTHONPATH": str(env.BASE_DIR)},
            stdout=(data / "child").open("w"),
            timeout=60,
            check=True,
        )
        assert parent.returncode == 0
        child = int((data / "child").read_text())
        try:
            wait_until_gone(data)
        finally:
            os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("victim", ["bin/postgres", "valkey-server"])
def test_a_killed_server_is_started_again(data: Path, victim: str) -> None:
    client = Client(data).attach()
    client.sql("CREATE TABLE kept ()")
    killed = one(data, victim)
    killed.kill()
    eventually(lambda: another(data, victim, killed.pid))
    eventually(lambda: works(client))
    assert client.sql("SELECT * FROM kept") == []
    client.leave()


def test_after_a_killed_keeper_the_next_attach_recovers(data: Path) -> None:
    client = Client(data).attach()
    client.sql("CREATE TABLE kept ()")
    killed = one(data, "keeper")
    killed.kill()
    # Until the kernel has closed its connections the lease seems to hold.
    eventually(lambda: client.attach() and another(data, "keeper", killed.pid))
    assert works(client)
    assert client.sql("SELECT * FROM kept") == []
    client.leave()
    wait_until_gone(data)


def test_after_everything_was_killed_the_next_attach_recovers(data: Path) -> None:
    client = Client(data).attach()
    client.sql("CREATE TABLE kept ()")
    doomed = processes(data)
    for process in [*doomed, psutil.Process(client.process.pid)]:
        process.suspend()
    for process in [*doomed, psutil.Process(client.process.pid)]:
        process.kill()
    client.process.wait()

    after = Client(data).attach()
    assert after.sql("SELECT * FROM kept") == []
    after.leave()


def test_a_stale_pid_that_now_belongs_to_a_stranger_is_no_hindrance(data: Path) -> None:
    Client(data).attach().leave()
    wait_until_gone(data)
    cluster = data / "servers" / "postgres"
    stranger = subprocess.Popen(["sleep", "60"], user=cluster.stat().st_uid)
    try:
        (cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{cluster}\n1700000000\n5432\n/tmp\n\n1 1\nready\n")
        shutil.chown(cluster / "postmaster.pid", cluster.stat().st_uid)
        client = Client(data).attach()
        assert works(client)
        client.leave()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_first_start_is_begun_anew(data: Path) -> None:
    Client(data).attach().leave()
    wait_until_gone(data)
    servers = data / "servers"
    (servers / "postgres").rename(servers / "postgres.draft")
    (servers / "postgres.draft" / "PG_VERSION").unlink()
    client = Client(data).attach()
    assert works(client)
    client.leave()


def test_queued_messages_survive_a_restart(data: Path) -> None:
    client = Client(data).attach()
    client.valkey.rpush("queue", "a", "b")
    client.leave()
    wait_until_gone(data)
    client = Client(data).attach()
    assert client.valkey.lrange("queue", 0, -1) == [b"a", b"b"]
    client.leave()


def test_nothing_starts_when_both_urls_are_given(data: Path) -> None:
    client = Client(data / "unused", DATABASE_URL="postgresql://db/x", REDIS_URL="redis://cache").attach()
    assert (client.database, client.redis) == ("postgresql://db/x", "redis://cache")
    assert not (data / "unused").exists()
    client.leave()


def test_only_what_is_missing_is_started(fresh: Path) -> None:
    client = Client(fresh, DATABASE_URL="postgresql://db/x").attach()
    assert client.database == "postgresql://db/x"
    assert client.valkey.ping()
    assert not (fresh / "servers" / "postgres").exists()
    client.leave()


def test_a_data_directory_with_a_long_and_odd_path_is_served(fresh: Path) -> None:
    deep = fresh / ("long " * 20 + "é%20'") / "data"
    client = Client(deep).attach()
    assert works(client)
    assert (deep / "run").is_symlink()
    sockets = (deep / "run").resolve()
    client.leave()
    wait_until_gone(deep)
    assert not sockets.exists()
    assert not os.path.lexists(deep / "run")
    remove(deep)


def test_a_data_directory_that_cannot_be_made_is_named(data: Path) -> None:
    (data / "file").touch()
    client = Client(data / "file" / "data")
    client.ask()
    assert client.process.stdout is not None
    assert f"The data directory {data}/file/data cannot be made" in client.process.stdout.readline()
    client.leave()


def python_for_nobody() -> str:
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with contextlib.suppress(OSError):
            subprocess.run([python, "-c", ""], check=True, **AS_NOBODY)
            return python
    pytest.skip("no Python of this version that another user can run")


@as_root
def test_an_ordinary_user_is_served_as_himself(fresh: Path) -> None:
    os.chown(fresh, NOBODY.pw_uid, NOBODY.pw_gid)
    client = Client(fresh, options=AS_NOBODY, python=python_for_nobody()).attach()
    assert {each.uids().real for each in processes(fresh)} == {NOBODY.pw_uid}
    assert client.sql("SELECT 1") == [(1,)]
    client.leave()
    wait_until_gone(fresh)


@as_root
def test_root_and_the_owner_of_the_data_share_one_pair_of_servers(fresh: Path) -> None:
    os.chown(fresh, NOBODY.pw_uid, NOBODY.pw_gid)
    root = Client(fresh).attach()
    owner = Client(fresh, options=AS_NOBODY, python=python_for_nobody()).attach()
    assert root.database == owner.database
    root.leave()
    assert works(owner)
    owner.leave()
    wait_until_gone(fresh)

    owner = Client(fresh, options=AS_NOBODY, python=python_for_nobody()).attach()
    assert works(owner)
    owner.leave()


@as_root
def test_root_opens_no_directory_above_the_data(fresh: Path) -> None:
    closed = fresh / "closed"
    closed.mkdir(mode=0o700)
    client = Client(closed / "data").attach()
    assert works(client)
    for kind in ("bin/postgres", "valkey-server"):
        assert one(closed / "data", kind).uids().real != 0
    client.leave()
    assert closed.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_gid == 0
    client = Client(closed / "data").attach()
    assert works(client)
    client.leave()
    wait_until_gone(closed / "data")
    remove(closed / "data")
