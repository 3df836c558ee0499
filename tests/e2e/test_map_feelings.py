"""The emotion curve: its points are sliders, for arrow keys and for the pointer."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from accounts.models import Team, User
from maps import services
from maps.library import TEMPLATES
from maps.models import EmotionPoint, JourneyMap

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def journey(team: Team, bob: User) -> JourneyMap:
    return services.create_map(team=team, by=bob, title="First visit", template=TEMPLATES["lifecycle"])


def open_map(page: Page, journey: JourneyMap) -> None:
    page.goto(reverse("maps:map", args=[journey.team.slug, journey.pk]))
    expect(page.get_by_role("slider").first).to_be_visible()


def slider(page: Page, says: str) -> Locator:
    return page.locator(f"[role=slider][aria-valuetext='{says}']")


def test_arrow_keys_pass_a_feeling_by_and_change_it_only_from_inside(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    line = page.locator(".e-line").get_attribute("d")
    slider(page, "Feel the need, −1, Fed up").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#map [data-card]:focus")).to_have_class("think")
    page.keyboard.press("ArrowDown")
    expect(slider(page, "Feel the need, −1, Fed up")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#map .cell [data-stop]:focus")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#map-says")).to_have_text(re.compile("Feel the need, −1, Fed up: up and down arrow change it"))
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    expect(slider(page, "Feel the need, +1, Fed up")).to_be_focused()
    expect(page.locator(".e-line")).not_to_have_attribute("d", line or "")
    expect(slider(page, "Feel the need, +1, Fed up")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator("[role=slider][data-score='2'][data-step='Feel the need']")).to_have_attribute(
        "aria-valuenow", "2"
    )
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[role=slider][data-step='Come across us']")).to_be_focused()
    for key in ("Space", "ArrowDown", "Escape", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator("[role=slider][data-step='Come across us']")).to_have_attribute("aria-valuenow", "0")
    expect(slider(page, "Feel the need, +2, Fed up")).to_be_focused()
    page.reload()
    expect(slider(page, "Feel the need, +2, Fed up")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(slider(page, "Feel the need, +1, Fed up")).to_be_visible()


def test_a_feeling_is_added_named_and_cleared_with_the_keyboard_alone(page: Page, journey: JourneyMap) -> None:
    EmotionPoint.objects.filter(step__name="Feel the need").delete()
    open_map(page, journey)
    row = page.locator(".row-of", has=page.locator(".emo"))
    row.get_by_text("Add a feeling").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="+2")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Glad")
    page.keyboard.press("Enter")
    point = page.locator("[role=slider][data-step='Feel the need']")
    expect(point).to_be_focused()
    expect(point).to_have_attribute("aria-valuetext", "Feel the need, +1, Glad")
    page.keyboard.press("Shift+F10")
    page.get_by_role("button", name="Clear").press("Enter")
    expect(row.get_by_text("Add a feeling")).to_be_focused()


def test_a_point_is_dragged_to_another_score(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    box = slider(page, "Feel the need, −1, Fed up").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 27, steps=5)
    expect(slider(page, "Feel the need, 0, Fed up")).to_be_visible()
    page.mouse.move(x, y - 3 * 27, steps=5)
    page.mouse.up()
    expect(page.locator("[role=slider][data-score='2'][data-step='Feel the need']")).to_be_focused()
    expect(page.locator("#map-menu")).not_to_be_visible()
    assert EmotionPoint.objects.get(step__name="Feel the need").score == 2


def test_a_feeling_that_somebody_else_changed_is_not_overwritten(page: Page, journey: JourneyMap, alice: User) -> None:
    for news in ("**/live/**", "**/changes/**"):  # or the page would know before it saves
        page.route(news, lambda route: route.abort())
    open_map(page, journey)
    point = EmotionPoint.objects.get(step__name="Feel the need")
    services.set_emotion(
        journey=journey, by=alice, lane=point.lane_id, step=point.step_id, score=2, label="Glad", version=point.version
    )
    slider(page, "Feel the need, −1, Fed up").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    menu = page.locator("#map-menu")
    expect(menu.get_by_role("alert")).to_contain_text("Alice changed this to “+2 Glad”")
    expect(slider(page, "Feel the need, +2, Glad")).to_be_visible()
    menu.get_by_role("button", name="Save").click()
    expect(slider(page, "Feel the need, −2, Fed up")).to_be_visible()


def test_the_curve_reads_as_a_table(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Judged").click()
    table = page.get_by_role("dialog").get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(10)
    expect(table.get_by_role("row", name="Feel the need −1 Fed up")).to_be_visible()
    page.get_by_role("dialog").get_by_role("link", name="Close").click()
    expect(table).not_to_be_visible()
