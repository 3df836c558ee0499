"""Whom a text means by “@Ana Lopez”, “@ana” or “@ana@example.com”. Knows people and texts, and no database."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from accounts.models import User

MOST = 50  # people in one text
LONGEST = 320  # characters looked at behind a sign
MOST_WORDS = 6  # of a name
_SIGN = re.compile(r"(?<![\w@.+-])@(?=\S)")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_WORDS = re.compile(rf"[^\s@]+(?:[ \t][^\s@]+){{0,{MOST_WORDS - 1}}}")
_AFTER = ".,;:!?)]}…\"'”’»"


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a text, and whether it means somebody."""

    text: str
    person: User | None = None


class People:
    """Who can be meant. A name that two share, or a word that begins two names, means nobody; an address does."""

    def __init__(self, people: Iterable[User]) -> None:
        self._addresses: dict[str, list[User]] = defaultdict(list)
        self._names: dict[str, list[User]] = defaultdict(list)
        self._words: dict[str, list[User]] = defaultdict(list)
        for person in people:
            self._addresses[person.email.casefold()].append(person)
            words = person.name.casefold().split()
            self._names[" ".join(words)].append(person)
            for word in {*words[:1], person.email.casefold().split("@")[0]}:
                self._words[word].append(person)

    def runs(self, text: str) -> list[Run]:
        """The whole text, cut where somebody is meant.

        >>> [run.text for run in People([User(name="Ana Lopez", email="a@b.example")]).runs("Ask @ana lopez, please")]
        ['Ask ', '@ana lopez', ', please']
        """
        found, at = list[Run](), 0
        for sign in _SIGN.finditer(text):
            meant = self._meant(text[sign.end() : sign.end() + LONGEST]) if sign.start() >= at else None
            if meant is None:
                continue
            length, person = meant
            found += [Run(text[at : sign.start()]), Run(text[sign.start() : sign.end() + length], person)]
            at = sign.end() + length
        return [run for run in (*found, Run(text[at:])) if run.text]

    def named(self, text: str) -> list[User]:
        """Each once, in the order of the text."""
        return list(dict.fromkeys(run.person for run in self.runs(text) if run.person))[:MOST]

    def _meant(self, text: str) -> tuple[int, User] | None:
        for known, candidate in self._candidates(text):
            people = known.get(" ".join(candidate.casefold().split()), [])
            if len(people) == 1:
                return len(candidate), people[0]
        return None

    def _candidates(self, text: str) -> Iterator[tuple[dict[str, list[User]], str]]:
        """What the text could begin with, the longest first; an address is nothing else."""
        if address := _ADDRESS.match(text):
            yield self._addresses, address[0]
            yield self._addresses, address[0].rstrip(_AFTER)
        elif words := _WORDS.match(text):
            ends = [words.end(), *(gap.start() for gap in re.finditer(r"[ \t]", words[0]))]
            for end in sorted(set(ends), reverse=True):
                yield self._names, text[:end]
                yield self._names, text[:end].rstrip(_AFTER)
            first = re.split(r"[ \t]", words[0])[0]
            yield self._words, first
            yield self._words, first.rstrip(_AFTER)
