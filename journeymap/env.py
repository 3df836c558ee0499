"""What the environment says, typed. Nonsense is refused at once, by name and with what was expected.

A file `.env` beside `manage.py` may hold `KEY=VALUE` lines; the environment itself wins over it.
`JOURNEYMAP_ENV_FILE` names another file, or none when it is empty.
"""

import os
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent

_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}
T = TypeVar("T")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")


class EnvironmentMistake(Exception):
    """A variable is missing or holds something that cannot be meant. The text is for a person to read."""


def load(file: Path) -> None:
    """Put the lines of `file` into the environment, where the environment does not already say otherwise."""
    for number, raw in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise EnvironmentMistake(f"{file}, line {number}: expected KEY=VALUE")
        os.environ.setdefault(match[1], _unquoted(match[2].strip()))


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return re.sub(r"\s+#.*$", "", value)


def _read(name: str, default: T | None, parse: Callable[[str], T], expected: str) -> T:
    value = os.environ.get(name, "").strip()
    if not value:
        if default is None:
            raise EnvironmentMistake(f"{name} is not set; expected {expected}")
        return default
    try:
        return parse(value)
    except ValueError as error:
        raise EnvironmentMistake(f"{name} is {value!r}; expected {expected}") from error


def text(name: str, *, default: str | None = None) -> str:
    return _read(name, default, str, "a text")


def flag(name: str, *, default: bool | None = None) -> bool:
    return _read(name, default, _flag, "one of " + ", ".join(sorted(_YES | _NO)))


def integer(name: str, *, default: int | None = None, minimum: int = 0) -> int:
    def parse(value: str) -> int:
        number = int(value)
        if number < minimum:
            raise ValueError(value)
        return number

    return _read(name, default, parse, f"a whole number from {minimum}")


def duration(name: str, *, default: timedelta | None = None) -> timedelta:
    return _read(name, default, _duration, "a duration such as 90s, 30m, 12h or 7d")


def address(name: str, *, default: str | None = None) -> str:
    """Where something is found on the web, without a slash at its end: `https://maps.example`."""
    return _read(name, default, _address, "an address such as https://maps.example")


def path(name: str, *, default: Path | None = None) -> Path:
    """An absolute path; a relative one is taken from the repository, wherever the process was started."""
    return _read(name, default, lambda value: BASE_DIR / Path(value).expanduser(), "a path")


def list_(name: str, *, default: list[str] | None = None) -> list[str]:
    return _read(name, default, _list, "words separated by commas")


def secret_file(file: Path, *, length: int = 48) -> str:
    """The secret kept in `file`, readable by its owner only; made of `length` random bytes at the first call."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    if not file.exists():
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(length), encoding="ascii")
        try:
            # A hard link appears whole or not at all, and the first of two processes wins.
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text(encoding="ascii").strip()


def _flag(value: str) -> bool:
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise ValueError(value)


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError(value)
    return f"{parts.scheme}://{parts.netloc}"


def _list(value: str) -> list[str]:
    words = [word.strip() for word in value.split(",")]
    if not all(words):
        raise ValueError(value)
    return words


def _duration(value: str) -> timedelta:
    match = re.fullmatch(r"(\d+)\s*([smhd])", value)
    if match is None:
        raise ValueError(value)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


_file = os.environ.get("JOURNEYMAP_ENV_FILE")
if _file is None and (BASE_DIR / ".env").is_file():
    load(BASE_DIR / ".env")
elif _file:
    load(Path(_file))
