import base64

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from maps import services
from maps.library import LIFECYCLE
from maps.models import Card, Image
from tests.maps.images import picture

pytestmark = pytest.mark.django_db(transaction=True)

HAND = """([selector, kind, data]) => {
  const file = new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], "screen.png", { type: "image/png" });
  const transfer = new DataTransfer();
  transfer.items.add(file);
  const how = kind === "drop" ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
    : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true });
  const target = document.querySelector(selector);
  if (kind === "paste") target.querySelector("[data-picture]").focus();
  target.dispatchEvent(how);
}"""


def hand_over(page: Page, cell: str, kind: str) -> None:
    page.evaluate(HAND, [cell, kind, base64.b64encode(picture(600, 400)).decode()])


def test_pictures_are_chosen_dropped_and_pasted(page, team, bob):
    journey = services.create_map(team=team, by=bob, title="First visit", template=LIFECYCLE)
    lane = services.add_lane(journey=journey, by=bob, kind="image", title="Screens", role="none")
    first, second, third, *_ = [step.pk for stage in journey.stages.all() for step in stage.steps.all()]
    page.goto(reverse("maps:map", args=[team.slug, journey.pk]))
    page.locator(f"#cell-{lane.pk}-{first} [data-picture]").focus()
    page.keyboard.press("Enter")
    page.locator("#map-dialog input[type=file]").set_input_files(
        files=[{"name": "screen.png", "mimeType": "image/png", "buffer": picture(900, 600)}]
    )
    page.click("#map-dialog button:has-text('Save')")
    expect(page.locator("#map-dialog")).to_contain_text("Say what is to be seen")
    page.locator("#map-dialog input[type=file]").set_input_files(
        files=[{"name": "screen.png", "mimeType": "image/png", "buffer": picture(900, 600)}]
    )
    page.fill("#map-dialog [name=body]", "The first screen")
    page.click("#map-dialog button:has-text('Save')")
    shown = page.get_by_role("img", name="The first screen")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 900)
    for step, kind in ((second, "drop"), (third, "paste")):
        hand_over(page, f"#cell-{lane.pk}-{step}", kind)
        page.fill("#map-dialog [name=body]", f"Came by {kind}")
        page.click("#map-dialog button:has-text('Save')")
        expect(page.locator(f"#cell-{lane.pk}-{step}").get_by_role("img", name=f"Came by {kind}")).to_be_visible()
    assert [image.picture.width for image in Image.objects.order_by("pk")] == [900, 600, 600]
    page.locator(f"#card-{Card.objects.get(body='The first screen').pk}").click()
    page.get_by_role("link", name="Another picture").wait_for()
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
