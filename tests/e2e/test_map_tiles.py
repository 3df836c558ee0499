"""A map on its way to a dashboard, in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from flows.services import dashboards
from maps import services
from maps.library import LIFECYCLE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_stage_is_put_on_a_dashboard_from_its_map_and_the_map_from_there(page: Page, team: Team, bob: User) -> None:
    journey = services.create_map(team=team, by=bob, title="First visit", template=LIFECYCLE)
    dashboards.create_dashboard(team=team, name="Weekly", by=bob)
    page.goto(reverse("maps:map", args=[team.slug, journey.pk]))
    page.get_by_role("button", name="Versions and copies").click()
    page.get_by_role("link", name="Put on a dashboard").click()
    page.get_by_label("What is shown").select_option(label=LIFECYCLE.document.stages[1].name)
    page.get_by_role("button", name="Put on Weekly").click()
    expect(page).to_have_url(re.compile("/flows/dashboards/"))
    drawings = page.locator(".dash__tile .dash__map > svg")
    expect(drawings).to_have_count(1)
    page.get_by_label("Chart or map").select_option(label="First visit")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(drawings).to_have_count(2)
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in violations] == []
