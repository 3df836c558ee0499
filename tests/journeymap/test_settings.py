import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
READ = re.compile(
    r"""\benv\.(?:text|flag|integer|duration|address|path|list_)\(\s*"([A-Z_]+)"|environ(?:\.get)?[\[(]"(HOST|PORT|SAMPLE_PASSWORD|JOURNEYMAP_[A-Z_]+)"""
)


def test_every_variable_that_is_read_stands_in_the_example():
    read = set()
    for folder in ("journeymap", "accounts", "flows", "maps"):
        for file in (ROOT / folder).rglob("*.py"):
            read |= {first or second for first, second in READ.findall(file.read_text())}
    example = (ROOT / ".env.example").read_text()
    assert len(read) > 15
    assert {name for name in read if not re.search(rf"\b{name}\b", example)} == set()
