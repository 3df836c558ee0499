"""Links and dashboards in a real browser."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import Team, User
from flows.engine.query import FlowQuery
from flows.models import FlowChart
from flows.services import charts, runs
from tests.flows.shops import make_shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def chart(team: Team, bob: User) -> FlowChart:
    query = FlowQuery(start=("visit",))
    chart = charts.save_chart(team=team, dataset=make_shop(team), name="First steps", query=query, owner=bob)
    runs.answer_now(dataset=chart.dataset, query=query)
    return chart


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
    assert re.search(r"/flows/\d+/$", page.url)
