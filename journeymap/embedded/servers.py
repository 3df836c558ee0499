"""The two server processes: how each is prepared, started, found ready and stopped."""

import contextlib
import fcntl
import locale
import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from urllib.parse import quote

from journeymap.embedded.places import Account, KeeperError, Software
from journeymap.processes import ending_with_parent

_START_SECONDS = 120


class Server(ABC):
    """One server process. An inherited lock tells, whatever happened, whether any process of it is alive."""

    variable: str
    name: str
    pidfile: str
    stop_signals: tuple[tuple[signal.Signals, float], ...]

    def __init__(self, home: Path, sockets: Path, software: Software, account: Account) -> None:
        self.home = home
        self.sockets = sockets
        self.software = software
        self.account = account
        self.log = home / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @property
    @abstractmethod
    def command(self) -> list[str | Path]: ...

    @abstractmethod
    def prepare(self) -> None:
        """Make ready what the first start needs."""

    @abstractmethod
    def clear(self) -> None:
        """Remove what a killed predecessor left behind. Called only when none of its processes is alive."""

    @abstractmethod
    def is_ready(self) -> bool: ...

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the process; `wait` tells when it is ready. A running one is left alone."""
        if self.is_running():
            return
        lock = os.open(self.home / f"{self.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.fchown(lock, self.account.uid, self.account.gid)
            self._outlast_predecessor(lock)
            self.clear()
            self.prepare()
            if self.log.exists():
                self.log.replace(self.log.with_suffix(".log.1"))
            with self.log.open("wb") as log:
                os.chown(self.log, self.account.uid, self.account.gid)
                self.process = subprocess.Popen(
                    self.command,
                    cwd=self.home,
                    env=_plain_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # The lock goes along and is freed by the kernel with the last process that has it.
                    pass_fds=[lock],
                    # Where the system can do so, it stops the server of a killed keeper.
                    preexec_fn=ending_with_parent(self.stop_signals[0][0]),
                    **self.account.as_options(),
                )
        finally:
            os.close(lock)

    def wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_ready():
            if not self.is_running():
                raise KeeperError(f"{self.name} does not start; {self.log} ends with:\n{_tail(self.log)}")
            if time.monotonic() > deadline:
                raise KeeperError(f"{self.name} is not ready after {_START_SECONDS} s; see {self.log}.")
            time.sleep(0.01)

    def ask_to_stop(self) -> None:
        if self.process is not None and self.is_running():
            self.process.send_signal(self.stop_signals[0][0])

    def finish(self) -> None:
        """See the process end after `ask_to_stop`, ever less politely."""
        if self.process is None:
            return
        for patience, harsher in zip(self.stop_signals, (*self.stop_signals[1:], None), strict=True):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience[1])
                break
            if harsher is not None:
                self.process.send_signal(harsher[0])
        self.clear()

    def _outlast_predecessor(self, lock: int) -> None:
        """Take the lock. Processes of a server whose keeper was killed hold it until they have ended."""
        for kind, seconds in ((None, 5.0), *self.stop_signals):
            # Held so long by a server that runs on: its own file still tells its process id.
            if kind is not None:
                self._signal_predecessor(kind)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                time.sleep(0.02)
        raise KeeperError(f"An earlier {self.name} in {self.home} does not end.")

    def _signal_predecessor(self, kind: signal.Signals) -> None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.home / self.pidfile).read_text().split()[0])
            program = Path(f"/proc/{pid}/exe")
            # A number can have passed to a stranger meanwhile.
            if not Path("/proc/self").exists() or program.readlink().name.startswith(self.name):
                os.kill(pid, kind)


class Postgres(Server):
    variable = "DATABASE_URL"
    name = "postgres"
    pidfile = "postgres/postmaster.pid"
    stop_signals = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))

    @property
    def url(self) -> str:
        return f"postgresql://journeymap@/journeymap?host={quote(str(self.sockets))}"

    @property
    def command(self) -> list[str | Path]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.sockets}"',
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [self.software.postgres, "-D", self.home / "postgres", *options]

    def prepare(self) -> None:
        """Make the cluster and its database under another name, so that half a cluster never counts."""
        cluster, draft = self.home / "postgres", self.home / "postgres.draft"
        if cluster.exists():
            return
        shutil.rmtree(draft, ignore_errors=True)
        self._run(
            self.software.initdb,
            *("-D", draft, "--username=journeymap", "--auth-local=trust", "--auth-host=reject"),
            *("--encoding=UTF8", "--locale=C", f"--lc-ctype={_character_type()}"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        )
        create = b"CREATE DATABASE journeymap;\n"
        self._run(self.software.postgres, "--single", "-D", draft, "postgres", send=create)
        draft.rename(cluster)

    def clear(self) -> None:
        (self.home / self.pidfile).unlink(missing_ok=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.sockets / name).unlink(missing_ok=True)

    def is_ready(self) -> bool:
        if self.process is None:
            return False
        with contextlib.suppress(OSError):
            lines = (self.home / self.pidfile).read_text().split("\n")
            return lines[0] == str(self.process.pid) and len(lines) > 7 and lines[7].strip() == "ready"
        return False

    def _run(self, *command: str | Path, send: bytes = b"") -> None:
        done = subprocess.run(
            command,
            cwd=self.home,
            env=_plain_environment(),
            input=send,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **self.account.as_options(),
        )
        if done.returncode != 0:
            output = done.stdout.decode(errors="replace").strip()
            raise KeeperError(f"{command[0]} failed:\n{output}")


class Valkey(Server):
    variable = "REDIS_URL"
    name = "valkey"
    pidfile = "valkey/valkey.pid"
    stop_signals = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))

    @property
    def path(self) -> Path:
        return self.sockets / "valkey"

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.path))}"

    @property
    def command(self) -> list[str | Path]:
        settings = {
            "port": "0",
            "unixsocket": str(self.path),
            "unixsocketperm": "700",
            "dir": str(self.home / "valkey"),
            "pidfile": str(self.home / self.pidfile),
            "appendonly": "yes",
            "save": "",
            "loglevel": "warning",
        }
        return [self.software.valkey, *(word for name, value in settings.items() for word in (f"--{name}", value))]

    def prepare(self) -> None:
        directory = self.home / "valkey"
        directory.mkdir(exist_ok=True, mode=0o700)
        os.chown(directory, self.account.uid, self.account.gid)

    def clear(self) -> None:
        (self.home / self.pidfile).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
            probe.settimeout(1.0)
            probe.connect(str(self.path))
            probe.sendall(b"PING\r\n")
            return probe.recv(5) == b"+PONG"
        return False


def _plain_environment() -> dict[str, str]:
    """The servers must not be swayed by what stands in the environment of whoever came first (PGDATA, LANG …)."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _character_type() -> str:
    """Full-text search cuts words by the system's character classes, and those of C know ASCII only."""
    for name in ("C.UTF-8", "en_US.UTF-8"):
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            return name
    return "C"


def _tail(file: Path) -> str:
    with contextlib.suppress(OSError):
        return "\n".join(file.read_text(errors="replace").splitlines()[-15:])
    return ""
