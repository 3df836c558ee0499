from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import Membership, Team, User
from flows.engine.query import FlowQuery
from flows.models import Dataset, FlowChart, Import, Segment
from flows.services import imports, runs
from maps.models import JourneyMap
from maps.sample.charts import CHARTS
from maps.sample.events import DAYS, as_csv_gz, events
from maps.sample.services import NotSample, make_sample_account, make_sample_team, remove_sample_team

END = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_same_seed_makes_the_same_file():
    assert as_csv_gz(events(seed=3, end=END)) == as_csv_gz(events(seed=3, end=END))


def test_there_are_about_sixty_thousand_events_of_a_few_hundred_people_in_sixty_days():
    rows = events(seed=7, end=END)
    assert 50_000 < len(rows) < 70_000
    assert 300 < len({row.person for row in rows}) < 1000
    assert rows == sorted(rows)
    assert rows[-1].time < END
    assert (END - rows[0].time).days < DAYS + 1


def test_nobody_pays_before_choosing_a_delivery():
    seen: dict[str, set[str]] = {}
    for row in events(seed=7, end=END):
        before = seen.setdefault(row.person, set())
        if row.event == "order_placed":
            assert {"checkout_started", "delivery_chosen", "payment_started"} <= before
        before.add(row.event)


@pytest.mark.django_db(transaction=True)
def test_the_sample_account_has_a_map_events_and_charts_with_people_in_them():
    team = make_sample_account(password="pass-word-1", manages=True)
    assert team
    assert team.is_sample
    dataset = Dataset.objects.get(team=team)
    assert dataset.events == Import.objects.get().accepted > 50_000
    assert JourneyMap.objects.get(team=team).stages.count() == 5
    assert FlowChart.objects.filter(team=team).count() == len(CHARTS) == 3
    for chart in FlowChart.objects.filter(team=team):
        run = runs.ask(dataset=dataset, query=FlowQuery.from_dict(chart.query))
        runs.run_flow(team_id=team.pk, run_id=run.pk)
        run.refresh_from_db()
        assert run.result["units"]["matched"] > 100, chart.name
    user = User.objects.get()
    assert user.check_password("pass-word-1")
    assert make_sample_account(password="pass-word-2", manages=True) is None
    assert Team.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_sample_sign_in_manages_data_only_where_nobody_else_comes(settings, sign_in):
    settings.SAMPLE_PASSWORD = "pass-word-1"
    for is_local, status in ((True, 200), (False, 302), (True, 200)):
        settings.IS_LOCAL = is_local
        call_command("make_sample")
        user = User.objects.get()
        assert (user.is_staff, user.is_superuser) == (is_local, is_local)
        assert sign_in(user).get("/admin/").status_code == status


@pytest.mark.django_db(transaction=True)
def test_the_sample_sign_in_needs_no_link_in_an_e_mail(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    make_sample_account(password="pass-word-1", manages=False)
    client = Client()
    answer = client.post("/accounts/login/", {"login": "sample@journeymap.example", "password": "pass-word-1"})
    assert answer["Location"] == "/"
    assert client.get("/")["Location"] == "/t/sample-shop/maps/"


@pytest.mark.django_db(transaction=True)
def test_removing_the_sample_team_leaves_nothing_of_it_and_all_of_the_others(alice, settings):
    team = make_sample_team(owner=alice)
    import_ = Import.objects.get()
    imports.run_import(team_id=team.pk, import_id=import_.pk)
    assert Segment.objects.exists()
    remove_sample_team(team=team)
    assert not Segment.objects.exists()
    assert not list((settings.DATA_DIR / "store").rglob("*.parquet"))
    assert not import_.file.storage.exists(import_.file.name)
    assert Membership.objects.get(user=alice).team.slug == "north-bank"


def test_a_team_of_people_is_not_removed_as_a_sample(sign_in, team, alice):
    with pytest.raises(NotSample):
        remove_sample_team(team=team)
    assert sign_in(alice).post("/t/north-bank/sample/remove/").status_code == 403
    assert Team.objects.filter(pk=team.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_a_person_has_one_sample_team(sign_in, alice):
    client = sign_in(alice)
    first, second = client.post("/sample/"), client.post("/sample/")
    assert first["Location"] == second["Location"] == "/t/sample-shop/maps/"
    assert Team.objects.filter(is_sample=True).count() == 1
