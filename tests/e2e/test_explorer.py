"""Asking, reading and going on from an answer, in a real browser."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Team, User
from flows.models import Cohort, Dataset
from flows.services import datasets
from tests.flows.rows import give_events
from tests.flows.shops import make_shop_with_plans

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(team: Team) -> Dataset:
    return make_shop_with_plans(team)


@pytest.mark.usefixtures("worker")
def test_values_are_suggested_and_a_mistake_stands_beside_its_control(page: Page, team: Team, shop: Dataset) -> None:
    page.goto(reverse("flows:new", args=[team.slug]) + "?start=visit")
    page.get_by_text("Events whose…").click()
    page.locator("#where-new-property").focus()
    expect(page.locator("#properties option")).to_have_count(2)
    page.locator("#where-new-property").fill("plan")
    page.locator("#where-new-add").focus()
    values = page.locator("#where-new-add").get_attribute("list")
    assert set(page.locator(f"#{values} option").evaluate_all("all => all.map(o => o.value)")) == {"free", "pro"}
    page.locator("#new-where").get_by_role("button", name="Add").click()
    expect(page.locator("#error-where")).to_contain_text("Is needs a value.")
    expect(page.locator("#where-new-property")).to_have_value("plan")
    expect(page.locator(".flow__svg")).to_be_visible()
    page.locator("#where-new-add").fill("pro")
    page.keyboard.press("Enter")
    expect(page.locator("#error-where")).to_be_hidden()
    expect(page.locator(".ledger__n")).to_have_text("10")
    page.get_by_role("link", name="Without plan is pro").click()
    expect(page.locator(".ledger__n")).to_have_text("30")


@pytest.mark.usefixtures("worker")
def test_without_script_conditions_people_and_cohorts_work(
    visit: Callable[..., BrowserContext], bob: User, team: Team, shop: Dataset
) -> None:
    page = visit(bob, java_script_enabled=False).new_page()
    page.goto(reverse("flows:new", args=[team.slug]) + "?start=visit&hide=noise")
    page.get_by_text("People who…").click()
    page.locator("#people-new-event").fill("order")
    page.locator("#new-people").get_by_role("button", name="Add").click()
    expect(page.locator("#ask")).to_contain_text("and who did order")
    page.locator("a.f-n", has_text="search").first.locator(".f-node").click()
    panel = page.locator(".panel")
    count = panel.locator(".panel__n").inner_text()
    panel.get_by_text("Expand by property").click()
    panel.get_by_label("Property").fill("plan")
    panel.get_by_role("button", name="Expand").click()
    expect(page.locator("#ask")).to_contain_text("telling apart search by plan")
    page.go_back()
    page.get_by_role("link", name=f"Open all {count}").click()
    expect(page.locator("table.members tbody tr")).to_have_count(int(count))
    page.get_by_text("Save cohort").click()
    page.get_by_label("Name of the cohort").fill("Buyers")
    page.get_by_role("button", name="Save", exact=True).click()
    assert Cohort.objects.get().people == int(count)


@pytest.mark.usefixtures("worker")
def test_events_beyond_the_most_frequent_are_suggested(page: Page, team: Team) -> None:
    dataset = datasets.create_dataset(team=team, name="Big")
    give_events(dataset, [("ann", f"event {n:03}", n, {}) for n in range(130)])
    page.goto(reverse("flows:new", args=[team.slug]) + "?start=event 000")
    page.get_by_text("People who…").click()
    page.locator("#people-new-event").press_sequentially("event 12")
    expect(page.locator("#event-names option")).to_have_count(10)
