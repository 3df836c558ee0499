from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.http import Http404

from maps import services
from maps.models import Card, JourneyMap, Lane, Operation
from maps.sample.services import remove_sample_team
from tests.maps.shape import assert_logged, assert_valid, stage_names

pytestmark = pytest.mark.django_db(transaction=True)


REFUSALS = (services.Conflict, services.NothingToUndo, services.Refused, Http404)


def together(*calls):
    """Runs the calls at once, each on a connection of its own. Refusals are answers; a deadlock fails the test."""
    start = Barrier(len(calls))

    def run(call):
        try:
            start.wait(10)
            return call()
        except REFUSALS as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def fresh(journey: JourneyMap) -> JourneyMap:
    return JourneyMap.objects.get(pk=journey.pk)


def test_cards_added_at_once_take_places_of_their_own(journey, alice, bob, lanes, steps):
    revision = journey.revision
    where = {"lane": lanes["Thinking"].pk, "step": steps["Get help"].pk}

    def add(by, n):
        fresh = JourneyMap.objects.get(pk=journey.pk)
        return lambda: services.add_card(journey=fresh, by=by, body=f"Card {n}", **where)

    together(*[add(alice if n % 2 else bob, n) for n in range(6)])
    assert_valid(journey)
    assert Card.objects.filter(cell__lane=lanes["Thinking"], cell__step=steps["Get help"]).count() == 7
    assert JourneyMap.objects.get(pk=journey.pk).revision == revision + 6


def test_two_people_move_stages_past_each_other(journey, alice, bob):
    first, second, *_ = journey.stages.all()

    def move(by, stage, anchor):
        fresh = JourneyMap.objects.get(pk=journey.pk)
        return lambda: services.move_stage(journey=fresh, by=by, stage=stage.pk, after=anchor.pk)

    together(*[move(alice, first, second), move(bob, second, first)] * 3)
    assert_valid(journey)
    assert sorted(stage_names(journey)[:2]) == ["Awareness", "Consideration"]


def test_of_two_saves_of_one_version_one_is_a_conflict(journey, card, alice, bob):
    def save(by, body):
        fresh = JourneyMap.objects.get(pk=journey.pk)
        return lambda: services.save_card(journey=fresh, by=by, card=card.pk, version=1, body=body)

    answers = together(save(alice, "Hers"), save(bob, "His"))
    conflicts = [answer for answer in answers if isinstance(answer, services.Conflict)]
    assert len(conflicts) == 1
    card.refresh_from_db()
    assert card.version == 2
    assert conflicts[0].theirs.body == card.body


def test_a_lane_goes_while_somebody_saves_into_it(journey, alice, bob, lanes, steps):
    card = Card.objects.filter(cell__lane=lanes["Thinking"]).first()
    where = {"lane": lanes["Thinking"].pk, "step": steps["Get help"].pk}
    copies = [fresh(journey) for _ in range(4)]
    together(
        lambda: services.remove_lane(journey=copies[0], by=alice, lane=lanes["Thinking"].pk),
        lambda: services.save_card(journey=copies[1], by=bob, card=card.pk, version=1, body="His"),
        lambda: services.add_card(journey=copies[2], by=bob, body="His", **where),
        lambda: services.remove_card(journey=copies[3], by=bob, card=card.pk),
    )
    assert not Lane.objects.filter(pk=lanes["Thinking"].pk).exists()
    assert_valid(journey)
    assert_logged(fresh(journey))
    services.undo(journey=fresh(journey), by=alice)
    assert_valid(journey)
    assert_logged(fresh(journey))


def test_moving_taking_back_and_going_back_at_once_leaves_one_straight_log(journey, alice, bob):
    first, second, *_ = journey.stages.all()

    def of(by, call, **values):
        copy = fresh(journey)
        return lambda: call(journey=copy, by=by, **values)

    for _ in range(3):
        together(
            of(alice, services.move_stage, stage=first.pk, after=second.pk),
            of(bob, services.move_stage, stage=first.pk),
            of(alice, services.undo),
            of(bob, services.redo),
            of(bob, services.undo),
            of(alice, services.restore_map, seq=1, label="the beginning"),
        )
        assert_valid(journey)
        assert_logged(fresh(journey))


def test_a_change_is_taken_back_once_however_often_it_is_asked(journey, bob):
    services.add_stage(journey=journey, by=bob, name="One")
    services.add_stage(journey=journey, by=bob, name="Two")
    copies = [fresh(journey) for _ in range(4)]
    answers = together(*[lambda copy=copy: services.undo(journey=copy, by=bob) for copy in copies])
    assert sum(isinstance(answer, Operation) for answer in answers) == 2
    assert sum(isinstance(answer, services.NothingToUndo) for answer in answers) == 2
    assert stage_names(journey)[-1] == "Advocacy"
    assert_logged(fresh(journey))


def test_a_sample_team_goes_while_somebody_works_in_it(journey, team, alice, bob, card):
    team.is_sample = True
    team.save()
    copies = [fresh(journey) for _ in range(3)]
    together(
        lambda: remove_sample_team(team=team),
        lambda: services.save_card(journey=copies[0], by=bob, card=card.pk, version=1, body="His"),
        lambda: services.add_stage(journey=copies[1], by=alice, name="Hers"),
        lambda: services.remove_lane(journey=copies[2], by=alice, lane=card.cell.lane_id),
    )
    assert not JourneyMap.objects.exists()
