"""Two browsers on one map, and what one person takes back."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import BrowserContext, Error, Page, Route, expect

from accounts.models import Membership, Team, User
from maps import services
from maps.library import TEMPLATES
from maps.live import bus, presence
from maps.models import Card, JourneyMap, Lane, Step

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _nobody_is_there(db):
    yield
    for key in bus.client().scan_iter(f"{bus.prefix()}*"):
        bus.client().delete(key)


@pytest.fixture
def journey(team: Team, bob: User) -> JourneyMap:
    return services.create_map(team=team, by=bob, title="First visit", template=TEMPLATES["lifecycle"])


@pytest.fixture
def hers(visit: Callable[..., BrowserContext], alice: User) -> Page:
    """A page of alice's browser."""
    return visit(alice).new_page()


def address(journey: JourneyMap, name: str = "map") -> str:
    return reverse(f"maps:{name}", args=[journey.team.slug, journey.pk])


def open_map(page: Page, journey: JourneyMap) -> list[str]:
    """Opens the map with its stream, and returns the list of what is asked for anew from then on."""
    asked: list[str] = []
    with page.expect_request("**/live/"):
        page.goto(address(journey))
    expect(page.locator("map-live[data-connected]")).to_be_attached()
    page.on("request", lambda request: asked.append(request.url) if "/changes/" in request.url else None)
    return asked


def card(page: Page, name: str):
    return page.locator("[data-card]", has_text=name)


def box(page: Page):
    return page.get_by_label("Text of the card")


# --- Taking back --------------------------------------------------------------------------------


def test_a_text_is_taken_back_with_the_keyboard_after_a_reload(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    card(page, "Searches for a way out").click()
    box(page).fill("Asks three friends")
    page.keyboard.press("Control+Enter")
    expect(card(page, "Asks three friends")).to_be_focused()
    page.reload()
    card(page, "Asks three friends").focus()
    page.keyboard.press("Control+z")
    expect(card(page, "Searches for a way out")).to_be_focused()
    expect(page.locator(".toast")).to_contain_text("Took back: wrote “Asks three friends”")
    page.keyboard.press("Control+Shift+Z")
    expect(card(page, "Asks three friends")).to_be_focused()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    expect(card(page, "Asks three friends")).to_be_focused()


def test_a_stage_comes_back_with_the_mouse_with_all_that_stood_in_it(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    expect(undo).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Retention", exact=True).focus()
    page.keyboard.press("Shift+F10")
    page.get_by_role("button", name="Remove the stage").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator(".stage")).to_have_count(4)
    page.reload()
    expect(undo).to_have_attribute("title", re.compile("removed the stage “Retention” with 2 steps"))
    undo.click()
    expect(page.locator(".stage")).to_have_count(5)
    expect(card(page, "Comes back every Monday morning")).to_be_visible()
    expect(undo).to_have_attribute("aria-disabled", "true")
    expect(undo).to_be_focused()
    redo.click()
    expect(page.locator(".stage")).to_have_count(4)


def test_presses_that_come_fast_are_all_heard(page: Page, journey: JourneyMap, bob: User) -> None:
    for name in ("One", "Two", "Three"):
        services.add_stage(journey=journey, by=bob, name=name)
    open_map(page, journey)
    page.locator(".map [tabindex='0']").first.focus()
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect(page.locator(".stage")).to_have_count(5)


def test_undo_while_typing_is_that_of_the_browser(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Thinking", exact=True).click()
    page.keyboard.type("New")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="New", exact=True)).to_be_focused()
    card(page, "Searches for a way out").click()
    box(page).press("End")
    page.keyboard.type("!")
    page.keyboard.press("Control+z")
    expect(box(page)).to_have_value("Searches for a way out")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="New", exact=True)).to_be_visible()


def test_a_refusal_says_why_and_the_next_press_goes_on(page: Page, journey: JourneyMap, alice: User, bob: User) -> None:
    row = Card.objects.get(body="Searches for a way out")
    services.add_stage(journey=journey, by=bob, name="Mine")
    services.save_card(journey=journey, by=bob, card=row.pk, version=1, body="His")
    services.save_card(journey=journey, by=alice, card=row.pk, version=2, body="Her text")
    open_map(page, journey)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("because Alice wrote “Her text” instead of “His”")
    expect(card(page, "Her text")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".stage")).to_have_count(5)


def test_without_scripts_undo_is_a_button(visit, bob: User, journey: JourneyMap) -> None:
    page = visit(bob, java_script_enabled=False).new_page()
    services.add_stage(journey=journey, by=bob, name="Mine")
    page.goto(address(journey))
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".stage")).to_have_count(5)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("main")).to_contain_text("took back: added the stage Mine")


# --- Together -----------------------------------------------------------------------------------


def test_two_browsers_see_each_others_changes_and_never_their_own(page: Page, hers: Page, journey: JourneyMap) -> None:
    asked_by_bob, asked_by_alice = open_map(page, journey), open_map(hers, journey)
    card(page, "Searches for a way out").click()
    box(page).fill("Asks three friends")
    page.keyboard.press("Control+Enter")
    expect(card(hers, "Asks three friends")).to_be_visible()
    expect(card(page, "Asks three friends")).to_be_visible()
    assert (len(asked_by_bob), len(asked_by_alice)) == (0, 1)
    hers.get_by_role("link", name="Thinking", exact=True).click()
    hers.keyboard.type("Thoughts")
    hers.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Thoughts", exact=True)).to_be_visible()
    assert (len(asked_by_bob), len(asked_by_alice)) == (1, 1)
    hers.get_by_role("button", name="Add a stage", exact=True).click()
    expect(hers.get_by_role("textbox", name="Name")).to_be_focused()
    hers.keyboard.type("Farewell")
    hers.keyboard.press("Enter")
    expect(page.locator(".stage").last).to_contain_text("Farewell")
    assert len(asked_by_alice) == 1


def test_only_the_elements_that_changed_are_replaced(page: Page, hers: Page, journey: JourneyMap, bob: User) -> None:
    open_map(page, journey)
    page.evaluate("document.querySelectorAll('.cell, .stage, map-grid').forEach((each) => (each.kept = true))")
    row = Card.objects.get(body="Searches for a way out")
    services.save_card(journey=journey, by=bob, card=row.pk, version=1, body="Changed")
    expect(card(page, "Changed")).to_be_visible()
    assert page.evaluate("[...document.querySelectorAll('.cell')].filter((each) => !each.kept).length") == 1
    assert page.evaluate("document.querySelector('map-grid').kept")


def test_the_frame_follows_a_new_title(page: Page, journey: JourneyMap, alice: User) -> None:
    open_map(page, journey)
    services.update_map(journey=journey, by=alice, title="Renamed", status="live")
    expect(page.locator(".head__name")).to_have_text("Renamed")
    expect(page.locator(".head .state")).to_have_text("Live")
    expect(page).to_have_title("Renamed · Maps · Journeymap")


@pytest.mark.parametrize("browser_can", ["move", "replace"])
def test_an_open_card_stays_open_whatever_comes(page: Page, journey: JourneyMap, alice: User, browser_can: str) -> None:
    if browser_can == "replace":
        page.add_init_script(
            "for (const each of [Element, DocumentFragment, Document]) delete each.prototype.moveBefore"
        )
    open_map(page, journey)
    assert page.evaluate("'moveBefore' in document.body") == (browser_can == "move")
    card(page, "Searches for a way out").click()
    box(page).press("Control+Home")
    page.keyboard.type("He ")
    expect(page.locator(".edit__s")).to_contain_text("Saved")
    page.keyboard.type("really ")
    row = Card.objects.get(body="Asks a colleague what they use")
    services.save_card(journey=journey, by=alice, card=row.pk, version=1, body="In the same cell")
    expect(card(page, "In the same cell")).to_be_visible()
    services.add_stage(journey=journey, by=alice, name="Farewell")
    expect(page.locator(".stage")).to_have_count(6)
    expect(box(page)).to_be_focused()
    page.keyboard.type("now ")
    expect(box(page)).to_have_value("He really now Searches for a way out")
    page.keyboard.press("Control+Enter")
    expect(card(page, "He really now Searches for a way out")).to_be_focused()


def test_a_text_that_could_not_be_saved_outlives_ones_own_changes_of_the_structure(
    page: Page, journey: JourneyMap
) -> None:
    open_map(page, journey)
    page.route("**/cards/**", lambda route: route.abort())
    card(page, "Searches for a way out").click()
    box(page).fill("Written in a tunnel")
    page.get_by_role("button", name="Add a stage", exact=True).click()
    expect(page.locator(".stage")).to_have_count(6)
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    expect(box(page)).to_have_value("Written in a tunnel")
    expect(page.locator(".edit__s")).to_contain_text("Not saved")
    page.unroute("**/cards/**")
    expect(page.locator(".edit__s")).to_contain_text("Saved")
    assert Card.objects.filter(body="Written in a tunnel").exists()


def test_a_text_typed_without_a_connection_is_saved_once_there_is_one(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    browser = page.context
    card(page, "Searches for a way out").click()
    browser.set_offline(True)
    box(page).fill("Typed on a plane")
    expect(page.locator(".edit__s")).to_contain_text("Not saved")
    browser.set_offline(False)
    expect(page.locator(".edit__s")).to_contain_text("Saved")
    assert Card.objects.filter(body="Typed on a plane").exists()
    # And where the page is gone before it can be saved.
    browser.set_offline(True)
    box(page).fill("Typed on another plane")
    expect(page.locator(".edit__s")).to_contain_text("Not saved")
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        page.reload()
    page.close()  # or it would load the map by itself
    browser.set_offline(False)
    again = browser.new_page()
    again.goto(address(journey))
    # It stands open again until it is saved, unless the page that was left could still send it.
    saved = again.locator(".edit__s", has_text=re.compile("^Saved")).or_(card(again, "Typed on another plane"))
    expect(saved).to_be_visible()
    assert Card.objects.filter(body="Typed on another plane").exists()


def test_a_new_card_that_is_being_written_stays_too(page: Page, journey: JourneyMap, alice: User) -> None:
    open_map(page, journey)
    lane, step = Lane.objects.get(title="Pain points"), Step.objects.get(name="Feel the need")
    target = page.locator(f"#cell-{lane.pk}-{step.pk}")
    page.route("**/cells/**", lambda route: route.abort())
    target.get_by_text("Add a pain point").focus()
    page.keyboard.type("No ")
    services.add_lane(journey=journey, by=alice, title="Hers", kind=Lane.Kind.TEXT)
    expect(page.get_by_role("link", name="Hers", exact=True)).to_be_visible()
    page.keyboard.type("time")
    page.unroute("**/cells/**")
    page.keyboard.press("Control+Enter")
    expect(target.get_by_role("link", name="No time")).to_be_visible()
    assert Card.objects.filter(body="No time").count() == 1


def test_focus_and_place_are_kept_when_the_grid_is_drawn_again(page: Page, journey: JourneyMap, alice: User) -> None:
    page.set_viewport_size({"width": 900, "height": 500})
    open_map(page, journey)
    card(page, "Mentions us when").focus()
    before = page.evaluate("[content.scrollLeft, content.scrollTop]")
    assert before[0] > 0
    services.add_lane(journey=journey, by=alice, title="Hers", kind=Lane.Kind.TEXT)
    expect(page.get_by_role("link", name="Hers", exact=True)).to_be_attached()
    expect(card(page, "Mentions us when")).to_be_focused()
    assert page.evaluate("[content.scrollLeft, content.scrollTop]") == before


def test_a_name_that_is_being_written_waits_for_nobody(page: Page, journey: JourneyMap, alice: User) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Thinking", exact=True).click()
    page.keyboard.type("What people ")
    with page.expect_response("**/changes/**"):
        services.add_stage(journey=journey, by=alice, name="Farewell")
    page.keyboard.type("say")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("What people say")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="What people say", exact=True)).to_be_visible()
    expect(page.locator(".stage")).to_have_count(6)


def test_a_text_whose_lane_is_removed_is_shown_once_more(page: Page, journey: JourneyMap, alice: User) -> None:
    open_map(page, journey)
    page.route("**/cards/**", lambda route: route.abort())
    card(page, "Searches for a way out").click()
    box(page).fill("Half a thought")
    lane = Lane.objects.get(title="Customer actions")
    services.remove_lane(journey=journey, by=alice, lane=lane.pk)
    expect(page.locator(".toast", has_text="Half a thought")).to_be_visible()
    expect(page.locator(".edit")).to_have_count(0)


def test_a_conflict_is_still_a_conflict(page: Page, hers: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    open_map(hers, journey)
    card(page, "Searches for a way out").click()
    card(hers, "Searches for a way out").click()
    box(hers).fill("Her text")
    hers.keyboard.press("Control+Enter")
    expect(card(hers, "Her text")).to_be_visible()
    with page.expect_response(lambda response: response.status == 409):
        box(page).fill("Mine")
        page.keyboard.press("Control+Enter")
    expect(page.locator(".theirs")).to_contain_text("Her text")
    expect(box(page)).to_have_value("Mine")
    page.get_by_role("link", name="Take theirs").click()
    expect(card(page, "Her text")).to_be_visible()


def test_a_card_that_is_closed_unchanged_shows_what_it_has_become(page: Page, journey: JourneyMap, alice: User) -> None:
    open_map(page, journey)
    row = Card.objects.get(body="Searches for a way out")
    card(page, "Searches for a way out").click()
    with page.expect_response("**/changes/**"):
        services.save_card(journey=journey, by=alice, card=row.pk, version=1, body="Her text")
    page.keyboard.press("Escape")
    expect(card(page, "Her text")).to_be_focused()
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("Her text")
    box(page).fill("Then mine")
    page.keyboard.press("Control+Enter")
    expect(card(page, "Then mine")).to_be_visible()


def test_news_that_comes_during_a_save_does_not_get_in_its_way(page: Page, journey: JourneyMap, alice: User) -> None:
    open_map(page, journey)
    held: list[Route] = []
    page.route("**/changes/**", lambda route: held.append(route))
    row = Card.objects.get(body="Asks a colleague what they use")
    with page.expect_request("**/changes/**"):
        services.save_card(journey=journey, by=alice, card=row.pk, version=1, body="Her text")
    saving: list[Route] = []
    page.route("**/cards/**", lambda route: saving.append(route))
    card(page, "Searches for a way out").click()
    box(page).fill("My text")
    with page.expect_request("**/cards/**"):
        page.keyboard.press("Control+Enter")
    with page.expect_response("**/changes/**"):
        held[0].continue_()
    page.unroute("**/changes/**")
    saving[0].continue_()
    expect(card(page, "My text")).to_be_focused()
    expect(card(page, "Her text")).to_be_visible()
    expect(page.locator(".edit")).to_have_count(0)


def test_a_viewer_watches(visit, vera: User, journey: JourneyMap, bob: User) -> None:
    page = visit(vera).new_page()
    open_map(page, journey)
    row = Card.objects.get(body="Searches for a way out")
    services.save_card(journey=journey, by=bob, card=row.pk, version=1, body="Changed")
    expect(page.get_by_text("Changed")).to_be_visible()
    expect(page.locator("[data-card]")).to_have_count(0)


def unstreamed(page: Page, journey: JourneyMap) -> None:
    """Opens the map with a clock that can be put forward, where there is no stream."""
    page.clock.install()
    page.route("**/live/", lambda route: route.abort())
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/live/")):
        page.goto(address(journey))


def test_without_a_stream_the_page_asks_now_and_then(page: Page, journey: JourneyMap, alice: User) -> None:
    unstreamed(page, journey)
    services.add_stage(journey=journey, by=alice, name="Farewell")
    page.clock.fast_forward(5_000)
    expect(page.locator(".stage")).to_have_count(6)


def test_a_server_that_cannot_be_reached_is_asked_again_without_a_word(page: Page, journey: JourneyMap, alice) -> None:
    unstreamed(page, journey)
    page.route("**/changes/**", lambda route: route.abort())
    services.add_stage(journey=journey, by=alice, name="Farewell")
    with page.expect_event("requestfailed", lambda request: "/changes/" in request.url):
        page.clock.fast_forward(5_000)
    expect(page.locator(".toast")).to_have_count(0)
    page.unroute("**/changes/**")
    page.clock.fast_forward(5_000)
    expect(page.locator(".stage")).to_have_count(6)


def test_a_stream_that_broke_off_comes_back_and_nothing_is_missed(
    page: Page, journey: JourneyMap, alice: User, monkeypatch
) -> None:
    monkeypatch.setattr("maps.live.stream.RETRY", 100)
    open_map(page, journey)
    with page.expect_request("**/live/", timeout=20_000):
        for client in bus.client().client_list(_type="pubsub"):
            if client["name"] == f"{bus.prefix()}hub":
                bus.client().client_kill_filter(_id=client["id"])
        services.add_stage(journey=journey, by=alice, name="Farewell")
    expect(page.locator(".stage")).to_have_count(6)


def test_who_loses_access_is_told(page: Page, journey: JourneyMap, bob: User, monkeypatch) -> None:
    monkeypatch.setattr("maps.live.stream.ASKED_EVERY", 0.5)
    open_map(page, journey)
    Membership.objects.filter(user=bob).delete()
    expect(page.locator(".toast")).to_contain_text("no longer have access")


# --- Presence -----------------------------------------------------------------------------------


def test_who_is_on_the_map_stands_in_the_head(page: Page, hers: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    people = page.locator("map-live")
    expect(people).to_be_hidden()
    open_map(hers, journey)
    expect(people.locator(".avatar")).to_have_count(1)
    expect(page.get_by_role("group", name="On this map: Alice")).to_be_visible()
    expect(hers.get_by_role("group", name="On this map: Bob")).to_be_visible()
    hers.goto("about:blank")
    expect(people).to_be_hidden()


def test_a_cell_says_who_is_editing_in_it(page: Page, hers: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    open_map(hers, journey)
    card(hers, "Searches for a way out").click()
    chip = page.locator(".busy")
    expect(chip).to_have_text(re.compile("Alice is editing"))
    expect(hers.locator(".busy")).to_have_count(0)
    cell = page.locator(".cell", has=card(page, "Searches for a way out"))
    expect(cell.locator(".busy")).to_have_count(1)
    box(hers).fill("Asks three friends")
    expect(card(page, "Asks three friends")).to_be_visible()
    expect(page.locator(".cell", has=card(page, "Asks three friends")).locator(".busy")).to_have_count(1)
    hers.keyboard.press("Control+Enter")
    expect(chip).to_have_count(0)


def test_who_falls_silent_is_no_longer_editing(page: Page, hers: Page, journey: JourneyMap) -> None:
    page.clock.install()
    open_map(page, journey)
    open_map(hers, journey)
    card(hers, "Searches for a way out").click()
    expect(page.locator(".busy")).to_have_count(1)
    page.clock.fast_forward(1000 * presence.EDITING_FOR)
    expect(page.locator(".busy")).to_have_count(0)
    expect(hers.locator(".edit")).to_have_count(1)


# --- The history --------------------------------------------------------------------------------


def test_the_map_goes_back_to_a_snapshot_with_the_keyboard(page: Page, journey: JourneyMap, alice: User) -> None:
    page.goto(address(journey, "history"))
    page.get_by_label("Keep the map as it is").fill("Agreed")
    page.keyboard.press("Enter")
    expect(page.locator(".snap")).to_contain_text("Agreed")
    services.remove_stage(journey=journey, by=alice, stage=journey.stages.get(name="Retention").pk)
    page.get_by_role("link", name="Compare").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".diff__r--removed", has_text="Retention").first).to_be_visible()
    page.get_by_role("button", name="Restore").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Go back").press("Enter")
    expect(page.locator(".stage")).to_have_count(5)
    page.locator(".map [tabindex='0']").first.focus()
    page.keyboard.press("Control+z")
    expect(page.locator(".stage")).to_have_count(4)


def test_changes_are_chosen_by_person_without_a_press(page: Page, journey: JourneyMap, alice: User) -> None:
    services.add_stage(journey=journey, by=alice, name="Hers")
    page.goto(address(journey, "history"))
    page.get_by_label("Changes by").select_option("Alice")
    expect(page.locator(".did")).to_have_count(1)
    expect(page).to_have_url(re.compile("who="))


@pytest.mark.parametrize("name", ["history", "compare"])
def test_the_pages_have_no_serious_fault_for_assistive_technology(visit, bob, alice, journey, name) -> None:
    row = Card.objects.get(body="Searches for a way out")
    services.take_snapshot(journey=journey, by=alice, label="Agreed")
    services.save_card(journey=journey, by=bob, card=row.pk, version=1, body="Searches for the way home")
    services.remove_stage(journey=journey, by=alice, stage=journey.stages.get(name="Retention").pk)
    services.undo(journey=journey, by=bob)
    for scheme in ("light", "dark"):
        page = visit(bob, bypass_csp=True, color_scheme=scheme).new_page()
        page.goto(address(journey, name))
        found = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
