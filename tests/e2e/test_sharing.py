"""Links and dashboards in a real browser."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import Team, User
from flows.engine.query import FlowQuery
from flows.models import Dashboard, FlowChart, Tile
from flows.services import charts, dashboards, runs
from tests.flows.shops import make_shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def chart(team: Team, bob: User) -> FlowChart:
    query = FlowQuery(start=("visit",))
    chart = charts.save_chart(team=team, dataset=make_shop(team), name="First steps", query=query, owner=bob)
    runs.answer_now(dataset=chart.dataset, query=query)
    return chart


@pytest.fixture
def board(chart: FlowChart, bob: User) -> Dashboard:
    """With two tiles: First steps, Orders."""
    board = dashboards.create_dashboard(team=chart.team, name="Weekly", by=bob)
    query = FlowQuery(end=("order",))
    other = charts.save_chart(team=chart.team, dataset=chart.dataset, name="Orders", query=query, owner=bob)
    runs.answer_now(dataset=chart.dataset, query=query)
    for each in (chart, other):
        dashboards.add_tile(dashboard=board, chart=each)
    return board


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]


def test_a_link_with_a_password_opens_in_a_private_window_until_it_is_taken_back(
    page: Page, visit: Callable[..., BrowserContext], browser: Browser, server: str, chart: FlowChart
) -> None:
    page.goto(reverse("flows:chart", args=[chart.team.slug, chart.pk]))
    page.get_by_role("link", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share")
    dialog.get_by_label("For whom").fill("The board")
    dialog.get_by_label("Password").fill("open sesame")
    assert violations(page) == []
    dialog.get_by_role("button", name="Create link").click()
    address = dialog.get_by_label("The link").input_value()
    assert address.startswith(f"{server}/shared/charts/")
    private = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        visitor = private.new_page()
        visitor.goto(address)
        visitor.get_by_label("Password").fill("sesame, open")
        visitor.get_by_role("button", name="Open").click()
        expect(visitor.get_by_role("alert")).to_contain_text("not the password")
        assert violations(visitor) == []
        visitor.get_by_label("Password").fill("open sesame")
        visitor.get_by_role("button", name="Open").click()
        expect(visitor.get_by_role("heading", name="First steps")).to_be_visible()
        expect(visitor.locator(".flow__svg")).to_be_visible()
        visitor.get_by_text("All numbers").click()
        assert violations(visitor) == []
        dialog.get_by_role("button", name="Take back The board").click()
        expect(dialog.get_by_text("Links that work")).to_have_count(0)
        visitor.reload()
        expect(visitor.get_by_role("heading", name="There is nothing here")).to_be_visible()
    finally:
        private.close()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/flows/\d+/$"))


def test_tiles_are_arranged_with_the_keyboard_and_the_mouse(page: Page, board: Dashboard) -> None:
    page.goto(reverse("flows:dashboard", args=[board.team.slug, board.pk]))
    names = page.locator(".dash__tile h2")
    expect(page.locator(".dash__tile .flow__svg")).to_have_count(2)
    assert violations(page) == []
    grip = page.get_by_role("button", name="Move First steps")
    grip.focus()
    page.keyboard.press("ArrowRight")
    expect(names).to_have_text(["Orders", "First steps"])
    expect(grip).to_be_focused()
    page.keyboard.press("Shift+ArrowRight")
    tile = page.locator(".dash__tile", has_text="First steps")
    expect(tile).to_have_attribute("data-width", "3")
    expect(tile.locator(".flow__svg")).to_be_visible()
    grip.drag_to(page.locator(".dash__tile", has_text="Orders"))
    expect(names).to_have_text(["First steps", "Orders"])
    box = tile.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + box["height"] - 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 3 - 5, box["y"] + box["height"] / 4 - 5, steps=4)
    page.mouse.up()
    expect(page.locator("#dash-says")).to_have_text("Now 1 wide and 1 high.")
    expect(tile).to_have_attribute("data-height", "1")
    page.get_by_role("button", name="Change Orders").click()
    page.get_by_role("button", name="Remove from here").click()
    expect(names).to_have_text(["First steps"])
    kept = [(each.chart.name, each.position, each.width, each.height) for each in Tile.objects.select_related("chart")]
    assert kept == [("First steps", 0, 1, 1)]
