"""The bytes of a file, unpacked on the way, with an honest count of how far they have been read."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from flows.importers.faults import ImportFault

CHUNK = 4 * 1024 * 1024

# Unpacked, a file may be this many times its stored size and still be honest data.
MAX_EXPANSION = 2_000

GZIP, ZSTD = "gzip", "zstd"
_COMPRESSION = ((b"\x1f\x8b", GZIP), (b"\x28\xb5\x2f\xfd", ZSTD))
_SUFFIXES = {".gz": GZIP, ".zst": ZSTD}


class Source:
    """A file that can be read from its beginning several times. `name` is what people call it."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self.size = path.stat().st_size
        self.read = 0
        with path.open("rb") as file:
            head = file.read(4)
        if not head:
            raise ImportFault(f"{name} is empty.")
        self.compression = next((kind for magic, kind in _COMPRESSION if head.startswith(magic)), None)
        claimed = _SUFFIXES.get(Path(name.lower()).suffix)
        if claimed and self.compression != claimed:
            raise ImportFault(f"{name} is named as {claimed} data, but it is not: its first bytes are something else.")

    @property
    def fraction(self) -> float:
        return min(1.0, self.read / self.size)

    @property
    def stem(self) -> str:
        """The name without the ending of its compression."""
        return self.name[: self.name.rindex(".")] if Path(self.name.lower()).suffix in _SUFFIXES else self.name

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """The unpacked bytes. Raises ImportFault where they are damaged or end early."""
        self.read = 0
        total = 0
        for chunk in self._gzip(size) if self.compression == GZIP else self._stream(size):
            total += len(chunk)
            if self.compression and total > MAX_EXPANSION * self.size + CHUNK:
                raise ImportFault(
                    f"{self.name} unpacks to more than {MAX_EXPANSION:,} times its size; that is not a table."
                )
            yield chunk

    def head(self, size: int) -> bytes:
        """The first `size` bytes, fewer if there are no more; damage behind them is met later."""
        parts, total = [], 0
        for chunk in self.chunks(min(size, CHUNK)):
            parts.append(chunk)
            total += len(chunk)
            if total >= size:
                break
        self.read = 0
        return b"".join(parts)[:size]

    def _stream(self, size: int) -> Iterator[bytes]:
        with pa.OSFile(str(self.path), "rb") as raw:
            file = pa.CompressedInputStream(raw, "zstd") if self.compression == ZSTD else raw
            while True:
                try:
                    chunk = file.read(size)
                except OSError as error:
                    if "runcated" in str(error):
                        raise self._ends_early() from error
                    raise ImportFault(f"{self.name} is damaged: it cannot be unpacked ({error}).") from error
                self.read = raw.tell()
                if not chunk:
                    break
                yield chunk

    def _gzip(self, size: int) -> Iterator[bytes]:
        """Member by member; `gzip` files may be several, one behind the other."""
        with self.path.open("rb") as file:
            inflate = zlib.decompressobj(wbits=31)
            packed = b""
            while True:
                if not packed:
                    packed = file.read(256 * 1024)
                    self.read = file.tell()
                if not packed:
                    if not inflate.eof:
                        raise self._ends_early()
                    return
                if inflate.eof:
                    packed = packed.lstrip(b"\0")
                    if not packed:
                        continue
                    inflate = zlib.decompressobj(wbits=31)
                try:
                    chunk = inflate.decompress(packed, size)
                except zlib.error as error:
                    raise ImportFault(f"{self.name} is damaged: its gzip data cannot be unpacked ({error}).") from error
                packed = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
                if chunk:
                    yield chunk

    def _ends_early(self) -> ImportFault:
        return ImportFault(f"{self.name} is cut off: its {self.compression} data ends early. Nothing was imported.")
