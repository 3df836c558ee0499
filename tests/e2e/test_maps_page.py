import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from maps import services
from maps.library import BLANK, LIFECYCLE
from maps.models import JourneyMap

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def board(team, bob) -> str:
    services.create_map(team=team, by=bob, title="First visit", template=BLANK)
    return reverse("maps:list", args=[team.slug]) + "?view=board"


def status() -> str:
    return JourneyMap.objects.get().status


def test_a_map_is_dragged_into_another_column(page, board):
    page.goto(board)
    page.locator(".board__card").drag_to(page.locator('[data-status="live"]'))
    expect(page.locator('[data-status="live"] .board__name')).to_have_text("First visit")
    assert status() == "live"


def test_a_map_is_carried_with_the_keyboard(page, board):
    page.goto(board)
    page.locator(".board__name").focus()
    page.keyboard.press("Space")
    expect(page.locator("#board-says")).to_have_text("First visit picked up. Draft.")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#board-says")).to_have_text("Over In review.")
    page.keyboard.press("Space")
    expect(page.locator('[data-status="review"] .board__name')).to_be_focused()
    assert status() == "review"
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("#board-says")).to_have_text("Left where it was.")
    page.keyboard.press("Enter")
    page.wait_for_selector("#map")
    assert status() == "review"


def test_a_filter_narrows_the_page_and_stands_in_the_address(page, board, team, bob):
    services.create_map(team=team, by=bob, title="To be", template=BLANK)
    services.update_map(journey=JourneyMap.objects.get(title="To be"), by=bob, state="future")
    page.goto(board.partition("?")[0])
    page.select_option("#by-state", "future")
    expect(page.locator(".table__open")).to_have_text(["To be"])
    expect(page).to_have_url(re.compile("state=future"))
    page.reload()
    expect(page.locator(".table__open")).to_have_text(["To be"])
    page.go_back()
    expect(page.locator(".table__open")).to_have_count(2)


def test_slash_leads_to_the_search_and_a_hit_to_its_card(page, board, team, bob):
    journey = services.create_map(team=team, by=bob, title="Second visit", template=LIFECYCLE)
    step, lane = journey.stages.last().steps.last(), journey.lanes.filter(kind="text").last()
    card = services.add_card(journey=journey, by=bob, lane=lane.pk, step=step.pk, body="Looks for the quokka")
    page.goto(board)
    page.keyboard.press("/")
    page.keyboard.type("quo")
    page.keyboard.press("Enter")
    page.wait_for_selector("#found mark")
    page.fill("main [name=q]", "looks quok")
    expect(page.locator("#found mark")).to_have_text(["Looks", "quokka"])
    page.click(".hits a")
    page.wait_for_url(f"**/maps/{journey.pk}/#card-{card.pk}")
    found = page.locator(f"#card-{card.pk}")
    expect(found).to_be_in_viewport()
    expect(found).to_be_focused()
