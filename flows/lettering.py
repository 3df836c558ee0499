"""How wide a name is drawn, and how it is cut to fit.

The server has no font at hand, so widths are estimates on the safe side, in shares of the font size.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

ELLIPSIS = "…"
SURE = 1.15  # how much wider letters may come out than estimated, in whatever font a reader has
_JOINER = "\u200d"
_HANGUL_VOWELS_AND_TAILS = range(0x1160, 0x1200)
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_ARABIC = frozenset(map(chr, range(0x600, 0x700)))
_TAGS = range(0xE0020, 0xE0080)
_FLAGS = range(0x1F1E6, 0x1F200)

# Shares of the font size in a semi-bold sans serif, grouped by how wide the letter is.
_GROUPS = {
    0.28: "iljI|!.,:;'` \u00a0",
    0.36: 'ftr()[]{}/\\-"*°',
    0.56: "acksvxyzJ0123456789_$?#^<>=+~",
    0.61: "bdeghnopquFLTZ",
    0.68: "ABEKPSVXY&",
    0.74: "CDGHNRUwOQ",
    0.89: "mM@%",
    0.97: "W…—",
}
_WIDTHS = {letter: width for width, letters in _GROUPS.items() for letter in letters}


def printable(text: str) -> str:
    """`text` without control characters: they have no width, and some reverse what stands beside them."""
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in text if c not in _BIDI).strip() or "\u00a0"


_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def isolated(text: str) -> str:
    """A name that stands within a sentence: where it reads from the right, nothing around it turns with it."""
    from_the_right = any(unicodedata.bidirectional(char) in ("R", "AL") for char in text)
    return f"\u2068{text}\u2069" if from_the_right else text


def graphemes(text: str) -> Iterator[str]:
    """The characters as a reader sees them: accents, joined emoji and flags stay in one piece."""
    cluster = ""
    for char in text:
        if cluster and not _sticks(cluster, char):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _sticks(cluster: str, char: str) -> bool:
    code = ord(char)
    if code < 0x300:
        return cluster[-1] == _JOINER and code > 0x7F
    if char == _JOINER or cluster[-1] == _JOINER or unicodedata.category(char) in {"Mn", "Me", "Mc"}:
        return True
    if code in _SKIN_TONES or code in _TAGS or code in _HANGUL_VOWELS_AND_TAILS:
        return True
    return code in _FLAGS and len(cluster) == 1 and ord(cluster) in _FLAGS


@lru_cache(maxsize=8192)
def _em(cluster: str) -> float:
    if (width := _WIDTHS.get(cluster)) is not None:
        return width
    first = cluster[0]
    if ord(first) >= 0x1F000 or "\ufe0f" in cluster:
        return 1.35
    if unicodedata.east_asian_width(first) in "WF":
        return 1.02
    if first in _ARABIC:
        return 0.55
    return 0.78 if first.isupper() else 0.68


def text_width(text: str, size: float) -> float:
    """Estimated width of `text` at `size` pixels, in pixels."""
    return size * sum(map(_em, graphemes(text)))


def cut_middle(text: str, width: float, size: float) -> str:
    """`text` if it fits `width` pixels at `size`, else its beginning and end with an ellipsis between.

    Names that share a beginning (`checkout_step_…`) often differ at the end only, so both ends are kept.
    """
    if len(text) * size * 0.28 > width * 4:
        return _cut(text[:160] + text[-160:], width, size)
    if text_width(text, size) <= width:
        return text
    return _cut(text, width, size)


@lru_cache(maxsize=4096)
def _cut(text: str, width: float, size: float) -> str:
    clusters = list(graphemes(text))
    room = width / size - _em(ELLIPSIS)
    left, right = 0, len(clusters)
    while left < right:
        take_left = left <= len(clusters) - right
        cluster = clusters[left] if take_left else clusters[right - 1]
        room -= _em(cluster)
        if room < 0:
            break
        if take_left:
            left += 1
        else:
            right -= 1
    return "".join(clusters[:left]).rstrip() + ELLIPSIS + "".join(clusters[right:]).lstrip()


def wrap(text: str, width: float, size: float, most: int) -> list[str]:
    """`text` in at most `most` lines that fit `width` pixels at `size`; an ellipsis ends what is left out.

    Lines break at blanks and between ideographs, and within a word that is wider than a line.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, room = "", width / size
        for piece in _pieces(paragraph, width / size):
            if (wide := sum(map(_em, graphemes(piece.rstrip(" "))))) > room and line:
                lines.append(line.rstrip(" "))
                line, room = "", width / size
                if len(lines) > most:
                    break
            line += piece if line else piece.lstrip(" ")
            room -= wide + (_em(" ") if piece.endswith(" ") else 0)
        lines.append(line.rstrip(" "))
        if len(lines) > most:
            return [*lines[: most - 1], _cut_end(lines[most - 1], width, size)]
    return lines


def _pieces(text: str, room: float) -> Iterator[str]:
    """What may not be broken: words with the blank behind them, ideographs, and parts of words that fill a line."""
    piece, wide = "", 0.0
    for cluster in graphemes(text):
        width = _em(cluster)
        ideograph = unicodedata.east_asian_width(cluster[0]) in "WF"
        if piece and (piece.endswith(" ") or ideograph or wide + width > room):
            yield piece
            piece, wide = "", 0.0
        piece, wide = piece + cluster, wide + width
        if ideograph:
            yield piece
            piece, wide = "", 0.0
    if piece:
        yield piece


def _cut_end(line: str, width: float, size: float) -> str:
    clusters = list(graphemes(line))
    while clusters and size * (sum(map(_em, clusters)) + _em(ELLIPSIS)) > width:
        clusters.pop()
    return "".join(clusters).rstrip() + ELLIPSIS


def reads_from_the_right(text: str) -> bool:
    """Whether the first letter that has a direction runs from right to left."""
    directions = (unicodedata.bidirectional(char) for char in text)
    return next((way for way in directions if way in ("L", "R", "AL")), "L") != "L"


def cut_middle_to(text: str, length: int) -> str:
    """`text` in at most `length` visible characters, cut in the middle."""
    clusters = list(graphemes(text))
    if len(clusters) <= length:
        return text
    tail = max(0, (length - 1) // 2)
    head = max(0, length - 1 - tail)
    return "".join(clusters[:head]).rstrip() + ELLIPSIS + "".join(clusters[len(clusters) - tail :]).lstrip()
