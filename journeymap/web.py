"""Uvicorn as the product runs it: `python -m journeymap.web HOST PORT`.

A stream of news would go on for as long as a browser listens. When the server is asked to stop, streams are ended
first, so that nothing waits for them; the browsers come back by themselves.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

import uvicorn
from django.conf import settings

from maps.live.hub import end_streams


class Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        end_streams()
        super().handle_exit(sig, frame)


@contextmanager
def loaded(config: uvicorn.Config) -> Iterator[None]:
    """Load the product, and keep the collector of garbage from walking through it again and again.

    What has been loaded stays for good, and to walk through all of it takes longer than most requests.
    """
    config.load()
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def main(host: str, port: str) -> int:
    config = uvicorn.Config(
        "journeymap.asgi:application",
        host=host,
        port=int(port),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
    )
    server = Server(config)
    # Requests share one interpreter. One that needs it for a moment after each answer of the database, as a save does,
    # must not wait each time until another one has had its five milliseconds.
    sys.setswitchinterval(0.001)
    with loaded(config):
        server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
