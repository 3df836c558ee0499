"""The views of one result in a real browser."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import QueryDict
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Team
from flows.chart_view import chart_view
from flows.contexts.address import Address
from flows.models import Dataset, FlowRun
from tests.flows.shops import make_shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LINKED = """(chart) => [...chart.querySelectorAll("[data-l], .f-e")].map((thing) => {
  const link = chart.linked(thing);
  return [link.querySelector("title").textContent, link.getAttribute("href")];
})"""


@pytest.fixture
def shop(team: Team) -> Dataset:
    return make_shop(team)


@pytest.mark.usefixtures("worker")
def test_the_chart_is_walked_traced_searched_and_opened_with_the_keyboard(page: Page, team: Team, shop: Dataset):
    page.goto(reverse("flows:new", args=[team.slug]) + "?start=visit")
    said, lit = page.locator(".flow__said"), page.locator(".f-n[data-on]")
    page.locator('.f-n[tabindex="0"]').focus()
    expect(said).to_have_text("All paths through visit, Start: 4 people, exactly")
    # Along the broadest link to the search, whose paths three of the four are.
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("visit → search: 3 people, 75.0")
    expect(said).to_contain_text("90 % within")
    page.keyboard.press("ArrowRight")
    expect(said).to_have_text("All paths through search, Step 1: 3 people, exactly")
    expect(page.locator(".f-traces path")).to_have_count(4)
    expect(lit.filter(has_text="visit").first.locator(".f-cnt")).to_contain_text("3 · 100")
    expect(page.locator(".f-n", has_text="help").first).not_to_have_attribute("data-on", re.compile(""))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(said).to_contain_text("search, dropped: 1 person")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Selected step")
    expect(panel.get_by_role("heading", name="search")).to_be_visible()
    expect(page.locator(".f-n:focus")).to_contain_text("search")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page).not_to_have_url(re.compile("&set="))
    expect(page.locator(".f-n:focus")).to_contain_text("search")
    page.get_by_label("Find a step").fill("ord")
    expect(page.locator("[data-find] output")).to_have_text(re.compile(r"^2 of \d+$"))
    page.keyboard.press("Enter")
    expect(page.locator(".f-n:focus")).to_contain_text("order")
    # A step can hold fewer labels than the others, and then more again.
    page.get_by_role("link", name="Fewer at step 1").click()
    expect(page).to_have_url(re.compile("tops=1%3A1"))
    expect(page.locator('.f-n[data-s="1"]')).to_have_count(2)
    page.locator("#id_steps").fill("2")
    expect(page).to_have_url(re.compile("steps=2&tops=1%3A1"))
    page.get_by_role("link", name="More at step 1").click()
    expect(page.locator('.f-n[data-s="1"]')).to_have_count(2)
    expect(page.locator(".f-n", has_text="Other")).to_have_count(0)


@pytest.mark.usefixtures("worker")
def test_each_view_of_an_answer_is_reached_and_read(page: Page, team: Team, shop: Dataset):
    page.goto(reverse("flows:new", args=[team.slug]) + "?start=visit&steps=6")
    tabs = page.get_by_role("navigation", name="Views of the result")
    tabs.get_by_role("link", name="Tree").click()
    tree = page.locator(".tree__in")
    expect(tree.get_by_role("link", name="4", exact=True)).to_have_count(2)
    tree.locator("details:not([open]) > summary").last.click()
    expect(tree.get_by_role("link", name="Show what follows")).to_have_count(0)
    expect(tree.locator("details[open]").last.locator(".f-key--dropped")).to_be_visible()
    tabs.get_by_role("link", name="Matrix").click()
    page.locator(".heat").get_by_role("link", name="3", exact=False).first.click()
    expect(page.get_by_role("complementary", name="Selected set")).to_contain_text("visit → search")
    tabs.get_by_role("link", name="Top paths").click()
    expect(page.locator("#path-find")).to_be_visible()
    page.get_by_label("Paths that hold these events").press_sequentially("help")
    expect(page).to_have_url(re.compile("find=help"))
    expect(page.locator("table.paths tbody tr")).to_have_count(1)
    expect(page.locator("#path-find")).to_be_focused()


@pytest.mark.usefixtures("worker")
def test_a_funnel_is_built_step_by_step_and_the_other_kinds_are_a_click_away(page: Page, team: Team, shop: Dataset):
    page.goto(reverse("flows:new", args=[team.slug]) + "?start=visit")
    kinds = page.get_by_role("navigation", name="Kind of chart")
    kinds.get_by_role("link", name="Funnel").click()
    expect(page.locator("table.funnel tbody tr")).to_have_count(1)
    for number, event in ((2, "search"), (3, "order")):
        field = page.get_by_label(f"Event of step {number}")
        field.fill(event)
        field.blur()  # a Tab may be taken by the list of suggestions
        expect(page.locator("table.funnel tbody tr")).to_have_count(number)
    expect(page.locator("#ask")).to_contain_text("how many went on to search and then order")
    expect(page).to_have_url(re.compile("step-0=visit&step-1=search&step-2=order"))
    page.locator("label", has_text="Right behind").click()
    expect(page.locator("#ask")).to_contain_text("each right behind the other")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#flow-state")).to_have_text("Saved")
    page.locator("table.funnel").get_by_role("link", name="1", exact=True).last.click()
    expect(page.get_by_role("heading", name="1 person")).to_be_visible()
    page.get_by_role("link", name="Back to the chart").click()
    for kind, shown in (("Retention", ".triangle"), ("Trend", ".lines__line")):
        kinds.get_by_role("link", name=kind).click()
        expect(page.locator(shown).first).to_be_visible()
    kinds.get_by_role("link", name="Flow").click()
    expect(page.locator(".flow__svg")).to_be_visible()


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("asked", ["start=visit&steps=6&top=2", "end=order&steps=3&top=2"])
def test_ribbons_and_ends_become_the_links_that_the_server_would_write(
    page: Page, team: Team, shop: Dataset, asked: str
):
    path = reverse("flows:new", args=[team.slug])
    page.goto(f"{path}?{asked}&dataset=shop")
    page.locator("[data-l]").first.hover()
    expect(page.locator(".flow__said")).to_contain_text("→")
    made = page.locator("jm-flow-chart").evaluate(LINKED)
    result = FlowRun.objects.get().result
    still = chart_view(result, url=Address(path, QueryDict(asked + "&dataset=shop")).opener())
    written = [[mark.title, mark.url] for node in still.nodes for mark in node.ends]
    ribbons = re.findall(r'<a href="([^"]+)".*?<title>(.*?)</title>', still.ribbons)
    written += [[html.unescape(title), html.unescape(url)] for url, title in ribbons]
    assert len(made) == len(written)
    assert len(ribbons) == len(still.layout.ribbons) > 4
    assert {title: settled(url) for title, url in made} == {title: settled(url) for title, url in written}
    page.locator(".f-e[data-e=dropped], .f-e[data-e=open]").first.locator("path").click()
    expect(page.get_by_role("complementary", name="Selected set")).to_be_visible()
    expect(page.locator(".f-e[data-picked]")).to_have_count(1)


def settled(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query, keep_blank_values=True)
