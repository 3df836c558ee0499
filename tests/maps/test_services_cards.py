import uuid

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404

from maps import services
from maps.models import Card, Channel, EmotionPoint, JourneyMap, Lane
from maps.services import Conflict
from tests.maps.shape import assert_valid


@pytest.fixture(autouse=True)
def _valid_at_the_end(journey: JourneyMap):
    yield
    assert_valid(journey)


def add(journey, by, lane, step, **more):
    return services.add_card(journey=journey, by=by, lane=lane.pk, step=step.pk, **{"body": "New", **more})


def test_a_card_takes_the_kind_of_its_lane_and_the_last_place(journey, bob, lanes, steps):
    card = add(journey, bob, lanes["Customer actions"], steps["Come across us"])
    assert (card.kind, card.position, card.version, card.updated_by) == (Lane.Kind.TEXT, 2, 1, bob)


def test_a_touchpoint_has_a_channel_and_an_importance(journey, bob, team, lanes, steps):
    post = Channel.objects.get(team=team, name="Post")
    details = {"channel": post.pk, "importance_to_customer": 5, "importance_to_business": 1}
    card = add(journey, bob, lanes["Touchpoints"], steps["Get help"], details=details)
    assert (card.touchpoint.channel, card.touchpoint.importance_to_customer) == (post, 5)


def test_an_opportunity_has_value_effort_and_status(journey, bob, lanes, steps):
    details = {"value": 5, "effort": 1, "status": "planned", "link": "https://tickets.example.com/7"}
    card = add(journey, bob, lanes["Opportunities"], steps["Get help"], details=details)
    idea = card.opportunity
    assert (idea.value, idea.effort, idea.status, idea.business_value) == (5, 1, "planned", 3)


@pytest.mark.parametrize(
    ("lane", "details"),
    [
        ("Opportunities", {"value": 6}),
        ("Opportunities", {"effort": 0}),
        ("Opportunities", {"status": "nonsense"}),
        ("Opportunities", {"link": "javascript:alert(1)"}),
        ("Pain points", {"severity": 4}),
        ("Pain points", {"evidence": "rumour"}),
        ("Pain points", {"value": 3}),
        ("Customer actions", {"version": 99}),
    ],
)
def test_impossible_details_are_refused_and_no_card_is_left(journey, bob, lanes, steps, lane, details):
    count = Card.objects.count()
    with pytest.raises(ValidationError):
        add(journey, bob, lanes[lane], steps["Get help"], details=details)
    assert Card.objects.count() == count


def test_a_channel_of_another_team_is_not_found(journey, elsewhere, bob, lanes, steps):
    foreign = Channel.objects.filter(team=elsewhere.team).first()
    card = add(journey, bob, lanes["Touchpoints"], steps["Get help"])
    with pytest.raises(Http404):
        services.save_card(journey=journey, by=bob, card=card.pk, version=1, details={"channel": foreign.pk})
    card.refresh_from_db()
    assert card.version == 1


@pytest.mark.parametrize("body", ["", " \n ", "\x00"])
def test_a_card_says_something(journey, bob, lanes, steps, body):
    with pytest.raises(ValidationError, match="Write something"):
        add(journey, bob, lanes["Thinking"], steps["Get help"], body=body)


def test_a_card_holds_ten_thousand_characters_and_no_more(journey, bob, lanes, steps):
    add(journey, bob, lanes["Thinking"], steps["Get help"], body="x" * 10_000)
    with pytest.raises(ValidationError, match="At most 10,000"):
        add(journey, bob, lanes["Thinking"], steps["Get help"], body="x" * 10_001)


def test_a_cell_holds_fifty_cards(journey, bob, lanes, steps, monkeypatch):
    monkeypatch.setattr("maps.services.cards.MOST_CARDS", 2)
    with pytest.raises(ValidationError, match="room for 2 cards"):
        add(journey, bob, lanes["Customer actions"], steps["Come across us"])


def test_adding_twice_with_the_same_name_adds_once(journey, bob, lanes, steps):
    uid = uuid.uuid4()
    first = add(journey, bob, lanes["Thinking"], steps["Get help"], uid=uid)
    second = add(journey, bob, lanes["Thinking"], steps["Get help"], uid=uid)
    assert first.pk == second.pk


def test_an_emotion_lane_holds_no_cards(journey, bob, lanes, steps, card):
    with pytest.raises(ValidationError, match="emotion lane"):
        add(journey, bob, lanes["Emotion"], steps["Get help"])
    with pytest.raises(ValidationError, match="emotion lane"):
        services.move_card(journey=journey, by=bob, card=card.pk, lane=lanes["Emotion"].pk, step=steps["Get help"].pk)


def test_a_save_makes_a_new_version(journey, bob, card):
    saved = services.save_card(journey=journey, by=bob, card=card.pk, version=1, body=" Asks\r\nfriends ")
    assert (saved.body, saved.version, saved.updated_by) == ("Asks\nfriends", 2, bob)


def test_a_save_from_an_old_version_is_a_conflict_and_writes_nothing(journey, bob, alice, card):
    services.save_card(journey=journey, by=alice, card=card.pk, version=1, body="Hers")
    revision = journey.revision
    with pytest.raises(Conflict) as conflict:
        services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="Mine")
    assert conflict.value.theirs.body == "Hers"
    assert conflict.value.theirs.updated_by == alice
    card.refresh_from_db()
    journey.refresh_from_db()
    assert (card.body, card.version, journey.revision) == ("Hers", 2, revision)


def test_saving_what_stands_there_already_is_no_conflict(journey, bob, alice, card):
    services.save_card(journey=journey, by=alice, card=card.pk, version=1, body="The same")
    saved = services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="The same")
    assert (saved.version, saved.updated_by) == (2, alice)


def test_different_cards_never_conflict(journey, bob, alice, card):
    other = Card.objects.get(body="Asks a colleague what they use")
    services.save_card(journey=journey, by=alice, card=other.pk, version=1, body="Hers")
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="Mine")


def test_details_and_text_are_saved_as_one_version(journey, bob):
    pain = Card.objects.filter(cell__lane__map=journey, kind=Lane.Kind.PAIN).first()
    details = {"severity": 3, "evidence": "observed"}
    saved = services.save_card(journey=journey, by=bob, card=pain.pk, version=1, body="Worse", details=details)
    saved.refresh_from_db()
    assert (saved.body, saved.severity, saved.evidence) == ("Worse", 3, "observed")


def test_a_change_of_details_alone_makes_a_new_version(journey, bob):
    idea = Card.objects.filter(cell__lane__map=journey, kind=Lane.Kind.OPPORTUNITY).first()
    saved = services.save_card(journey=journey, by=bob, card=idea.pk, version=1, details={"status": "doing"})
    assert saved.version == 2
    again = services.save_card(journey=journey, by=bob, card=idea.pk, version=2, details={"status": "doing"})
    assert again.version == 2


def test_a_card_moves_into_another_lane_and_becomes_what_stands_there(journey, bob, lanes, steps, card):
    moved = services.move_card(
        journey=journey, by=bob, card=card.pk, lane=lanes["Opportunities"].pk, step=steps["Get help"].pk
    )
    assert (moved.kind, moved.position, moved.opportunity.value) == (Lane.Kind.OPPORTUNITY, 1, 3)
    back = services.move_card(
        journey=journey, by=bob, card=card.pk, lane=lanes["Customer actions"].pk, step=steps["Come across us"].pk
    )
    assert (back.kind, back.position) == (Lane.Kind.TEXT, 1)


def test_a_card_moves_before_another_of_its_cell(journey, bob, lanes, steps, card):
    first = Card.objects.get(body="Asks a colleague what they use")
    lane, step = lanes["Customer actions"].pk, steps["Come across us"].pk
    services.move_card(journey=journey, by=bob, card=card.pk, lane=lane, step=step, before=first.pk)
    assert list(card.cell.cards.all()) == [card, first]


def test_removing_a_card_closes_the_gap(journey, bob, card):
    first = Card.objects.get(body="Asks a colleague what they use")
    services.remove_card(journey=journey, by=bob, card=first.pk)
    card.refresh_from_db()
    assert card.position == 0


def test_a_card_that_changed_meanwhile_is_not_removed(journey, bob, alice, card):
    services.save_card(journey=journey, by=alice, card=card.pk, version=1, body="Hers")
    with pytest.raises(Conflict):
        services.remove_card(journey=journey, by=bob, card=card.pk, version=1)
    assert Card.objects.filter(pk=card.pk).exists()


def test_a_feeling_is_set_changed_and_cleared(journey, bob, lanes, steps):
    who = {"journey": journey, "by": bob, "lane": lanes["Emotion"].pk, "step": steps["Get help"].pk}
    services.clear_emotion(**who)
    point = services.set_emotion(**who, score=2, label=" at\nease ", version=0)
    assert (point.score, point.label, point.source, point.version) == (2, "at ease", "judged", 1)
    assert services.set_emotion(**who, score=-2, version=1).version == 2
    services.clear_emotion(**who, version=2)
    assert not EmotionPoint.objects.filter(lane=lanes["Emotion"], step=steps["Get help"]).exists()


def test_a_feeling_set_by_somebody_else_is_not_overwritten(journey, bob, lanes, steps):
    who = {"journey": journey, "by": bob, "lane": lanes["Emotion"].pk, "step": steps["Get help"].pk}
    with pytest.raises(Conflict):
        services.set_emotion(**who, score=2, label="Fine", version=0)
    services.set_emotion(**who, score=1, label="Fine", version=1)
    with pytest.raises(Conflict):
        services.clear_emotion(**who, version=1)


@pytest.mark.parametrize("score", [-3, 3])
def test_a_score_goes_from_minus_two_to_plus_two(journey, bob, lanes, steps, score):
    with pytest.raises(ValidationError, match="−2 to"):
        services.set_emotion(
            journey=journey, by=bob, lane=lanes["Emotion"].pk, step=steps["Get help"].pk, score=score, version=1
        )


def test_only_an_emotion_lane_holds_feelings(journey, bob, lanes, steps):
    with pytest.raises(ValidationError, match="Only an emotion lane"):
        services.set_emotion(
            journey=journey, by=bob, lane=lanes["Thinking"].pk, step=steps["Get help"].pk, score=1, version=0
        )
