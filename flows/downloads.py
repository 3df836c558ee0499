"""Tables as files; long ones are made while they are sent."""

import csv
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from flows.engine.funnel_walk import STATES
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


def answer_as_csv(kind: str, result: Mapping[str, Any]) -> str:
    """The numbers of a funnel, of retention or of a trend, a row for each."""
    text = io.StringIO()
    text.write("\ufeff")
    for row in TABLES[kind](result):
        csv.writer(text).writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
    return text.getvalue()


def _funnel(result: Mapping[str, Any]) -> Iterator[list[object]]:
    names = ("step", "count", "continued", *STATES, "median_seconds", "p90_seconds")
    yield ["group", "events", *names]
    groups = ((row["value"] or row["kind"], row["steps"]) for row in result.get("breakdown", ()))
    for group, steps in [("", result["steps"]), *groups]:
        for step in steps:
            yield [group, " | ".join(step["events"]), *(step[name] for name in names)]


def _retention(result: Mapping[str, Any]) -> Iterator[list[object]]:
    names = ("offset", "bounded", "unbounded", "complete")
    yield ["began", "size", *names]
    for cohort in result["cohorts"]:
        for each in cohort["returns"]:
            yield [result["periods"][cohort["period"]]["from"], cohort["size"], *(each[name] for name in names)]


def _trend(result: Mapping[str, Any]) -> Iterator[list[object]]:
    yield ["from", "complete", "label", "events", "people"]
    for row in [*result["series"], {"label": "", "kind": "all", **result["all"]}]:
        for bucket, events, people in zip(result["buckets"], row["events"], row["people"], strict=True):
            yield [bucket["from"], bucket["complete"], row["label"] or row["kind"], events, people]


TABLES = {"funnel": _funnel, "retention": _retention, "trend": _trend}


def streamed(request: HttpRequest, chunks: Iterator[bytes]) -> Iterator[bytes] | AsyncIterator[bytes]:
    """Under ASGI a plain iterator would be read to its end before anything is sent."""
    return _one_by_one(chunks) if isinstance(request, ASGIRequest) else chunks


async def _one_by_one(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while chunk := await sync_to_async(_next)(chunks):
        yield chunk


def _next(chunks: Iterator[bytes]) -> bytes:
    """Nothing at the end; StopIteration cannot pass between threads."""
    return next(chunks, b"")
