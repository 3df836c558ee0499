"""Finding: in a map, and everywhere one can go."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from maps import services
from maps.library import TEMPLATES
from maps.models import JourneyMap

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MARKED = "() => [...CSS.highlights.get('found')].map(String)"


@pytest.fixture
def journey(team: Team, bob: User) -> JourneyMap:
    return services.create_map(team=team, by=bob, title="First visit", template=TEMPLATES["lifecycle"])


def open_map(page: Page, journey: JourneyMap) -> None:
    page.goto(reverse("maps:map", args=[journey.team.slug, journey.pk]))
    expect(page.locator("map-grid")).to_be_visible()


def test_a_slash_finds_in_the_map_and_enter_goes_on(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.locator("#map [data-stop][tabindex='0']").focus()
    page.keyboard.press("/")
    expect(page.get_by_label("Find in the map")).to_be_focused()
    page.keyboard.type("FRIÉND")
    count = page.locator(".find__n")
    marked = page.evaluate(MARKED)
    assert len(marked) > 1
    assert {text.lower() for text in marked} == {"friend"}
    expect(count).to_have_text(f"1 of {len(marked)}")
    page.keyboard.press("Enter")
    expect(count).to_have_text(f"2 of {len(marked)}")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    expect(count).to_have_text(f"{len(marked)} of {len(marked)}")
    page.keyboard.press("Escape")
    expect(page.locator("#map [data-stop]:focus")).to_contain_text("friend")
    assert page.evaluate(MARKED) == []
    page.keyboard.press("/")
    page.keyboard.type("no such thing")
    expect(count).to_have_text("Nothing found")


def test_ctrl_k_goes_anywhere_with_the_keyboard_alone(page: Page, team: Team, journey: JourneyMap) -> None:
    page.goto(reverse("maps:list", args=[team.slug]))
    page.keyboard.press("Control+k")
    box = page.get_by_role("dialog", name="Go to")
    expect(box.get_by_role("searchbox")).to_be_focused()
    expect(box.get_by_role("link", name="New map")).to_be_visible()
    page.keyboard.type("first v")
    expect(box.get_by_role("link")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(box.get_by_role("link", name="First visit")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#map-title")).to_have_text("First visit")
    page.keyboard.press("Control+k")
    expect(box).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).not_to_be_visible()


def test_the_same_is_a_page_without_scripts(visit: Callable, bob: User, team: Team, journey: JourneyMap) -> None:
    page = visit(bob, java_script_enabled=False).new_page()
    page.goto(reverse("maps:list", args=[team.slug]))
    page.get_by_role("link", name="Go to").click()
    page.get_by_role("searchbox").fill("visit")
    page.keyboard.press("Enter")
    page.get_by_role("main").get_by_role("link", name="First visit").click()
    expect(page.locator("#map-title")).to_have_text("First visit")


def test_the_states_of_a_map_have_no_serious_fault(visit: Callable, bob: User, journey: JourneyMap) -> None:
    page = visit(bob, bypass_csp=True).new_page()
    open_map(page, journey)

    def faults() -> list[tuple[str, str]]:
        found = Axe().run(page).response["violations"]
        return [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]

    page.get_by_role("link", name="Searches for a way out").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert faults() == []
    page.keyboard.press("Escape")
    page.get_by_role("slider").first.focus()
    assert faults() == []
    page.keyboard.press("/")
    page.keyboard.type("friend")
    assert faults() == []
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Go to")).to_be_visible()
    assert faults() == []


def test_lanes_are_hidden_and_columns_zoomed_in_the_address(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    wide = page.locator(".step").first.bounding_box()
    page.get_by_role("link", name="Wider columns").click()
    page.get_by_role("link", name="Wider columns").click()
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("checkbox", name="Thinking").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".lane")).to_have_count(5)
    expect(page).to_have_url(re.compile("hide="))
    expect(page).to_have_url(re.compile("zoom=150"))
    wider = page.locator(".step").first.bounding_box()
    assert wide
    assert wider
    assert wider["width"] > wide["width"]
    # A change that draws the grid anew keeps to it.
    page.locator(".stage .name").first.focus()
    page.keyboard.press("Control+d")
    expect(page.locator(".stage")).to_have_count(6)
    expect(page.locator(".lane")).to_have_count(5)
    page.reload()
    expect(page.locator(".lane")).to_have_count(5)
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(".lane")).to_have_count(6)


def test_a_map_is_presented_stage_by_stage(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Present").click()
    expect(page.locator("#present [role=status]")).to_contain_text("Stage 1 of 5: Awareness")
    expect(page.locator(".step")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#present [role=status]")).to_contain_text("Stage 2 of 5")
    page.reload()
    expect(page.locator("#present [role=status]")).to_contain_text("Stage 2 of 5")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#present [role=status]")).to_contain_text("Stage 1 of 5")
    page.keyboard.press("Escape")
    expect(page.locator(".stage")).to_have_count(5)


def test_a_lane_is_collapsed_to_its_title_and_opened_again(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    lane = page.locator(".row-of", has=page.locator(".lane .name", has_text="Thinking"))
    count = lane.locator("[data-card]").count()
    page.get_by_role("link", name="Thinking", exact=True).focus()
    page.keyboard.press("Shift+F10")
    page.get_by_role("button", name="Collapse").click()
    expect(lane.locator(".cell, [data-card]")).to_have_count(0)
    expect(lane.locator(".closed")).to_contain_text(f"{count} cards")
    expect(page.get_by_role("link", name="Thinking", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(lane.locator(".closed [data-stop]")).to_be_focused()
    page.reload()
    expect(lane.locator(".closed")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(lane.locator("[data-card]")).to_have_count(count)
