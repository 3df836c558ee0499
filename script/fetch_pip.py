"""Fetches the newest wheel of pip from the package index that pip itself would use. Standard library only.

Heeds `PIP_INDEX_URL`, `PIP_CERT` and pip's configuration files; proxies as `urllib` does. The file is checked
against the index's SHA-256, and refused where the index gives none.
"""

import base64
import configparser
import hashlib
import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl")


class FetchError(Exception):
    """Why pip cannot be had, for a person to read."""


@dataclass(frozen=True)
class File:
    name: str
    url: str
    sha256: str
    requires_python: str
    yanked: bool

    def version(self) -> tuple[int, ...]:
        """Empty for everything but the wheel of a final release."""
        match = WHEEL.fullmatch(self.name)
        return tuple(map(int, match[1].split("."))) if match else ()

    def fits(self) -> bool:
        least = re.search(r">=\s*(\d+)\.(\d+)", self.requires_python)
        suits = least is None or sys.version_info[:2] >= (int(least[1]), int(least[2]))
        return bool(self.version()) and suits and not self.yanked


def setting(name: str, default: str) -> str:
    """One of pip's settings: the environment first, then its files, the most particular last."""
    value = os.environ.get(f"PIP_{name.upper().replace('-', '_')}")
    if value:
        return value
    home = Path.home()
    system = Path(os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")[0], "pip/pip.conf")
    user = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config", "pip/pip.conf")
    mac = home / "Library/Application Support/pip/pip.conf"
    files = [system, Path("/etc/pip.conf"), home / ".pip/pip.conf", mac, user]
    if os.environ.get("PIP_CONFIG_FILE"):
        only = Path(os.environ["PIP_CONFIG_FILE"])
        # To pip, naming the null device means: no file at all.
        files = [] if only == Path(os.devnull) else [*files, only]
    parser = configparser.RawConfigParser()
    parser.read(files)
    for section in ("install", "global"):
        if parser.has_option(section, name):
            return parser.get(section, name).strip()
    return default


def fetch(directory: Path) -> Path:
    """Put the wheel into `directory` and return its path. Raises FetchError."""
    index = setting("index-url", "https://pypi.org/simple").rstrip("/") + "/pip/"
    try:
        files = listed(*opened(index))
        best = max((file for file in files if file.fits()), key=File.version, default=None)
        if best is None:
            raise FetchError(f"{shown(index)} lists no wheel of pip for this Python.")
        content, _, _ = opened(urllib.parse.urljoin(index, best.url))
    except (OSError, ValueError) as error:
        raise FetchError(f"pip cannot be fetched from {shown(index)}: {error}") from error
    if hashlib.sha256(content).hexdigest() != best.sha256:
        raise FetchError(f"{best.name} from {shown(index)} is not what the index says it is; nothing was installed.")
    path = directory / best.name
    path.write_bytes(content)
    return path


def opened(url: str) -> tuple[bytes, str, str]:
    """Content, media type and final address."""
    parts = urllib.parse.urlsplit(url)
    headers = {"Accept": ACCEPT, "User-Agent": "journeymap-bootstrap"}
    if parts.username is not None:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        url = shown(url)
    context = ssl.create_default_context(cafile=setting("cert", "") or None)
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=60, context=context) as answer:
        return answer.read(), answer.headers.get_content_type(), answer.url


def shown(url: str) -> str:
    """Without the password that it may hold."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def listed(content: bytes, media_type: str, address: str) -> list[File]:
    """The files on a project's page of the index, in either of its two forms."""
    if media_type.endswith("json"):
        return [
            File(
                name=each["filename"],
                url=urllib.parse.urljoin(address, each["url"]),
                sha256=each.get("hashes", {}).get("sha256", ""),
                requires_python=each.get("requires-python") or "",
                yanked=bool(each.get("yanked")),
            )
            for each in json.loads(content)["files"]
        ]
    page = Page(address)
    page.feed(content.decode())
    return page.files


class Page(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.files: list[File] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and found.get("href"):
            url, fragment = urllib.parse.urldefrag(urllib.parse.urljoin(self.address, found["href"] or ""))
            self.files.append(
                File(
                    name=urllib.parse.unquote(url.rpartition("/")[2]),
                    url=url,
                    sha256=fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else "",
                    requires_python=found.get("data-requires-python") or "",
                    yanked="data-yanked" in found,
                )
            )
