"""Taking back and doing again, for each person, and what happens when somebody else was there in between."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from maps import services
from maps.models import Card, EmotionPoint, JourneyMap, Lane, Operation, Stage, Step
from maps.services import NothingToUndo, Refused
from tests.maps.shape import assert_logged, assert_valid, stage_names, state_now, step_names


@pytest.fixture(autouse=True)
def _valid_at_the_end(journey: JourneyMap):
    yield
    assert_valid(journey)
    assert_logged(journey)


def last(journey: JourneyMap) -> Operation:
    return journey.operations.first()


def without_versions(state):
    return {
        part: {key: {n: v for n, v in values.items() if n != "version"} for key, values in rows.items()}
        for part, rows in state.items()
    }


CHANGES = {
    "add_stage": lambda j, by, at: services.add_stage(journey=j, by=by, name="New", after=at["stage"].pk),
    "rename_stage": lambda j, by, at: services.rename_stage(
        journey=j, by=by, stage=at["stage"].pk, name="Other", goal="Why"
    ),
    "confirm_stage": lambda j, by, at: services.confirm_stage(journey=j, by=by, stage=at["stage"].pk),
    "move_stage": lambda j, by, at: services.move_stage(journey=j, by=by, stage=at["stage"].pk),
    "remove_stage": lambda j, by, at: services.remove_stage(journey=j, by=by, stage=at["stage"].pk),
    "add_step": lambda j, by, at: services.add_step(journey=j, by=by, name="New", before=at["step"].pk),
    "rename_step": lambda j, by, at: services.rename_step(journey=j, by=by, step=at["step"].pk, name="Other"),
    "mark_moment_of_truth": lambda j, by, at: services.mark_moment_of_truth(
        journey=j, by=by, step=at["step"].pk, moment=not at["step"].moment_of_truth
    ),
    "move_step": lambda j, by, at: services.move_step(journey=j, by=by, step=at["step"].pk, stage=j.stages.last().pk),
    "shift_step": lambda j, by, at: services.shift_step(journey=j, by=by, step=at["step"].pk, right=True),
    "remove_step": lambda j, by, at: services.remove_step(journey=j, by=by, step=at["step"].pk),
    "add_lane": lambda j, by, at: services.add_lane(
        journey=j, by=by, title="New", kind=Lane.Kind.TEXT, before=at["lane"].pk
    ),
    "rename_lane": lambda j, by, at: services.rename_lane(journey=j, by=by, lane=at["lane"].pk, title="Other"),
    "move_lane": lambda j, by, at: services.move_lane(journey=j, by=by, lane=at["lane"].pk),
    "remove_lane": lambda j, by, at: services.remove_lane(journey=j, by=by, lane=at["lane"].pk),
    "add_card": lambda j, by, at: services.add_card(
        journey=j, by=by, lane=j.lanes.get(kind="opportunity").pk, step=at["step"].pk, body="New", details={"value": 5}
    ),
    "save_card": lambda j, by, at: services.save_card(journey=j, by=by, card=at["card"].pk, version=1, body="Other"),
    "save_details": lambda j, by, at: services.save_card(
        journey=j, by=by, card=at["idea"].pk, version=1, details={"effort": 5, "status": "doing"}
    ),
    "move_card": lambda j, by, at: services.move_card(
        journey=j, by=by, card=at["card"].pk, lane=j.lanes.get(kind="touchpoint").pk, step=at["step"].pk
    ),
    "remove_card": lambda j, by, at: services.remove_card(journey=j, by=by, card=at["idea"].pk),
    "set_emotion": lambda j, by, at: services.set_emotion(
        journey=j, by=by, lane=j.lanes.get(kind="emotion").pk, step=at["step"].pk, score=2, label="Glad", version=1
    ),
    "clear_emotion": lambda j, by, at: services.clear_emotion(
        journey=j, by=by, lane=j.lanes.get(kind="emotion").pk, step=at["step"].pk
    ),
    "update_map": lambda j, by, at: services.update_map(journey=j, by=by, title="Other", status="live"),
}


@pytest.fixture
def at(journey, card, steps, lanes):
    """Something of every kind, all of which has content and neighbours."""
    return {
        "stage": journey.stages.get(name="Consideration"),
        "step": steps["Come across us"],
        "lane": lanes["Touchpoints"],
        "card": card,
        "idea": Card.objects.filter(cell__lane__map=journey, kind=Lane.Kind.OPPORTUNITY).first(),
    }


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_one_operation_that_can_be_taken_back_and_done_again(journey, bob, at, name):
    before, revision = state_now(journey), journey.revision
    CHANGES[name](journey, bob, at)
    assert journey.revision == revision + 1
    operation = last(journey)
    assert (operation.seq, operation.actor) == (journey.revision, bob)
    assert operation.words[0] not in ("changed the map", ""), "a service tells what it did in words of its own"
    after = state_now(journey)
    assert after != before
    services.undo(journey=journey, by=bob)
    assert without_versions(state_now(journey)) == without_versions(before)
    services.redo(journey=journey, by=bob)
    assert without_versions(state_now(journey)) == without_versions(after)
    services.undo(journey=journey, by=bob)
    assert without_versions(state_now(journey)) == without_versions(before)


def test_every_service_that_writes_is_among_those_changes():
    writing = {
        name
        for name in services.__all__
        if name.split("_")[0]
        in ("add", "confirm", "rename", "move", "remove", "mark", "shift", "save", "set", "clear", "update")
    }
    no_change_of_a_map = {
        "remove_comment",
        "remove_snapshot",
        "rename_channel",
        "rename_touchpoint",
        "set_persona_picture",
        "update_persona",
    }
    assert writing - no_change_of_a_map == set(CHANGES) - {"save_details"}


def test_what_comes_back_has_its_name_its_address_and_a_newer_version(journey, bob, card):
    stage = card.cell.step.stage
    uids = set(Card.objects.filter(cell__step__stage=stage).values_list("pk", "uid", "version"))
    services.remove_stage(journey=journey, by=bob, stage=stage.pk)
    services.undo(journey=journey, by=bob)
    found = Card.objects.filter(cell__step__stage=stage).values_list("pk", "uid", "version")
    assert set(found) == {(pk, uid, version + 1) for pk, uid, version in uids}
    assert Stage.objects.get(pk=stage.pk).uid == stage.uid


def test_everybody_takes_back_their_own(journey, alice, bob, card):
    services.rename_stage(journey=journey, by=alice, stage=journey.stages.first().pk, name="Hers")
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    services.undo(journey=journey, by=alice)
    assert journey.stages.first().name == "Awareness"
    card.refresh_from_db()
    assert card.body == "His"
    with pytest.raises(NothingToUndo):
        services.undo(journey=journey, by=alice)


def test_changes_go_back_from_the_last_to_the_first_and_forth_again(journey, bob):
    names = [stage_names(journey)]
    for n in range(3):
        services.add_stage(journey=journey, by=bob, name=f"New {n}")
        names.append(stage_names(journey))
    for expected in names[2::-1]:
        services.undo(journey=journey, by=bob)
        assert stage_names(journey) == expected
    for expected in names[1:]:
        services.redo(journey=journey, by=bob)
        assert stage_names(journey) == expected
    with pytest.raises(NothingToUndo):
        services.redo(journey=journey, by=bob)
    services.undo(journey=journey, by=bob)
    assert stage_names(journey) == names[2]


def test_a_change_of_ones_own_ends_what_can_be_done_again_and_one_of_others_does_not(journey, alice, bob):
    services.add_stage(journey=journey, by=bob, name="New")
    services.undo(journey=journey, by=bob)
    services.add_stage(journey=journey, by=alice, name="Hers")
    services.redo(journey=journey, by=bob)
    assert stage_names(journey)[-2:] == ["New", "Hers"] or stage_names(journey)[-2:] == ["Hers", "New"]
    services.undo(journey=journey, by=bob)
    services.add_stage(journey=journey, by=bob, name="Another")
    with pytest.raises(NothingToUndo):
        services.redo(journey=journey, by=bob)


def test_drawing_the_map_is_not_taken_back(journey, bob):
    with pytest.raises(NothingToUndo):
        services.undo(journey=journey, by=bob)


# --- Others in between --------------------------------------------------------------------------


def test_a_text_that_somebody_else_changed_is_not_put_back(journey, alice, bob, card):
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    services.save_card(journey=journey, by=alice, card=card.pk, version=2, body="Hers")
    with pytest.raises(Refused) as refused:
        services.undo(journey=journey, by=bob)
    assert (refused.value.since.actor, refused.value.since.words[1]) == (alice, "Hers")
    card.refresh_from_db()
    assert (card.body, card.version) == ("Hers", 3)


def test_another_field_of_the_same_card_is_nobodys_business(journey, alice, bob, card):
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    services.save_card(journey=journey, by=alice, card=card.pk, version=2, details={"evidence": "observed"})
    services.undo(journey=journey, by=bob)
    card.refresh_from_db()
    assert (card.body, card.evidence, card.version) == ("Searches for a way out", "observed", 4)


def test_a_lane_into_which_somebody_wrote_stays(journey, alice, bob, steps):
    lane = services.add_lane(journey=journey, by=bob, title="New", kind=Lane.Kind.TEXT)
    where = {"lane": lane.pk, "step": steps["Get help"].pk}
    added = services.add_card(journey=journey, by=alice, body="Hers", **where)
    with pytest.raises(Refused) as refused:
        services.undo(journey=journey, by=bob)
    assert refused.value.since.actor == alice
    assert Lane.objects.filter(pk=lane.pk).exists()
    services.remove_card(journey=journey, by=alice, card=added.pk)
    services.undo(journey=journey, by=bob)
    assert not Lane.objects.filter(pk=lane.pk).exists()


def test_a_cell_into_which_somebody_wrote_stays_without_the_card_that_made_it(journey, alice, bob, lanes):
    step = services.add_step(journey=journey, by=alice, name="New", stage=journey.stages.first().pk)
    where = {"lane": lanes["Thinking"].pk, "step": step.pk}
    services.add_card(journey=journey, by=bob, body="His", **where)
    hers = services.add_card(journey=journey, by=alice, body="Hers", **where)
    services.undo(journey=journey, by=bob)
    assert [(card.body, card.position) for card in hers.cell.cards.all()] == [("Hers", 0)]
    services.redo(journey=journey, by=bob)
    assert [card.body for card in hers.cell.cards.all()] == ["His", "Hers"]


def test_a_card_that_somebody_removed_is_not_removed_again(journey, alice, bob, lanes, steps):
    where = {"lane": lanes["Thinking"].pk, "step": steps["Get help"].pk}
    card = services.add_card(journey=journey, by=bob, body="His", **where)
    services.remove_card(journey=journey, by=alice, card=card.pk)
    with pytest.raises(Refused) as refused:
        services.undo(journey=journey, by=bob)
    assert refused.value.since.verb == Operation.Verb.REMOVE


def test_nothing_comes_back_into_a_stage_that_is_gone(journey, alice, bob, card):
    services.remove_card(journey=journey, by=bob, card=card.pk)
    services.remove_stage(journey=journey, by=alice, stage=card.cell.step.stage_id)
    with pytest.raises(Refused) as refused:
        services.undo(journey=journey, by=bob)
    assert refused.value.since.words[0] == "removed the stage"


def test_a_stage_goes_back_between_its_neighbours_wherever_they_are(journey, alice, bob):
    first, second, *_, fifth = journey.stages.all()
    services.move_stage(journey=journey, by=bob, stage=second.pk, after=fifth.pk)
    services.add_stage(journey=journey, by=alice, name="Hers", before=first.pk)
    services.move_stage(journey=journey, by=alice, stage=fifth.pk, before=first.pk)
    services.undo(journey=journey, by=bob)
    assert stage_names(journey) == ["Hers", "Advocacy", "Awareness", "Consideration", "Purchase", "Retention"]


def test_a_stage_that_somebody_moved_on_stays_there(journey, alice, bob):
    first, second, *_, fifth = journey.stages.all()
    services.move_stage(journey=journey, by=bob, stage=second.pk, after=fifth.pk)
    services.move_stage(journey=journey, by=alice, stage=second.pk, before=first.pk)
    with pytest.raises(Refused) as refused:
        services.undo(journey=journey, by=bob)
    assert refused.value.since.words == ["moved the stage", "Consideration", "to the front"]


def test_a_step_whose_old_stage_would_be_the_only_other_thing_left_stays(journey, alice, bob, steps):
    only = journey.stages.get(name="Advocacy")
    services.add_step(journey=journey, by=alice, name="Second", stage=only.pk)
    services.move_step(journey=journey, by=bob, step=steps["Come across us"].pk, stage=only.pk)
    for name in ("Recommend to others", "Second"):
        services.remove_step(journey=journey, by=alice, step=Step.objects.get(name=name).pk)
    with pytest.raises(ValidationError, match="without a step"):
        services.undo(journey=journey, by=bob)
    assert step_names(journey)[-1] == "Come across us"


def test_a_step_that_left_for_another_stage_is_not_dragged_along(journey, alice, bob, steps):
    home = journey.stages.get(name="Awareness")
    third = services.add_step(journey=journey, by=alice, name="Third", stage=home.pk)
    services.move_step(journey=journey, by=bob, step=third.pk, before=steps["Feel the need"].pk)
    services.move_step(journey=journey, by=alice, step=steps["Feel the need"].pk, stage=journey.stages.last().pk)
    services.undo(journey=journey, by=bob)
    assert step_names(journey)[:2] == ["Come across us", "Third"]
    assert step_names(journey)[-1] == "Feel the need"


def test_a_feeling_judged_anew_is_not_overwritten_by_an_old_one(journey, alice, bob, lanes, steps):
    where = {"lane": lanes["Emotion"].pk, "step": steps["Get help"].pk}
    services.clear_emotion(journey=journey, by=bob, **where)
    services.set_emotion(journey=journey, by=alice, score=2, label="Hers", version=0, **where)
    with pytest.raises(Refused):
        services.undo(journey=journey, by=bob)
    assert EmotionPoint.objects.get(step=steps["Get help"]).label == "Hers"


def test_a_channel_that_is_gone_is_left_empty(journey, bob):
    card = Card.objects.filter(cell__lane__map=journey, kind="touchpoint").first()
    channel = card.touchpoint.channel
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, details={"channel": None})
    channel.delete()
    with pytest.raises(NothingToUndo):
        services.undo(journey=journey, by=bob)
    services.remove_card(journey=journey, by=bob, card=card.pk)
    services.undo(journey=journey, by=bob)
    assert Card.objects.get(pk=card.pk).touchpoint.channel is None


def test_a_map_that_is_full_takes_no_more_back(journey, bob, lanes, monkeypatch):
    services.remove_lane(journey=journey, by=bob, lane=lanes["Thinking"].pk)
    monkeypatch.setattr("maps.services.rewriting.MOST_LANES", 5)
    with pytest.raises(ValidationError, match="room for 5 lanes"):
        services.undo(journey=journey, by=bob)


# --- One step -----------------------------------------------------------------------------------


def write(journey, by, card, *bodies):
    for body in bodies:
        card.refresh_from_db()
        services.save_card(journey=journey, by=by, card=card.pk, version=card.version, body=body)


def test_the_saves_of_one_text_are_one_step(journey, bob, card):
    write(journey, bob, card, "A", "As", "Asks")
    services.undo(journey=journey, by=bob)
    card.refresh_from_db()
    assert card.body == "Searches for a way out"
    assert last(journey).words[:4] == ["wrote", "Asks", "instead of", "Searches for a way out"]
    services.redo(journey=journey, by=bob)
    card.refresh_from_db()
    assert card.body == "Asks"


def test_a_new_card_goes_with_all_that_was_typed_into_it(journey, bob, lanes, steps):
    where = {"lane": lanes["Thinking"].pk, "step": steps["Get help"].pk}
    card = services.add_card(journey=journey, by=bob, body="W", **where)
    write(journey, bob, card, "Who", "Who knows?")
    services.undo(journey=journey, by=bob)
    assert not Card.objects.filter(pk=card.pk).exists()
    services.redo(journey=journey, by=bob)
    assert Card.objects.get(pk=card.pk).body == "Who knows?"


def test_saves_of_two_cards_or_with_a_rest_between_are_steps_of_their_own(journey, bob, card):
    other = Card.objects.get(body="Asks a colleague what they use")
    write(journey, bob, card, "One")
    write(journey, bob, other, "Two")
    write(journey, bob, card, "Three")
    services.undo(journey=journey, by=bob)
    card.refresh_from_db()
    assert card.body == "One"
    services.redo(journey=journey, by=bob)
    Operation.objects.filter(verb="write").update(made_at=last(journey).made_at - timedelta(minutes=5))
    write(journey, bob, card, "Four")
    services.undo(journey=journey, by=bob)
    card.refresh_from_db()
    assert card.body == "Three"


def test_a_step_does_not_reach_past_somebody_elses_text(journey, alice, bob, card):
    write(journey, bob, card, "His")
    write(journey, alice, card, "Hers")
    write(journey, bob, card, "His again")
    services.undo(journey=journey, by=bob)
    card.refresh_from_db()
    assert card.body == "Hers"
    with pytest.raises(Refused):
        services.undo(journey=journey, by=bob)


def test_one_may_go_past_what_is_refused_or_name_a_change(journey, alice, bob, card):
    services.rename_stage(journey=journey, by=bob, stage=journey.stages.first().pk, name="His")
    named = last(journey).seq
    write(journey, bob, card, "His")
    write(journey, alice, card, "Hers")
    with pytest.raises(Refused) as refused:
        services.undo(journey=journey, by=bob)
    services.undo(journey=journey, by=bob, before=refused.value.wanted.seq)
    assert stage_names(journey)[0] == "Awareness"
    services.redo(journey=journey, by=bob)
    again = last(journey).seq
    services.undo(journey=journey, by=bob, seq=again)
    assert stage_names(journey)[0] == "Awareness"
    for seq in (named, again, 0, 2**40):
        with pytest.raises(NothingToUndo):
            services.undo(journey=journey, by=bob, seq=seq)
