import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Team
from maps import services
from maps.library import TEMPLATES
from maps.models import Card, JourneyMap, Lane, Step

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def journey(team: Team, bob) -> JourneyMap:
    return services.create_map(team=team, by=bob, title="First visit", template=TEMPLATES["lifecycle"])


def open_map(page: Page, journey: JourneyMap) -> None:
    page.goto(reverse("maps:map", args=[journey.team.slug, journey.pk]))
    expect(page.locator("map-grid")).to_be_visible()


def cell(page: Page, lane: str, step: str):
    row = Lane.objects.get(title=lane)
    column = Step.objects.get(name=step)
    return page.locator(f"#cell-{row.pk}-{column.pk}")


def test_a_map_is_made_from_a_template(page: Page, team: Team) -> None:
    page.goto(reverse("maps:list", args=[team.slug]))
    page.get_by_role("link", name="New map").click()
    page.get_by_label("Title").fill("From wish to money")
    page.get_by_text("Customer lifecycle").click()
    page.get_by_role("button", name="Create the map").click()
    expect(page.get_by_role("columnheader", name="Awareness")).to_be_visible()
    expect(page.locator(".stage")).to_have_count(5)
    expect(page.locator(".emo__c .e-line")).to_have_count(1)


def test_a_stage_is_added_and_named_at_once(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("button", name="Add a stage", exact=True).click()
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.type("Farewell")
    page.keyboard.press("Enter")
    expect(page.locator(".stage").last).to_contain_text("Farewell")
    expect(page.locator(".stage").last.locator("[data-rename]")).to_be_focused()
    page.reload()
    expect(page.locator(".stage").last).to_contain_text("Farewell")


def test_a_step_is_inserted_between_two_others(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.locator(".step", has_text="Feel the need").hover()
    page.locator(".step", has_text="Feel the need").get_by_role("button", name="Add a step after").click()
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.type("Ask around")
    page.keyboard.press("Enter")
    expect(page.locator(".step .name").nth(1)).to_have_text("Ask around")
    expect(page.locator(".stage").first).to_contain_text("3 steps")


def test_a_lane_is_renamed_in_its_place(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Thinking", exact=True).click()
    page.keyboard.type("What people say")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="What people say", exact=True)).to_be_focused()
    assert Lane.objects.filter(title="What people say").exists()


def test_escape_leaves_a_name_as_it_was(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Thinking", exact=True).click()
    page.keyboard.type("Something else")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Thinking", exact=True)).to_be_focused()


def test_a_card_is_edited_with_the_mouse_and_is_there_after_a_reload(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Searches for a way out").click()
    page.get_by_label("Text of the card").fill("Asks three friends")
    page.locator(".head").click()
    expect(page.get_by_role("link", name="Asks three friends")).to_be_visible()
    expect(page.locator(".edit")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("link", name="Asks three friends")).to_be_visible()


def test_an_open_card_saves_itself_and_says_so(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Searches for a way out").click()
    page.get_by_label("Text of the card").fill("Saved while typing")
    expect(page.locator(".edit__s")).to_have_text(re.compile(r"Saved \d\d:\d\d"))
    assert Card.objects.filter(body="Saved while typing").exists()
    page.get_by_label("Text of the card").press("End")
    page.keyboard.type(", and on")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("link", name="Saved while typing, and on")).to_be_focused()


def test_escape_takes_back_what_was_saved_on_the_way(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Searches for a way out").click()
    page.get_by_label("Text of the card").fill("A slip of the pen")
    expect(page.locator(".edit__s")).to_contain_text("Saved")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Searches for a way out")).to_be_focused()
    assert not Card.objects.filter(body="A slip of the pen").exists()


def test_a_touchpoint_is_added_to_an_empty_cell_and_gets_a_channel(page: Page, journey: JourneyMap) -> None:
    Card.objects.filter(body="A word to a friend").delete()
    open_map(page, journey)
    cell(page, "Touchpoints", "Recommend to others").hover()
    cell(page, "Touchpoints", "Recommend to others").get_by_text("Add a touchpoint").click()
    page.keyboard.type("Voucher by post")
    page.keyboard.press("Control+Enter")
    card = page.get_by_role("link", name="Voucher by post")
    expect(card).to_be_focused()
    card.locator(".tp__c").click()
    page.get_by_role("dialog").get_by_label("Channel").select_option("Post")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("a.tp", has_text="Voucher by post").get_by_role("img", name="Post")).to_be_visible()
    page.reload()
    expect(page.locator("a.tp", has_text="Voucher by post").get_by_role("img", name="Post")).to_be_visible()


def test_escape_on_a_new_card_that_was_saved_on_the_way_removes_it(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    target = cell(page, "Pain points", "Feel the need")
    target.get_by_text("Add a pain point").focus()
    page.keyboard.type("Never mind")
    expect(page.locator(".edit__s")).to_contain_text("Saved")
    page.keyboard.press("Escape")
    expect(target.get_by_text("Add a pain point")).to_be_focused()
    assert not Card.objects.filter(body="Never mind").exists()


def test_a_map_is_edited_with_the_keyboard_alone(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.locator(".map [tabindex='0']").first.focus()
    page.keyboard.press("Control+Home")
    expect(page.get_by_role("link", name="Awareness", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Feel the need", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Notices that the old way")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("Counts the hours")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Asks a colleague")).to_be_focused()
    expect(page.get_by_role("link", name="Counts the hours")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Searches for a way out")).to_be_focused()
    page.keyboard.type("Replaced")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("link", name="Replaced")).to_be_focused()
    page.keyboard.press("Home")
    expect(page.get_by_role("link", name="Customer actions", exact=True)).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("link", name="Mentions us when")).to_be_focused()
    page.keyboard.press("F2")
    page.keyboard.press("Enter")
    page.keyboard.type("and why")
    expect(page.get_by_label("Text of the card")).to_have_value(re.compile(r"\nand why$"))
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("link", name="Looks for an answer before asking for one")).to_be_focused()
    page.keyboard.press("Control+End")
    expect(page.locator("#map .row-of").last.locator(".cell").last.locator("[data-stop]").first).to_be_focused()
    assert set(Card.objects.filter(body__in=["Counts the hours", "Replaced"]).values_list("body", flat=True)) == {
        "Counts the hours",
        "Replaced",
    }


def test_the_map_is_one_tab_stop(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    expect(page.locator(".map [data-stop][tabindex='0']")).to_have_count(1)
    page.keyboard.press("Control+Home")
    page.locator(".map [data-stop][tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".map [data-stop][tabindex='0']")).to_have_count(1)


def test_the_focused_cell_is_never_behind_the_heads(page: Page, journey: JourneyMap) -> None:
    page.set_viewport_size({"width": 700, "height": 500})
    open_map(page, journey)
    page.get_by_role("link", name="Notices that the old way").focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    for key in ["ArrowUp"] * 6 + ["ArrowLeft"] * 7:
        page.keyboard.press(key)
        covered = page.evaluate(
            """() => {
                const box = document.activeElement.getBoundingClientRect();
                const top = document.elementFromPoint(box.left + 2, box.top + 2);
                return !document.activeElement.contains(top) && !top.contains(document.activeElement);
            }"""
        )
        assert not covered, page.evaluate("document.activeElement.textContent")


def test_a_menu_moves_a_step_and_the_focus_goes_along(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Feel the need", exact=True).focus()
    page.keyboard.press("Shift+F10")
    page.get_by_role("button", name="Move right").click()
    expect(page.locator(".step .name").nth(1)).to_have_text("Feel the need")
    expect(page.get_by_role("link", name="Feel the need", exact=True)).to_be_focused()


def test_a_stage_with_content_asks_before_it_goes(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Retention", exact=True).focus()
    page.keyboard.press("Shift+F10")
    page.get_by_role("button", name="Remove the stage").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 steps")
    dialog.get_by_role("link", name="Cancel").click()
    expect(page.locator(".stage")).to_have_count(5)
    page.get_by_role("link", name="Retention", exact=True).focus()
    page.keyboard.press("Shift+F10")
    page.get_by_role("button", name="Remove the stage").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.locator(".stage")).to_have_count(4)


def test_a_feeling_is_changed_and_the_curve_follows(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    before = page.locator(".e-line").get_attribute("d")
    page.locator("[role=slider][aria-valuetext='Feel the need, −1, Fed up']").click()
    page.locator("#map-menu").get_by_text("+2", exact=True).click()
    page.get_by_label("In a word").fill("Glad")
    page.keyboard.press("Enter")
    expect(page.locator("[role=slider][aria-valuetext='Feel the need, +2, Glad']")).to_be_visible()
    expect(page.locator(".e-line")).not_to_have_attribute("d", before or "")


def test_text_survives_a_failed_save_and_a_reload(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.route("**/cards/**", lambda route: route.abort())
    page.get_by_role("link", name="Searches for a way out").click()
    page.get_by_label("Text of the card").fill("Written on a train")
    expect(page.locator(".edit__s")).to_contain_text("Not saved")
    expect(page.get_by_label("Text of the card")).to_have_value("Written on a train")
    page.reload()
    expect(page.get_by_label("Text of the card")).to_have_value("Written on a train")
    expect(page.locator(".edit__s")).to_contain_text("Not saved")
    page.unroute("**/cards/**")
    page.get_by_role("button", name="retry").click()
    expect(page.locator(".edit__s")).to_contain_text("Saved")
    page.reload()
    expect(page.get_by_role("link", name="Written on a train")).to_be_visible()
    expect(page.locator(".edit")).to_have_count(0)


def test_a_new_card_whose_answer_was_lost_is_added_once(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)

    def lose_the_answer(route) -> None:
        route.fetch()
        route.abort()

    page.route("**/cells/**", lose_the_answer)
    cell(page, "Pain points", "Feel the need").get_by_text("Add a pain point").focus()
    page.keyboard.type("No time")
    expect(page.locator(".edit__s")).to_contain_text("Not saved")
    page.unroute("**/cells/**")
    page.get_by_role("button", name="retry").click()
    expect(page.locator(".edit__s")).to_have_text(re.compile(r"Saved \d\d:\d\d"))
    assert Card.objects.filter(body="No time").count() == 1
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("link", name="No time")).to_have_count(1)
    expect(page.get_by_role("link", name="No time")).to_be_focused()


def test_escape_while_a_new_card_is_on_its_way_takes_it_back(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    waiting = []
    page.route("**/cells/**", lambda route: waiting.append(route))
    target = cell(page, "Pain points", "Feel the need")
    target.get_by_text("Add a pain point").focus()
    page.keyboard.type("Too fast")
    expect(page.locator(".edit__s")).to_have_text("Saving…")
    page.keyboard.press("Escape")
    waiting[0].continue_()
    expect(target.get_by_text("Add a pain point")).to_be_focused()
    assert not Card.objects.filter(body="Too fast").exists()


def test_text_outlives_the_session(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Searches for a way out").click()
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("Text of the card").fill("Typed too late")
    expect(page.locator(".edit__s")).to_contain_text("Not saved")
    expect(page.get_by_label("Text of the card")).to_have_value("Typed too late")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_newer_text_of_somebody_else_is_never_overwritten_silently(page: Page, journey: JourneyMap, alice) -> None:
    open_map(page, journey)
    card = Card.objects.get(body="Searches for a way out")
    page.get_by_role("link", name="Searches for a way out").click()
    services.save_card(journey=journey, by=alice, card=card.pk, version=card.version, body="Hers")
    page.get_by_label("Text of the card").fill("Mine")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".theirs")).to_contain_text("Alice")
    expect(page.locator(".theirs")).to_contain_text("Hers")
    expect(page.get_by_label("Text of the card")).to_have_value("Mine")
    card.refresh_from_db()
    assert card.body == "Hers"
    page.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_role("link", name="Mine", exact=True)).to_be_visible()


def test_a_conflict_is_settled_with_the_keyboard_alone(page: Page, journey: JourneyMap, alice) -> None:
    open_map(page, journey)
    card = Card.objects.get(body="Searches for a way out")
    box = page.get_by_label("Text of the card")

    def fall_out(name: str, version: int) -> None:
        """Both write from the same version, she first."""
        page.get_by_role("link", name=name, exact=True).focus()
        page.keyboard.press("Enter")
        services.save_card(journey=journey, by=alice, card=card.pk, version=version, body=f"Hers {version}")
        page.keyboard.press("Control+a")
        page.keyboard.type("Mine")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".theirs")).to_contain_text(f"Hers {version}")
        expect(box).to_be_focused()

    fall_out("Searches for a way out", 1)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Take theirs")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Hers 1", exact=True)).to_be_focused()
    fall_out("Hers 1", 2)
    page.keyboard.press("End")
    page.keyboard.type(", and hers")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("link", name="Mine, and hers", exact=True)).to_be_focused()
    fall_out("Mine, and hers", 4)
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Keep mine")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Mine", exact=True)).to_be_focused()
    page.reload()
    expect(page.locator(".edit")).to_have_count(0)


def test_the_page_has_no_serious_fault_for_assistive_technology(visit, bob, journey: JourneyMap) -> None:
    for scheme in ("light", "dark"):
        page = visit(bob, bypass_csp=True, color_scheme=scheme).new_page()
        open_map(page, journey)
        page.get_by_role("link", name="Searches for a way out").click()
        found = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []


def test_a_viewer_reads_with_the_keyboard_and_edits_nothing(visit, vera, journey: JourneyMap) -> None:
    page = visit(vera).new_page()
    open_map(page, journey)
    expect(page.locator(".ghost, .insert, .more, [data-card]")).to_have_count(0)
    page.locator(".map [tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".step .name").first).to_be_focused()


def test_a_card_is_edited_without_scripts(visit, bob, journey: JourneyMap) -> None:
    page = visit(bob, java_script_enabled=False).new_page()
    page.goto(reverse("maps:map", args=[journey.team.slug, journey.pk]))
    page.get_by_role("link", name="Searches for a way out").click()
    page.get_by_label("Text of the card").fill("Without a script")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Without a script")).to_be_visible()
    page.locator(".step").first.get_by_role("link", name="More about").click()
    page.get_by_role("button", name="Add a step after").click()
    expect(page.locator(".step .name").nth(1)).to_have_text("New step")
