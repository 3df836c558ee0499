"""Sends a body to an address that somebody typed, without reaching what only this server can reach.

The name is resolved once, every address that it has must be public, and the connection goes to that very address; a
redirect is an answer like others and is not followed. All of it has one deadline.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

SECONDS = 10.0
MOST_READ = 1_024  # bytes of an answer that are looked at
MOST_URL = 500
PORTS = {"http": 80, "https": 443}
# Ways to write an IPv4 address inside an IPv6 one; what is inside decides.
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """The address may not be reached from here; to try again is of no use."""


class Unreachable(Exception):
    """Nothing came of it this time."""


def checked(url: str) -> SplitResult:
    """The parts of an address that could be sent to. Raises Refused with a sentence."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("This is not the address of a page.") from None
    if len(url) > MOST_URL or not url.isascii() or any(char <= " " or char == "\x7f" for char in url):
        raise Refused(f"An address has at most {MOST_URL} characters, no blanks, and only letters without accents.")
    if parts.scheme not in PORTS or not parts.hostname:
        raise Refused("An address begins with https:// or http://.")
    if parts.username is not None or parts.password is not None:
        raise Refused("An address must not hold a password.")
    if port == 0:
        raise Refused("There is no such port.")
    return parts


def resolved(host: str, port: int) -> str:
    """The address that the name stands for now. Raises Refused where one of them is not public, and Unreachable."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        raise Unreachable("The name is not known.") from None
    addresses = [str(each[4][0]) for each in found]
    if not addresses:
        raise Unreachable("The name is not known.")
    if not settings.WEBHOOKS_TO_PRIVATE and not all(map(is_public, addresses)):
        raise Refused("This address is not public.")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address can be reached from everywhere, whatever it is written in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer. Raises Refused, and Unreachable where there is none in time."""
    parts = checked(url)
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    connection = _Pinned(host, port, resolved(host, port), secure=parts.scheme == "https")
    late = threading.Timer(SECONDS, connection.cut)
    late.daemon = True
    late.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, {"Connection": "close", **headers})
        answer = connection.getresponse()
        answer.read(MOST_READ)
        return answer.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(_reason(error, late)) from None
    finally:
        late.cancel()
        connection.close()


def _reason(error: Exception, late: threading.Timer) -> str:
    if isinstance(error, TimeoutError) or late.finished.is_set():
        return f"No answer within {SECONDS:g} s."
    if isinstance(error, ssl.SSLError):
        return f"The certificate is not accepted: {error.reason or 'unknown'}."[:200]
    return f"{type(error).__name__} while talking to it."


class _Pinned(http.client.HTTPConnection):
    """A connection to one resolved address, which is asked under the name that it was resolved from."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool) -> None:
        super().__init__(host, port, timeout=SECONDS)
        if secure and port == PORTS["https"]:
            self.default_port = port  # so that the name is sent without it
        self.address, self.secure = address, secure

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), SECONDS)
        if self.secure:
            # The handshake comes after the socket is known, so that it can be cut off as well.
            secured = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = secured
            secured.do_handshake()

    def cut(self) -> None:
        """End it from another thread: whoever waits for the answer is woken."""
        if self.sock is not None:
            with suppress(OSError):  # it ended by itself
                self.sock.shutdown(socket.SHUT_RDWR)
