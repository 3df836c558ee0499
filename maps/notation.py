"""How the cards of a cell are written as one text, and read again: the notation of spreadsheets and of the clipboard.

One card a line. What the map shows on the face of a card stands in brackets behind it: the channel of a touchpoint,
`[severe, observed]` of a pain point, `[value 5, effort 2, planned]` of an opportunity. Where a card has several lines,
every card of the cell begins with a bullet and goes on indented.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from maps.documents.shapes import CardPart, OpportunityPart, TouchpointPart
from maps.models import Card, Lane, Opportunity
from maps.texts import flat

BULLET = "• "
INDENT = "  "
SEVERITIES = {1: "light", 2: "medium", 3: "severe"}
_BEHIND = re.compile(r"(?P<body>.*?)\s*\[(?P<details>[^\[\]\n]*)\]\s*", re.DOTALL)
_SCORED = re.compile(r"(?P<label>.*?)\s*\((?P<score>[+−-]?[0-2])\)", re.DOTALL)
_SCORE_FIRST = re.compile(r"(?P<score>[+−-]?[0-2])(?![\w.,])\s*(?P<label>.*)", re.DOTALL)


def signed(score: int) -> str:
    return f"+{score}" if score > 0 else f"−{-score}" if score else "0"


def feeling_text(score: int, label: str) -> str:
    """The score comes last: a cell that begins with a sign is a formula to spreadsheets."""
    return f"{label} ({signed(score)})".lstrip()


def feeling_of(text: str) -> tuple[int, str] | None:
    """Score and label of “Relieved (+1)”, “+1 Relieved” or “+1”; None for anything else."""
    text = text.strip()
    found = _SCORED.fullmatch(text) or _SCORE_FIRST.fullmatch(text)
    return (int(found["score"].replace("−", "-")), flat(found["label"])) if found else None


def cell_text(kind: str, cards: Iterable[CardPart]) -> str:
    texts = [card.body + _behind(kind, card) for card in cards]
    if any("\n" in text or text.startswith(BULLET) for text in texts):
        return "\n".join(BULLET + text.replace("\n", f"\n{INDENT}") for text in texts)
    return "\n".join(texts)


@dataclass(frozen=True, slots=True)
class Written:
    """A card as it was written; `details` has what stood in brackets, by the names that `save_card` knows."""

    body: str
    details: dict[str, Any]


def written_cards(kind: str, text: str) -> tuple[Written, ...]:
    """The cards of a cell in a lane of that kind. Bodies are not yet held against any limit."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    if not lines[0].startswith(BULLET):
        return tuple(_written(kind, line.strip()) for line in lines if line.strip())
    bodies: list[list[str]] = []
    for line in lines:
        if line.startswith(BULLET):
            bodies.append([line.removeprefix(BULLET)])
        else:
            bodies[-1].append(line.removeprefix(INDENT))
    return tuple(_written(kind, "\n".join(body).strip()) for body in bodies if "".join(body).strip())


def cards_of(kind: str, text: str) -> tuple[CardPart, ...]:
    return tuple(_part(kind, card) for card in written_cards(kind, text))


def _part(kind: str, card: Written) -> CardPart:
    if card.details and kind == Lane.Kind.TOUCHPOINT:
        return CardPart(card.body, touchpoint=TouchpointPart(**card.details))
    if card.details and kind == Lane.Kind.OPPORTUNITY:
        return CardPart(card.body, opportunity=OpportunityPart(**card.details))
    return CardPart(card.body, **card.details)


def _behind(kind: str, card: CardPart) -> str:
    if kind == Lane.Kind.PAIN:
        return f" [{SEVERITIES[card.severity]}, {card.evidence}]"
    if kind == Lane.Kind.OPPORTUNITY and (idea := card.opportunity):
        return f" [value {idea.value}, effort {idea.effort}, {idea.status}]"
    if kind == Lane.Kind.TOUCHPOINT and (contact := card.touchpoint):
        channel = contact.channel.replace("[", "(").replace("]", ")")
        return f" [{channel}]" if channel or card.body.endswith("]") else ""
    return ""


def _written(kind: str, text: str) -> Written:
    found = _BEHIND.fullmatch(text)
    read = _READERS.get(kind)
    details = read(found["details"]) if found and found["body"] and read else None
    return Written(text, {}) if details is None or found is None else Written(found["body"], details)


def _channel(details: str) -> dict[str, Any]:
    return {"channel": flat(details)}


def _pain(details: str) -> dict[str, Any] | None:
    severities = {word: number for number, word in SEVERITIES.items()}
    said: dict[str, Any] = {}
    for word in _words(details):
        if word in severities:
            said["severity"] = severities[word]
        elif word in Card.Evidence.values:
            said["evidence"] = word
        else:
            return None
    return said


def _opportunity(details: str) -> dict[str, Any] | None:
    said: dict[str, Any] = {}
    for word in _words(details):
        if number := re.fullmatch(r"(value|effort) ([1-5])", word):
            said[number[1]] = int(number[2])
        elif word in Opportunity.Status.values:
            said["status"] = word
        else:
            return None
    return said


def _words(details: str) -> list[str]:
    return [flat(word).lower() for word in details.split(",")]


_READERS: dict[str, Callable[[str], dict[str, Any] | None]] = {
    Lane.Kind.TOUCHPOINT: _channel,
    Lane.Kind.PAIN: _pain,
    Lane.Kind.OPPORTUNITY: _opportunity,
}
