"""A map as a Mermaid `journey`: stages are sections, steps are tasks with a score from 1 to 5, personas are actors.

A task stands once for each score that the emotion lanes give its step. A step without a feeling gets a 3.
"""

import re
from collections.abc import Iterator

from maps.documents.shapes import MapDocument
from maps.models import EmotionPoint, Lane
from maps.texts import flat

MIDDLE = 3
_HOSTILE = re.compile(r"[#:;%<>{}&\"`]")
_KEYWORD = re.compile(r"(?i)^(title|section|acctitle|accdescr|journey)\b")


def write(document: MapDocument) -> bytes:
    lines = ["journey", f"    title {_escaped(document.title)}"]
    place = 0
    for stage in document.stages:
        lines.append(f"    section {_escaped(stage.name)}")
        for step in stage.steps:
            lines += [
                f"      {_task(step.name)}: {score}" + (f": {actors}" if actors else "")
                for score, actors in _felt(document, place)
            ]
            place += 1
    return ("\n".join(lines) + "\n").encode()


def _felt(document: MapDocument, step: int) -> Iterator[tuple[int, str]]:
    """Each score of a step with those who feel so; a lane of nobody in particular stands for all personas."""
    everybody = [persona.name for persona in document.personas]
    found: dict[int, list[str]] = {}
    for lane in document.lanes:
        if lane.kind != Lane.Kind.EMOTION:
            continue
        for feeling in lane.feelings:
            if feeling.step == step and feeling.source == EmotionPoint.Source.JUDGED:
                actors = found.setdefault(feeling.score, [])
                actors += [name for name in ([lane.persona] if lane.persona else everybody) if name not in actors]
    for score, actors in (found or {0: everybody}).items():
        yield score + MIDDLE, ", ".join(_escaped(name).replace(",", "#44;") for name in actors)


def _task(name: str) -> str:
    """What begins like a word of the language is made to begin otherwise."""
    text = _escaped(name)
    return f"#{ord(text[0])};{text[1:]}" if _KEYWORD.match(text) else text


def _escaped(text: str) -> str:
    """On one line, with the signs of the language as `#58;` and the like, which Mermaid turns back."""
    return _HOSTILE.sub(lambda sign: f"#{ord(sign[0])};", flat(text))
