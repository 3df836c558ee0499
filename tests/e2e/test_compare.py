"""Comparing, and what a chart tells by itself, in a real browser."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Team
from flows.models import Cohort, Dataset, FlowRun
from flows.services import datasets, runs
from tests.flows.rows import give_events

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DAY = 86_400


@pytest.fixture
def shop(team: Team) -> Dataset:
    """In January 100 people visit and 50 search, 40 of whom order, as 5 of the other 50 do; as many visit in February,
    80 of whom search, and nobody orders."""
    rows: list[tuple[object, ...]] = []
    for number in range(100):
        who = f"january {number:03}"
        rows.append((who, "visit", 10 * DAY + number, {}))
        rows.append((who, "search" if number % 2 else "help", 10 * DAY + number + 10, {}))
        if (number % 2 and number < 80) or number < 10:
            rows.append((who, "order", 10 * DAY + number + 20, {}))
        rows.append((f"february {number:03}", "visit", 31 * DAY + number, {}))
        rows.append((f"february {number:03}", "search" if number < 80 else "help", 31 * DAY + number + 10, {}))
    rows.append(("last", "help", 80 * DAY, {}))
    dataset = datasets.create_dataset(team=team, name="Shop")
    give_events(dataset, rows)
    dataset.refresh_from_db()
    return dataset


@pytest.mark.usefixtures("worker")
def test_a_cohort_is_compared_with_everybody_else_from_the_panel(page: Page, team: Team, shop: Dataset) -> None:
    ask = "?start=visit&steps=3&from=1970-01-01&to=1970-01-31"
    page.goto(reverse("flows:new", args=[team.slug]) + ask + "&set=node&step=1&label=search")
    panel = page.get_by_role("complementary", name="Selected step")
    panel.get_by_text("Save cohort").click()
    panel.get_by_label("Name of the cohort").fill("Searchers")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("“Searchers” is saved: 50 people")).to_be_visible()
    assert Cohort.objects.get().people == 50

    # From the panel of another number, which stays the open one.
    page.goto(reverse("flows:new", args=[team.slug]) + ask + "&set=node&step=2&label=order")
    panel.get_by_text("Compare…").click()
    panel.get_by_role("link", name="A cohort and everybody else").click()
    page.get_by_label("Cohort", exact=True).first.select_option("Searchers")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".versus__name")).to_have_text(["Searchers", "Everybody else"])
    expect(page.locator(".versus__n b")).to_have_text(["50", "50"])
    row = page.get_by_role("row", name="order Step 2", exact=False)
    expect(row).to_contain_text("40 of 50")
    expect(row).to_contain_text("fewer, significant")

    # A number opens its people, and every state is an address.
    row.get_by_role("link", name="5", exact=True).click()
    difference = page.get_by_role("complementary", name="Selected difference")
    expect(difference.locator(".panel__n")).to_have_text("−70.0")
    expect(difference.locator("#people-short li")).to_have_count(4)
    expect(page).to_have_url(re.compile("with=rest"))
    expect(page).to_have_url(re.compile("side=b"))
    page.get_by_role("link", name="Side by side").click()
    expect(page.locator(".beside .flow__svg")).to_have_count(2)
    page.go_back()
    expect(page.locator(".diff .flow__svg")).to_be_visible()
    page.reload()
    expect(difference.locator(".panel__n")).to_have_text("−70.0")
    bar = page.locator(".diff a.f-n", has_text="help")
    bar.first.locator(".f-node").click()
    expect(difference.locator(".panel__name")).to_have_text("help")
    difference.get_by_role("link", name="Open all").click()
    expect(page.locator("table.members tbody tr")).to_have_count(50)


@pytest.mark.usefixtures("worker")
def test_a_chart_tells_what_changed_and_leads_to_it(page: Page, team: Team, shop: Dataset) -> None:
    page.goto(reverse("flows:new", args=[team.slug]) + "?start=visit&steps=3&from=1970-02-01&to=1970-02-28")
    page.get_by_role("link", name="Insights").click()
    changed = page.locator(".insight", has_text="Since the period before")
    expect(changed.locator(".findings li").first).to_be_visible()
    expect(changed).to_contain_text("search (step 1) went from 50.0 % (50 of 100) to 80.0 % (80 of 100): +30.0 points.")
    expect(page.locator(".insight .link", has_text="Compute")).to_have_count(0)
    changed.locator("li", has_text="search (step 1)").get_by_role("link").click()
    expect(page.get_by_role("complementary", name="Selected difference").locator(".panel__n")).to_have_text("+30.0")
    page.get_by_role("link", name="Back to the chart").click()
    expect(page.locator(".flow__svg")).to_be_visible()


def test_both_sides_are_waited_for_or_cancelled(page: Page, team: Team, shop: Dataset) -> None:
    address = reverse("flows:new_compare", args=[team.slug]) + "?start=visit&from=1970-02-01&to=1970-02-28"
    page.goto(address)
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("Counting both sides")).to_be_visible()
    expect(page).to_have_url(re.compile("with=previous"))
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled before there was an answer.")).to_be_visible()
    assert set(FlowRun.objects.values_list("status", flat=True)) == {FlowRun.Status.CANCELLED}
    page.get_by_role("link", name="Compute").click()
    expect(page.get_by_text("Counting both sides")).to_be_visible()
    first, second = FlowRun.objects.filter(status=FlowRun.Status.QUEUED).order_by("pk")
    runs.run_flow(team_id=team.pk, run_id=first.pk)
    expect(page.get_by_text("Counting both sides, 50 %")).to_be_visible()
    runs.run_flow(team_id=team.pk, run_id=second.pk)
    expect(page.locator(".diff .flow__svg")).to_be_visible()
    assert FlowRun.objects.count() == 4
