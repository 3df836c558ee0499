"""PostgreSQL and Valkey out of Python wheels, for a machine that offers neither.

`attach()` is all that the rest of the project needs. Every process that called it holds a lease: a connection to
the keeper (`keeper.py`), a small process in a session of its own that starts the servers as its children. However
a process ends, the kernel closes its connection, so no list of process ids can go stale. When the last
connection is closed the keeper stops the servers, removes their sockets and exits.

Under the data directory (`JOURNEYMAP_DATA`, `.data` by default) stand

- `servers/`: the files of both servers and their logs (a link, if the account they run as cannot come here);
- `run/`: their Unix sockets (a link into a temporary directory where the path would be too long);
- `attach.lock`: held while one process looks for a keeper or starts one;
- `keeper.log`: what the keeper has to say.
"""

import atexit
import contextlib
import fcntl
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from journeymap import env

_WANTED_BY = {"DATABASE_URL": "postgres", "REDIS_URL": "valkey"}
_LONGEST_SOCKET = "servers/.s.PGSQL.5432.lock"
# Linux takes 108 bytes with the closing zero, macOS 104.
_SOCKET_PATH_LIMIT = 103
# Making a cluster on a slow disk takes long; a dead keeper is noticed at once all the same.
_PATIENCE_SECONDS = 180


class EmbeddedError(Exception):
    """The embedded servers cannot be had. The text says why, for a person to read."""


@dataclass
class _Lease:
    connection: socket.socket
    wanted: list[str]
    urls: dict[str, str]
    # Of the process that started it.
    keeper: "subprocess.Popen[bytes] | None"

    def holds(self) -> bool:
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def end(self) -> None:
        """Give the lease back. Returns once the servers are stopped, if this was the last one."""
        stays = b""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_PATIENCE_SECONDS)
            stays = self.connection.recv(1)
        self.connection.close()
        if self.keeper is None:
            return
        if stays:
            # It serves others and outlives this process: `subprocess` need not warn of that.
            self.keeper.returncode = 0
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.keeper.wait(5)


_lease: _Lease | None = None


def attach() -> None:
    """Put `DATABASE_URL` and `REDIS_URL` into the environment, served for the life of this process.

    A variable that is set already is left alone; with both set nothing is started. Calling again is cheap, and
    brings the servers back should their keeper have been killed. Children of this process find both variables
    in their environment and are served as long as this process lives.

    Raises EmbeddedError.
    """
    global _lease
    if _lease is None:
        wanted = [server for variable, server in _WANTED_BY.items() if not os.environ.get(variable)]
    elif _lease.holds():
        return
    else:
        wanted = _lease.wanted
        _lease.end()
    if wanted:
        _lease = _take_lease(_data_directory(), wanted)
        os.environ.update(_lease.urls)


def release() -> None:
    """Give the lease back before the process ends. Without a lease, nothing."""
    global _lease
    if _lease is not None:
        lease, _lease = _lease, None
        for variable, url in lease.urls.items():
            if os.environ.get(variable) == url:
                del os.environ[variable]
        lease.end()


def _forget() -> None:
    """In a forked child: the lease is the parent's, and must not outlive it here."""
    global _lease
    if _lease is not None:
        _lease.connection.close()
        _lease = None


atexit.register(release)
os.register_at_fork(after_in_child=_forget)


def _data_directory() -> Path:
    data = env.path("JOURNEYMAP_DATA", default=env.BASE_DIR / ".data").resolve()
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise EmbeddedError(f"The data directory {data} cannot be made: {error.strerror}.") from error
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise EmbeddedError(
            f"The data directory {data} belongs to another user. Run as that user, or set JOURNEYMAP_DATA."
        )
    return data


def _take_lease(data: Path, wanted: list[str]) -> _Lease:
    with _alone(data / "attach.lock"):
        # A keeper that was just about to leave hangs up without an answer; the next one will not.
        for _ in range(10):
            sockets = _socket_directory(data)
            connection = _connection(sockets / "keeper")
            keeper = None
            if connection is None:
                keeper = _start_keeper(data, sockets)
                connection = _connection(sockets / "keeper")
            answer = _ask(connection, wanted) if connection else None
            if answer is not None and connection is not None:
                lease = _Lease(connection, wanted, answer, keeper)
                if "error" in answer:
                    lease.end()
                    raise EmbeddedError(answer["error"])
                return lease
            if keeper is not None:
                keeper.wait(5)
                break
    raise EmbeddedError(f"The keeper of the embedded servers does not answer; see {data / 'keeper.log'}.")


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with _opened_for_owner(lock) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _opened_for_owner(file: Path) -> Iterator[int]:
    """A descriptor of a private file that belongs to whom the data directory belongs, even when root makes it."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise EmbeddedError(f"{file} cannot be opened: {error.strerror}.") from error
    try:
        _give_to_owner(file, file.parent)
        yield descriptor
    finally:
        os.close(descriptor)


def _give_to_owner(path: Path, data: Path) -> None:
    owner = data.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _connection(path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except OSError as error:
        connection.close()
        raise EmbeddedError(f"The keeper at {path} cannot be reached: {error.strerror}.") from error
    return connection


def _ask(connection: socket.socket, wanted: list[str]) -> dict[str, str] | None:
    """The keeper's answer: URLs by variable, or the key `error`. None when it hung up."""
    connection.settimeout(_PATIENCE_SECONDS)
    try:
        with connection.makefile("rwb") as stream:
            stream.write(json.dumps(wanted).encode() + b"\n")
            stream.flush()
            line = stream.readline()
    except TimeoutError as error:
        connection.close()
        raise EmbeddedError(f"The servers were not up after {_PATIENCE_SECONDS} seconds.") from error
    except ConnectionError:
        line = b""
    if not line:
        connection.close()
        return None
    # From now on nothing is expected; `holds` must find a socket that does not wait on its own account.
    connection.settimeout(None)
    answer: dict[str, str] = json.loads(line)
    return answer


def _start_keeper(data: Path, sockets: Path) -> "subprocess.Popen[bytes]":
    """Start the keeper on a socket that listens already, so that nobody need wait for it to appear."""
    path = sockets / "keeper"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener, _opened_for_owner(data / "keeper.log") as log:
        listener.bind(str(path))
        path.chmod(0o600)
        _give_to_owner(path, data)
        listener.listen(128)
        os.ftruncate(log, 0)
        # Its own session: Ctrl+C in the terminal must not reach the servers before their clients are gone.
        return subprocess.Popen(
            [sys.executable, "-m", f"{__name__}.keeper", str(data), str(sockets), str(listener.fileno())],
            pass_fds=[listener.fileno()],
            start_new_session=True,
            cwd=env.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _socket_directory(data: Path) -> Path:
    link = data / "run"
    current = Path(os.path.realpath(link))
    if _is_safe(current, data):
        return current
    if link.is_symlink():
        link.unlink()
    # Servers started by root run as somebody else, who may not be able to come into the data directory.
    if os.geteuid() != 0 and _fits(link):
        link.mkdir(exist_ok=True, mode=0o700)
        return link
    parents = [os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"]
    if os.geteuid() == 0:
        parents = ["/run", "/var/run", "/tmp"]
    for parent in parents:
        if parent and os.access(parent, os.W_OK | os.X_OK) and _fits(Path(parent, "journeymap-12345678")):
            # The name is random: nobody can have prepared it.
            made = Path(tempfile.mkdtemp(prefix="journeymap-", dir=parent))
            _give_to_owner(made, data)
            link.symlink_to(made)
            return made
    raise EmbeddedError(f"No directory with a path short enough for sockets, in any of {', '.join(parents)}.")


def _is_safe(directory: Path, data: Path) -> bool:
    """Whether a directory found for the sockets is still ours: temporary ones can vanish and be taken over."""
    try:
        found = directory.lstat()
    except OSError:
        return False
    mine = found.st_uid in {os.geteuid(), data.stat().st_uid}
    return stat.S_ISDIR(found.st_mode) and mine and not found.st_mode & 0o022 and _fits(directory)


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / _LONGEST_SOCKET)) <= _SOCKET_PATH_LIMIT
