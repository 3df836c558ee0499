from datetime import date, timedelta

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.utils import timezone

from accounts.models import Membership, Team
from maps import services, tasks
from maps.models import JourneyMap
from tests.maps.shape import assert_logged


@pytest.fixture
def due(journey, bob):
    return services.update_map(journey=journey, by=bob, review_due=timezone.now().date())


def test_the_owner_is_reminded_once_for_each_date(due, bob, alice, settings):
    settings.PUBLIC_URL = "https://maps.example"
    assert services.remind_owners() == 1
    assert services.remind_owners() == 0
    tasks.remind_owners()
    (letter,) = mail.outbox
    assert letter.to == ["bob@example.com"]
    assert letter.subject == "Due for review: First visit"
    assert "North Bank" in letter.body
    assert f"https://maps.example/t/north-bank/maps/{due.pk}/" in letter.body
    services.update_map(journey=due, by=bob, owner=alice.pk, review_due=date(2024, 2, 29))
    assert services.remind_owners() == 1
    assert mail.outbox[1].to == ["alice@example.com"]
    assert_logged(JourneyMap.objects.get(pk=due.pk))


def test_nobody_is_reminded_before_the_day_of_the_team(due, bob, monkeypatch):
    Team.objects.update(time_zone="Pacific/Kiritimati")
    midnight = timezone.now().replace(hour=9, minute=0)
    monkeypatch.setattr(timezone, "now", lambda: midnight)
    services.update_map(journey=due, by=bob, review_due=midnight.date() + timedelta(days=1))
    assert services.remind_owners() == 0
    monkeypatch.setattr(timezone, "now", lambda: midnight.replace(hour=11))
    assert services.remind_owners() == 1


@pytest.mark.parametrize("values", [{"status": "archived"}, {"owner": None}, {"review_due": None}])
def test_nobody_is_reminded_of_what_is_not_due(due, bob, values):
    services.update_map(journey=due, by=bob, **values)
    assert services.remind_owners() == 0


def test_who_has_left_the_team_hears_nothing(due, bob):
    Membership.objects.filter(user=bob).delete()
    assert services.remind_owners() == 0


def test_a_letter_that_could_not_be_sent_is_sent_later(due, monkeypatch):
    def fails(**_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("maps.services.reviews.send_mail", fails)
    assert services.remind_owners() == 0
    monkeypatch.undo()
    assert services.remind_owners() == 1
    assert len(mail.outbox) == 1


def test_a_date_that_somebody_else_claimed_is_left_to_them(due, monkeypatch):
    JourneyMap.objects.update(reminded_of=due.review_due)
    assert services.reviews._remind(due) is False
    assert mail.outbox == []


def test_the_clock_rings_for_it():
    assert django_settings.CELERY_BEAT_SCHEDULE["remind-owners"]["task"] == "maps.tasks.remind_owners"
