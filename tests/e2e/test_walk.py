"""The whole way through the flow explorer, with a real worker: from the first event to the file in somebody's hands."""

import csv
import io
import json
import re
import struct
from collections import Counter
from xml.etree import ElementTree

import pytest
from celery import current_app
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from accounts.models import Notification, Team, User
from accounts.services import notify
from flows.models import Cohort, Dataset, FlowChart, FlowRun
from maps.library import LIFECYCLE
from maps.models import JourneyMap
from maps.services import create_map
from tests.flows.shops import make_shop_with_plans
from tests.workers import celery_worker

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(team: Team) -> Dataset:
    return make_shop_with_plans(team)


def bars(page: Page) -> Counter[tuple[int, int]]:
    """How many bars of a step have a count, as (step, count)."""
    found = page.locator(".f-n").evaluate_all("all => all.map(bar => [+bar.dataset.s, +bar.dataset.c])")
    return Counter((step, count) for step, count in found)


def test_from_an_event_to_a_file_in_the_hands_of_somebody_else(
    page: Page, browser: Browser, server: str, team: Team, shop: Dataset, bob: User
) -> None:
    with celery_worker():
        have_letters_written(team, bob)
        ask(page, team)
        lost = open_the_biggest_loss(page)
        compare_with_the_rest(page, lost)
        open_as_a_funnel(page)
        address = save_and_share(page, server, bob)
        read_behind_the_link(page, browser, address)
        read_every_file(page)
    assert set(FlowRun.objects.values_list("status", "attempt")) == {("done", 1)}
    assert Notification.objects.get().mail == Notification.Mail.SENT
    assert JourneyMap.objects.get().reminded_of == timezone.localdate()


def have_letters_written(team: Team, bob: User) -> None:
    """One about a mention, one about a map that is due for review; the worker writes them meanwhile."""
    journey = create_map(team=team, by=bob, title="First visit", template=LIFECYCLE)
    JourneyMap.objects.filter(pk=journey.pk).update(review_due=timezone.localdate())
    words = {"key": "letter", "text": "Somebody mentioned you", "url": "/"}
    notify(team=team, kind=Notification.Kind.MENTION, to=[bob], **words)
    current_app.send_task("maps.tasks.remind_owners")


def ask(page: Page, team: Team) -> None:
    """Start, events, scope; each answers at once, on the same page."""
    page.goto(reverse("flows:list", args=[team.slug]))
    page.get_by_role("link", name="New chart").first.click()
    page.locator(".start__list").get_by_role("link", name="visit").click()
    expect(page.locator(".ledger__n")).to_have_text("30", timeout=60_000)
    page.evaluate("window.neverLeft = true")
    page.get_by_role("button", name="Only some events").click()
    for name in ("search", "order"):
        page.locator("#pick-only").get_by_text(name, exact=True).click()
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).to_contain_text("looking only at order and search")
    # A filter: nothing is asked before it is added.
    page.get_by_text("Events whose…").click()
    page.locator("#where-new-property").fill("plan")
    page.locator("#where-new-add").fill("free")
    expect(page.locator(".ledger__n")).to_have_text("30")
    page.locator("#where-new-add").press("Enter")
    expect(page.locator(".ledger__n")).to_have_text("20")
    expect(page.locator("#ask")).to_contain_text("counting only events whose plan is free")
    expect(page.locator("#where-new-property")).to_have_value("")
    page.locator("#id_steps").fill("3")
    expect(page.locator(".f-head")).to_have_count(3)
    expect(page.locator("#ask")).to_contain_text("in 3 steps, counting")
    expect(page).to_have_url(re.compile(r"start=visit.*steps=3"))
    assert page.evaluate("window.neverLeft")
    assert bars(page) == {(0, 20): 1, (1, 12): 1, (2, 6): 1}


def open_the_biggest_loss(page: Page) -> int:
    """The people who dropped out where most did, saved as a cohort."""
    drops = page.locator(".f-e[data-e=dropped]")
    counts = [int(text) for text in drops.evaluate_all("ends => ends.map((end) => end.dataset.c)")]
    most = max(counts)
    assert (most, sum(counts)) == (8, 20)
    drops.nth(counts.index(most)).locator("path").click()
    panel = page.get_by_role("complementary", name="Selected set")
    expect(panel.locator(".panel__n")).to_have_text(str(most))
    expect(panel.locator("#people-short li")).to_have_count(4)
    panel.get_by_role("link", name=f"Open all {most}").click()
    expect(page.locator("table.members tbody tr")).to_have_count(most)
    page.get_by_role("link", name="Back to the chart").click()
    panel.get_by_text("Save cohort").click()
    panel.get_by_label("Name of the cohort").fill("Lost")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"“Lost” is saved: {most} people")).to_be_visible()
    assert (Cohort.objects.get().people, Cohort.objects.get().count) == (most, most)
    return most


def compare_with_the_rest(page: Page, lost: int) -> None:
    panel = page.get_by_role("complementary", name="Selected set")
    panel.get_by_text("Compare…").click()
    panel.get_by_role("link", name="A cohort and everybody else").click()
    page.get_by_label("Cohort", exact=True).first.select_option("Lost")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".versus__name")).to_have_text(["Lost", "Everybody else"])
    expect(page.locator(".versus__n b")).to_have_text([str(lost), str(20 - lost)])
    page.get_by_role("row", name="search Step 1", exact=False).get_by_role("link", name="12", exact=True).click()
    difference = page.get_by_role("complementary", name="Selected difference")
    expect(difference.locator(".panel__n")).to_have_text("+100.0")
    page.get_by_role("link", name="Back to the chart").click()


def open_as_a_funnel(page: Page) -> None:
    """The numbers of the funnel are those of the bars on the way."""
    page.locator("a.f-n", has_text="order").first.locator(".f-node").click()
    page.get_by_role("link", name="Open as funnel").click()
    expect(page.locator("table.funnel tbody tr")).to_have_count(3)
    assert page.locator("table.funnel tbody td:nth-child(2)").all_inner_texts() == ["20", "12", "6"]
    page.locator("table.funnel").get_by_role("link", name="6 dropped").first.click()
    expect(page.locator("table.members tbody tr")).to_have_count(6)
    page.get_by_role("link", name="Back to the funnel").click()
    page.get_by_role("link", name="Back to the chart").click()


def save_and_share(page: Page, server: str, bob: User) -> str:
    page.get_by_label("Name of the chart").fill("Where they leave")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#flow-state")).to_have_text("Saved")
    expect(page).to_have_url(re.compile(r"/flows/\d+/$"))
    chart = FlowChart.objects.get()
    assert (chart.owner, chart.query["only"]) == (bob, ["order", "search"])
    page.get_by_role("link", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share")
    dialog.get_by_role("button", name="Create link").click()
    address = dialog.get_by_role("textbox", name="The link").input_value()
    assert address.startswith(f"{server}/shared/charts/")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    return address


def read_behind_the_link(page: Page, browser: Browser, address: str) -> None:
    """In a private window: the same numbers, and nobody's name."""
    private = browser.new_context()
    try:
        visitor = private.new_page()
        visitor.goto(address)
        expect(visitor.get_by_role("heading", name="Where they leave")).to_be_visible()
        assert bars(visitor) == bars(page)
        text = visitor.content()
        assert "person 0" not in text
        assert "/t/" not in text
        assert visitor.request.get(page.url, max_redirects=0).status == 302
    finally:
        private.close()


def read_every_file(page: Page) -> None:
    page.get_by_role("button", name="Export").click()
    names = page.locator("#chart-export a span").all_inner_texts()
    urls = page.locator("#chart-export a").evaluate_all("all => all.map(each => each.href)")
    files = {}
    for name, url in zip(names, urls, strict=True):
        answer = page.request.get(url, max_redirects=0)
        assert answer.ok
        files[name.partition("\n")[0]] = answer.body()
    shown = bars(page)
    counts = {count for _, count in shown}
    assert Counter((n["step"], n["count"]) for n in json.loads(files["JSON"])["nodes"]) == shown
    heads, *rows = table(files["CSV of the steps"])
    assert Counter((int(row[0]), int(row[heads.index("Count")])) for row in rows) == shown
    assert [int(row[5]) for row in table(files["CSV of the links"])[1:]] == [12, 6]
    assert [int(row[0]) for row in table(files["CSV of the paths"])[1:]] == [8, 6, 6]
    heads, *rows = (
        CalamineWorkbook.from_filelike(io.BytesIO(files["Excel workbook"])).get_sheet_by_name("Steps").to_python()
    )
    assert Counter((int(row[0]), int(row[heads.index("Count")])) for row in rows) == shown
    svg = ElementTree.fromstring(files["SVG"])
    (sheet,) = PdfReader(io.BytesIO(files["PDF"])).pages
    for text in (" ".join(svg.itertext()), sheet.extract_text()):
        assert counts <= {int(number) for number in re.findall(r"\b\d+\b", text)}
        assert "Where they leave" in text
    width, height = struct.unpack(">II", files["PNG"][16:24])
    assert (width, height) == pytest.approx((2 * float(svg.get("width")), 2 * float(svg.get("height"))), abs=2)


def table(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
