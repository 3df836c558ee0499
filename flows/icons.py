"""The icons of the package, as what stands inside their SVG."""

import re
from functools import lru_cache

from lucide.templatetags.lucide import lucide as draw


@lru_cache(maxsize=512)
def strokes(name: str) -> str:
    """On a square of 24 × 24; an unknown name is a mistake in a program and raises."""
    inside = draw(name).partition(">")[2].rpartition("</svg>")[0]
    return re.sub(r"\s+(?=<)|\s+(?=/>)", "", inside).strip()
