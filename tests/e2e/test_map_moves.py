"""Moving what stands on a map: with the mouse, with the keyboard alone, and with a finger."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from accounts.models import Team, User
from maps import services
from maps.library import TEMPLATES
from maps.models import Card, JourneyMap, Lane, Step

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CARD = "Searches for a way out"


@pytest.fixture
def journey(team: Team, bob: User) -> JourneyMap:
    return services.create_map(team=team, by=bob, title="First visit", template=TEMPLATES["lifecycle"])


def open_map(page: Page, journey: JourneyMap) -> None:
    page.goto(reverse("maps:map", args=[journey.team.slug, journey.pk]))
    expect(page.locator("map-grid")).to_be_visible()


def cell(page: Page, lane: str, step: str) -> Locator:
    return page.locator(f"#cell-{Lane.objects.get(title=lane).pk}-{Step.objects.get(name=step).pk}")


def drag(page: Page, what: Locator, x: float, y: float, *, drop: bool = True) -> None:
    """From the middle of `what` to a point of the window, in steps as a hand makes them."""
    box = what.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(x, y, steps=8)
    if drop:
        page.mouse.up()


def middle(what: Locator) -> tuple[float, float]:
    box = what.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def names(page: Page, kind: str) -> list[str]:
    return page.locator(f".{kind} .name").all_text_contents()


def test_a_card_is_dragged_into_another_cell_and_the_gap_is_shown(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    target = cell(page, "Pain points", "Compare options")
    drag(page, page.get_by_role("link", name=CARD), *middle(target), drop=False)
    expect(page.locator(".gap")).to_be_visible()
    expect(page.locator(".dragged")).to_be_visible()
    page.mouse.up()
    expect(target.get_by_role("link", name=CARD)).to_be_focused()
    expect(page.locator(".gap, .dragged, .carried, .edit")).to_have_count(0)
    page.reload()
    expect(target.get_by_role("link", name=CARD)).to_be_visible()
    assert Card.objects.get(body=CARD).kind == Lane.Kind.PAIN


def test_cards_of_a_cell_change_their_order_by_dragging(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    home = page.locator(".cell", has=page.get_by_role("link", name=CARD))
    first = home.locator("[data-card]").first
    box = first.bounding_box()
    assert box
    drag(page, page.get_by_role("link", name=CARD), box["x"] + 20, box["y"] + 3)
    expect(home.locator("[data-card]").first).to_contain_text(CARD)


def test_what_is_dropped_nowhere_stays_where_it_was(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    revision = journey.revision
    drag(page, page.get_by_role("link", name=CARD), *middle(page.locator(".head__title")))
    expect(page.locator("#map-says")).to_contain_text("left where it was")
    drag(page, page.get_by_role("link", name=CARD), *middle(cell(page, "Pain points", "Compare options")), drop=False)
    page.keyboard.press("Escape")
    page.mouse.up()
    drag(page, page.get_by_role("link", name=CARD), *middle(page.locator(".feel").first))
    expect(page.locator(".dragged, .gap, .carried, .edit")).to_have_count(0)
    expect(page.get_by_role("link", name=CARD)).to_be_visible()
    journey.refresh_from_db()
    assert journey.revision == revision


def test_stages_steps_and_lanes_are_dragged_by_their_heads(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    stages, steps, lanes = names(page, "stage"), names(page, "step"), names(page, "lane")
    target = page.locator(".stage").nth(2).bounding_box()
    assert target
    drag(page, page.locator(".stage .name").first, target["x"] + target["width"] - 20, target["y"] + 10)
    expect(page.locator(".stage .name").nth(2)).to_have_text(stages[0])
    assert names(page, "step")[4:6] == steps[:2]
    target = page.locator(".step", has_text=steps[2]).bounding_box()
    assert target
    drag(page, page.locator(".step .name", has_text=steps[0]), target["x"] + 8, target["y"] + 10)
    expect(page.locator(".step .name").first).to_have_text(steps[0])
    assert Step.objects.get(name=steps[0]).stage.name == stages[1]
    target = page.locator(".lane").nth(1).bounding_box()
    assert target
    drag(page, page.locator(".lane .name").first, target["x"] + 20, target["y"] + target["height"] - 6)
    expect(page.locator(".lane .name").nth(1)).to_have_text(lanes[0])


def test_a_card_is_moved_with_the_keyboard_alone_and_it_is_told(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    says = page.locator("#map-says")
    page.get_by_role("link", name=CARD).focus()
    page.keyboard.press("Space")
    expect(says).to_contain_text("picked up")
    page.keyboard.press("ArrowRight")
    expect(says).to_contain_text("Customer actions, Compare options, place 2 of 2")
    page.keyboard.press("ArrowUp")
    expect(says).to_contain_text("place 1 of 2")
    expect(page.locator(".gap")).to_be_visible()
    page.keyboard.press("Space")
    expect(cell(page, "Customer actions", "Compare options").locator("[data-card]").first).to_contain_text(CARD)
    expect(page.get_by_role("link", name=CARD)).to_be_focused()
    expect(says).to_contain_text("moved")
    page.keyboard.press("Control+z")
    expect(cell(page, "Customer actions", "Come across us").get_by_role("link", name=CARD)).to_be_visible()


def test_escape_puts_down_where_it_was(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name=CARD).focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "ArrowRight", "Escape"):
        page.keyboard.press(key)
    expect(page.locator("#map-says")).to_contain_text("left where it was")
    expect(page.get_by_role("link", name=CARD)).to_be_focused()
    expect(page.locator(".gap, .carried")).to_have_count(0)
    journey.refresh_from_db()
    assert journey.revision == 1


def test_heads_are_moved_with_the_keyboard_alone(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    stages, steps, lanes = names(page, "stage"), names(page, "step"), names(page, "lane")
    page.locator(".stage .name").first.focus()
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(page.locator(".stage .name").nth(1)).to_have_text(stages[0])
    expect(page.locator(".stage .name").nth(1)).to_be_focused()
    assert names(page, "step")[:4] == [*steps[2:4], *steps[:2]]
    page.locator(".lane .name").first.focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "Space"):
        page.keyboard.press(key)
    expect(page.locator(".lane .name").nth(2)).to_have_text(lanes[0])
    # Past the end of its stage a step goes into the next one.
    page.locator(".step .name", has_text=steps[3]).focus()
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(page.locator(".stage", has_text=stages[0])).to_contain_text("3 steps")
    assert Step.objects.get(name=steps[3]).stage.name == stages[0]


def test_a_finger_drags_after_a_long_press_and_scrolls_before_it(
    visit: Callable, bob: User, journey: JourneyMap
) -> None:
    page = visit(bob, has_touch=True).new_page()
    open_map(page, journey)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    # Nothing makes the page wider than a phone, which would then lay out all of it for that width.
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.set_viewport_size({"width": 1440, "height": 1000})
    card, target = page.get_by_role("link", name=CARD), cell(page, "Pain points", "Compare options")
    (x, y), (to_x, to_y) = middle(card), middle(target)
    send("touchStart", x, y)
    send("touchMove", x, y - 60)
    send("touchEnd")
    expect(page.locator(".dragged")).to_have_count(0)
    card.scroll_into_view_if_needed()
    (x, y), (to_x, to_y) = middle(card), middle(target)
    send("touchStart", x, y)
    expect(page.locator(".dragged")).to_be_visible()
    for part in range(1, 6):
        send("touchMove", x + (to_x - x) * part / 5, y + (to_y - y) * part / 5)
    expect(page.locator(".gap")).to_be_visible()
    send("touchEnd")
    expect(target.get_by_role("link", name=CARD)).to_be_visible()
    expect(page.locator(".edit")).to_have_count(0)


def test_ctrl_d_duplicates_what_has_the_focus_and_a_menu_does_too(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.get_by_role("link", name=CARD).focus()
    page.keyboard.press("Control+d")
    expect(page.get_by_role("link", name=CARD)).to_have_count(2)
    expect(page.get_by_role("link", name=CARD).last).to_be_focused()
    page.locator(".lane .name").first.focus()
    page.keyboard.press("Control+d")
    expect(page.locator(".lane .name", has_text="Customer actions")).to_have_count(2)
    expect(page.locator(".lane .name").nth(1)).to_be_focused()
    page.locator(".stage .name").first.focus()
    page.keyboard.press("Control+d")
    expect(page.locator(".stage")).to_have_count(6)
    expect(page.locator(".stage .name").nth(1)).to_be_focused()
    # And a step with the mouse.
    steps = page.locator(".step").count()
    page.locator(".step").first.hover()
    page.locator(".step").first.get_by_role("link", name="More about the step").click()
    page.get_by_role("button", name="Duplicate").click()
    expect(page.locator(".step")).to_have_count(steps + 1)
    expect(page.locator(".step .name").nth(1)).to_be_focused()


def test_a_lane_is_inserted_between_two_others_and_named_at_once(page: Page, journey: JourneyMap) -> None:
    open_map(page, journey)
    page.locator(".lane .name").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Add a lane below Customer actions")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.type("What we hear")
    page.keyboard.press("Enter")
    expect(page.locator(".lane .name").nth(1)).to_have_text("What we hear")
    page.locator(".lane").nth(2).hover()
    page.locator(".lane").nth(2).get_by_role("button", name="Add a lane below").click()
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".lane .name").nth(3)).to_be_focused()


def test_what_comes_before_the_first_is_inserted_with_the_mouse_and_with_the_keyboard(
    page: Page, journey: JourneyMap
) -> None:
    open_map(page, journey)
    for kind, where in (("stage", "before"), ("step", "before"), ("lane", "above")):
        first, first_name = page.locator(f".{kind}").first, page.locator(f".{kind} .name").first
        old = first_name.text_content() or ""
        plus = first.get_by_role("button", name=f"Add a {kind} {where} {old}", exact=True)
        first.hover()
        expect(plus).to_have_css("opacity", "1")
        plus.click()
        expect(first.get_by_role("textbox", name="Name")).to_be_focused()
        page.keyboard.type(f"By mouse {kind}")
        page.keyboard.press("Enter")
        expect(first_name).to_be_focused()
        for _ in range(3):
            page.keyboard.press("Tab")
        expect(first.get_by_role("button", name=f"Add a {kind} {where}")).to_be_focused()
        page.keyboard.press("Enter")
        expect(first.get_by_role("textbox", name="Name")).to_be_focused()
        page.keyboard.type(f"By keyboard {kind}")
        page.keyboard.press("Enter")
        expect(first_name).to_have_text(f"By keyboard {kind}")
        expect(first_name).to_be_focused()
        expect(page.locator(f".{kind} .name").nth(1)).to_have_text(f"By mouse {kind}")


def test_a_stage_is_copied_to_another_map(page: Page, journey: JourneyMap, team: Team, bob: User) -> None:
    services.create_map(team=team, by=bob, title="Second visit", template=TEMPLATES["saas-onboarding"])
    open_map(page, journey)
    page.locator(".stage .name").first.focus()
    page.keyboard.press("Shift+F10")
    page.get_by_role("link", name="Copy to another map").click()
    page.get_by_role("dialog").get_by_label("Map").select_option("Second visit")
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#map-title")).to_have_text("Second visit")
    expect(page.locator(".stage .name").last).to_have_text("Awareness")
