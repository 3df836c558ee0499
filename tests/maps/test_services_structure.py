import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.http import Http404

from maps import services
from maps.models import Card, JourneyMap, Lane, Stage, Step
from tests.maps.shape import assert_valid, stage_names, step_names


@pytest.fixture(autouse=True)
def _valid_at_the_end(journey: JourneyMap):
    yield
    assert_valid(journey)


def stage(journey: JourneyMap, name: str) -> Stage:
    return journey.stages.get(name=name)


def step(journey: JourneyMap, name: str) -> Step:
    return Step.objects.get(stage__map=journey, name=name)


def test_a_new_stage_goes_to_the_end_and_has_a_step(journey, bob):
    services.add_stage(journey=journey, by=bob, name="Farewell")
    assert stage_names(journey)[-1] == "Farewell"
    assert step_names(journey)[-1] == "First step"


def test_a_new_stage_goes_before_or_after_another(journey, bob):
    anchor = stage(journey, "Purchase").pk
    services.add_stage(journey=journey, by=bob, name="Left", before=anchor)
    services.add_stage(journey=journey, by=bob, name="Right", after=anchor)
    assert stage_names(journey)[2:5] == ["Left", "Purchase", "Right"]


def test_moving_a_stage_takes_its_steps_along(journey, bob):
    services.move_stage(
        journey=journey, by=bob, stage=stage(journey, "Advocacy").pk, before=stage(journey, "Awareness").pk
    )
    assert stage_names(journey) == ["Advocacy", "Awareness", "Consideration", "Purchase", "Retention"]
    assert step_names(journey)[:2] == ["Recommend to others", "Feel the need"]


def test_moving_a_stage_beside_itself_changes_nothing(journey, bob):
    pk, before, revision = stage(journey, "Purchase").pk, stage_names(journey), journey.revision
    services.move_stage(journey=journey, by=bob, stage=pk, after=pk)
    assert stage_names(journey) == before
    assert journey.revision == revision


def test_removing_a_stage_removes_what_stands_under_it(journey, bob):
    gone = stage(journey, "Awareness")
    services.remove_stage(journey=journey, by=bob, stage=gone.pk)
    assert stage_names(journey) == ["Consideration", "Purchase", "Retention", "Advocacy"]
    assert not Card.objects.filter(cell__step__stage=gone).exists()


def test_the_only_stage_stays(journey, bob):
    for row in journey.stages.all()[1:]:
        services.remove_stage(journey=journey, by=bob, stage=row.pk)
    with pytest.raises(ValidationError, match="only stage"):
        services.remove_stage(journey=journey, by=bob, stage=journey.stages.get().pk)
    assert journey.stages.count() == 1


def test_a_step_goes_beside_another(journey, bob):
    services.add_step(journey=journey, by=bob, name="Ask around", after=step(journey, "Feel the need").pk)
    assert step_names(journey)[:3] == ["Feel the need", "Ask around", "Come across us"]


def test_a_step_goes_to_the_end_of_a_stage(journey, bob):
    services.add_step(journey=journey, by=bob, name="Last", stage=stage(journey, "Awareness").pk)
    assert step_names(journey)[2] == "Last"


def test_a_step_needs_a_place(journey, bob):
    with pytest.raises(ValidationError, match="which stage"):
        services.add_step(journey=journey, by=bob, name="Nowhere")


def test_a_step_moves_into_another_stage_with_its_cards(journey, bob):
    moved = step(journey, "Come across us")
    bodies = set(Card.objects.filter(cell__step=moved).values_list("body", flat=True))
    services.move_step(journey=journey, by=bob, step=moved.pk, after=step(journey, "Decide and pay").pk)
    moved.refresh_from_db()
    assert moved.stage.name == "Purchase"
    assert step_names(journey)[3:6] == ["Decide and pay", "Come across us", "First use"]
    assert set(Card.objects.filter(cell__step=moved).values_list("body", flat=True)) == bodies


def test_the_only_step_of_a_stage_cannot_leave_or_go(journey, bob):
    only = step(journey, "Recommend to others")
    with pytest.raises(ValidationError, match="only step of “Advocacy”"):
        services.move_step(journey=journey, by=bob, step=only.pk, stage=stage(journey, "Awareness").pk)
    with pytest.raises(ValidationError, match="remove the stage instead"):
        services.remove_step(journey=journey, by=bob, step=only.pk)
    assert stage(journey, "Advocacy").steps.get() == only


def test_a_step_shifts_past_its_neighbour_and_into_the_next_stage(journey, bob):
    pk = step(journey, "Feel the need").pk
    services.shift_step(journey=journey, by=bob, step=pk, right=True)
    assert step_names(journey)[:2] == ["Come across us", "Feel the need"]
    services.shift_step(journey=journey, by=bob, step=pk, right=True)
    assert Step.objects.get(pk=pk).stage.name == "Consideration"
    assert step_names(journey)[:3] == ["Come across us", "Feel the need", "Compare options"]
    services.shift_step(journey=journey, by=bob, step=pk, right=False)
    assert Step.objects.get(pk=pk).stage.name == "Awareness"


def test_a_shift_at_the_edge_of_the_map_does_nothing(journey, bob):
    before = step_names(journey)
    services.shift_step(journey=journey, by=bob, step=step(journey, "Feel the need").pk, right=False)
    assert step_names(journey) == before


def test_a_step_is_marked_as_a_moment_of_truth(journey, bob):
    pk = step(journey, "Get help").pk
    services.mark_moment_of_truth(journey=journey, by=bob, step=pk, moment=True)
    assert Step.objects.get(pk=pk).moment_of_truth


def test_lanes_are_added_moved_renamed_and_removed(journey, bob):
    first = journey.lanes.first()
    lane = services.add_lane(journey=journey, by=bob, title="Metrics", kind=Lane.Kind.METRIC, before=first.pk)
    services.rename_lane(journey=journey, by=bob, lane=lane.pk, title="Figures")
    assert [row.title for row in journey.lanes.all()][:2] == ["Figures", first.title]
    services.move_lane(journey=journey, by=bob, lane=lane.pk, after=first.pk)
    assert [row.title for row in journey.lanes.all()][:2] == [first.title, "Figures"]
    services.remove_lane(journey=journey, by=bob, lane=first.pk)
    assert journey.lanes.first().title == "Figures"


@pytest.mark.parametrize("name", ["", "   ", "\n\t", "\x00"])
def test_a_name_says_something(journey, bob, name):
    with pytest.raises(ValidationError, match="needs a name"):
        services.rename_step(journey=journey, by=bob, step=step(journey, "Get help").pk, name=name)


def test_a_name_is_one_line_without_nul_and_has_a_limit(journey, bob):
    pk = step(journey, "Get help").pk
    assert services.rename_step(journey=journey, by=bob, step=pk, name=" a\n b\x00 ").name == "a b"
    services.rename_step(journey=journey, by=bob, step=pk, name="ب" * 300)
    with pytest.raises(ValidationError, match="At most 300"):
        services.rename_step(journey=journey, by=bob, step=pk, name="x" * 301)


def test_every_change_raises_the_revision_by_one_and_nothing_raises_it_by_none(journey, bob):
    revision, pk = journey.revision, step(journey, "Get help").pk
    services.rename_step(journey=journey, by=bob, step=pk, name="Get advice")
    assert journey.revision == revision + 1
    services.rename_step(journey=journey, by=bob, step=pk, name="Get advice")
    assert journey.revision == revision + 1
    assert JourneyMap.objects.get(pk=journey.pk).revision == revision + 1


def test_there_is_a_limit_to_stages(journey, bob, monkeypatch):
    monkeypatch.setattr("maps.services.stages.MOST_STAGES", 5)
    with pytest.raises(ValidationError, match="room for 5 stages"):
        services.add_stage(journey=journey, by=bob, name="One too many")


def foreign_calls(journey, elsewhere, bob):
    """Every service with a key of another team's map in each of its places."""
    own_stage, own_step, own_lane = journey.stages.first().pk, step(journey, "Get help").pk, journey.lanes.first().pk
    stage_pk, lane_pk = elsewhere.stages.first().pk, elsewhere.lanes.first().pk
    step_pk = Step.objects.filter(stage__map=elsewhere).first().pk
    card_pk = Card.objects.filter(cell__lane__map=elsewhere).first().pk
    own_card = Card.objects.filter(cell__lane__map=journey).first().pk
    emotion = journey.lanes.get(kind="emotion").pk
    who = {"journey": journey, "by": bob}
    return [
        lambda: services.add_stage(**who, name="x", before=stage_pk),
        lambda: services.add_stage(**who, name="x", after=stage_pk),
        lambda: services.rename_stage(**who, stage=stage_pk, name="x"),
        lambda: services.move_stage(**who, stage=stage_pk, before=own_stage),
        lambda: services.move_stage(**who, stage=own_stage, before=stage_pk),
        lambda: services.remove_stage(**who, stage=stage_pk),
        lambda: services.add_step(**who, name="x", stage=stage_pk),
        lambda: services.add_step(**who, name="x", after=step_pk),
        lambda: services.rename_step(**who, step=step_pk, name="x"),
        lambda: services.mark_moment_of_truth(**who, step=step_pk, moment=True),
        lambda: services.move_step(**who, step=step_pk, stage=own_stage),
        lambda: services.move_step(**who, step=own_step, stage=stage_pk),
        lambda: services.move_step(**who, step=own_step, after=step_pk),
        lambda: services.shift_step(**who, step=step_pk, right=True),
        lambda: services.remove_step(**who, step=step_pk),
        lambda: services.add_lane(**who, title="x", kind=Lane.Kind.TEXT, after=lane_pk),
        lambda: services.rename_lane(**who, lane=lane_pk, title="x"),
        lambda: services.move_lane(**who, lane=lane_pk),
        lambda: services.move_lane(**who, lane=own_lane, after=lane_pk),
        lambda: services.remove_lane(**who, lane=lane_pk),
        lambda: services.add_card(**who, lane=lane_pk, step=own_step, body="x"),
        lambda: services.add_card(**who, lane=own_lane, step=step_pk, body="x"),
        lambda: services.save_card(**who, card=card_pk, version=1, body="x"),
        lambda: services.move_card(**who, card=card_pk, lane=own_lane, step=own_step),
        lambda: services.move_card(**who, card=own_card, lane=lane_pk, step=own_step),
        lambda: services.move_card(**who, card=own_card, lane=own_lane, step=step_pk),
        lambda: services.move_card(**who, card=own_card, lane=own_lane, step=own_step, after=card_pk),
        lambda: services.remove_card(**who, card=card_pk),
        lambda: services.set_emotion(**who, lane=emotion, step=step_pk, score=1, version=0),
        lambda: services.set_emotion(**who, lane=lane_pk, step=own_step, score=1, version=0),
        lambda: services.clear_emotion(**who, lane=emotion, step=step_pk),
    ]


def test_keys_of_another_team_are_not_found_and_nothing_changes(journey, elsewhere, bob):
    before = fingerprint(journey), fingerprint(elsewhere)
    for call in foreign_calls(journey, elsewhere, bob):
        with pytest.raises(Http404):
            call()
    assert (fingerprint(journey), fingerprint(elsewhere)) == before


def fingerprint(journey: JourneyMap) -> list:
    fresh = JourneyMap.objects.get(pk=journey.pk)
    return [
        fresh.revision,
        list(fresh.stages.values()),
        list(Step.objects.filter(stage__map=journey).order_by("pk").values()),
        list(fresh.lanes.values()),
        list(Card.objects.filter(cell__lane__map=journey).order_by("pk").values()),
    ]


def test_a_map_that_is_gone_is_not_found(journey, bob, team):
    ghost = JourneyMap(pk=journey.pk + 1_000_000, team=team, title="Gone")
    with pytest.raises(Http404):
        services.add_stage(journey=ghost, by=bob, name="x")


def test_two_siblings_cannot_share_a_place(journey):
    def crowd() -> None:
        with transaction.atomic():
            journey.stages.update(position=0)
            connection.check_constraints()

    with pytest.raises(IntegrityError, match="one_stage_at_a_place"):
        crowd()
