"""Telling those who watch a map what happens, from anywhere. Never raises: news may be lost, changes not.

A message is {"event": …, "data": …}. Of several with the same event and the same `of`, only the last one matters.
"""

import json
import logging
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE = 0.5  # seconds; a save must not wait long for news to go out
FAULTS = (redis.RedisError, OSError)
logger = logging.getLogger(__name__)


def prefix() -> str:
    """Two installations, or two tests, may share one server."""
    return f"journeymap:{connection.settings_dict['NAME']}:"


def channel(journey: int) -> str:
    return f"{prefix()}maps:{journey}"


def message(event: str, data: Any, *, of: str = "") -> str:
    return json.dumps({"event": event, "of": of, "data": data})


@lru_cache(maxsize=1)
def client() -> "redis.Redis":
    # Once more, because a connection of the pool may be older than the server.
    once_more = Retry(NoBackoff(), 1)
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=once_more
    )


def tell(journey: int, event: str, data: Any, *, of: str = "") -> None:
    try:
        client().publish(channel(journey), message(event, data, of=of))
    except FAULTS as error:
        logger.info("news of map %s went nowhere: %s", journey, error)


def tell_change(journey: int, seq: int) -> None:
    tell(journey, "change", {"seq": seq})


def tell_talk(journey: int, talked: int) -> None:
    tell(journey, "talk", {"talked": talked})
