"""A map from a Mermaid `journey`."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError

from maps.documents.shapes import FeelingPart, LanePart, MapDocument, PersonaPart, StagePart, StepPart
from maps.exports.mermaid import MIDDLE
from maps.library import BLANK
from maps.limits import MOST_STEPS
from maps.models import Lane
from maps.texts import flat

_IGNORED = re.compile(r"(?i)^(?:%%.*|#(?!\w+;).*|journey|accTitle\b.*|accDescr\b.*|```.*|)$")
_ENTITY = re.compile(r"#(\w{1,10});")


@dataclass(frozen=True, slots=True)
class _Task:
    section: int
    name: str
    scores: dict[tuple[str, ...], int]

    @property
    def actors(self) -> tuple[str, ...]:
        return tuple(name for names in self.scores for name in names)


def is_journey(text: str) -> bool:
    first = next((line.strip() for line in _lines(text) if line.strip() and not line.strip().startswith("%%")), "")
    return first == "journey"


def read(text: str, *, title: str) -> MapDocument:
    """The title in the text wins over `title`. Raises ValidationError that names the line."""
    sections: list[str] = []
    tasks: list[_Task] = []
    for number, line in enumerate(_lines(text), start=1):
        line = line.strip()
        if _IGNORED.match(line):
            continue
        word, _, rest = line.partition(" ")
        if word.lower() == "title" and rest:
            title = _decoded(rest)
        elif word.lower() == "section" and rest:
            sections.append(_decoded(rest.partition(":")[0]))
        else:
            sections = sections or [title]
            _add(tasks, _task(line, number, len(sections) - 1))
    if not tasks:
        raise ValidationError("This journey has no task, such as “Make tea: 5: Me”.")
    if len(tasks) > MOST_STEPS:
        raise ValidationError(f"There are {len(tasks)} tasks; a map has at most {MOST_STEPS} steps.")
    return _document(title, sections, tasks)


def _lines(text: str) -> list[str]:
    """Without the frontmatter and the fence that a journey may come in."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    if lines and lines[0].strip() == "---" and "---" in (rest := [line.strip() for line in lines[1:]]):
        return [""] * (rest.index("---") + 2) + lines[rest.index("---") + 2 :]
    return ["", *lines[1:]] if lines and lines[0].startswith("```") else lines


def _task(line: str, number: int, section: int) -> _Task:
    parts = [part.strip() for part in line.split(":")]
    if len(parts) not in (2, 3) or not parts[0]:
        raise ValidationError(f"Line {number}: a task is written “name: score: actors”, not “{line[:60]}”.")
    if not re.fullmatch(r"[1-5]", parts[1]):
        raise ValidationError(f"Line {number}: a score goes from 1 to 5; “{parts[1][:20]}” stands there.")
    actors = [_decoded(name) for name in parts[2].split(",")] if len(parts) == 3 else []
    return _Task(section, _decoded(parts[0]), {tuple(dict.fromkeys(filter(None, actors))): int(parts[1]) - MIDDLE})


def _add(tasks: list[_Task], task: _Task) -> None:
    """The same task right after itself, done by others, is the same step, felt otherwise."""
    last = tasks[-1] if tasks else None
    same = last and (last.section, last.name) == (task.section, task.name)
    if last and same and last.actors and task.actors and not set(last.actors) & set(task.actors):
        tasks[-1] = replace(last, scores={**last.scores, **task.scores})
    else:
        tasks.append(task)


def _decoded(text: str) -> str:
    def sign(found: re.Match[str]) -> str:
        code = found[1]
        known = html.unescape(f"&#{code};" if code.isdigit() else f"&{code};")
        return found[0] if known.startswith("&") and len(known) > 1 else known

    return flat(_ENTITY.sub(sign, text))


def _document(title: str, sections: list[str], tasks: list[_Task]) -> MapDocument:
    stages = [
        StagePart(name, tuple(StepPart(task.name) for task in tasks if task.section == place))
        for place, name in enumerate(sections)
    ]
    actors = list(dict.fromkeys(name for task in tasks for name in task.actors))
    feelings = _feelings(tasks, actors)
    lanes = [lane for lane in BLANK.lanes if lane.kind != Lane.Kind.EMOTION]
    place = next(place for place, lane in enumerate(BLANK.lanes) if lane.kind == Lane.Kind.EMOTION)
    return MapDocument(
        title=title,
        stages=tuple(stage for stage in stages if stage.steps),
        lanes=(*lanes[:place], *feelings, *lanes[place:]),
        personas=tuple(PersonaPart(name) for name in actors),
    )


def _feelings(tasks: Sequence[_Task], actors: list[str]) -> list[LanePart]:
    """One emotion lane where everybody always feels the same, else one for each actor, and one for tasks of nobody."""
    together = all(len(task.scores) == 1 and set(task.actors) == set(actors) for task in tasks)
    if together:
        points = [FeelingPart(step, score) for step, task in enumerate(tasks) for score in task.scores.values()]
        return [_lane("Emotion", actors[0] if len(actors) == 1 else "", points)]
    lanes = []
    for name in ["", *actors]:
        points = [
            FeelingPart(step, score)
            for step, task in enumerate(tasks)
            for names, score in task.scores.items()
            if name in names or (not name and not names)
        ]
        if points:
            lanes.append(_lane(f"Emotion: {name}" if name else "Emotion", name, points))
    return lanes


def _lane(title: str, persona: str, points: list[FeelingPart]) -> LanePart:
    return LanePart(kind=Lane.Kind.EMOTION.value, title=title, persona=persona, feelings=tuple(points))
