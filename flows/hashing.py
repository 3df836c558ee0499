"""Keys of people and of events: XXH64 with seed 0 of the UTF-8 text, the same on every machine and for ever."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

Keys = npt.NDArray[np.uint64]

NO_TEXT = np.uint64(0xEF46DB3751D8E999)  # the hash of the empty text, and of none
P1 = np.uint64(11400714785074694791)
P2 = np.uint64(14029467366897019727)
P3 = np.uint64(1609587929392839161)
P4 = np.uint64(9650029242287828579)
P5 = np.uint64(2870177450012600261)


@njit(inline="always")
def _rotate(x: Any, bits: int) -> Any:
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


@njit(inline="always")
def _round(accumulator: Any, lane: Any) -> Any:
    return _rotate(accumulator + lane * P2, 31) * P1


@njit(inline="always")
def _read(data: Any, at: int, size: int) -> Any:
    value = np.uint64(0)
    for i in range(size):
        value |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return value


@njit(inline="always")
def _avalanche(h: Any) -> Any:
    h ^= h >> np.uint64(33)
    h *= P2
    h ^= h >> np.uint64(29)
    h *= P3
    return h ^ (h >> np.uint64(32))


@njit(cache=True, nogil=True)
def xxh64(data: Any, start: int, end: int) -> Any:
    """XXH64 of data[start:end], seed 0."""
    size = end - start
    at = start
    if size >= 32:
        a, b, c, d = P1 + P2, P2, np.uint64(0), np.uint64(0) - P1
        while at + 32 <= end:
            a = _round(a, _read(data, at, 8))
            b = _round(b, _read(data, at + 8, 8))
            c = _round(c, _read(data, at + 16, 8))
            d = _round(d, _read(data, at + 24, 8))
            at += 32
        h = _rotate(a, 1) + _rotate(b, 7) + _rotate(c, 12) + _rotate(d, 18)
        for lane in (a, b, c, d):
            h = (h ^ _round(np.uint64(0), lane)) * P1 + P4
    else:
        h = P5
    h += np.uint64(size)
    while at + 8 <= end:
        h = _rotate(h ^ _round(np.uint64(0), _read(data, at, 8)), 27) * P1 + P4
        at += 8
    if at + 4 <= end:
        h = _rotate(h ^ (_read(data, at, 4) * P1), 23) * P2 + P3
        at += 4
    while at < end:
        h = _rotate(h ^ (np.uint64(data[at]) * P5), 11) * P1
        at += 1
    return _avalanche(h)


@njit(cache=True, nogil=True)
def _hash_all(data: Any, offsets: Any, out: Any) -> None:
    for i in range(out.shape[0]):
        out[i] = xxh64(data, offsets[i], offsets[i + 1])


@njit(cache=True, nogil=True)
def _combine(actors: Any, events: Any, ids: Any, properties: Any, out: Any) -> None:
    empty = xxh64(np.zeros(1, np.uint8), 0, 0)
    for i in range(out.shape[0]):
        # The salt keeps an insert id apart from properties that read the same.
        payload = properties[i] if ids[i] == empty else ids[i] ^ P3
        out[i] = _avalanche(_round(_round(_round(P5, actors[i]), events[i]), payload))


def actor_key(actor: str) -> int:
    data = np.frombuffer(actor.encode() + b"\0", np.uint8)
    return int(xxh64(data, 0, len(data) - 1))


def hash_texts(texts: pa.Array | pa.ChunkedArray) -> Keys:
    """XXH64 of every text; that of the empty text where there is none."""
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    return np.concatenate([_hash_chunk(chunk) for chunk in chunks]) if chunks else np.empty(0, np.uint64)


def content_keys(actors: Keys, events: Keys, ids: Keys, properties: Keys) -> Keys:
    """The same for rows that count as one event if their times agree: by insert id, else by all properties."""
    out = np.empty(len(actors), np.uint64)
    _combine(actors, events, ids, properties, out)
    return out


def _hash_chunk(texts: pa.Array) -> Keys:
    if not pa.types.is_string(texts.type):
        texts = texts.cast(pa.large_string())
    large = pa.types.is_large_string(texts.type)
    if texts.null_count:
        texts = texts.fill_null("")
    out = np.empty(len(texts), np.uint64)
    offsets, data = cast(tuple[Any, Any], texts.buffers()[1:])
    whole: npt.NDArray[Any] = (
        np.frombuffer(offsets, np.int64 if large else np.int32) if len(texts) else np.zeros(1, np.int32)
    )
    bytes_ = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    _hash_all(bytes_, whole[texts.offset : texts.offset + len(texts) + 1], out)
    return out
