from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from maps import services
from maps.models import Card, JourneyMap
from tests.maps.shape import assert_valid, stage_names

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls):
    """Runs the calls at once, each on a connection of its own."""

    def run(call):
        try:
            return call()
        except services.Conflict as conflict:
            return conflict
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


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
