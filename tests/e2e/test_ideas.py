import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from maps import services
from maps.library import LIFECYCLE
from maps.models import Opportunity

pytestmark = pytest.mark.django_db(transaction=True)


def stands_at(idea: Opportunity) -> tuple[int, int]:
    idea.refresh_from_db()
    return idea.effort, idea.points


def test_ideas_are_weighed_with_mouse_and_keyboard(page, team, bob):
    services.create_map(team=team, by=bob, title="First visit", template=LIFECYCLE)
    idea = Opportunity.objects.first()
    page.goto(reverse("maps:opportunities", args=[team.slug]))
    dot = page.locator(f"#dot-{idea.card_id}")
    dot.drag_to(page.locator('.place[data-effort="1"][data-points="9"]'))
    expect(page.locator('.place[data-effort="1"][data-points="9"]').locator(dot)).to_be_focused()
    expect(page.locator("#ideas-say")).to_have_text("Effort 1, impact 4.5.")
    expect(page.locator(f'#dot-{idea.card_id}[data-version="2"]')).to_be_visible()
    assert stands_at(idea) == (1, 9)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#ideas-say")).to_have_text("Effort 3, impact 4.")
    expect(
        page.locator(f'.place[data-effort="3"][data-points="8"] #dot-{idea.card_id}[data-version="3"]')
    ).to_be_focused()
    assert stands_at(idea) == (3, 8)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(page.locator("#ideas-say")).to_have_text("Left where it was.")
    page.keyboard.press("Enter")
    page.locator("#idea-name").wait_for()
    expect(page).to_have_url(re.compile(f"idea={idea.card_id}"))
    assert stands_at(idea) == (3, 8)
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    page.select_option("[name=status]:not(#by-status)", "done")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(f"#dot-{idea.card_id}")).to_have_count(0)
    page.get_by_role("link", name="Show on the map").click()
    page.wait_for_url(f"**/#card-{idea.card_id}")


def test_what_colleagues_change_appears_without_a_reload(page, team, bob, alice):
    journey = services.create_map(team=team, by=bob, title="First visit", template=LIFECYCLE)
    first, *_, last = Opportunity.objects.order_by("card")

    def put(idea: Opportunity, effort: int) -> None:
        card = idea.card
        card.refresh_from_db()
        details = {"effort": effort}
        services.save_card(journey=journey, by=alice, card=card.pk, version=card.version, details=details)
        page.evaluate("() => window.dispatchEvent(new Event('focus'))")

    page.goto(reverse("maps:opportunities", args=[team.slug]))
    dot = page.locator(f"#dot-{last.card_id}")
    dot.focus()
    put(last, 1)
    expect(page.locator('.place[data-effort="1"]').locator(dot)).to_be_focused()
    dot.press("Enter")
    page.locator(".idea [name=body]").fill("Not saved yet")
    put(last, 5)
    expect(page.locator('.place[data-effort="5"]').locator(dot)).to_be_visible()
    expect(page.locator(".idea [name=body]")).to_have_value("Not saved yet")
    expect(page.locator(".idea [name=body]")).to_be_focused()
    page.get_by_role("button", name="Save").click()  # What she did meanwhile is not overwritten unasked.
    expect(page.get_by_text("Somebody changed this card meanwhile.")).to_be_visible()
    for idea in Opportunity.objects.exclude(pk=first.pk):
        services.remove_card(journey=journey, by=alice, card=idea.card_id)
    page.get_by_role("link", name="Close").click()
    services.remove_card(journey=journey, by=alice, card=first.card_id)
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    expect(page.get_by_text("No opportunities yet")).to_be_visible()
