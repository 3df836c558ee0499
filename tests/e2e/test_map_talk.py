"""Two browsers talk about a map: a mention, the inbox of the other, the thread, and that it is resolved."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Team, User
from maps import services
from maps.library import TEMPLATES
from maps.live import bus
from maps.models import Card, Comment, JourneyMap

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _nobody_is_there(db):
    yield
    for key in bus.client().scan_iter(f"{bus.prefix()}*"):
        bus.client().delete(key)


@pytest.fixture
def journey(team: Team, bob: User, carol: User) -> JourneyMap:
    return services.create_map(team=team, by=bob, title="First visit", template=TEMPLATES["lifecycle"])


@pytest.fixture
def hers(visit: Callable[..., BrowserContext], carol: User) -> Page:
    """A page of carol's browser, who comments."""
    return visit(carol).new_page()


def open_map(page: Page, journey: JourneyMap) -> None:
    with page.expect_request("**/live/"):
        page.goto(reverse("maps:map", args=[journey.team.slug, journey.pk]))
    expect(page.locator("map-live[data-connected]")).to_be_attached()


def nothing_in_the_way(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    assert violations == [], [(each["id"], each["nodes"][0]["html"]) for each in violations]


def test_a_mention_is_found_in_the_inbox_answered_and_resolved(page: Page, hers: Page, journey: JourneyMap) -> None:
    row = Card.objects.get(body="Searches for a way out")
    open_map(page, journey)
    open_map(hers, journey)

    # She opens what is said about a card with the keyboard, and mentions him by the first letters of his name.
    hers.locator(f"#card-{row.pk}").focus()
    hers.keyboard.press("Shift+F2")
    box = hers.get_by_label("New thread about this")
    expect(box).to_be_focused()
    hers.keyboard.type("Is this so, @b")
    option = hers.get_by_role("option", name="Bob")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")
    hers.keyboard.press("Enter")
    expect(box).to_have_value("Is this so, @Bob ")
    nothing_in_the_way(hers)
    hers.keyboard.press("Control+Enter")
    expect(hers.locator(".comment__t")).to_have_text("Is this so, @Bob")
    expect(hers.locator(".meant")).to_have_text("@Bob")

    # It is marked on his map, too, without a reload.
    mark = page.locator(f"#card-{row.pk}").locator("xpath=preceding-sibling::a[1]")
    expect(mark).to_have_accessible_name("1 open thread")
    expect(page.get_by_role("link", name="Comments 1 open")).to_be_visible()
    nothing_in_the_way(page)

    # His inbox knows as soon as the stream has asked again, and leads to the thread.
    page.evaluate("() => document.querySelector('map-live').open()")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Inbox 1 unread").click()
    nothing_in_the_way(page)
    page.get_by_role("link", name="Carol mentioned you in “First visit”").click()
    expect(page.locator("map-live[data-connected]")).to_be_attached()
    expect(page.locator(".rail .unread")).to_be_hidden()
    page.get_by_label("Reply").fill("Yes, it is")
    page.get_by_role("button", name="Reply").click()

    # She sees the answer while she writes, and what she has written stays.
    hers.get_by_label("Reply").fill("Half a")
    expect(hers.locator(".comment__t").last).to_have_text("Yes, it is")
    expect(hers.get_by_label("Reply")).to_have_value("Half a")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    expect(hers.get_by_text("Resolved by Bob")).to_be_visible()
    expect(hers.locator(".mark")).to_have_count(0)
    expect(hers.get_by_label("Reply")).to_have_value("Half a")
    nothing_in_the_way(page)

    # The address says what is open; Esc closes it, and the focus is on the map again.
    hers.reload()
    expect(hers.get_by_text("Resolved by Bob")).to_be_visible()
    expect(hers.get_by_label("Reply")).to_have_value("Half a")
    hers.get_by_role("link", name="All comments").click()
    expect(hers.get_by_text("No open threads")).to_be_visible()
    hers.get_by_role("link", name="Resolved", exact=True).click()
    expect(hers.locator(".thread__t")).to_contain_text("Is this so, @Bob")
    hers.keyboard.press("Escape")
    expect(hers.locator("#map-talk")).to_be_hidden()
    expect(hers).to_have_url(re.compile(f"/maps/{journey.pk}/$"))
    assert Comment.objects.filter(map=journey).count() == 2


def test_a_card_is_given_away_and_found_by_filter_and_in_my_work(page: Page, journey: JourneyMap, bob: User) -> None:
    row = Card.objects.get(body="Searches for a way out")
    open_map(page, journey)
    page.locator(f"#card-{row.pk}").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Details of the card").click()
    page.get_by_label("Who sees to it").select_option("Bob")
    page.locator("#id_due").fill((timezone.localdate() - timedelta(days=1)).isoformat())
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    card = page.locator(f"#card-{row.pk}")
    expect(card.get_by_text("Bob sees to it")).to_be_attached()
    expect(card.get_by_role("img", name="Overdue")).to_be_visible()
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("radio", name="Overdue").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#map [data-card]:visible")).to_have_count(1)
    expect(page.get_by_role("button", name="Filter on")).to_be_visible()
    nothing_in_the_way(page)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Inbox").click()
    page.get_by_role("link", name="My work").click()
    nothing_in_the_way(page)
    page.get_by_role("link", name="Searches for a way out").click()
    expect(card).to_be_visible()
