"""What a format can hold comes back as it was; what it cannot is left out, and nothing else changes."""

import csv
import io
import json
import zipfile
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given

from maps.documents.shapes import (
    CardPart,
    CellPart,
    FeelingPart,
    ImagePart,
    LanePart,
    MapDocument,
    OpportunityPart,
    PersonaPart,
    StagePart,
    StepPart,
    TouchpointPart,
)
from maps.exports.formats import FORMATS
from maps.imports.files import read_map
from maps.library import TEMPLATES
from maps.models import EmotionPoint, Lane
from maps.sample.journey import MAP
from tests.maps.exchange.documents import documents
from tests.maps.exchange.test_documents import RANDOM


def there_and_back(document: MapDocument, key: str) -> MapDocument:
    return read_map(FORMATS[key].write(document), filename="Map.txt")


def in_a_grid(document: MapDocument) -> MapDocument:
    """What is left of a document in a grid: texts, and what the face of a card shows."""
    return replace(
        document,
        status="draft",
        personas=(),
        channels=(),
        stages=tuple(
            replace(stage, goal="", steps=tuple(map(_with_its_star, stage.steps))) for stage in document.stages
        ),
        lanes=tuple(
            replace(
                lane,
                persona="",
                collapsed=False,
                cells=tuple(
                    replace(cell, span=1, cards=tuple(_on_its_face(card, lane.kind) for card in cell.cards))
                    for cell in lane.cells
                ),
                feelings=tuple(
                    replace(feeling, n=None)
                    for feeling in lane.feelings
                    if feeling.source == EmotionPoint.Source.JUDGED
                ),
            )
            for lane in document.lanes
        ),
    )


def _with_its_star(step: StepPart) -> StepPart:
    """A star at the end of a name means a moment of truth."""
    plain = step.name.removesuffix("★").strip()
    return step if step.moment_of_truth or plain in ("", step.name) else StepPart(plain, True)


def _on_its_face(card: CardPart, kind: str) -> CardPart:
    pain = kind == Lane.Kind.PAIN
    contact, idea = card.touchpoint, card.opportunity
    return CardPart(
        body=card.body,
        evidence=card.evidence if pain else CardPart("").evidence,
        severity=card.severity if pain else 2,
        touchpoint=contact and TouchpointPart(channel=contact.channel.replace("[", "(").replace("]", ")")),
        opportunity=idea and OpportunityPart(value=idea.value, effort=idea.effort, status=idea.status),
        image=card.image and ImagePart(),
    )


@RANDOM
@given(document=documents())
def test_json_holds_everything(document):
    assert there_and_back(document, "json") == document


@RANDOM
@given(document=documents())
def test_a_workbook_holds_what_a_grid_can(document):
    assert there_and_back(document, "xlsx") == in_a_grid(document)


@RANDOM
@given(document=documents())
def test_csv_holds_what_a_grid_can_without_the_description(document):
    expected = replace(in_a_grid(document), title="Map", scenario="", expectations="", kind="journey", state="current")
    assert there_and_back(document, "csv") == expected


@RANDOM
@given(document=documents())
def test_a_mermaid_journey_comes_back_as_the_same_journey(document):
    once = there_and_back(document, "mermaid")
    assert once.title == document.title
    assert [stage.name for stage in once.stages] == [stage.name for stage in document.stages]
    assert there_and_back(once, "mermaid") == once


@pytest.mark.parametrize("key", FORMATS)
@pytest.mark.parametrize("template", [*TEMPLATES.values(), MAP], ids=lambda template: template.key)
def test_every_format_reads_every_template_and_is_the_same_each_time(key, template):
    document = template.document
    assert FORMATS[key].write(document) == FORMATS[key].write(document)
    if key in ("json", "xlsx", "csv", "mermaid"):
        back = there_and_back(document, key)
        assert [stage.name for stage in back.stages] == [stage.name for stage in document.stages]
        assert back.steps == document.steps or key == "mermaid"


# --- Spreadsheets -------------------------------------------------------------------------------


def a_map(*bodies: str, kind: str = "text") -> MapDocument:
    lane = LanePart(kind, "Lane", cells=(CellPart(0, tuple(CardPart(body) for body in bodies)),))
    return MapDocument("Map", (StagePart("Stage", (StepPart("Step"), StepPart("Other", True))),), (lane,))


def cells_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_grid_reads_as_a_person_would_write_it():
    assert cells_of(FORMATS["csv"].write(a_map("One", "Two"))) == [
        ["Stage", "", "Stage", ""],
        ["Step", "Kind", "Step", "Other ★"],
        ["Lane", "Text", "One\nTwo", ""],
    ]


@pytest.mark.parametrize("evil", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "'=1", "''=1"])
def test_no_cell_of_a_csv_is_a_formula(evil):
    data = FORMATS["csv"].write(a_map(evil))
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in cells_of(data) for cell in row)
    assert [card.body for _, _, card in read_map(data).cards()] == [evil]


def test_no_cell_of_a_workbook_is_a_formula():
    data = FORMATS["xlsx"].write(a_map("=HYPERLINK(1)", "{=1}", "http://example.com"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet.lower()


def test_a_workbook_keeps_its_heads_in_sight_and_joins_the_steps_of_a_stage():
    with zipfile.ZipFile(io.BytesIO(FORMATS["xlsx"].write(a_map("x")))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert '<pane xSplit="2" ySplit="2" topLeftCell="C3"' in sheet
    assert '<mergeCell ref="C1:D1"/>' in sheet


def test_a_text_too_long_for_excel_is_cut_and_says_so():
    data = FORMATS["xlsx"].write(a_map(*["🎉" * 9_000] * 3))
    bodies = [card.body for _, _, card in read_map(data).cards()]
    assert len(bodies) == 3
    assert bodies[1].startswith("🎉")
    assert bodies[-1] == "… (cut here)"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_grid_is_read_whatever_stands_between_its_cells(delimiter, encoding):
    rows = [["", "Größe", "", "B"], ["", "a, b; c", "d|e", "f\tg"], ["Pain points", 'He said "no"\nTwice', "", "x"]]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    document = read_map(out.getvalue().encode(encoding), filename="Wege.csv")
    assert document.title == "Wege"
    assert [(stage.name, len(stage.steps)) for stage in document.stages] == [("Größe", 2), ("B", 1)]
    assert document.lanes[0].kind == "pain"
    assert [card.body for _, _, card in document.cards()] == ['He said "no"', "Twice", "x"]


def test_a_grid_without_steps_has_one_in_each_stage():
    document = read_map(b"Lane,Discover,Buy\nThinking,Why?,Now\nEmotion,+1 Curious,-2\nMood of the day,good,bad\n")
    assert [(stage.name, stage.steps[0].name) for stage in document.stages] == [("Discover",) * 2, ("Buy",) * 2]
    assert [lane.kind for lane in document.lanes] == ["quote", "emotion", "text"]
    assert document.lanes[1].feelings == (FeelingPart(0, 1, "Curious"), FeelingPart(1, -2))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "There is nothing in it."),
        ("Only one cell", "No stages found"),
        ("Stage,A,,B\nStep,x,,y\n", "Cell C2: a step needs a name."),
        ("Stage,,A\nStep,x,y\n", "Cell B1: the first step stands under no stage."),
        ("Stage,A\nStep,x\n,text\n", "Cell A3: It needs a name."),
        ("Stage,,A\nStep,Kind,x\nL,Nonsense,y\n", "Cell B3: “Nonsense” is no kind of lane"),
        ("Stage,,A\nStep,Role,x\nL,Nonsense,y\n", "Cell B3: “Nonsense” is no role"),
        ("Stage,,A\nStep,Kind,x\nL,Emotion,fine\n", "Cell C3: a feeling with its score"),
        ("Stage,A\n" + "L,x\n" * 70, "There are more than 62 rows"),
        ("Stage,A\n" + "L,x\n" * 70_000, "are too much for a map"),
        ("Stage," + "A," * 210, "There are 211 columns"),
        ("Stage," + "A," * 3_000, "are too much for a map"),
        ("Stage," + "x" * 301, "Cell B1: At most 300 characters fit here"),
        ("Stage,A\nL," + "x" * 10_001, "Cell B2: At most 10,000 characters fit here"),
        ("Stage,A\nTouchpoints,x [" + "y" * 81 + "]", "channel: At most 80 characters"),
        ('Stage,A\nL,"' + "x" * 200_000, "cannot be read as CSV"),
    ],
)
def test_a_grid_that_is_no_map_is_told_why(text, says):
    with pytest.raises(ValidationError) as caught:
        read_map(text.encode())
    assert says in caught.value.messages[0]


def test_a_text_in_another_encoding_is_told_what_to_do():
    with pytest.raises(ValidationError, match="CSV UTF-8"):
        read_map("Stage,Größe".encode("latin-1"))


# --- JSON ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"format": "journeymap", "version": 1, "title"', "This is no JSON: line 1, column 47 cannot be read."),
        ('{"a": ' + "[" * 100_000, "lists too deep"),
        ('{"a": ' + "9" * 10_000 + "}", "a number too long"),
        ('{"a": NaN}', "This is no map"),
    ],
)
def test_json_that_is_no_map_is_told_why(text, says):
    with pytest.raises(ValidationError) as caught:
        read_map(text.encode())
    assert says in caught.value.messages[0]


def test_json_says_who_wrote_it_and_leaves_out_what_is_as_always():
    data = json.loads(FORMATS["json"].write(a_map("Card")))
    assert (data["format"], data["version"]) == ("journeymap", 1)
    assert data["lanes"] == [{"kind": "text", "title": "Lane", "cells": [{"step": 0, "cards": [{"body": "Card"}]}]}]


# --- Mermaid ------------------------------------------------------------------------------------

TEA = """---
config: {}
---
journey
    title My working day
    %% a comment
    section Go to work
      Make tea: 5: Me
      Go upstairs: 3: Me
      Do work: 1: Me, Cat
    section Go home
      Go downstairs: 5: Me
"""


def test_a_journey_of_mermaid_becomes_a_map():
    document = read_map(TEA.encode())
    assert document.title == "My working day"
    assert [step.name for step in document.stages[0].steps] == ["Make tea", "Go upstairs", "Do work"]
    assert [persona.name for persona in document.personas] == ["Cat", "Me"]
    emotions = [lane for lane in document.lanes if lane.kind == "emotion"]
    assert [(lane.persona, [(one.step, one.score) for one in lane.feelings]) for lane in emotions] == [
        ("Me", [(0, 2), (1, 0), (2, -2), (3, 2)]),
        ("Cat", [(2, -2)]),
    ]


def test_personas_who_feel_otherwise_are_tasks_of_their_own_and_one_step_again():
    people = (PersonaPart("Ann, B."), PersonaPart("Zoë: x"))
    lanes = tuple(
        LanePart("emotion", f"Emotion: {one.name}", persona=one.name, feelings=(FeelingPart(0, score),))
        for one, score in zip(people, (1, -1), strict=True)
    )
    document = MapDocument("Day", (StagePart("Stage", (StepPart("section #1; 100%"),)),), lanes, personas=people)
    text = FORMATS["mermaid"].write(document).decode()
    assert "#115;ection #35;1#59; 100#37;: 4: Ann#44; B." in text
    back = read_map(text.encode())
    assert back.steps == document.steps
    assert [lane for lane in back.lanes if lane.kind == "emotion"] == list(lanes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("journey\n", "has no task"),
        ("journey\nMake tea", "Line 2: a task is written"),
        ("journey\nMake tea: 9: Me", "Line 2: a score goes from 1 to 5; “9” stands there."),
        ("journey\nMake tea: 5: Me: You", "Line 2: a task is written"),
        ("journey\n: 5: Me", "Line 2: a task is written"),
        ("journey\n" + "a: 5\n" * 201, "There are 201 tasks"),
        ("journey\nsection " + "x" * 301 + "\na: 5", "At most 300 characters"),
    ],
)
def test_a_journey_that_cannot_be_read_is_told_why(text, says):
    with pytest.raises(ValidationError) as caught:
        read_map(text.encode())
    assert says in caught.value.messages[0]
