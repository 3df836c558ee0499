from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from maps import services
from maps.log.reading import state_at
from maps.models import Card, Channel, JourneyMap, Operation, Persona, Snapshot
from maps.tasks import prune_logs
from tests.maps.shape import assert_logged, assert_valid, filled, stage_names, state_now


def without_versions(state):
    return {
        part: {key: {n: v for n, v in values.items() if n != "version"} for key, values in rows.items()}
        for part, rows in filled(state).items()
    }


@pytest.fixture
def lively(journey, alice, bob, card, lanes):
    """A map with a history, and the states that it went through, by revision."""
    states = {0: {}, journey.revision: state_now(journey)}

    def then(**_):
        states[journey.revision] = state_now(journey)

    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    then()
    services.remove_stage(journey=journey, by=alice, stage=journey.stages.get(name="Purchase").pk)
    then()
    services.remove_lane(journey=journey, by=bob, lane=lanes["Touchpoints"].pk)
    then()
    services.move_stage(journey=journey, by=alice, stage=journey.stages.last().pk, before=journey.stages.first().pk)
    then()
    persona = Persona.objects.create(team=journey.team, name="Sanne")
    services.update_map(journey=journey, by=bob, title="Renamed", personas=[persona.pk])
    then()
    services.undo(journey=journey, by=alice)
    then()
    return states


def test_a_map_is_known_at_every_point(journey, lively):
    for seq, state in lively.items():
        assert filled(state_at(JourneyMap.objects.get(pk=journey.pk), seq)) == filled(state)
    for seq in (-1, journey.revision + 1):
        with pytest.raises(Http404):
            state_at(journey, seq)


def test_a_point_is_reached_from_the_nearest_snapshot(journey, lively, bob):
    services.take_snapshot(journey=journey, by=bob, label="Now")
    Snapshot.objects.update(seq=2, state=lively[2])
    for seq, state in lively.items():
        assert filled(state_at(JourneyMap.objects.get(pk=journey.pk), seq)) == filled(state)


@pytest.mark.parametrize("seq", [1, 2, 3, 4, 5, 6, 7])
def test_a_map_goes_back_to_any_point_and_returns(journey, lively, bob, seq):
    before = state_now(journey)
    operation = services.restore_map(journey=journey, by=bob, seq=seq, label="then")
    assert without_versions(state_now(journey)) == without_versions(lively[seq])
    assert_valid(journey)
    assert_logged(journey)
    if seq == 7:
        assert operation is None
        return
    kept = Snapshot.objects.get(map=journey)
    assert (kept.automatic, kept.seq, kept.author, filled(kept.state)) == (True, 7, bob, filled(before))
    services.undo(journey=journey, by=bob)
    assert without_versions(state_now(journey)) == without_versions(before)
    services.redo(journey=journey, by=bob)
    assert without_versions(state_now(journey)) == without_versions(lively[seq])


def test_going_back_leaves_cards_alone_that_say_what_they_said(journey, bob, card):
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    services.save_card(journey=journey, by=bob, card=card.pk, version=2, body="Searches for a way out")
    services.restore_map(journey=journey, by=bob, seq=1, label="then")
    card.refresh_from_db()
    assert (card.version, Snapshot.objects.count()) == (3, 0)


def test_what_a_map_refers_to_may_be_gone(journey, bob):
    services.take_snapshot(journey=journey, by=bob, label="Before")
    Channel.objects.all().delete()
    services.remove_stage(journey=journey, by=bob, stage=journey.stages.first().pk)
    services.restore_map(journey=journey, by=bob, seq=1, label="Before")
    assert journey.stages.count() == 5
    assert set(Card.objects.filter(kind="touchpoint").values_list("touchpoint__channel", flat=True)) == {None}
    assert_logged(journey)


def test_a_map_is_never_left_without_a_stage(journey, bob):
    with pytest.raises(ValidationError, match="without a stage"):
        services.restore_map(journey=journey, by=bob, seq=0, label="nothing")
    assert journey.stages.count() == 5
    assert not Snapshot.objects.exists()


def test_a_snapshot_has_a_label_and_there_is_an_end_to_them(journey, bob, monkeypatch):
    with pytest.raises(ValidationError, match="needs a name"):
        services.take_snapshot(journey=journey, by=bob, label=" \n")
    monkeypatch.setattr("maps.services.snapshots.MOST_SNAPSHOTS", 1)
    kept = services.take_snapshot(journey=journey, by=bob, label=" Agreed\nin May ")
    assert (kept.label, kept.seq, kept.automatic, str(kept)) == ("Agreed in May", 1, False, "Agreed in May")
    with pytest.raises(ValidationError, match="room for 1 snapshots"):
        services.take_snapshot(journey=journey, by=bob, label="Another")
    services.remove_snapshot(journey=journey, snapshot=kept.pk)
    services.take_snapshot(journey=journey, by=bob, label="Another")


def test_a_snapshot_of_another_map_is_not_found(journey, elsewhere, charlie):
    foreign = services.take_snapshot(journey=elsewhere, by=charlie, label="Not yours")
    with pytest.raises(Http404):
        services.remove_snapshot(journey=journey, snapshot=foreign.pk)


def test_automatic_snapshots_make_room_for_each_other(journey, bob, monkeypatch):
    monkeypatch.setattr("maps.services.snapshots.MOST_AUTOMATIC", 2)
    mine = services.take_snapshot(journey=journey, by=bob, label="Mine")
    for _ in range(4):
        services.add_stage(journey=journey, by=bob, name="New")
        services.restore_map(journey=journey, by=bob, seq=1, label="then")
    kept = list(Snapshot.objects.values_list("seq", "automatic"))
    assert kept == [(8, True), (6, True), (1, False)]
    assert mine.pk in Snapshot.objects.values_list("pk", flat=True)


def test_old_operations_are_cleared_and_the_map_before_the_rest_is_kept(journey, lively, bob, monkeypatch):
    monkeypatch.setattr("maps.services.snapshots.KEPT_AT_LEAST", 3)
    assert services.prune_log(journey=journey) == 0
    Operation.objects.update(made_at=journey.updated_at - timedelta(days=400))
    assert services.prune_log(journey=journey) == 4
    assert list(journey.operations.values_list("seq", flat=True)) == [7, 6, 5]
    first = Snapshot.objects.get()
    assert (first.seq, first.automatic, filled(first.state)) == (4, True, filled(lively[4]))
    for seq in (4, 5, 6, 7):
        assert filled(state_at(JourneyMap.objects.get(pk=journey.pk), seq)) == filled(lively[seq])
    with pytest.raises(Http404):
        state_at(JourneyMap.objects.get(pk=journey.pk), 3)
    assert services.prune_log(journey=journey) == 0
    services.undo(journey=journey, by=bob)
    assert JourneyMap.objects.get(pk=journey.pk).title == "First visit"


def test_where_there_are_too_many_operations_the_oldest_go_at_once(journey, lively, monkeypatch):
    monkeypatch.setattr("maps.services.snapshots.KEPT_AT_MOST", 2)
    assert services.prune_log(journey=journey) == 5
    assert list(journey.operations.values_list("seq", flat=True)) == [7, 6]
    assert Snapshot.objects.get().seq == 5


def test_only_long_logs_are_pruned(journey, lively, monkeypatch):
    Operation.objects.update(made_at=journey.updated_at - timedelta(days=400))
    monkeypatch.setattr("maps.services.snapshots.KEPT_AT_LEAST", 7)
    prune_logs()
    assert journey.operations.count() == 7
    monkeypatch.setattr("maps.services.snapshots.KEPT_AT_LEAST", 6)
    prune_logs()
    assert journey.operations.count() == 6


def test_a_save_writes_one_row_more_than_the_card_and_the_map(journey, bob, card):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    asked = [query["sql"].split()[0] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert asked == ["SELECT", "SELECT", "UPDATE", "UPDATE", "INSERT"]


def test_a_snapshot_of_a_map_of_any_size_takes_the_same_queries(journey, bob):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            services.take_snapshot(journey=journey, by=bob, label="Now")
        return len(captured)

    few = queries()
    for _ in range(10):
        stage = services.add_stage(journey=journey, by=bob, name="More")
        services.add_card(
            journey=journey, by=bob, lane=journey.lanes.first().pk, step=stage.steps.get().pk, body="More"
        )
    assert queries() == few


@pytest.mark.django_db(transaction=True)
def test_rows_from_before_the_log_get_names_of_their_own():
    executor = MigrationExecutor(connection)
    executor.migrate([("maps", "0001_initial")])
    try:
        old = executor.loader.project_state([("maps", "0001_initial"), ("accounts", "0001_initial")]).apps
        team = old.get_model("accounts", "Team").objects.create(name="Old", slug="old")
        journey = old.get_model("maps", "JourneyMap").objects.create(team=team, title="Old")
        for place in range(3):
            old.get_model("maps", "Stage").objects.create(team=team, map=journey, name="S", position=place)
    finally:
        executor.loader.build_graph()
        executor.migrate(executor.loader.graph.leaf_nodes())
    assert len(set(JourneyMap.objects.get().stages.values_list("uid", flat=True))) == 3


def test_a_map_from_before_the_log_begins_one_where_it_stands(journey, bob):
    Operation.objects.all().delete()
    services.add_stage(journey=journey, by=bob, name="New")
    assert list(journey.operations.values_list("seq", "verb")) == [(2, "add")]
    assert len(state_at(JourneyMap.objects.get(pk=journey.pk), 1)["stage"]) == 5
    services.undo(journey=journey, by=bob)
    assert stage_names(journey)[-1] == "Advocacy"
    services.restore_map(journey=journey, by=bob, seq=2, label="then")
    assert stage_names(journey)[-1] == "New"
