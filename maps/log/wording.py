"""How changes are told: words and names in turn, so that a page can set the names apart."""

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db import models

from flows.lettering import cut_middle_to
from maps.log.parts import part_of
from maps.log.records import Record
from maps.models import Card, CardExtra, Operation

NAME_LENGTH = 60
COUNTED = {
    "stage": "stage",
    "step": "step",
    "lane": "lane",
    "card": "card",
    "emotion": "feeling",
}


def name_of(row: models.Model) -> str:
    """What a row is called in a sentence: its name, or the beginning of what it says."""
    if isinstance(row, CardExtra):
        row = row.card
    return short_name(row.body if isinstance(row, Card) else str(row))


def short_name(text: str) -> str:
    return cut_middle_to(" ".join(text.split()), NAME_LENGTH)


def counted(counts: dict[str, int]) -> str:
    """ "2 steps, 9 cards", empty where there is nothing to count."""
    return ", ".join(f"{count} {word if count == 1 else f'{word}s'}" for word, count in counts.items() if count)


def tally(records: Iterable[Record]) -> str:
    """How many rows of which part the records are about."""
    counts = Counter(record.part for record in records)
    return counted({word: counts[part] for part, word in COUNTED.items()})


def lost_with(row: models.Model, records: Sequence[Record]) -> list[str]:
    """ "with 2 steps, 9 cards": what the records remove along with the row; no word where that is nothing."""
    along = tally(record for record in records if record.after is None and record.part != part_of(row).name)
    return [f"with {along}"] if along else []


def beside(order: Sequence[models.Model], row: models.Model) -> list[str]:
    """Where the row has come to stand among its siblings."""
    place = [other.pk for other in order].index(row.pk)
    return ["behind", name_of(order[place - 1])] if place else ["to the front"]


def told_as_one(step: Sequence[Operation]) -> list[str]:
    """Words for operations that were meant as one: what came of them, and what stood there before the first."""
    first, last = step[0], step[-1]
    if first is last or last.verb != Operation.Verb.WRITE:
        return last.words
    words = list(first.words)
    words[1] = last.words[1]
    return words


def told(records: Sequence[Record]) -> list[str]:
    """Words for a change whose service has none of its own."""
    kinds = {(record.before is None, record.after is None) for record in records}
    verb = {frozenset({(True, False)}): "added", frozenset({(False, True)}): "removed"}.get(frozenset(kinds), "changed")
    return [f"{verb} {tally(records) or 'the map'}"]
