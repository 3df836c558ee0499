"""A program of its own that sets a book in Typst: JSON (standard input) to a file (standard output)."""

import json
import resource
import sys
import tempfile

MEMORY = 4_000_000_000
SECONDS = 120


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import typst  # noqa: PLC0415 - behind the limits

    asked = json.load(sys.stdin)
    # The fonts of the packages alone, so that every machine sets the same page.
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=asked["fonts"])
    with tempfile.TemporaryDirectory() as empty:
        compiler = typst.Compiler(
            asked["program"].encode(), root=empty, font_paths=fonts, sys_inputs={"book": json.dumps(asked["book"])}
        )
        found = compiler.compile(format=asked["form"], ppi=asked["ppi"])
    assert isinstance(found, bytes)
    sys.stdout.buffer.write(found)


if __name__ == "__main__":
    main()
