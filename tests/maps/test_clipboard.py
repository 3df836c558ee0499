"""A card on the clipboard is what anybody may have put there."""

import json

import pytest
from django.core.exceptions import ValidationError

from maps import clipboard, services
from maps.limits import MOST_CARDS
from maps.models import Card
from tests.maps.shape import assert_logged, assert_valid
from tests.maps.test_history import at


def written(**values) -> str:
    return json.dumps({"format": "journeymap-card", "card": 1, "body": "A text", **values})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "null",
        "[" * 5000,
        "9" * 5000,
        json.dumps({"format": "journeymap-card", "card": 1}),
        written(format="journeymap"),
        written(card=-1),
        written(card=2**63),
        written(card=True),
        written(card="1"),
        written(body=""),
        written(body="\ud800"),
        written(body=["A text"]),
        written(body="x" * 10_001),
        written(body="x" * 100_000),
        written(more=1),
    ],
)
def test_what_is_no_card_is_told_in_one_sentence_and_changes_nothing(journey, bobs, card, text):
    with pytest.raises(ValidationError, match="is no card of a map"):
        clipboard.read(text)
    path = f"{at(journey, 'map')}cells/{card.cell.lane_id}/{card.cell.step_id}/paste/"
    answer = bobs.post(path, {"copied": text}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "is no card of a map" in answer.content.decode()
    journey.refresh_from_db()
    assert journey.revision == 1


def test_a_copy_has_the_text_that_was_seen_and_the_details_of_the_card(journey, bob, lanes, steps):
    seen = Card.objects.filter(cell__lane__map=journey, kind="opportunity")[0]
    services.save_card(journey=journey, by=bob, card=seen.pk, version=1, details={"value": 5, "effort": 1})
    services.save_card(journey=journey, by=bob, card=seen.pk, version=2, body="Written since")
    place = {"lane": lanes["Opportunities"].pk, "step": steps["Feel the need"].pk}
    copy = services.paste_card(journey=journey, by=bob, card=seen.pk, body="As it was seen", **place)
    assert (copy.body, copy.version, copy.opportunity.value, copy.opportunity.effort) == ("As it was seen", 1, 5, 1)
    assert copy.uid != seen.uid
    # In a lane of another kind, and without the card, there is the text.
    place["lane"] = lanes["Touchpoints"].pk
    assert (
        services.paste_card(journey=journey, by=bob, card=seen.pk, body="Elsewhere", **place).touchpoint.channel is None
    )
    services.remove_card(journey=journey, by=bob, card=seen.pk)
    place["lane"] = lanes["Opportunities"].pk
    assert services.paste_card(journey=journey, by=bob, card=seen.pk, body="Gone", **place).opportunity.value == 3
    journey.refresh_from_db()
    assert_valid(journey)
    assert_logged(journey)


def test_nothing_is_learnt_of_a_card_of_another_team(journey, elsewhere, bob, lanes, steps):
    foreign = Card.objects.filter(cell__lane__map=elsewhere, kind="pain")[0]
    Card.objects.filter(pk=foreign.pk).update(severity=3, evidence="observed")
    place = {"lane": lanes["Pain points"].pk, "step": steps["Feel the need"].pk}
    copy = services.paste_card(journey=journey, by=bob, card=foreign.pk, body="Mine", **place)
    assert (copy.body, copy.severity, copy.evidence) == ("Mine", 2, "assumed")


def test_neither_a_lane_of_feelings_nor_a_full_cell_takes_a_copy(journey, bob, card, lanes):
    with pytest.raises(ValidationError, match="no cards"):
        services.paste_card(
            journey=journey, by=bob, lane=lanes["Emotion"].pk, step=card.cell.step_id, card=card.pk, body="A"
        )
    for _ in range(MOST_CARDS - card.cell.cards.count()):
        services.duplicate_card(journey=journey, by=bob, card=card.pk)
    with pytest.raises(ValidationError, match="There is room for"):
        services.paste_card(
            journey=journey, by=bob, lane=card.cell.lane_id, step=card.cell.step_id, card=card.pk, body="A"
        )
