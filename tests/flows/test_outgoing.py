"""What is sent to addresses that somebody typed, against real sockets."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from flows import outgoing


@contextmanager
def server(answer: bytes, *, drip: bool = False) -> Iterator[tuple[int, list[bytes]]]:
    """Listens once on this machine; its port, and what it was sent."""
    got: list[bytes] = []
    over = threading.Event()
    place = socket.create_server(("127.0.0.1", 0))
    place.settimeout(0.05)

    def serve() -> None:
        while not over.is_set():
            with suppress(OSError):
                peer = place.accept()[0]
                break
        else:
            return
        with peer, suppress(OSError):
            peer.settimeout(0.2)
            with suppress(TimeoutError):
                while part := peer.recv(65_536):
                    got.append(part)
            while drip and not over.is_set():
                peer.sendall(b"x")
                time.sleep(0.02)
            peer.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield place.getsockname()[1], got
    finally:
        over.set()
        thread.join()
        place.close()


@pytest.fixture
def private(settings):
    settings.WEBHOOKS_TO_PRIVATE = True


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2002:a00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_what_only_some_can_reach_is_not_public(address):
    assert not outgoing.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "::ffff:93.184.215.14"])
def test_what_everybody_can_reach_is(address):
    assert outgoing.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "https://", "//example.com", "example.com",
        "http://user:pw@example.com/", "http://example.com:99999/", "http://example.com:0/", "http://[::1/",
        "http://ex ample/", "http://example.com/\r\nX: y", "http://example.com/" + "x" * 500, "http://exämple.com/", "",
    ],
)  # fmt: skip
def test_what_is_no_address_to_send_to_is_refused_before_anything_is_asked(url, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", None)
    with pytest.raises(outgoing.Refused):
        outgoing.post(url, b"", {})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1"])
def test_this_machine_is_not_reached_however_it_is_written(host):
    with server(b"HTTP/1.1 200 OK\r\n\r\n") as (port, got), pytest.raises((outgoing.Refused, outgoing.Unreachable)):
        outgoing.post(f"http://{host}:{port}/", b"{}", {})
    assert got == []


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(outgoing.Refused):
        outgoing.resolved("example.com", 80)


def test_the_name_is_resolved_once_and_the_connection_goes_to_that_address(private, monkeypatch):
    asked = []

    def to(place, wait):
        asked.append(place)
        sock = socket.socket()
        sock.settimeout(wait)
        sock.connect(place)
        return sock

    def once(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with server(b"HTTP/1.1 204 No Content\r\n\r\n") as (port, got):
        monkeypatch.setattr(outgoing.socket, "getaddrinfo", once)
        monkeypatch.setattr(outgoing.socket, "create_connection", to)
        assert outgoing.post(f"http://hooks.example:{port}/in?x=1", b'{"a":1}', {"X-Own": "y"}) == 204
    assert asked == ["hooks.example", ("127.0.0.1", port)]
    sent = b"".join(got)
    assert sent.startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert f"Host: hooks.example:{port}\r\n".encode() in sent
    assert b"X-Own: y\r\n" in sent
    assert sent.endswith(b'\r\n\r\n{"a":1}')


def test_a_redirect_is_an_answer_and_not_followed(private):
    with server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n") as (port, _):
        assert outgoing.post(f"http://127.0.0.1:{port}/", b"", {}) == 302


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_answer_is_said_in_words(private, answer):
    with server(answer) as (port, _), pytest.raises(outgoing.Unreachable):
        outgoing.post(f"http://127.0.0.1:{port}/", b"", {})


def test_nobody_listens(private):
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    with pytest.raises(outgoing.Unreachable):
        outgoing.post(f"http://127.0.0.1:{port}/", b"", {})


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_drips_is_cut_off_at_the_deadline(private, monkeypatch, scheme):
    """Each byte comes in time, all of them never would; without the cut this test does not end."""
    monkeypatch.setattr(outgoing, "SECONDS", 0.3)
    with server(b"", drip=True) as (port, _), pytest.raises(outgoing.Unreachable):
        outgoing.post(f"{scheme}://127.0.0.1:{port}/", b"", {})
