"""Asking, reading and going on from an answer, in a real browser."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Team, User
from flows.models import Cohort, Dataset, FlowRun
from flows.services import datasets, runs
from tests.flows.rows import give_events

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DAY = 86_400
PLANS = ["pro", "free", "free"]


def shop_rows() -> list[tuple[object, ...]]:
    """30 people visit; of the 20 that are on the free plan 12 search, and 6 of these drop out there."""
    rows: list[tuple[object, ...]] = []
    for number in range(30):
        who, plan = f"person {number:02}", PLANS[number % 3]
        rows.append((who, "visit", number, {"plan": plan, "price": number}))
        rows.append((who, "noise", number + 1, {"plan": plan}))
        if number % 5 < 3:
            rows.append((who, "search", number + 10, {"plan": plan}))
            if number % 2:
                rows.append((who, "order", number + 20, {"plan": plan}))
    return [*rows, ("last", "help", 60 * DAY, {"plan": "free"})]


@pytest.fixture
def shop(team: Team) -> Dataset:
    dataset = datasets.create_dataset(team=team, name="Shop")
    give_events(dataset, shop_rows())
    dataset.refresh_from_db()
    return dataset


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is computed at once, without a worker."""
    ask = runs.ask

    def ask_and_compute(**words: object) -> FlowRun:
        run = ask(**words)
        runs.run_flow(team_id=run.team_id, run_id=run.pk)
        return run

    monkeypatch.setattr(runs, "ask", ask_and_compute)


def fine(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert not serious, [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in serious]


@pytest.mark.usefixtures("counted")
def test_from_a_question_to_its_people_and_on_to_the_next_question(page: Page, team: Team, shop: Dataset) -> None:
    page.goto(reverse("flows:new", args=[team.slug]))
    page.locator(".start__list").get_by_role("link", name="visit").click()
    expect(page.locator(".ledger__n")).to_have_text("30")

    # A filter: nothing is asked before it is added.
    page.get_by_text("Events whose…").click()
    page.locator("#where-new-property").fill("plan")
    page.locator("#where-new-add").fill("free")
    expect(page.locator(".ledger__n")).to_have_text("30")
    page.locator("#where-new-add").press("Enter")
    expect(page.locator(".ledger__n")).to_have_text("20")
    expect(page.locator("#ask")).to_contain_text("counting only events whose plan is free")
    expect(page.locator("#rows-where .cond")).to_have_count(1)
    expect(page.locator("#where-new-property")).to_have_value("")
    page.get_by_role("button", name="Only some events").click()
    for name in ("search", "order"):
        page.locator("#pick-only").get_by_text(name, exact=True).click()
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).to_contain_text("looking only at order and search")

    # Read, and open the people who dropped out where most did.
    drops = page.locator("a.f-e", has_text="dropped")
    counts = [int(re.search(r": (\d+) p", text)[1]) for text in drops.locator("title").all_text_contents()]
    drops.nth(counts.index(max(counts))).locator("path").click()
    panel = page.get_by_role("complementary", name="Selected set")
    expect(panel.locator(".panel__n")).to_have_text(str(max(counts)))
    expect(panel.locator("#people-short li")).to_have_count(min(4, max(counts)))
    fine(page)
    panel.get_by_text("Save cohort").click()
    panel.get_by_label("Name of the cohort").fill("Lost")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"“Lost” is saved: {max(counts)} people")).to_be_visible()
    cohort = Cohort.objects.get()
    assert (cohort.people, cohort.count) == (max(counts), max(counts))

    # The people, all of them.
    panel.get_by_role("link", name=f"Open all {max(counts)}").click()
    expect(page.locator("table.members tbody tr")).to_have_count(max(counts))
    fine(page)
    page.get_by_role("link", name="Back to the chart").click()

    # The cohort in a question: as many as the number said.
    page.get_by_text("People who…").click()
    page.locator("#people-new-kind").select_option("are in cohort")
    page.locator("#people-new-cohort").select_option("Lost")
    page.locator("#new-people").get_by_role("button", name="Add").click()
    expect(page.locator("#ask")).to_contain_text("are in cohort Lost")
    expect(page.locator(".ledger__n")).to_have_text(str(max(counts)))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#flow-state")).to_have_text("Saved")
    expect(page.locator("#ask")).to_contain_text("are in cohort Lost")
    expect(page.locator("#rows-where .cond")).to_have_count(1)


@pytest.mark.usefixtures("counted")
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


@pytest.mark.usefixtures("counted")
def test_a_ribbon_opens_its_people_and_the_way_to_it_as_a_funnel(page: Page, team: Team, shop: Dataset) -> None:
    page.goto(reverse("flows:new", args=[team.slug]) + "?start=visit&hide=noise")
    ribbon = page.locator(".f-ribs a", has_text="visit → search")
    ribbon.locator("path").click()
    panel = page.get_by_role("complementary", name="Selected set")
    expect(panel.locator(".panel__n")).to_have_text("18")
    fine(page)
    panel.get_by_role("link", name="Open as funnel").click()
    expect(page.locator("table.funnel tbody tr")).to_have_count(2)
    assert page.locator("table.funnel tbody td:nth-child(2)").all_inner_texts() == ["30", "18"]
    fine(page)


@pytest.mark.usefixtures("counted")
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


@pytest.mark.usefixtures("counted")
def test_events_beyond_the_most_frequent_are_suggested(page: Page, team: Team) -> None:
    dataset = datasets.create_dataset(team=team, name="Big")
    give_events(dataset, [("ann", f"event {n:03}", n, {}) for n in range(130)])
    page.goto(reverse("flows:new", args=[team.slug]) + "?start=event 000")
    page.get_by_text("People who…").click()
    page.locator("#people-new-event").press_sequentially("event 12")
    expect(page.locator("#event-names option")).to_have_count(10)
