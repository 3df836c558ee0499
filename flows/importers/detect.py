"""What a file is, whatever it is called."""

from pathlib import Path

from flows.importers.faults import ImportFault
from flows.importers.source import Source

CSV, NDJSON, PARQUET = "csv", "ndjson", "parquet"
FORMATS = (CSV, NDJSON, PARQUET)
LABELS = {CSV: "CSV", NDJSON: "NDJSON", PARQUET: "Parquet"}

SAMPLE = 256 * 1024

_SUFFIXES = {
    ".csv": CSV,
    ".tsv": CSV,
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
    ".json": NDJSON,
    ".parquet": PARQUET,
    ".pq": PARQUET,
}
_OTHERS = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet; save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet or document; save the sheet as CSV"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"BZh", "a bzip2 file; pack it with gzip or zstd"),
    (b"\xfd7zXZ", "an xz file; pack it with gzip or zstd"),
    (b"\x1f\x8b", "a gzip file inside another; unpack it once"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"ARROW1", "an Arrow file; write it as Parquet"),
)
_ENCODINGS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


def detect(source: Source, wanted: str = "auto") -> str:
    """The format of the file. Raises ImportFault where it is not what its name or `wanted` claims."""
    head = source.head(SAMPLE)
    if not head.strip():
        raise ImportFault(f"{source.name} is empty.")
    found = _content(source, head)
    claimed = _SUFFIXES.get(Path(source.stem.lower()).suffix) if wanted == "auto" else wanted
    if claimed and claimed != found:
        raise ImportFault(f"{source.name} is not {LABELS[claimed]}: what stands in it is {LABELS[found]}.")
    return found


def _content(source: Source, head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return PARQUET
    other = next((words for magic, words in _OTHERS if head.startswith(magic)), None)
    if other:
        raise ImportFault(f"{source.name} is not a table of events: it is {other}.")
    encoding = next((name for magic, name in _ENCODINGS if head.startswith(magic)), None)
    if encoding:
        raise ImportFault(f"{source.name} is {encoding}; only UTF-8 can be read. Save it as UTF-8.")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    controls = sum(head.count(bytes([code])) for code in (*range(0, 9), 11, *range(14, 31)))
    if controls > len(head) // 10:
        raise ImportFault(f"{source.name} is not a table of events: it is binary data of an unknown kind.")
    if text.startswith(b"{"):
        return NDJSON
    if text.startswith(b"["):
        raise ImportFault(f"{source.name} is one JSON array; write one JSON object on each line instead (NDJSON).")
    return CSV
