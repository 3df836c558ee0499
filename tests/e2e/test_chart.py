"""A flow chart in a real browser."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Team, User
from flows.engine.query import FlowQuery
from flows.models import Dataset, FlowChart, FlowRun
from flows.services import charts, runs
from flows.views import asking as views
from tests.flows.shops import give, make_shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(team: Team) -> Dataset:
    return make_shop(team)


@pytest.fixture
def nobody_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PATIENCE", 0.0)
    monkeypatch.setattr(runs, "_ring", lambda run: None)


def open_chart(page: Page, team: Team, params: str = "") -> None:
    page.goto(reverse("flows:new", args=[team.slug]) + params)


def slide(page: Page, control: str, value: int) -> None:
    page.locator(control).fill(str(value))


@pytest.mark.usefixtures("worker")
def test_events_are_found_and_chosen_with_the_keyboard(page: Page, team: Team, shop: Dataset) -> None:
    open_chart(page, team, "?start=visit")
    page.get_by_role("button", name="Hide events").click()
    search = page.locator("#pick-hide").get_by_label("Search events")
    expect(search).to_be_focused()
    page.keyboard.type("sea")
    expect(page.locator("#pick-hide li:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#ask")).to_contain_text("hiding search?")
    expect(page.locator("#chips-hide .chip")).to_have_count(1)
    expect(page).to_have_url(re.compile("hide=search"))
    page.get_by_role("link", name="Without search").click()
    expect(page.locator("#chips-hide .chip")).to_have_count(0)
    expect(page.locator("#pick-hide input:checked")).to_have_count(0)


@pytest.mark.usefixtures("worker")
def test_names_beyond_the_first_hundred_are_fetched(page: Page, team: Team) -> None:
    make_shop(team, rows=[("ann", f"event {n:03}", n) for n in range(130)])
    open_chart(page, team, "?start=event 000")
    page.get_by_role("button", name="Hide events").click()
    expect(page.locator("#pick-hide").get_by_label("Search events")).to_be_focused()
    page.keyboard.type("event 12")
    expect(page.locator("#pick-hide li:visible")).to_have_count(10)
    page.locator("#pick-hide").get_by_text("event 129").click()
    expect(page.locator("#ask")).to_contain_text("hiding event 129?")


@pytest.mark.usefixtures("worker")
def test_a_bar_opens_its_panel_and_back_closes_it(page: Page, team: Team, shop: Dataset) -> None:
    open_chart(page, team, "?start=visit")
    page.locator("a.f-n", has_text="search").first.locator(".f-node").click()
    panel = page.get_by_role("complementary", name="Selected step")
    expect(panel.get_by_role("heading", name="search")).to_be_visible()
    expect(page).to_have_url(re.compile(r"set=node&step=1&label=search"))
    page.go_back()
    expect(panel).to_have_count(0)
    expect(page.locator(".flow__svg")).to_be_visible()
    page.go_forward()
    expect(panel).to_be_visible()
    page.reload()
    panel.get_by_role("link", name="Start here").click()
    expect(page.locator("#ask")).to_contain_text("who did search, what")
    expect(page.locator("#chips-start .chip")).to_contain_text("search")
    expect(page.locator("#pick-start input:checked")).to_have_count(1)


@pytest.mark.usefixtures("worker")
def test_a_bad_value_is_told_and_the_answer_stays(page: Page, team: Team, shop: Dataset) -> None:
    open_chart(page, team, "?start=visit")
    page.get_by_label("Within").fill("soon")
    page.get_by_label("Within").blur()
    expect(page.locator("#error-within")).to_contain_text("“soon” is not a length of time")
    expect(page.locator("#waiting")).to_contain_text("Within: “soon”")
    expect(page.locator(".flow__svg")).to_be_visible()
    page.get_by_label("Within").fill("3 hours")
    page.get_by_label("Within").blur()
    expect(page.locator("#error-within")).to_be_hidden()
    expect(page.locator("#waiting")).to_be_empty()
    expect(page).to_have_url(re.compile("within=3h"))


@pytest.mark.usefixtures("nobody_counts")
def test_the_last_answer_stays_while_a_new_one_is_computed(page: Page, team: Team, shop: Dataset) -> None:
    runs.answer_now(dataset=shop, query=FlowQuery(start=("visit",)))
    open_chart(page, team, "?start=visit")
    expect(page.locator(".f-head")).to_have_count(4)
    slide(page, "#id_top", 3)
    expect(page.locator("#waiting")).to_contain_text("Waiting for a free worker")
    expect(page.locator(".f-head")).to_have_count(4)
    expect(page).to_have_url(re.compile("top=3"))
    run = FlowRun.objects.get(status="queued")
    runs.run_flow(team_id=team.pk, run_id=run.pk)
    expect(page.locator("#waiting")).to_be_empty()
    expect(page.locator("#builder-foot")).to_contain_text("Computed in")
    expect(page.locator(".ledger__n")).to_have_text("4")


@pytest.mark.usefixtures("nobody_counts")
def test_a_computation_is_cancelled(page: Page, team: Team, shop: Dataset) -> None:
    open_chart(page, team, "?start=visit")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#waiting")).to_contain_text("Cancelled")
    assert list(FlowRun.objects.values_list("status", flat=True)) == ["cancelled"]
    page.get_by_role("link", name="Compute").click()
    expect(page.locator("#waiting")).to_contain_text("Waiting for a free worker")


@pytest.mark.usefixtures("worker")
def test_another_dataset_takes_the_question_along(page: Page, team: Team, shop: Dataset) -> None:
    make_shop(team, "support", [("ann", "visit", 0), ("ann", "call", 1), ("ann", "close", 2)])
    open_chart(page, team, "?dataset=shop&start=visit&hide=help&steps=3")
    page.get_by_label("Events of").select_option("support")
    expect(page.locator(".f-n", has_text="call")).to_be_visible()
    expect(page).to_have_url(re.compile("dataset=support"))
    expect(page.locator("#chips-hide .chip")).to_have_count(0)
    expect(page.locator("#id_steps")).to_have_value("3")


@pytest.mark.usefixtures("worker")
def test_without_script_the_form_and_the_links_work(
    visit: Callable[..., BrowserContext], bob: User, team: Team, shop: Dataset
) -> None:
    page = visit(bob, java_script_enabled=False).new_page()
    open_chart(page, team)
    page.locator(".start__list").get_by_role("link", name="visit").click()
    page.get_by_label("Within").fill("1 hour")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#ask")).to_contain_text("within 1 hour")
    page.locator("a.f-n", has_text="search").first.locator(".f-node").click()
    expect(page.locator(".panel__name")).to_have_text("search")
    page.get_by_role("link", name="Top paths").click()
    expect(page.locator("table.paths")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#flow-state")).to_have_text("Saved")
    assert FlowChart.objects.get().name == "After visit"


@pytest.mark.usefixtures("worker")
def test_on_a_phone_the_builder_is_a_sheet(
    visit: Callable[..., BrowserContext], bob: User, team: Team, shop: Dataset
) -> None:
    page = visit(bob, viewport={"width": 390, "height": 844}, has_touch=True).new_page()
    open_chart(page, team, "?start=visit")
    expect(page.locator("#question")).to_be_hidden()
    page.locator("#ask-s").get_by_text("5 steps").click()
    expect(page.locator("#id_steps")).to_be_focused()
    slide(page, "#id_steps", 2)
    expect(page.locator("#ask")).to_contain_text("in 2 steps?")
    page.locator("#builder").get_by_role("button", name="Close").click()
    expect(page.locator("#question")).to_be_hidden()
    expect(page.locator("#ask-s")).to_contain_text("in 2 steps?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.usefixtures("worker")
def test_a_changed_chart_is_saved_over_or_as_new(page: Page, team: Team, shop: Dataset, bob: User) -> None:
    query = FlowQuery(start=("visit",))
    chart = charts.save_chart(team=team, dataset=shop, name="Visits", query=query, owner=bob)
    page.goto(reverse("flows:chart", args=[team.slug, chart.pk]))
    slide(page, "#id_steps", 3)
    expect(page.locator("#flow-state")).to_have_text("Changed")
    page.get_by_label("Name of the chart").fill("Three steps")
    page.get_by_role("button", name="Save as new").click()
    expect(page.locator("#flow-state")).to_have_text("Saved")
    assert set(FlowChart.objects.values_list("name", "query__steps")) == {("Visits", 5), ("Three steps", 3)}


@pytest.mark.usefixtures("worker")
def test_new_events_are_counted_when_the_page_is_opened_again(page: Page, team: Team, shop: Dataset) -> None:
    open_chart(page, team, "?start=visit")
    expect(page.locator(".ledger__n")).to_have_text("4")
    give(shop, [("eve", "visit", 1)])
    page.reload()
    expect(page.locator(".ledger__n")).to_have_text("5")
