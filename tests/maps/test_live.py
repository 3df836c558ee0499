import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from maps import queries, services
from maps.live import bus, presence
from maps.live.hub import Mailbox, end_streams
from maps.live.turns import AT_ONCE, turn
from maps.models import Card, JourneyMap
from tests.maps.browsers import watching
from tests.maps.test_history import at
from tests.maps.test_queries import number_of_queries

HTMX = {"HX-Request": "true"}


@pytest.fixture
def stream(journey) -> str:
    return at(journey, "live")


@pytest.mark.django_db(transaction=True)
class TestTheStream:
    @pytest.fixture(autouse=True)
    def _nobody_is_there(self):
        yield
        for key in bus.client().scan_iter(f"{bus.prefix()}*"):
            bus.client().delete(key)

    def test_it_is_for_members(self, stream, sign_in, vera, charlie):
        for client, status in ((Client(), 302), (sign_in(charlie), 404), (sign_in(vera), 200)):
            with watching(stream, client) as (watcher,):
                assert watcher.status == status

    def test_a_change_is_told_after_it_is_committed(self, journey, stream, sign_in, vera, bob, card):
        with watching(stream, sign_in(vera)) as (veras,):
            assert veras.next("hello")["seq"] == 1
            services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
            assert veras.next("change") == {"seq": 2}
            services.undo(journey=journey, by=bob)
            assert veras.next("change") == {"seq": 3}

    def test_a_change_of_another_map_is_none_of_its_business(
        self, journey, elsewhere, stream, sign_in, vera, bob, charlie
    ):
        with watching(stream, sign_in(vera)) as (veras,):
            veras.next("hello")
            services.add_stage(journey=elsewhere, by=charlie, name="Not yours")
            services.add_stage(journey=journey, by=bob, name="New")
            assert veras.next("change") == {"seq": 2}

    def test_people_come_and_go(self, stream, sign_in, vera, bob, alice):
        with watching(stream, sign_in(vera)) as (veras,):
            veras.people("Vera")
            bobs = sign_in(bob)
            with watching(stream, bobs, bobs, sign_in(alice)) as (first, second, hers):
                found = veras.people("Alice", "Bob", "Vera")
                assert ">A<" in found[0]["face"]
                second.close()
                hers.close()
                veras.people("Bob", "Vera")
                first.close()
                veras.people("Vera")

    def test_where_somebody_edits_is_told_to_others_and_to_latecomers(self, journey, stream, sign_in, vera, bob):
        bobs = sign_in(bob)
        with watching(stream, bobs, sign_in(vera)) as (his, veras):
            name = his.next("hello")["connection"]
            assert bobs.post(at(journey, "editing"), {"connection": name, "cell": "cell-1-2"}).status_code == 204
            told = veras.next("editing")
            mine = f"{bob.pk}:{name}"
            assert (told["name"], told["cell"], told["connection"], told["for"]) == ("Bob", "cell-1-2", mine, 20)
            with watching(stream, sign_in(vera)) as (late,):
                assert late.next("editing")["cell"] == "cell-1-2"
            bobs.post(at(journey, "editing"), {"connection": name, "cell": ""})
            veras.next("editing", lambda told: told == {"connection": mine, "cell": ""})
            bobs.post(at(journey, "editing"), {"connection": name, "cell": "cell-3-4"})
            veras.next("editing", lambda told: told["cell"] == "cell-3-4")
            his.close()
            veras.next("editing", lambda told: told == {"connection": mine, "cell": ""})

    def test_nobody_says_for_another_that_they_stopped(self, journey, stream, sign_in, bob, alice):
        with watching(stream, sign_in(bob)) as (his,):
            name = his.next("hello")["connection"]
            sign_in(bob).post(at(journey, "editing"), {"connection": name, "cell": "cell-1-2"})
            his.next("editing", lambda told: told["cell"] == "cell-1-2")
            sign_in(alice).post(at(journey, "editing"), {"connection": name, "cell": ""})
            with watching(stream, sign_in(alice)) as (late,):
                assert late.next("editing")["name"] == "Bob"

    def test_a_browser_that_vanished_is_forgotten(self, journey, stream, sign_in, vera, bob, monkeypatch):
        monkeypatch.setattr("maps.live.stream.ASKED_EVERY", 0.1)
        with watching(stream, sign_in(vera)) as (veras,):
            veras.people("Vera")
            gone = {"id": bob.pk, "name": "Bob", "face": "", "until": time.time() + 1}
            bus.client().hset(f"{bus.prefix()}people:{journey.pk}", "gone", json.dumps(gone))
            veras.people("Bob", "Vera")
            veras.people("Vera")

    def test_a_quiet_stream_gives_signs_of_life(self, stream, sign_in, vera, monkeypatch):
        monkeypatch.setattr("maps.live.stream.HEARTBEAT", 0.05)
        with watching(stream, sign_in(vera)) as (veras,):
            assert all(veras.beats.acquire(timeout=20) for _ in range(3))

    def test_who_edits_is_forgotten_after_a_while(self, journey, stream, sign_in, vera, bob, monkeypatch):
        assert presence.EDITING_FOR == 20
        monkeypatch.setattr(presence, "EDITING_FOR", -1)
        sign_in(bob).post(at(journey, "editing"), {"connection": "x" * 12, "cell": "cell-1-2"})
        with watching(stream, sign_in(vera)) as (veras,):
            services.add_stage(journey=journey, by=bob, name="New")
            veras.next("change")
            assert all(event != "editing" for event, _ in list(veras.heard.queue))

    @pytest.mark.parametrize("loss", ["membership", "session", "password", "map"])
    def test_it_ends_when_access_is_lost(self, journey, stream, sign_in, vera, loss, monkeypatch):
        monkeypatch.setattr("maps.live.stream.ASKED_EVERY", 0.1)
        client = sign_in(vera)
        with watching(stream, client) as (veras,):
            veras.next("hello")
            assert veras.next("change") == {"seq": 1, "talked": 0}
            if loss == "membership":
                Membership.objects.filter(user=vera).delete()
            elif loss == "session":
                client.logout()
            elif loss == "password":
                vera.set_password("another-one")
                vera.save()
            else:
                JourneyMap.objects.filter(pk=journey.pk).delete()
            assert veras.next("gone") == {}
            assert veras.ended.wait(20)

    def test_news_that_was_lost_is_made_good(self, journey, stream, sign_in, vera, bob, monkeypatch):
        monkeypatch.setattr("maps.live.stream.ASKED_EVERY", 0.1)
        with watching(stream, sign_in(vera)) as (veras,):
            veras.next("hello")
            monkeypatch.setattr(bus, "tell", lambda *_, **__: None)
            services.add_stage(journey=journey, by=bob, name="New")
            services.start_thread(journey=journey, by=bob, about="map", body="Look, @Vera")
            while veras.next("change") != {"seq": 2, "talked": 1}:
                pass
            assert veras.next("inbox") == {"unread": "1"}

    def test_a_person_and_a_team_hold_only_so_many(self, stream, sign_in, vera, bob, monkeypatch):
        monkeypatch.setattr(presence, "MOST_OF_A_PERSON", 2)
        veras = sign_in(vera)
        with watching(stream, veras, veras):
            with watching(stream, veras) as (third,):
                assert third.status == 429
            with watching(stream, sign_in(bob)) as (bobs,):
                assert bobs.status == 200
                monkeypatch.setattr(presence, "MOST_OF_A_TEAM", 3)
                with watching(stream, sign_in(bob)) as (another,):
                    assert another.status == 429
        with watching(stream, veras) as (again,):
            assert again.status == 200

    def test_many_streams_hold_no_threads_and_no_connections_to_the_database(self, journey, stream, sign_in, vera, bob):
        with watching(stream, sign_in(bob)) as (first,):
            first.next("hello")
            before = threading.active_count()
            veras = sign_in(vera)
            with watching(stream, *[veras] * presence.MOST_OF_A_PERSON) as watchers:
                for watcher in watchers:
                    watcher.next("hello")
                # One runs the loop; the rest are those that all streams share.
                assert threading.active_count() - before < len(watchers) / 2
                with connection.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
                    assert cursor.fetchone()[0] <= 5
                services.add_stage(journey=journey, by=bob, name="New")
                for watcher in watchers:
                    watcher.next("change", {"seq": 2}.__eq__)

    def test_when_redis_breaks_off_the_streams_end_and_may_come_back(self, stream, sign_in, vera):
        with watching(stream, sign_in(vera)) as (veras,):
            veras.next("hello")
            for client in bus.client().client_list(_type="pubsub"):
                if client["name"] == f"{bus.prefix()}hub":
                    bus.client().client_kill_filter(_id=client["id"])
            assert veras.ended.wait(20)
        with watching(stream, sign_in(vera)) as (again,):
            assert again.next("hello")["seq"] == 1

    def test_a_server_that_stops_ends_its_streams(self, stream, sign_in, vera, bob):
        with watching(stream, sign_in(vera), sign_in(bob)) as watchers:
            for watcher in watchers:
                watcher.next("hello")
            end_streams()
            assert all(watcher.ended.wait(20) for watcher in watchers)

    def test_without_redis_there_is_no_stream_but_everything_else(self, journey, stream, sign_in, bob, card, settings):
        right, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:1/0"
        bus.client.cache_clear()
        try:
            with watching(stream, sign_in(bob)) as (watcher,):
                assert watcher.status == 503
            services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
            answer = sign_in(bob).post(at(journey, "editing"), {"connection": "x" * 12, "cell": "cell-1-2"})
            assert answer.status_code == 204
            card.refresh_from_db()
            assert card.body == "His"
        finally:
            settings.REDIS_URL = right
            bus.client.cache_clear()


def test_somebody_slow_gets_the_last_news_of_each_kind_and_no_more():
    box = Mailbox()
    for n in range(1000):
        box.put({"event": "change", "of": "", "data": n})
        box.put({"event": "editing", "of": str(n % 3), "data": n})
    assert sorted(news["data"] for news in box._news.values()) == [997, 998, 999, 999]


def test_a_server_that_cannot_stream_says_so(journey, sign_in, vera):
    assert sign_in(vera).get(at(journey, "live")).status_code == 204


@pytest.mark.parametrize("data", [{}, {"connection": "short"}, {"connection": "x" * 12, "cell": "<b>"}])
def test_nonsense_about_editing_is_refused(journey, sign_in, bob, data):
    assert sign_in(bob).post(at(journey, "editing"), data).status_code == 422


# --- What has changed since ---------------------------------------------------------------------


@pytest.fixture
def veras(sign_in, vera):
    return sign_in(vera)


def changes(client, journey, since):
    return client.get(at(journey, "changes"), {"since": since}, headers=HTMX)


def test_nothing_new_is_told_in_no_words(journey, veras):
    assert changes(veras, journey, 1).status_code == 204


def test_only_what_changed_is_drawn_again(journey, veras, bob, card, lanes, steps):
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    answer = changes(veras, journey, 1)
    content = answer.content.decode()
    assert answer["HX-Trigger"] == '{"map:at": {"seq": 2, "talked": 0}}'
    assert content.count("hx-swap-oob") == 2  # and the time of the last change
    assert content.count('role="gridcell"') == 1
    assert "His" in content
    services.set_emotion(
        journey=journey, by=bob, lane=lanes["Emotion"].pk, step=steps["Get help"].pk, score=2, label="Glad", version=1
    )
    services.rename_stage(journey=journey, by=bob, stage=journey.stages.first().pk, name="Renamed")
    services.rename_lane(journey=journey, by=bob, lane=lanes["Thinking"].pk, title="Thoughts")
    services.rename_step(journey=journey, by=bob, step=steps["Get help"].pk, name="Ask")
    content = changes(veras, journey, 2).content.decode()
    assert content.count("hx-swap-oob") == 5
    for part in ("row", "stage", "lane", "step"):
        assert f'id="{part}-' in content
    assert "map-grid" not in content


def test_no_more_cards_are_loaded_than_are_drawn(team, journey, card, lanes, steps):
    def loaded(*names: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            found = queries.elements(team, journey, names)
        assert set(found) == set(names)
        assert len(asked) <= 6
        cards = [query["sql"] for query in asked if 'FROM "maps_card"' in query["sql"]]
        with connection.cursor() as cursor:
            return sum(cursor.execute(sql).rowcount for sql in cards)

    lane, step = lanes["Touchpoints"], steps["Get help"]
    of_lane = Card.objects.filter(cell__lane=lane).count()
    assert loaded(f"stage-{step.stage_id}", f"step-{step.pk}", f"lane-{lane.pk}") == 0
    assert loaded(f"row-{lane.pk}", f"stage-{step.stage_id}") == of_lane
    assert loaded(*[f"cell-{lane.pk}-{step.pk}" for step in steps.values()]) == of_lane
    assert loaded(f"cell-{card.cell.lane_id}-{card.cell.step_id}") == card.cell.cards.count()


def test_a_change_of_the_structure_draws_the_grid_again(journey, veras, bob):
    services.add_stage(journey=journey, by=bob, name="New")
    content = changes(veras, journey, 1).content.decode()
    assert content.count("hx-swap-oob") == 2
    assert content.count("<map-grid") == 1
    assert 'data-seq="2"' in content


def test_title_and_status_are_in_the_frame(journey, veras, bob):
    services.update_map(journey=journey, by=bob, title="Renamed", status="live", scenario="Why")
    content = changes(veras, journey, 1).content.decode()
    assert content.count("hx-swap-oob") == 4
    assert "<title>Renamed" in content
    assert "Why" in content


def test_a_cell_that_is_gone_meanwhile_is_left_out(journey, veras, bob, card, lanes):
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    JourneyMap.objects.get().lanes.all().delete()
    assert changes(veras, journey, 1).status_code == 200


@pytest.mark.parametrize("since", [0, "x", "", -1, 99])
def test_where_it_cannot_be_told_everything_is_drawn_again(journey, veras, since, django_assert_max_num_queries):
    services.add_stage(journey=journey, by=None, name="New")
    with django_assert_max_num_queries(16):
        content = changes(veras, journey, since).content.decode()
    assert content.count("<map-grid") == 1
    assert "map-title" in content


def test_after_very_many_changes_everything_is_drawn_again(journey, veras, bob, card, monkeypatch):
    monkeypatch.setattr("maps.log.reading.MOST_AT_ONCE", 1)
    for version in (1, 2):
        services.save_card(journey=journey, by=bob, card=card.pk, version=version, body=f"His {version}")
    assert changes(veras, journey, 1).content.decode().count("<map-grid") == 1
    assert changes(veras, journey, 2).content.decode().count("<map-grid") == 0


def test_a_viewer_gets_nothing_to_edit(journey, veras, bob, card):
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    assert "data-card" not in changes(veras, journey, 1).content.decode()


def test_without_scripts_it_leads_to_the_map(journey, veras):
    assert veras.get(at(journey, "changes"), {"since": 1})["Location"] == at(journey, "map")


def test_many_who_follow_cost_little_more_than_one(journey, sign_in, vera, carol, adam, bob, card, lanes):
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    veras, carols, adams, bobs = (sign_in(user) for user in (vera, carol, adam, bob))
    first = number_of_queries(lambda: changes(adams, journey, 1))
    assert number_of_queries(lambda: changes(bobs, journey, 1)) == 5  # who asks, the map, and what has changed
    assert changes(bobs, journey, 1).content == changes(adams, journey, 1).content
    assert "data-card" in changes(bobs, journey, 1).text
    assert "data-card" not in changes(carols, journey, 1).text
    assert "data-talk" in changes(carols, journey, 1).text
    assert "data-talk" not in changes(veras, journey, 1).text
    hidden = {"HX-Current-URL": f"http://testserver{at(journey, 'map')}?only=mine"}
    assert " other" in bobs.get(at(journey, "changes"), {"since": 1}, headers={"HX-Request": "true", **hidden}).text
    assert first > 5
    # What was drawn serves also those who know more or less of the map, until it changes again.
    other = services.add_card(journey=journey, by=bob, lane=lanes["Thinking"].pk, step=card.cell.step_id, body="Hm")
    changes(adams, journey, 2)
    assert number_of_queries(lambda: changes(bobs, journey, 1)) == 5
    services.save_card(journey=journey, by=bob, card=other.pk, version=1, body="Aha")
    content = changes(bobs, journey, 1).content.decode()
    assert "Aha" in content
    assert "Hm" not in content


def test_what_was_drawn_for_one_look_is_not_shown_to_another(journey, veras, bob, lanes):
    services.add_stage(journey=journey, by=bob, name="New")
    hidden = {**HTMX, "HX-Current-URL": f"http://testserver{at(journey, 'map')}?hide={lanes['Thinking'].pk}"}
    assert "Thinking" in changes(veras, journey, 1).content.decode()
    found = veras.get(at(journey, "changes"), {"since": 1}, headers=hidden).content.decode()
    assert "Touchpoints" in found
    assert "Thinking" not in found


def test_those_who_follow_take_turns_and_nobody_else_waits_for_them():
    begun: list[str] = []

    async def answer(path: str, done: asyncio.Event) -> None:
        async with turn(path):
            begun.append(path)
            await done.wait()

    async def many() -> None:
        done = asyncio.Event()
        paths = ["/t/north-bank/maps/7/changes/"] * 30 + ["/t/north-bank/maps/7/cards/1/"]
        asked = asyncio.gather(*[answer(path, done) for path in paths])
        await asyncio.sleep(0)
        assert len(begun) == AT_ONCE + 1
        done.set()
        await asked
        assert len(begun) == 31

    # A browser that another test drives may have a loop in this thread.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, many()).result()
