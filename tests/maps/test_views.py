import json
import re

import pytest
from django.urls import reverse

from maps import services
from maps.models import Card, EmotionPoint, JourneyMap, Lane, Step

HTMX = {"HX-Request": "true"}


def at(journey: JourneyMap, name: str, *keys: int) -> str:
    return reverse(f"maps:{name}", args=[journey.team.slug, journey.pk, *keys])


def home(journey: JourneyMap) -> str:
    return at(journey, "map")


# --- Who may do what ----------------------------------------------------------------------------


def addresses(journey: JourneyMap) -> tuple[list[str], list[str], list[str]]:
    """What a viewer reads, what only an editor opens, and what only an editor posts to."""
    stage, step, lane = (
        journey.stages.first().pk,
        Step.objects.filter(stage__map=journey).first().pk,
        journey.lanes.first().pk,
    )
    emotion = journey.lanes.get(kind="emotion").pk
    card = Card.objects.filter(cell__lane__map=journey).first().pk
    slug = journey.team.slug
    read = [
        home(journey),
        at(journey, "cell", lane, step),
        reverse("maps:list", args=[slug]),
        reverse("maps:opportunities", args=[slug]),
    ]
    opened = [
        reverse("maps:new", args=[slug]),
        at(journey, "settings"),
        at(journey, "stage", stage),
        at(journey, "rename_stage", stage),
        at(journey, "step", step),
        at(journey, "rename_step", step),
        at(journey, "lane", lane),
        at(journey, "rename_lane", lane),
        at(journey, "add_lane"),
        at(journey, "new_card", lane, step),
        at(journey, "card", card),
        at(journey, "card_details", card),
        at(journey, "emotion", emotion, step),
    ]
    posted = [
        at(journey, "add_stage"),
        at(journey, "move_stage", stage),
        at(journey, "remove_stage", stage),
        at(journey, "add_step"),
        at(journey, "moment_of_truth", step),
        at(journey, "move_step", step),
        at(journey, "remove_step", step),
        at(journey, "move_lane", lane),
        at(journey, "remove_lane", lane),
        at(journey, "cell", lane, step),
        at(journey, "move_card", card),
        at(journey, "remove_card", card),
        at(journey, "clear_emotion", emotion, step),
    ]
    return read, opened, posted


def test_every_address_is_checked_for_its_role(journey, sign_in, bob, vera, carol, charlie, client):
    read, opened, posted = addresses(journey)
    for url in read:
        assert sign_in(vera).get(url, follow=True).status_code == 200, url
        assert sign_in(carol).get(url, follow=True).status_code == 200, url
    for url in opened:
        assert sign_in(vera).get(url).status_code == 403, url
        assert sign_in(bob).get(url).status_code == 200, url
        assert sign_in(vera).post(url).status_code == 403, url
    for url in posted:
        assert sign_in(carol).post(url).status_code == 403, url
    for url in [*read, *opened, *posted]:
        assert sign_in(charlie).get(url).status_code in (404, 405), url
        assert sign_in(charlie).post(url).status_code == 404 or url not in posted, url
        assert client.get(url).status_code in (302, 405), url
    assert JourneyMap.objects.get(pk=journey.pk).revision == journey.revision


def test_a_map_of_another_team_is_not_found_under_ones_own_team(journey, elsewhere, bobs):
    url = reverse("maps:map", args=[journey.team.slug, elsewhere.pk])
    assert bobs.get(url).status_code == 404


def test_rows_of_another_map_are_not_found_and_stay(journey, elsewhere, bobs):
    card = Card.objects.filter(cell__lane__map=elsewhere).first()
    step = Step.objects.filter(stage__map=elsewhere).first()
    lane = journey.lanes.first()
    tries = [
        ("card", [card.pk], {"body": "Mine now", "version": 1}),
        ("remove_card", [card.pk], {}),
        ("cell", [lane.pk, step.pk], {"body": "Mine now"}),
        ("rename_step", [step.pk], {"name": "Mine now"}),
        ("remove_stage", [elsewhere.stages.first().pk], {"confirmed": 1}),
        ("add_step", [], {"after": step.pk}),
        ("move_lane", [lane.pk], {"after": elsewhere.lanes.first().pk}),
    ]
    for name, keys, data in tries:
        assert bobs.post(at(journey, name, *keys), data).status_code == 404, name
    assert not Card.objects.filter(body="Mine now").exists()
    assert elsewhere.stages.count() == 5


# --- The page and its parts ---------------------------------------------------------------------


def test_the_page_includes_the_very_part_that_an_update_renders(journey, bobs):
    whole = bobs.get(home(journey)).content.decode()
    part = bobs.get(home(journey), headers=HTMX).content.decode()
    assert "<html" in whole
    assert "<html" not in part
    clean = lambda text: re.sub(r"\s+", " ", re.sub(r'value="\w{64}"', "", text))  # noqa: E731
    assert clean(part).strip() in clean(whole)


def test_a_viewer_is_offered_nothing_to_edit(journey, sign_in, vera):
    page = sign_in(vera).get(home(journey)).content.decode()
    for mark in ("data-card=", "data-new", "data-rename", "data-menu", "<form id=", "map-card-editor"):
        assert mark not in page
    assert "Searches for a way out" in page


def test_what_people_write_is_escaped(journey, bobs, bob):
    evil = "<script>alert(1)</script>\"'><img onerror=x> \u202e"
    lane, step = journey.lanes.first(), Step.objects.filter(stage__map=journey).first()
    emotion = journey.lanes.get(kind="emotion")
    who = {"journey": journey, "by": bob}
    services.add_card(**who, lane=lane.pk, step=step.pk, body=evil)
    services.rename_step(**who, step=step.pk, name=evil)
    services.rename_lane(**who, lane=lane.pk, title=evil)
    services.rename_stage(**who, stage=journey.stages.first().pk, name=evil, goal=evil)
    services.set_emotion(**who, lane=emotion.pk, step=step.pk, score=1, label=evil, version=1)
    services.update_map(**who, title=evil, scenario=evil)
    for url in (home(journey), at(journey, "step", step.pk), at(journey, "lane", lane.pk)):
        for headers in ({}, HTMX):
            page = bobs.get(url, headers=headers).content.decode()
            assert "<script>alert" not in page
            assert "<img onerror" not in page


def test_the_number_of_queries_does_not_grow_with_the_map(journey, bobs, bob, django_assert_max_num_queries):
    def count() -> int:
        with django_assert_max_num_queries(20) as captured:
            bobs.get(home(journey))
        return len(captured)

    before = count()
    lane = journey.lanes.get(kind="touchpoint")
    for _ in range(10):
        step = services.add_stage(journey=journey, by=bob, name="More").steps.get()
        services.add_card(journey=journey, by=bob, lane=lane.pk, step=step.pk, body="More")
    assert count() == before
    # Who asks (4), the map (1), all that stands on it (7), its variants (1), what may be undone and redone (2).
    assert before <= 15


def test_a_map_is_made_from_the_chosen_template(team, bobs):
    answer = bobs.post(reverse("maps:new", args=[team.slug]), {"title": "Mine", "template": "support-case"})
    journey = JourneyMap.objects.get(team=team)
    assert answer.url == home(journey)
    assert journey.stages.first().name == "Problem"


@pytest.mark.parametrize("data", [{"title": "", "template": "blank"}, {"title": "x", "template": "no-such"}])
def test_a_map_without_a_title_or_template_is_not_made(team, bobs, data):
    answer = bobs.post(reverse("maps:new", args=[team.slug]), data)
    assert answer.status_code == 422
    assert not JourneyMap.objects.exists()


def test_an_empty_list_says_what_to_do(team, bobs, sign_in, vera):
    url = reverse("maps:list", args=[team.slug])
    assert "New map" in bobs.get(url).content.decode()
    assert "New map" not in sign_in(vera).get(url).content.decode()


def test_settings_are_saved_and_the_page_is_loaded_anew(journey, bobs):
    data = {"title": "Renamed", "status": "live", "state": "future", "scenario": "Why", "expectations": ""}
    answer = bobs.post(at(journey, "settings"), data, headers=HTMX)
    assert answer["HX-Redirect"] == home(journey)
    page = bobs.get(home(journey)).content.decode()
    assert "Renamed" in page
    assert "Live" in page
    assert bobs.post(at(journey, "settings"), {**data, "title": ""}, headers=HTMX).status_code == 422


# --- Cards --------------------------------------------------------------------------------------


def test_a_saved_card_answers_with_its_cell_alone(journey, card, bobs):
    answer = bobs.post(at(journey, "card", card.pk), {"body": "Asks <b>friends</b>", "version": 1}, headers=HTMX)
    text = answer.content.decode()
    assert text.count('role="gridcell"') == 1
    assert "Asks &lt;b&gt;friends&lt;/b&gt;" in text
    assert json.loads(answer["HX-Trigger"]) == {"map:saved": {"seq": journey.revision + 1}}
    assert 'id="map-saved" hx-swap-oob="true"' in text


def test_a_card_is_saved_by_a_plain_form(journey, card, bobs):
    form = bobs.get(at(journey, "card", card.pk)).content.decode()
    assert f'action="{at(journey, "card", card.pk)}"' in form
    answer = bobs.post(at(journey, "card", card.pk), {"body": "Asks friends", "version": 1})
    assert answer.url == f"{home(journey)}#card-{card.pk}"
    assert Card.objects.get(pk=card.pk).body == "Asks friends"


def test_a_save_while_typing_answers_with_the_new_version(journey, card, bobs):
    data = {"body": "Asks fri", "version": 1, "keep": 1}
    answer = bobs.post(at(journey, "card", card.pk), data, headers=HTMX)
    news = json.loads(answer["HX-Trigger"])["map:kept"]
    assert news.pop("seq") == journey.revision + 1
    assert news == {"card": card.pk, "version": 2, "url": at(journey, "card", card.pk)}
    assert answer["HX-Reswap"] == "none"


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_conflict_shows_both_texts_and_overwrites_nothing(journey, card, bobs, alice, headers):
    services.save_card(journey=journey, by=alice, card=card.pk, version=1, body="Hers")
    answer = bobs.post(at(journey, "card", card.pk), {"body": "Mine", "version": 1}, headers=headers)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert all(word in text for word in ("Alice", "Hers", "Mine", "Keep mine", "Take theirs"))
    assert Card.objects.get(pk=card.pk).body == "Hers"
    # The form of the answer starts from their version, so that the choice is one press.
    assert 'name="version" value="2"' in text
    bobs.post(at(journey, "card", card.pk), {"body": "Mine", "version": 2})
    assert Card.objects.get(pk=card.pk).body == "Mine"


def test_a_save_without_a_version_never_overwrites(journey, card, bobs):
    assert bobs.post(at(journey, "card", card.pk), {"body": "Mine"}).status_code == 409
    assert bobs.post(at(journey, "card", card.pk), {"body": "Mine", "version": "x"}).status_code in (409, 422)
    assert Card.objects.get(pk=card.pk).body == "Searches for a way out"


def test_a_text_that_is_too_long_comes_back_with_the_reason(journey, card, bobs):
    answer = bobs.post(at(journey, "card", card.pk), {"body": "y" * 10_001, "version": 1}, headers=HTMX)
    assert answer.status_code == 422
    assert "10000" in answer.content.decode() or "10,000" in answer.content.decode()
    assert "y" * 10_001 in answer.content.decode()


def test_saving_a_card_that_was_removed_is_not_found(journey, card, bobs, alice):
    services.remove_lane(journey=journey, by=alice, lane=card.cell.lane_id)
    assert bobs.post(at(journey, "card", card.pk), {"body": "Mine", "version": 1}, headers=HTMX).status_code == 404


def test_the_same_new_card_sent_twice_is_added_once_with_the_later_text(journey, lanes, steps, bobs):
    url = at(journey, "cell", lanes["Thinking"].pk, steps["Get help"].pk)
    uid = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    bobs.post(url, {"body": "Why", "uid": uid, "keep": 1}, headers=HTMX)
    bobs.post(url, {"body": "Why me", "uid": uid}, headers=HTMX)
    assert [card.body for card in Card.objects.filter(uid=uid)] == ["Why me"]


def test_a_new_card_needs_a_text(journey, lanes, steps, bobs):
    url = at(journey, "cell", lanes["Thinking"].pk, steps["Get help"].pk)
    answer = bobs.post(url, {"body": "  "}, headers=HTMX)
    assert answer.status_code == 422
    assert "Write something" in answer.content.decode()


def test_details_are_saved_by_the_kind_of_the_card(journey, bobs):
    idea = Card.objects.filter(cell__lane__map=journey, kind="opportunity").first()
    url = at(journey, "card_details", idea.pk)
    assert 'name="effort"' in bobs.get(url, headers=HTMX).content.decode()
    data = {"body": idea.body, "version": 1, "value": 5, "business_value": 4, "effort": 1, "status": "done", "link": ""}
    answer = bobs.post(url, data, headers=HTMX)
    assert "stt--done" in answer.content.decode()
    stale = bobs.post(url, {**data, "value": 1}, headers=HTMX)
    assert stale.status_code == 422
    assert "Somebody changed this card" in stale.content.decode()
    assert stale["HX-Retarget"] == "#map-dialog"


def test_a_channel_of_another_team_cannot_be_chosen(journey, elsewhere, bobs):
    card = Card.objects.filter(cell__lane__map=journey, kind="touchpoint").first()
    foreign = elsewhere.team.channels.first()
    data = {"body": card.body, "version": 1, "channel": foreign.pk}
    data |= {"importance_to_customer": 3, "importance_to_business": 3}
    assert bobs.post(at(journey, "card_details", card.pk), data).status_code == 422
    card.touchpoint.refresh_from_db()
    assert card.touchpoint.channel.team == journey.team


def test_a_card_moves_to_another_cell(journey, card, lanes, steps, bobs):
    data = {"lane": lanes["Pain points"].pk, "step": steps["Get help"].pk}
    bobs.post(at(journey, "move_card", card.pk), data)
    card.refresh_from_db()
    assert (card.kind, card.cell.step.name) == ("pain", "Get help")
    refused = bobs.post(at(journey, "move_card", card.pk), {**data, "lane": lanes["Emotion"].pk}, headers=HTMX)
    assert refused.status_code == 422


def test_removing_a_card_answers_with_the_cell_that_is_left(journey, card, bobs):
    answer = bobs.post(at(journey, "remove_card", card.pk), {"version": 1}, headers=HTMX)
    assert "Searches for a way out" not in answer.content.decode()
    assert not Card.objects.filter(pk=card.pk).exists()


def test_a_save_of_a_cell_takes_few_queries(journey, card, bobs, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        bobs.post(at(journey, "card", card.pk), {"body": "Mine", "version": 1}, headers=HTMX)


# --- Structure ----------------------------------------------------------------------------------


def test_a_new_step_answers_with_the_grid_and_opens_its_title(journey, steps, bobs):
    answer = bobs.post(at(journey, "add_step"), {"after": steps["Feel the need"].pk}, headers=HTMX)
    text = answer.content.decode()
    new = Step.objects.get(stage__map=journey, name="New step")
    assert f'data-anchor="step-{new.pk}" data-rename-anchor' in text
    assert "<html" not in text


@pytest.mark.parametrize("kind", ["stage", "step", "lane"])
def test_a_new_name_answers_with_its_head(journey, bobs, kind):
    row = {"stage": journey.stages, "step": Step.objects.filter(stage__map=journey), "lane": journey.lanes}[
        kind
    ].first()
    answer = bobs.post(at(journey, f"rename_{kind}", row.pk), {"name": " A\nnew name "}, headers=HTMX)
    text = answer.content.decode()
    assert f'id="{kind}-{row.pk}"' in text
    assert "A new name" in text
    assert "map-grid" not in text
    assert bobs.post(at(journey, f"rename_{kind}", row.pk), {"name": " "}, headers=HTMX).status_code == 422


def test_the_only_step_of_a_stage_is_not_removed_and_the_reason_is_told(journey, steps, bobs):
    only = steps["Recommend to others"]
    answer = bobs.post(at(journey, "remove_step", only.pk), {"confirmed": 1}, headers=HTMX)
    assert answer.status_code == 422
    assert "remove the stage instead" in answer.content.decode()
    page = bobs.post(at(journey, "remove_step", only.pk), follow=True)
    assert "remove the stage instead" in page.content.decode()
    assert Step.objects.filter(pk=only.pk).exists()


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_removing_content_asks_first(journey, lanes, bobs, headers):
    lane = lanes["Touchpoints"]
    answer = bobs.post(at(journey, "remove_lane", lane.pk), headers=headers)
    assert "Remove the lane “Touchpoints”?" in answer.content.decode()
    assert Lane.objects.filter(pk=lane.pk).exists()
    bobs.post(at(journey, "remove_lane", lane.pk), {"confirmed": 1}, headers=headers)
    assert not Lane.objects.filter(pk=lane.pk).exists()


def test_an_empty_lane_goes_without_a_question(journey, bob, bobs):
    lane = services.add_lane(journey=journey, by=bob, title="Empty", kind=Lane.Kind.TEXT)
    bobs.post(at(journey, "remove_lane", lane.pk))
    assert not Lane.objects.filter(pk=lane.pk).exists()


def test_stages_steps_and_lanes_are_moved_by_plain_forms(journey, lanes, steps, bobs):
    stages = list(journey.stages.all())
    bobs.post(at(journey, "move_stage", stages[0].pk), {"after": stages[1].pk})
    assert list(journey.stages.all())[:2] == [stages[1], stages[0]]
    bobs.post(at(journey, "move_lane", lanes["Thinking"].pk), {"before": lanes["Customer actions"].pk})
    assert journey.lanes.first().title == "Thinking"
    bobs.post(at(journey, "move_step", steps["Compare options"].pk), {"side": "right"})
    assert Step.objects.get(name="Compare options").position == 1


def test_a_step_becomes_a_moment_of_truth_and_back(journey, steps, bobs):
    step = steps["Get help"]
    for value, marked in (("1", True), ("0", False)):
        bobs.post(at(journey, "moment_of_truth", step.pk), {"moment": value})
        step.refresh_from_db()
        assert step.moment_of_truth is marked


def test_a_lane_is_added_below_another(journey, lanes, bobs):
    url = at(journey, "add_lane")
    after = lanes["Customer actions"].pk
    assert f'value="{after}"' in bobs.get(f"{url}?after={after}", headers=HTMX).content.decode()
    bobs.post(url, {"title": "Systems", "kind": "text", "role": "support", "after": after}, headers=HTMX)
    assert [lane.title for lane in journey.lanes.all()][1] == "Systems"
    refused = bobs.post(url, {"title": "Systems", "kind": "nonsense"}, headers=HTMX)
    assert (refused.status_code, refused["HX-Retarget"]) == (422, "#map-dialog")


@pytest.mark.parametrize("data", [{"after": "x"}, {"after": "99999999999999999999"}, {"before": "-1"}])
def test_nonsense_as_a_place_breaks_nothing(journey, bobs, data):
    assert bobs.post(at(journey, "add_stage"), data).status_code in (302, 404)
    assert bobs.post(at(journey, "add_step"), data).status_code in (302, 404)


# --- Feelings -----------------------------------------------------------------------------------


def test_a_feeling_answers_with_its_whole_lane(journey, lanes, steps, bobs):
    url = at(journey, "emotion", lanes["Emotion"].pk, steps["Get help"].pk)
    form = bobs.get(url, headers=HTMX).content.decode()
    assert re.findall(r'value="(-?\d)"[^>]* checked', form) == ["-1"]
    answer = bobs.post(url, {"score": "2", "label": "Safe", "version": 1}, headers=HTMX)
    text = answer.content.decode()
    assert text.count('role="gridcell"') == 9
    assert "e-line" in text
    assert "Get help, +2, Safe" in text


def test_a_stale_or_impossible_feeling_is_refused(journey, lanes, steps, bobs):
    url = at(journey, "emotion", lanes["Emotion"].pk, steps["Get help"].pk)
    assert bobs.post(url, {"score": "2", "version": 0}, headers=HTMX).status_code == 409
    assert bobs.post(url, {"score": "9", "version": 1}, headers=HTMX).status_code == 422
    assert EmotionPoint.objects.get(step=steps["Get help"]).score == -1


def test_a_feeling_is_cleared(journey, lanes, steps, bobs):
    bobs.post(at(journey, "clear_emotion", lanes["Emotion"].pk, steps["Get help"].pk))
    assert not EmotionPoint.objects.filter(step=steps["Get help"]).exists()


def test_opportunities_of_all_maps_are_listed_with_their_place(journey, bobs):
    page = bobs.get(reverse("maps:opportunities", args=[journey.team.slug])).content.decode()
    assert "Hand the chat over with everything already said" in page
    assert "Retention · Get help" in page
