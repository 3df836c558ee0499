"""Runs the whole product in one terminal: `python -m journeymap.supervisor`, which is what `script/server` does.

Web, worker and beat are children in sessions of their own, so that Ctrl+C reaches this process alone and it can
stop them in order. A child that dies is started again. Should this process be killed, its children go with it, and
the embedded servers stop because nobody holds a lease any more.
"""

import contextlib
import http.client
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import IO

from journeymap import embedded, env, exposure
from journeymap.processes import ending_with_parent

SAMPLE_EMAIL = "sample@journeymap.example"
_UP_SECONDS = 90
_LONGEST_PAUSE = 30.0
_EXPOSED = """\
  Others can reach this server, so the sample sign-in may not manage data.
  Make an administrator with .venv/bin/python manage.py createsuperuser
"""
_NO_MAIL = "  E-mail is off: EMAIL_HOST names a server that sends it.\n"


class StartError(Exception):
    """Why the product cannot be started, for a person to read."""


@dataclass
class Child:
    """One long-running process, its output passed on line by line under its name."""

    name: str
    command: list[str]
    # What it is sent when it has not ended ten seconds after a polite request.
    harsher: signal.Signals = signal.SIGKILL
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    again_at: float | None = None
    pause: float = 1.0
    rest: bytes = field(default=b"", repr=False)

    def start(self, environment: dict[str, str]) -> IO[bytes]:
        """Start the process and return the pipe of its output, set not to block."""
        self.process = subprocess.Popen(
            [sys.executable, *self.command],
            cwd=env.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=ending_with_parent(signal.SIGKILL),
        )
        self.started, self.again_at = time.monotonic(), None
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        return self.process.stdout

    def has_died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def bury(self) -> None:
        """End what a dead process has left in its session, and choose when to start the next one."""
        self._end_session()
        self.process = None
        if time.monotonic() - self.started > 2 * _LONGEST_PAUSE:
            self.pause = 1.0
        self.again_at = time.monotonic() + self.pause
        self.pause = min(2 * self.pause, _LONGEST_PAUSE)

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def see_end(self, hurry: "Hurry", listen: Callable[[float], None]) -> None:
        """Wait for the end after `ask_to_stop`, listening meanwhile: a full pipe must not hold it up."""
        if self.process is None:
            return
        for seconds, harsher in ((10.0, self.harsher), (5.0, signal.SIGKILL)):
            deadline = time.monotonic() + seconds
            while self.process.poll() is None and time.monotonic() < deadline and not hurry.asked:
                listen(0.05)
            if self.process.poll() is None:
                self.process.send_signal(harsher)
        self._end_session()
        self.process.wait()

    def _end_session(self) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


@dataclass
class Hurry:
    """Whether a second Ctrl+C came while stopping."""

    asked: bool = False


class Supervisor:
    def __init__(self) -> None:
        self.data = env.path("JOURNEYMAP_DATA", default=env.BASE_DIR / ".data")
        self.host = env.text("HOST", default="127.0.0.1")
        self.fixed_port = env.integer("PORT", default=0)
        self.port = 0
        self.stopping = False
        self.hurry = Hurry()
        self.output = selectors.DefaultSelector()
        self.children: list[Child] = []
        self.environment: dict[str, str] = {}

    def run(self) -> None:
        for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(kind, self._ask_to_stop)
        # Looked for again when the time has come; but if there is none, it is better said at once.
        self._free_port()
        embedded.attach()
        try:
            password = self._password()
            self.environment = {
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "journeymap.settings",
                "SAMPLE_PASSWORD": password,
                "PYTHONUNBUFFERED": "1",
            }
            if not self.stopping:
                self._prepare()
            if not self.stopping:
                self._start_web()
                self._watch_until_up()
            if not self.stopping:
                self._announce(password)
            while not self.stopping:
                self._tick()
                # Cheap while the lease holds; brings the servers back when their keeper was killed.
                embedded.attach()
        finally:
            self._stop_all()
            embedded.release()

    def _ask_to_stop(self, _kind: int, _frame: FrameType | None) -> None:
        self.hurry.asked = self.stopping
        self.stopping = True

    def _password(self) -> str:
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        given = env.text("SAMPLE_PASSWORD", default="")
        return given or env.secret_file(self.data / "sample-password", length=9)

    def _prepare(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "journeymap.prepare"],
            cwd=env.BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=ending_with_parent(signal.SIGKILL),
        )
        # Ctrl+C lets it end by itself, so that nothing is left half made; a second one does not.
        while process.poll() is None and not self.hurry.asked:
            time.sleep(0.05)
        if process.poll() is None:
            process.kill()
        if process.wait() != 0 and not self.stopping:
            raise StartError("the database could not be brought up to date; see above.")

    def _start_web(self) -> None:
        self.port = self._free_port()
        celery = ["-W", "ignore:You're running the worker with superuser privileges"]
        celery += ["-m", "celery", "-A", "journeymap", "-q"]
        schedule = str(self.data / "celerybeat-schedule")
        queue = env.text("CELERY_QUEUE", default="journeymap")
        self.children = [
            Child("web", self._web()),
            # First it lets running jobs end, then it gives them back to the queue.
            Child("worker", self._worker(celery, queue, "2"), signal.SIGQUIT),
            Child("importer", self._worker(celery, f"{queue}-imports", "1"), signal.SIGQUIT),
            Child("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile", "", "--schedule", schedule]),
        ]
        # The rest follows once the web answers: processors are few, and somebody waits for a page.
        self._start(self.children[0])

    def _web(self) -> list[str]:
        # WhiteNoise remarks that nothing has been collected, which is as it should be here.
        return ["-W", "ignore:No directory at", "-m", "journeymap.web", self.host, str(self.port)]

    def _worker(self, celery: list[str], queue: str, processes: str) -> list[str]:
        name = f"{queue}@%h"
        quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        return [*celery, "worker", "--queues", queue, "--hostname", name, "--concurrency", processes, *quiet]

    def _free_port(self) -> int:
        candidates = [self.fixed_port] if self.fixed_port else range(8000, 8100)
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        for port in candidates:
            with socket.socket(family, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((self.host, port))
                return port
        tried = f"{candidates[0]}" if self.fixed_port else f"{candidates[0]} to {candidates[-1]}"
        raise StartError(f"no port is free on {self.host}: tried {tried}.")

    def _start(self, child: Child) -> None:
        # For links in letters. Where others come in, by a name that is not known here, it has to be said.
        known = {"JOURNEYMAP_URL": self._address()} if exposure.is_local() else {}
        self.output.register(child.start({**known, **self.environment}), selectors.EVENT_READ, child)

    def _watch_until_up(self) -> None:
        deadline = time.monotonic() + _UP_SECONDS
        web, *others = self.children
        while not self.stopping and not self._web_answers():
            self._tick()
            if web.again_at is not None and not self.fixed_port:
                # Perhaps somebody took the port between the look and the start.
                self.port = self._free_port()
                web.command = self._web()
            if time.monotonic() > deadline:
                raise StartError(f"the web server does not answer after {_UP_SECONDS} seconds; see above.")
        for child in others:
            if not self.stopping:
                self._start(child)

    def _web_answers(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        connection = http.client.HTTPConnection(host, self.port, timeout=5)
        try:
            # It may refuse to be called so; then it is up all the same.
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _address(self) -> str:
        host = {"0.0.0.0": "localhost", "::": "localhost"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def _announce(self, password: str) -> None:
        _say(
            f"\n  Journeymap is at {self._address()}/\n"
            f"  Sign in as {SAMPLE_EMAIL} with the password {password}\n"
            f"{'' if exposure.is_local() else _EXPOSED}{_NO_MAIL if exposure.mail() == 'off' else ''}"
            f"  Ctrl+C stops it.\n"
        )

    def _tick(self) -> None:
        """Pass on what the children say, for a moment, then see whether they live."""
        self._listen(0.2)
        for child in self.children:
            if child.has_died():
                assert child.process is not None
                _say(f"{child.name} | ended with {child.process.returncode}; it is started again")
                child.bury()
            if child.again_at is not None and time.monotonic() >= child.again_at and not self.stopping:
                self._start(child)

    def _listen(self, seconds: float) -> None:
        for key, _ in self.output.select(timeout=seconds):
            self._pass_on(key.data, key.fileobj)  # type: ignore[arg-type]

    def _pass_on(self, child: Child, pipe: IO[bytes]) -> None:
        chunk = pipe.read(65536)
        if chunk == b"":
            self.output.unregister(pipe)
            pipe.close()
        *lines, child.rest = (child.rest + (chunk or b"\n")).split(b"\n")
        for line in lines:
            if line.strip():
                _say(f"{child.name} | {line.decode(errors='replace')}")

    def _stop_all(self) -> None:
        self.stopping = True
        # Nothing new comes in once the web is down; worker and beat can go together.
        for group in (self.children[:1], self.children[1:]):
            for child in group:
                child.ask_to_stop()
            for child in group:
                child.see_end(self.hurry, self._listen)
        self._listen(0.0)


def _say(text: str) -> None:
    # The terminal may be gone; that is no reason to leave anything running.
    with contextlib.suppress(OSError):
        print(text, flush=True)


def main() -> None:
    os.chdir(env.BASE_DIR)
    try:
        Supervisor().run()
    except (StartError, embedded.EmbeddedError, env.EnvironmentMistake) as error:
        sys.exit(f"Journeymap cannot start: {error}")


if __name__ == "__main__":
    main()
