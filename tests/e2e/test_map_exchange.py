import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from maps import services
from maps.library import TEMPLATES
from maps.models import Card, JourneyMap, Lane, Step

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def journey(team: Team, bob) -> JourneyMap:
    return services.create_map(team=team, by=bob, title="First visit", template=TEMPLATES["lifecycle"])


def open_map(page: Page, journey: JourneyMap) -> None:
    page.goto(reverse("maps:map", args=[journey.team.slug, journey.pk]))
    expect(page.locator("map-grid")).to_be_visible()


def cell(page: Page, lane: str, step: str):
    row, column = Lane.objects.get(title=lane), Step.objects.get(name=step)
    return page.locator(f"#cell-{row.pk}-{column.pk}")


def paste(page: Page, text: str) -> None:
    """What Ctrl+V does, on whatever has the focus."""
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const target = document.activeElement;
            target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def test_a_range_is_pasted_on_a_cell_after_a_look(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    cell(page, "Touchpoints", "Get help").locator("[data-stop]").first.focus()
    paste(page, "Chat window [Chat]\tReview page\r\nWho answers?\t\r\n")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 new")
    assert not Card.objects.filter(body="Chat window").exists()
    assert Axe().run(page).violations_count == 0
    dialog.get_by_role("button", name="Paste").click()
    expect(dialog).to_be_hidden()
    expect(cell(page, "Touchpoints", "Get help")).to_contain_text("Chat window")
    expect(cell(page, "Thinking", "Get help")).to_contain_text("Who answers?")
    expect(cell(page, "Touchpoints", "Get help").locator("[data-stop]").first).to_be_focused()


def test_a_range_that_does_not_fit_is_told_and_nothing_is_written(page: Page, journey: JourneyMap) -> None:
    cards = Card.objects.count()
    open_map(page, journey)
    cell(page, "Touchpoints", "Recommend to others").locator("[data-stop]").first.focus()
    paste(page, "One\tTwo")
    expect(page.get_by_role("dialog")).to_contain_text("The range ends 1 step beyond the map.")
    expect(page.get_by_role("dialog").get_by_label("Cells of a spreadsheet")).to_have_value("One\tTwo")
    assert Card.objects.count() == cards


def test_a_range_is_pasted_also_on_the_page_of_its_own(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Paste a range").click(modifiers=["Control"])
    apart = opened.value
    apart.get_by_label("Cells of a spreadsheet").fill("Pasted at last")
    apart.get_by_role("button", name="Preview").click()
    apart.get_by_role("button", name="Paste").click()
    expect(apart.get_by_role("link", name="Pasted at last")).to_be_visible()


def test_one_line_that_is_pasted_opens_as_a_card(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    cell(page, "Thinking", "Get help").locator("[data-stop]").first.focus()
    paste(page, " Is anybody there? ")
    expect(page.get_by_label("Text of the card")).to_have_value("Is anybody there?")
    page.keyboard.press("Control+Enter")
    expect(cell(page, "Thinking", "Get help")).to_contain_text("Is anybody there?")


def test_text_pasted_into_an_open_card_stays_in_it(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name="Searches for a way out").click()
    paste(page, "a\tb")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_card_is_copied_and_pasted_also_on_a_map_in_another_tab(
    page: Page, journey: JourneyMap, team: Team, bob: User
) -> None:
    other = services.create_map(team=team, by=bob, title="Second visit", template=TEMPLATES["saas-onboarding"])
    severe = Card.objects.filter(cell__lane__map=journey, kind="pain", severity=3)[0]
    open_map(page, journey)
    page.locator(f"#card-{severe.pk}").focus()
    page.keyboard.press("Control+c")
    expect(page.locator("#map-says")).to_contain_text("Copied")
    target = page.locator(f"#cell-{severe.cell.lane_id}-{journey.stages.last().steps.last().pk}")
    target.locator("[data-stop]").first.focus()
    page.keyboard.press("Control+v")
    copy = target.get_by_role("link", name=severe.body)
    expect(copy).to_be_focused()
    expect(copy.get_by_role("img", name="Severity 3 of 3")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(copy).to_have_count(0)
    tab = page.context.new_page()
    open_map(tab, other)
    lane, step = other.lanes.filter(kind="pain").first(), other.stages.first().steps.first()
    target = tab.locator(f"#cell-{lane.pk}-{step.pk}")
    target.locator("[data-stop]").first.focus()
    tab.keyboard.press("Control+v")
    expect(target.get_by_role("link", name=severe.body)).to_be_focused()
    # Where somebody types, the clipboard is that of the browser.
    tab.keyboard.press("Enter")
    tab.keyboard.press("Control+a")
    tab.keyboard.press("Control+v")
    expect(tab.get_by_label("Text of the card")).to_have_value(severe.body)


def test_a_map_is_exported_and_imported_again(page: Page, journey: JourneyMap, tmp_path: Path) -> None:
    open_map(page, journey)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^JSON")).click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "first-visit.json"
    page.goto(reverse("maps:list", args=[journey.team.slug]))
    page.get_by_role("link", name="Import").click()
    assert Axe().run(page).violations_count == 0
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".stage")).to_have_count(5)
    expect(page.get_by_role("heading", name="First visit")).to_be_visible()
    assert JourneyMap.objects.count() == 2


def test_a_file_that_is_no_map_is_told_why_in_its_place(page: Page, team: Team, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text("{")
    page.goto(reverse("maps:import_map", args=[team.slug]))
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".message--bad")).to_contain_text("This is no JSON")
    page.get_by_label("Text of the map").fill("journey\n  section Day\n    Make tea: 5: Me")
    page.get_by_role("button", name="Make the map").click()
    expect(page.get_by_role("columnheader", name="Day")).to_be_visible()
