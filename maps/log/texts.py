"""Two texts beside each other, word by word."""

import re
from dataclasses import dataclass

from diff_match_patch import diff_match_patch

# A number with its sign, a word, a run of blanks, or one sign of anything else.
WORD = re.compile(r"[+−]\d+|\w+|\s+|[^\w\s]")
PATIENCE = 0.2  # seconds; after that the rest counts as replaced, which is true, only less fine
FIRST = 0x100
SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a text, and whether the other text lacks it."""

    text: str
    differs: bool = False


def side_by_side(old: str, new: str) -> tuple[list[Run], list[Run]]:
    """Both texts cut into what they share and what each has alone.

    >>> side_by_side("in a hurry", "in no hurry")[1]
    [Run(text='in ', differs=False), Run(text='no', differs=True), Run(text=' hurry', differs=False)]
    """
    letters: dict[str, str] = {}
    comparer = diff_match_patch()
    comparer.Diff_Timeout = PATIENCE
    # Each word becomes one letter, so that the comparer, which knows letters, compares words.
    found = comparer.diff_main(_spelt(old, letters), _spelt(new, letters), False)
    comparer.diff_cleanupSemantic(found)
    words = {letter: word for word, letter in letters.items()}
    read = [(kind, "".join(words[letter] for letter in spelt)) for kind, spelt in found]
    return (
        [Run(text, kind != 0) for kind, text in read if kind <= 0],
        [Run(text, kind != 0) for kind, text in read if kind >= 0],
    )


def _spelt(text: str, letters: dict[str, str]) -> str:
    return "".join(letters.setdefault(word, _letter(len(letters))) for word in WORD.findall(text))


def _letter(number: int) -> str:
    code = FIRST + number
    return chr(code if code < SURROGATES.start else code + len(SURROGATES))
