import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from maps import services
from maps.log.compare import Comparison
from maps.models import JourneyMap, Operation, Snapshot
from maps.timeline import days
from tests.maps.shape import stage_names, state_now
from tests.maps.test_queries import number_of_queries

HTMX = {"HX-Request": "true"}


def at(journey: JourneyMap, name: str, *keys: int) -> str:
    return reverse(f"maps:{name}", args=[journey.team.slug, journey.pk, *keys])


def text(answer) -> str:
    """What is read on a page."""
    content = answer.content.decode().split("<main", 1)[-1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content))


@pytest.fixture
def bobs(sign_in, bob):
    return sign_in(bob)


# --- The timeline -------------------------------------------------------------------------------


def test_the_history_tells_who_did_what_in_words(journey, alice, bobs, card):
    services.move_stage(journey=journey, by=alice, stage=journey.stages.get(name="Purchase").pk)
    services.save_card(journey=journey, by=alice, card=card.pk, version=1, body="Asks three friends")
    services.undo(journey=journey, by=alice)
    page = text(bobs.get(at(journey, "history")))
    assert "Alice" in page
    assert "drew the map from the template Customer lifecycle" in page
    assert "moved the stage Purchase behind Advocacy" in page
    assert "took back: wrote Asks three friends instead of Searches for a way out" in page
    assert re.search(r"wrote Asks three friends .* taken back at \d\d:\d\d", page)


def test_the_saves_of_one_text_are_one_line(journey, bob, card):
    for version, body in enumerate(["A", "As", "Asks"], start=1):
        services.save_card(journey=journey, by=bob, card=card.pk, version=version, body=body)
    (day,) = days(journey.operations.all(), [], zone="UTC")
    (turn,) = day.turns
    saves, drawn = turn.entries
    assert [operation.seq for operation in saves.operations] == [2, 3, 4]
    assert saves.words[:4] == ["wrote", "Asks", "instead of", "Searches for a way out"]
    assert (saves.before, drawn.before) == (1, 0)


def test_days_are_those_of_the_teams_clock(journey, alice, bob):
    services.add_stage(journey=journey, by=bob, name="Late")
    services.add_stage(journey=journey, by=alice, name="Early")
    midnight = datetime(2026, 11, 3, tzinfo=ZoneInfo("Europe/Amsterdam"))
    for seq, minutes in ((1, -60), (2, -1), (3, 1)):
        Operation.objects.filter(seq=seq).update(made_at=midnight + timedelta(minutes=minutes))
    found = days(journey.operations.all(), [], zone="Europe/Amsterdam")
    assert [(day.date.day, [turn.actor for turn in day.turns]) for day in found] == [(3, [alice]), (2, [bob])]


def test_snapshots_stand_between_the_changes(journey, bob):
    services.take_snapshot(journey=journey, by=bob, label="Agreed")
    services.add_stage(journey=journey, by=bob, name="New")
    (day,) = days(journey.operations.all(), Snapshot.objects.all(), zone="UTC")
    assert [turn.snapshot.label if turn.snapshot else len(turn.entries) for turn in day.turns] == [1, "Agreed", 1]


def test_the_history_of_one_person(journey, alice, bob, bobs, charlie):
    services.add_stage(journey=journey, by=alice, name="Hers")
    services.add_stage(journey=journey, by=bob, name="His")
    page = text(bobs.get(at(journey, "history"), {"who": alice.pk}))
    assert "added the stage Hers" in page
    assert "added the stage His" not in page
    for nonsense in (charlie.pk, "x", ""):
        assert "added the stage His" in text(bobs.get(at(journey, "history"), {"who": nonsense}))


def test_the_history_takes_the_same_queries_however_long_it_is(journey, alice, bob, bobs):
    services.take_snapshot(journey=journey, by=alice, label="One")
    services.add_stage(journey=journey, by=alice, name="New")
    services.undo(journey=journey, by=alice)
    few = number_of_queries(lambda: bobs.get(at(journey, "history")))
    for n in range(10):
        services.add_stage(journey=journey, by=alice, name=f"New {n}")
        services.add_stage(journey=journey, by=bob, name=f"New {n}")
        services.undo(journey=journey, by=alice)
        services.take_snapshot(journey=journey, by=bob, label=f"Label {n}")
    assert number_of_queries(lambda: bobs.get(at(journey, "history"))) == few


def test_a_long_history_has_pages(journey, bob, bobs, monkeypatch):
    monkeypatch.setattr("maps.views.history.CHANGES_A_PAGE", 2)
    for name in ("One", "Two", "Three"):
        services.add_stage(journey=journey, by=bob, name=name)
    first, second = (text(bobs.get(at(journey, "history"), {"page": page})) for page in (1, 2))
    assert "Three" in first
    assert "1 to 2 of 4" in first
    assert "added the stage One" in second
    assert "Three" not in second


def test_names_in_the_history_are_written_as_text(journey, bob, bobs):
    services.add_stage(journey=journey, by=bob, name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in bobs.get(at(journey, "history")).content.decode()


# --- Undo by request ----------------------------------------------------------------------------


def test_undo_and_redo_answer_with_what_changed(journey, bob, bobs, card):
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    answer = bobs.post(at(journey, "undo"), headers=HTMX)
    content = answer.content.decode()
    assert content.count('role="gridcell"') == 1
    assert "Searches for a way out" in content
    assert "Took back: wrote “His”" in content
    assert answer["HX-Trigger"] == f'{{"map:saved": {{"seq": {journey.revision + 1}}}}}'
    assert 'title="Nothing of yours to undo"' in content
    content = bobs.post(at(journey, "redo"), headers=HTMX).content.decode()
    assert "His" in content
    assert 'title="Nothing of yours to redo"' in content


def test_undo_of_a_change_of_the_structure_answers_with_the_grid(journey, bob, bobs):
    services.remove_stage(journey=journey, by=bob, stage=journey.stages.first().pk)
    content = bobs.post(at(journey, "undo"), headers=HTMX).content.decode()
    assert content.count("<map-grid") == 1
    assert "Awareness" in content


def test_undo_of_title_and_status_answers_with_the_frame(journey, bob, bobs):
    services.update_map(journey=journey, by=bob, title="Renamed", status="live")
    content = bobs.post(at(journey, "undo"), headers=HTMX).content.decode()
    assert "<title>First visit · Maps · Journeymap</title>" in content
    assert 'id="map-title" hx-swap-oob="true">First visit<' in content
    assert "Renamed" not in content.split('id="map-undo"')[0]


def test_a_refused_undo_says_who_did_what_and_offers_the_one_before(journey, alice, bob, bobs, card):
    services.add_stage(journey=journey, by=bob, name="Mine")
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="His")
    services.save_card(journey=journey, by=alice, card=card.pk, version=2, body="Hers")
    content = bobs.post(at(journey, "undo"), headers=HTMX).content.decode()
    assert "Not taken back, because Alice wrote “Hers” instead of “His”" in content
    assert 'name="before" value="3"' in content
    assert "Undo: added the stage “Mine”" in content
    bobs.post(at(journey, "undo"), {"before": 3}, headers=HTMX)
    assert "Mine" not in stage_names(journey)


def test_there_is_nothing_to_undo(journey, alice, sign_in):
    alices = sign_in(alice)
    assert "no change of yours" in alices.post(at(journey, "undo"), headers=HTMX).content.decode()
    assert "nothing to do again" in alices.post(at(journey, "redo"), headers=HTMX).content.decode()


@pytest.mark.parametrize("data", [{}, {"seq": "x"}, {"seq": "9" * 40}, {"before": ""}])
def test_without_scripts_undo_leads_back_to_the_map_and_says_what_happened(journey, bob, bobs, data):
    services.add_stage(journey=journey, by=bob, name="Mine")
    answer = bobs.post(at(journey, "undo"), data, follow=True)
    assert answer.redirect_chain[-1][0] == at(journey, "map")
    said = [str(message) for message in answer.context["messages"]]
    assert said in (["Took back: added the stage “Mine”."], ["There is no change of yours to take back."])


def test_a_change_is_taken_back_from_the_history(journey, bob, bobs):
    services.add_stage(journey=journey, by=bob, name="One")
    services.add_stage(journey=journey, by=bob, name="Two")
    page = bobs.get(at(journey, "history")).content.decode()
    assert page.count('name="seq" value="2"') == 1
    answer = bobs.post(at(journey, "undo"), {"seq": 2, "history": 1})
    assert answer["Location"] == at(journey, "history")
    assert stage_names(journey)[-1] == "Two"
    assert "One" not in stage_names(journey)


# --- Snapshots, comparison, restore -------------------------------------------------------------


def test_a_snapshot_is_taken_and_removed(journey, bobs):
    bobs.post(at(journey, "add_snapshot"), {"label": "Agreed"})
    kept = Snapshot.objects.get()
    assert "Agreed" in text(bobs.get(at(journey, "history")))
    bobs.post(at(journey, "remove_snapshot", kept.pk))
    assert not Snapshot.objects.exists()
    answer = bobs.post(at(journey, "add_snapshot"), {"label": " "})
    assert answer.status_code == 422
    assert "required" in text(answer)


def test_viewers_look_and_change_nothing(journey, bob, vera, sign_in):
    services.take_snapshot(journey=journey, by=bob, label="Agreed")
    content = sign_in(vera).get(at(journey, "history")).content.decode()
    assert "Agreed" in content
    assert 'method="post"' not in content.split("<main", 1)[1].split("</main>")[0]
    content = sign_in(vera).get(at(journey, "compare"), {"old": 0}).content.decode()
    assert 'method="post"' not in content.split("<main", 1)[1].split("</main>")[0]


def test_restore_leads_back_and_keeps_what_was(journey, bob, bobs):
    services.take_snapshot(journey=journey, by=bob, label="Agreed")
    services.remove_stage(journey=journey, by=bob, stage=journey.stages.first().pk)
    answer = bobs.post(at(journey, "restore"), {"seq": 1}, follow=True)
    assert stage_names(journey)[0] == "Awareness"
    assert "The map is as it was: Agreed." in next(str(m) for m in answer.context["messages"])
    assert "went back to Agreed" in text(bobs.get(at(journey, "history")))
    assert [str(m) for m in bobs.post(at(journey, "restore"), {"seq": 1}, follow=True).context["messages"]] == [
        "The map is just that already."
    ]
    assert bobs.post(at(journey, "restore"), {"seq": 0}).status_code == 302
    assert bobs.post(at(journey, "restore"), {"seq": 99}).status_code == 404
    for nonsense in ("x", "", "-1"):
        assert bobs.post(at(journey, "restore"), {"seq": nonsense})["Location"] == at(journey, "history")
    assert stage_names(journey)[0] == "Awareness"


def test_a_comparison_shows_what_was_added_removed_changed_and_moved(journey, bob, card, lanes, steps):
    before = state_now(journey)
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="Searches for the way home")
    services.remove_step(journey=journey, by=bob, step=steps["Get help"].pk)
    services.add_lane(journey=journey, by=bob, title="Metrics", kind="metric", before=lanes["Touchpoints"].pk)
    services.move_stage(journey=journey, by=bob, stage=journey.stages.last().pk, before=journey.stages.first().pk)
    services.update_map(journey=journey, by=bob, status="live")
    comparison = Comparison(before, state_now(journey))
    rows = {(row.what, row.sign): row for row in comparison}
    assert set(rows) >= {
        ("Card", "changed"), ("Step", "removed"), ("Card", "removed"), ("Feeling", "removed"),
        ("Lane", "added"), ("Stage", "moved"), ("Map", "changed"),
    }  # fmt: skip
    assert comparison.counts["moved"] == 1
    assert comparison.counts["changed"] == 2
    assert comparison.counts["added"] == 1
    changed = rows["Card", "changed"]
    assert [(run.text, run.differs) for run in changed.old.runs if run.differs] == [("a", True), ("out", True)]
    assert [(run.text, run.differs) for run in changed.new.runs if run.differs] == [("the", True), ("home", True)]
    assert changed.new.where == "Customer actions · Come across us"
    assert rows["Stage", "moved"].new.runs[0].text == "Advocacy"
    (detail,) = rows["Map", "changed"].new.details
    assert (detail.label, [run.text for run in detail.runs]) == ("Status", ["Live"])
    assert rows["Step", "removed"].new is None
    assert [row.what for row in comparison][:2] == ["Map", "Stage"]


def test_what_a_card_adds_is_compared_by_name(journey, bob):
    card = journey.lanes.get(kind="touchpoint").cells.first().cards.first()
    before = state_now(journey)
    post = journey.team.channels.get(name="Post")
    services.save_card(
        journey=journey, by=bob, card=card.pk, version=1, details={"channel": post.pk, "importance_to_customer": 1}
    )
    (row,) = Comparison(before, state_now(journey))
    assert (row.what, row.sign) == ("Card", "changed")
    told = {detail.label: "".join(run.text for run in detail.runs) for detail in row.new.details}
    assert told == {"Channel": "Post", "Importance to customer": "1"}
    post.delete()
    (row,) = Comparison(before, Comparison(before, state_now(journey)).new)
    assert {d.label: "".join(r.text for r in d.runs) for d in row.new.details}["Channel"] == "–"


def test_the_page_of_a_comparison(journey, bob, bobs, card):
    services.take_snapshot(journey=journey, by=bob, label="Agreed")
    services.save_card(journey=journey, by=bob, card=card.pk, version=1, body="Searches for a way <b>home</b>")
    content = bobs.get(at(journey, "compare")).content.decode()
    assert "<del>out</del>" in content
    assert "&lt;" in content
    assert "<b>home</b>" not in content
    assert "Agreed" in text(bobs.get(at(journey, "compare"), {"old": 1, "new": 2}))
    assert "Nothing is different" in text(bobs.get(at(journey, "compare"), {"old": 2, "new": 2}))
    assert "Before the first change" in text(bobs.get(at(journey, "compare"), {"old": 0}))
    assert bobs.get(at(journey, "compare"), {"old": 99}).status_code == 404
    assert bobs.get(at(journey, "compare"), {"old": "x", "new": "-3"}).status_code == 200


def test_a_comparison_takes_the_same_queries_however_much_differs(journey, bob, bobs, lanes):
    services.add_stage(journey=journey, by=bob, name="New")
    few = number_of_queries(lambda: bobs.get(at(journey, "compare"), {"old": 1}))
    for n in range(10):
        stage = services.add_stage(journey=journey, by=bob, name=f"New {n}")
        where = {"lane": lanes["Touchpoints"].pk, "step": stage.steps.get().pk}
        services.add_card(journey=journey, by=bob, body="New", **where)
    assert number_of_queries(lambda: bobs.get(at(journey, "compare"), {"old": 1})) == few
