"""How somebody looks at a map, and what that costs."""

import pytest
from django.http import QueryDict

from maps import services
from maps.forms.maps import LookForm
from maps.models import Card, Persona
from maps.page import Look
from tests.maps.test_queries import enlarge, number_of_queries


def url(journey, *parts: object) -> str:
    return "/".join(["", "t", journey.team.slug, "maps", str(journey.pk), *map(str, parts), ""])


@pytest.mark.parametrize(
    ("query", "look"),
    [
        ("", Look()),
        ("zoom=150&hide=4&hide=7&persona=3", Look(150, frozenset({4, 7}), 3)),
        ("zoom=151&hide=x&hide=-1&hide=" + "9" * 40 + "&persona=" + "9" * 40, Look()),
        ("zoom=" + "9" * 5000 + "&hide=%00&persona=%00", Look()),
    ],
)
def test_a_look_is_read_from_an_address_and_nonsense_left_out(query, look):
    assert LookForm(QueryDict(query)).look == look
    assert LookForm(QueryDict(look.query)).look == look


def test_columns_get_wider_and_narrower_up_to_a_limit(journey):
    assert (Look(100).wider, Look(100).narrower, Look(200).wider, Look(40).narrower) == (
        "zoom=125",
        "zoom=75",
        "zoom=200",
        "zoom=40",
    )
    assert Look(75, frozenset({2, 1})).wider == "hide=1&hide=2"


def test_lanes_are_hidden_from_the_page_and_stay_in_its_menu(journey, bobs, lanes):
    answer = bobs.get(url(journey), {"hide": lanes["Thinking"].pk})
    assert f'id="lane-{lanes["Thinking"].pk}"' not in answer.content.decode()
    assert f'name="hide" value="{lanes["Thinking"].pk}" checked' in answer.content.decode()


def test_a_persona_leaves_the_lanes_of_others_out(team, journey, bobs, lanes):
    ana, ben = (Persona.objects.create(team=team, name=name) for name in ("Ana", "Ben"))
    for title, persona in (("Thinking", ana), ("Emotion", ben)):
        lanes[title].persona = persona
        lanes[title].save()
    shown = bobs.get(url(journey), {"persona": ana.pk}).content.decode()
    assert f'id="lane-{lanes["Thinking"].pk}"' in shown
    assert f'id="lane-{lanes["Emotion"].pk}"' not in shown
    assert f'id="lane-{lanes["Touchpoints"].pk}"' in shown


def test_an_answer_to_a_change_keeps_to_the_look_of_the_page_that_asked(journey, bobs, lanes):
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{url(journey)}?hide={lanes['Thinking'].pk}"}
    stage = journey.stages.first()
    shown = bobs.post(url(journey, "stages", stage.pk, "duplicate"), headers=headers).content.decode()
    assert f'id="lane-{lanes["Thinking"].pk}"' not in shown
    assert f'id="lane-{lanes["Touchpoints"].pk}"' in shown


def test_presenting_beyond_the_last_stage_shows_the_last(journey, bobs):
    for stage in ("99", "5"):
        assert "Stage 5 of 5" in bobs.get(url(journey, "present"), {"stage": stage}).content.decode()
    for stage in ("0", "-1", "x", "9" * 40, ""):
        assert "Stage 1 of 5" in bobs.get(url(journey, "present"), {"stage": stage}).content.decode()


def test_a_page_and_a_save_take_as_many_queries_on_a_map_of_any_size(journey, bob, bobs, card):
    versions = iter(range(1, 99))

    def save() -> None:
        version = next(versions)
        values = {"body": f"Version {version}", "version": version}
        assert bobs.post(url(journey, "cards", card.pk), values, headers={"HX-Request": "true"}).status_code == 200

    def load() -> None:
        assert bobs.get(url(journey)).status_code == 200

    save()
    page, saved = number_of_queries(load), number_of_queries(save)
    enlarge(journey, bob)
    assert number_of_queries(load) == page
    assert number_of_queries(save) == saved


def test_a_moved_card_answers_with_its_two_cells_and_no_others(journey, bob, bobs, card, lanes, steps):
    values = {"lane": lanes["Pain points"].pk, "step": steps["Get help"].pk}
    was = f"cell-{card.cell.lane_id}-{card.cell.step_id}"
    answer = bobs.post(url(journey, "cards", card.pk, "move"), values, headers={"HX-Request": "true"})
    shown = answer.content.decode()
    assert answer.headers["HX-Reswap"] == "none"
    assert shown.count('role="gridcell"') == 2
    assert f'id="{was}"' in shown
    assert f'id="cell-{values["lane"]}-{values["step"]}"' in shown


def test_a_card_cannot_be_put_beside_one_of_another_cell(journey, bobs, card, lanes, steps):
    stranger = Card.objects.filter(cell__lane=lanes["Pain points"]).first()
    values = {"lane": card.cell.lane_id, "step": card.cell.step_id, "before": stranger.pk}
    assert bobs.post(url(journey, "cards", card.pk, "move"), values, headers={"HX-Request": "true"}).status_code == 404


def test_a_lane_is_collapsed_and_opened_as_changes_of_the_map(journey, bob, bobs, lanes):
    lane = lanes["Thinking"]
    services.collapse_lane(journey=journey, by=bob, lane=lane.pk, collapsed=True)
    shown = bobs.get(url(journey)).content.decode()
    assert f'id="cell-{lane.pk}-' not in shown
    assert 'class="closed"' in shown
    services.undo(journey=journey, by=bob)
    lane.refresh_from_db()
    assert not lane.collapsed


def test_places_are_found_by_name_for_whoever_may_go_there(team, journey, elsewhere, bobs, vera, sign_in):
    go = f"/t/{team.slug}/go/"
    found = bobs.get(go, {"q": "VISIT"}).content.decode()
    assert "First visit" in found
    assert "Not yours" not in bobs.get(go, {"q": "yours"}).content.decode().replace("Nothing is called “yours”", "")
    assert "New map" in bobs.get(go).content.decode()
    assert "New map" not in sign_in(vera).get(go).content.decode()
    assert "Nothing is called" in bobs.get(go, {"q": "\0zzz<b>"}).content.decode()
