import json

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings

from maps import queries, services
from maps.documents.reading import as_data, from_data
from maps.documents.shapes import CardPart, CellPart, LanePart, MapDocument, PersonaPart, StagePart, StepPart
from maps.library import TEMPLATES
from maps.models import Card, Channel, JourneyMap, Lane, Persona
from tests.maps.exchange.documents import documents
from tests.maps.shape import assert_valid

RANDOM = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SMALL = {
    "format": "journeymap",
    "version": 1,
    "title": "Small",
    "stages": [{"name": "First", "steps": [{"name": "Step"}, {"name": "Other"}]}],
    "lanes": [
        {"kind": "text", "title": "Actions", "cells": [{"step": 0, "cards": [{"body": "Looks"}]}]},
        {"kind": "emotion", "title": "Mood", "feelings": [{"step": 1, "score": -2}]},
    ],
}


class Undone(Exception):
    pass


@RANDOM
@given(document=documents())
def test_a_document_survives_json(document):
    assert from_data(json.loads(json.dumps(as_data(document)))) == document


@RANDOM
@given(document=documents())
def test_a_document_survives_the_database(team, bob, document):
    try:
        with transaction.atomic():
            journey = services.build_map(team=team, by=bob, document=document)
            assert_valid(journey)
            assert queries.document_of(team, journey) == document
            raise Undone
    except Undone:
        pass


@pytest.mark.parametrize("key", TEMPLATES)
def test_every_template_is_a_document(key):
    document = TEMPLATES[key].document
    assert from_data(json.loads(json.dumps(as_data(document)))) == document


def test_a_document_takes_six_queries_however_big_the_map(team, bob, journey):
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            queries.document_of(team, journey)
        return len(captured)

    assert count() == 6
    lane = journey.lanes.get(kind="touchpoint")
    for _ in range(10):
        step = services.add_stage(journey=journey, by=bob, name="More").steps.get()
        services.add_card(journey=journey, by=bob, lane=lane.pk, step=step.pk, body="More")
        services.add_lane(journey=journey, by=bob, title="More", kind=Lane.Kind.PAIN)
    assert count() == 6


def test_building_takes_as_many_queries_however_big_the_document(team, bob):
    def count(steps: int) -> int:
        stage = StagePart("Stage", tuple(StepPart(f"Step {number}") for number in range(steps)))
        cells = tuple(CellPart(step, (CardPart("Card"), CardPart("Card"))) for step in range(steps))
        lanes = tuple(LanePart("touchpoint", f"Lane {number}", cells=cells) for number in range(steps))
        people = tuple(PersonaPart(f"Persona {number}") for number in range(steps))
        with CaptureQueriesContext(connection) as captured:
            document = from_data(as_data(MapDocument("Map", (stage,), lanes, personas=people)))
            services.build_map(team=team, by=bob, document=document)
        return len(captured)

    count(1)  # The channels of the team are made once.
    assert count(2) == count(20)


def test_owners_are_found_among_the_members_and_strangers_are_left_out(team, bob, carol, charlie):
    cards = tuple(CardPart("Card", owner=owner) for owner in (carol.email, charlie.email, "nobody@example.com"))
    lane = LanePart("text", "Lane", cells=(CellPart(0, cards),))
    document = MapDocument("Map", (StagePart("Stage", (StepPart("Step"),)),), (lane,))
    journey = services.build_map(team=team, by=bob, document=document)
    assert [card.owner for card in Card.objects.filter(cell__lane__map=journey)] == [carol, None, None]
    assert [card.owner for _, _, card in queries.document_of(team, journey).cards()] == [carol.email, "", ""]


def test_channels_and_personas_of_the_team_are_used_again(team, bob, elsewhere):
    anna = PersonaPart("Anna", role="Nurse")
    document = MapDocument("Map", (StagePart("Stage", (StepPart("Step"),)),), personas=(anna,))
    for _ in range(2):
        services.build_map(team=team, by=bob, document=document)
    assert Persona.objects.filter(team=team).count() == 1
    other = MapDocument("Map", document.stages, personas=(PersonaPart("Anna", role="Student"),))
    services.build_map(team=team, by=bob, document=other)
    assert Persona.objects.filter(team=team).count() == 2
    assert not Channel.objects.filter(team=team, touchpoints__team=elsewhere.team).exists()


def test_two_personas_of_one_name_are_told_apart(team, bob, journey):
    for role in ("Nurse", "Student", "Nurse"):
        journey.personas.add(Persona.objects.create(team=team, name="Anna", role=role))
    document = queries.document_of(team, journey)
    assert [persona.name for persona in document.personas] == ["Anna", "Anna (2)", "Anna (3)"]
    assert from_data(as_data(document)) == document


def changed(path: str, value: object) -> dict[str, object]:
    data = json.loads(json.dumps(SMALL))
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = data
    for part in way:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("format", ..., "This is no map"),
        ("version", 2, "Version 2 of the format is unknown"),
        ("version", True, "Version True of the format"),
        ("title", ..., "the field “title” is missing"),
        ("title", 5, "title: a text belongs here, not a whole number."),
        ("title", " \n", "title: It needs a name."),
        ("title", "x" * 161, "title: At most 160 characters fit here; this has 161."),
        ("title", "\ud800", "title: this text holds half of a character."),
        ("colour", "red", "there is no field “colour” here"),
        ("status", "gone", "status: “gone” is not one of draft, review"),
        ("stages", [], "stages: 1 to 100 belong here, not 0."),
        ("stages", {}, "stages: a list belongs here, not an object."),
        ("stages.0.steps", [], "stages[0].steps: 1 to 200 belong here"),
        ("stages.0.steps.1.moment_of_truth", 1, "stages[0].steps[1].moment_of_truth: true or false belongs here"),
        ("stages.0.name", None, "stages[0].name: a text belongs here, not nothing."),
        ("lanes", [SMALL["lanes"][0]] * 61, "lanes: 0 to 60 belong here, not 61."),
        ("lanes.0.kind", "nonsense", "lanes[0].kind: “nonsense” is not one of text"),
        ("lanes.0.persona", "Anna", "lanes[0].persona: “Anna” is not among the personas."),
        ("lanes.0.feelings", [{"step": 0, "score": 1}], "lanes[0].feelings: only an emotion lane holds feelings."),
        ("lanes.0.cells.0.step", 2, "lanes[0].cells[0].step: this cell ends beyond the last of 2 steps."),
        ("lanes.0.cells.0.step", 2.0, "lanes[0].cells[0].step: a whole number belongs here, not a number."),
        ("lanes.0.cells.0.step", -1, "lanes[0].cells[0].step: a number from 0 to 199"),
        ("lanes.0.cells.0.span", 3, "this cell ends beyond the last"),
        ("lanes.0.cells.0.cards", [], "lanes[0].cells[0].cards: 1 to 50 belong here"),
        ("lanes.0.cells.0.cards.0.body", " ", "lanes[0].cells[0].cards[0].body: Write something"),
        ("lanes.0.cells.0.cards.0.body", "x" * 10_001, "At most 10,000 characters fit here"),
        ("lanes.0.cells.0.cards.0.severity", 4, "severity: a number from 1 to 3"),
        ("lanes.0.cells.0.cards.0.owner", "bob", "owner: Enter a valid email address."),
        ("lanes.0.cells.0.cards.0.touchpoint", {}, "lanes[0].cells[0]: a card of this lane has no “touchpoint”."),
        ("lanes.1.cells", SMALL["lanes"][0]["cells"], "lanes[1].cells: an emotion lane holds feelings and no cards."),
        ("lanes.1.feelings.0.score", 3, "lanes[1].feelings[0].score: a number from -2 to 2"),
        ("lanes.1.feelings.0.step", 7, "lanes[1].feelings[0].step: there is no step 7"),
        ("lanes.1.feelings", [{"step": 1, "score": 1}] * 2, "lanes[1].feelings: “step 1, judged” stands here 2 times."),
        ("personas", [{"name": "A"}, {"name": "A"}], "personas: “A” stands here 2 times."),
        ("channels", [{"name": "A", "icon": "skull"}], "channels[0].icon: “skull” is not one of"),
    ],
)
def test_a_mistake_is_told_with_its_place(path, value, says):
    with pytest.raises(ValidationError) as caught:
        from_data(changed(path, value))
    assert says in caught.value.messages[0]
    assert len(caught.value.messages) == 1


@pytest.mark.parametrize("data", [None, [], "x", 5, {}])
def test_what_is_no_object_is_no_map(data):
    with pytest.raises(ValidationError):
        from_data(data)


def test_too_many_cards_and_steps_in_all_are_refused():
    stages = [{"name": "S", "steps": [{"name": "x"}] * 150}] * 2
    with pytest.raises(ValidationError, match="room for 200 steps; this map has 300"):
        from_data({**SMALL, "stages": stages})
    cells = [{"step": step, "cards": [{"body": "x"}] * 50} for step in range(150)]
    lanes = [{"kind": "text", "title": "L", "cells": cells}] * 3
    with pytest.raises(ValidationError, match="room for 20,000 cards; this map has 22,500"):
        from_data({**SMALL, "stages": stages[:1], "lanes": lanes})


def test_nothing_is_left_of_a_map_that_fails_half_way(team, bob):
    broken = MapDocument("Map", (StagePart("S", (StepPart("x"),)),), (LanePart("text", "L", cells=(CellPart(5, ()),)),))
    with pytest.raises(IndexError):
        services.build_map(team=team, by=bob, document=broken)
    assert not JourneyMap.objects.exists()
