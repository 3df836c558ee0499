"""How the cards of a cell are written as one text, and read again: the notation of spreadsheets and of the clipboard.

One card a line. What the map shows on the face of a card stands in brackets behind it: the channel of a touchpoint,
`[severe, observed]` of a pain point, `[value 5, effort 2, planned]` of an opportunity. Where a card has several lines,
every card of the cell begins with a bullet and goes on indented.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from maps.documents.shapes import CardPart, OpportunityPart, TouchpointPart
from maps.models import Card, Lane, Opportunity
from maps.services.texts import flat

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


def cards_of(kind: str, text: str) -> tuple[CardPart, ...]:
    """The cards of a cell in a lane of that kind. Bodies are not yet held against any limit."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    if not lines[0].startswith(BULLET):
        return tuple(_card(kind, line.strip()) for line in lines if line.strip())
    bodies: list[list[str]] = []
    for line in lines:
        if line.startswith(BULLET):
            bodies.append([line.removeprefix(BULLET)])
        else:
            bodies[-1].append(line.removeprefix(INDENT))
    return tuple(_card(kind, "\n".join(body).strip()) for body in bodies if "".join(body).strip())


def _behind(kind: str, card: CardPart) -> str:
    if kind == Lane.Kind.PAIN:
        return f" [{SEVERITIES[card.severity]}, {card.evidence}]"
    if kind == Lane.Kind.OPPORTUNITY and (idea := card.opportunity):
        return f" [value {idea.value}, effort {idea.effort}, {idea.status}]"
    if kind == Lane.Kind.TOUCHPOINT and (contact := card.touchpoint):
        channel = contact.channel.replace("[", "(").replace("]", ")")
        return f" [{channel}]" if channel or card.body.endswith("]") else ""
    return ""


def _card(kind: str, text: str) -> CardPart:
    found = _BEHIND.fullmatch(text)
    if found and found["body"] and (read := _READERS.get(kind)) and (card := read(found["body"], found["details"])):
        return card
    return CardPart(text)


def _touchpoint(body: str, details: str) -> CardPart:
    return CardPart(body, touchpoint=TouchpointPart(channel=flat(details)))


def _pain(body: str, details: str) -> CardPart | None:
    severities = {word: number for number, word in SEVERITIES.items()}
    card = CardPart(body)
    for word in _words(details):
        if word in severities:
            card = replace(card, severity=severities[word])
        elif word in Card.Evidence.values:
            card = replace(card, evidence=word)
        else:
            return None
    return card


def _opportunity(body: str, details: str) -> CardPart | None:
    idea = OpportunityPart()
    for word in _words(details):
        if number := re.fullmatch(r"value ([1-5])", word):
            idea = replace(idea, value=int(number[1]))
        elif number := re.fullmatch(r"effort ([1-5])", word):
            idea = replace(idea, effort=int(number[1]))
        elif word in Opportunity.Status.values:
            idea = replace(idea, status=word)
        else:
            return None
    return CardPart(body, opportunity=idea)


def _words(details: str) -> list[str]:
    return [flat(word).lower() for word in details.split(",")]


_READERS: dict[str, Callable[[str, str], CardPart | None]] = {
    Lane.Kind.TOUCHPOINT: _touchpoint,
    Lane.Kind.PAIN: _pain,
    Lane.Kind.OPPORTUNITY: _opportunity,
}
