"""Tables as files; long ones are made while they are sent."""

import csv
from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from flows.formulas import guarded
from flows.models import Import
from flows.store.rejects import read_rejects

_ROWS = 1_000


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def rejects_as_csv(import_: Import, *, reason: str = "") -> Iterator[bytes]:
    writer = csv.writer(_Echo())
    lines = ["\ufeff" + writer.writerow(["line", "column", "reason", "detail", "what stood there"])]
    if import_.rejects_file:
        for row in read_rejects(import_.team_id, import_.rejects_file, reason=reason):
            texts = (guarded(text) for text in (row.column, row.reason, row.detail, row.found))
            lines.append(writer.writerow([row.line, *texts]))
            if len(lines) == _ROWS:
                yield "".join(lines).encode()
                lines = []
    yield "".join(lines).encode()


def streamed(request: HttpRequest, chunks: Iterator[bytes]) -> Iterator[bytes] | AsyncIterator[bytes]:
    """Under ASGI a plain iterator would be read to its end before anything is sent."""
    return _one_by_one(chunks) if isinstance(request, ASGIRequest) else chunks


async def _one_by_one(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while chunk := await sync_to_async(_next)(chunks):
        yield chunk


def _next(chunks: Iterator[bytes]) -> bytes:
    """Nothing at the end; StopIteration cannot pass between threads."""
    return next(chunks, b"")
