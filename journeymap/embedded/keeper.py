"""Starts the embedded servers, keeps them running while anybody holds a lease, then stops them and exits.

Run by the package's `attach()` as `python -m journeymap.embedded.keeper DATA SOCKETS LISTENER`, the last being the
descriptor of a listening socket. A client sends one line, a JSON list of the servers that it wants, and is
answered by one line: a JSON object of URLs by variable, or the key `error`. Its open connection is its lease.
"""

import contextlib
import fcntl
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType

from journeymap.embedded.places import KeeperError, choose_account, choose_home, find_software
from journeymap.embedded.servers import Postgres, Server, Valkey

_UNCLAIMED_SECONDS = 15


class Keeper:
    """The servers, and the leases on them."""

    def __init__(self, data: Path, sockets: Path, listener: socket.socket) -> None:
        self.data = data
        self.sockets = sockets
        self.listener = listener
        self.servers: dict[str, Server] = {}
        self.wanted: set[str] = set()
        self.leases: set[socket.socket] = set()
        self.last: socket.socket | None = None
        self.events = selectors.DefaultSelector()
        self.events.register(listener, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until nobody holds a lease. Whoever started this keeper has a moment to ask for one."""
        unclaimed_until = time.monotonic() + _UNCLAIMED_SECONDS
        claimed = False
        while self.leases or (not claimed and time.monotonic() < unclaimed_until):
            # Woken once a second at least, to see whether a server has died.
            for key, _ in self.events.select(timeout=1.0):
                if key.fileobj is self.listener:
                    self._admit()
                    claimed = True
                elif isinstance(key.fileobj, socket.socket):
                    self._hear(key.fileobj)
            if self.leases and self.last:
                self._dismiss(self.last)
                self.last = None
            self._revive()

    def close(self) -> None:
        for server in self.servers.values():
            server.ask_to_stop()
        for server in self.servers.values():
            server.finish()
        # Whoever is attaching this moment holds the lock and may be about to use the directory again.
        with contextlib.suppress(OSError):
            lock = os.open(self.data / "attach.lock", os.O_RDWR)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(self.sockets)
            if (self.data / "run").is_symlink():
                (self.data / "run").unlink()

    def _admit(self) -> None:
        client, _ = self.listener.accept()
        client.settimeout(5.0)
        self.leases.add(client)
        self.events.register(client, selectors.EVENT_READ)

    def _hear(self, client: socket.socket) -> None:
        try:
            line = client.recv(4096)
            if line:
                client.sendall(json.dumps(self._answer(json.loads(line))).encode() + b"\n")
                return
        except (OSError, ValueError) as error:
            _say(f"a client is dropped: {error!r}")
        self.events.unregister(client)
        self.leases.discard(client)
        # The last one is held until everything is stopped: then it hears from the kernel that it is so.
        if self.leases:
            self._dismiss(client)
        else:
            self.last = client

    def _dismiss(self, client: socket.socket) -> None:
        """Tell the client that others stay."""
        with contextlib.suppress(OSError):
            client.sendall(b".")
        client.close()

    def _answer(self, wanted: list[str]) -> dict[str, str]:
        try:
            if not self.servers:
                self.servers = self._servers()
            chosen = [self.servers[name] for name in wanted]
            for server in chosen:
                server.start()
            for server in chosen:
                server.wait()
        except (KeeperError, OSError) as error:
            _say(str(error))
            return {"error": str(error)}
        self.wanted.update(wanted)
        return {server.variable: server.url for server in chosen}

    def _servers(self) -> dict[str, Server]:
        account = choose_account(self.data)
        home = choose_home(self.data, account)
        software = find_software(home, account)
        sockets = self.sockets / "servers"
        sockets.mkdir(exist_ok=True, mode=0o700)
        os.chown(sockets, account.uid, account.gid)
        if not account.is_this:
            self.sockets.chmod(0o711)
            if not account.can("-w", sockets):
                raise KeeperError(f"User {account.uid} cannot reach {sockets}.")
        return {kind.name: kind(home, sockets, software, account) for kind in (Postgres, Valkey)}

    def _revive(self) -> None:
        for name in self.wanted:
            server = self.servers[name]
            if not server.is_running():
                _say(f"{name} has ended unasked; starting it again")
                try:
                    server.start()
                    server.wait()
                except (KeeperError, OSError) as error:
                    _say(str(error))


def _say(message: str) -> None:
    print(time.strftime("%Y-%m-%d %H:%M:%S"), message, file=sys.stderr, flush=True)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit


def main() -> None:
    data, sockets, listener = Path(sys.argv[1]), Path(sys.argv[2]), socket.socket(fileno=int(sys.argv[3]))
    os.chdir("/")
    os.umask(0o077)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    keeper = Keeper(data, sockets, listener)
    try:
        keeper.run()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        keeper.close()
        # Ends at once, closing every connection: that is what the last one to leave waits for.
        os._exit(0)


if __name__ == "__main__":
    main()
