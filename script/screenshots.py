"""Takes the README's pictures of a running `script/server`: `script/screenshots.py URL PASSWORD [dark]`.

With `templates` in the place of `dark` makes a map of each template in the sample team, and takes those instead: all of
them wide, one also dark, one also on a phone.

Run with `.venv/bin/python`; the browser is Chromium, found on the path or named in CHROMIUM.
"""

import os
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

TO = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
SIZES = {1440: 1000, 390: 844}
# What stands on a page only once the answer is there.
ANSWERS = {"flow": ".flow__svg", "compare": ".flow__svg", "funnel": ".stairs__svg", "retention": ".triangle"}
TEMPLATES = ("lifecycle", "saas-onboarding", "e-commerce", "service-blueprint", "support-case", "b2b-buying")


def pages(page: Page, base: str) -> dict[str, str]:
    """The newest map, chart and import of the sample team, and what stands beside them."""
    page.goto(base)
    team = page.url.split("/maps/")[0]
    found = {}
    for name, listing, link in (
        ("map", f"{team}/maps/", "main tbody a"),
        ("flow", f"{team}/flows/", "main tbody a"),
        ("import", f"{team}/data/shop-and-app/", "main tbody a"),
    ):
        page.goto(listing)
        found[name] = page.locator(link).first.evaluate("a => a.href")
    days = [(date.today() - timedelta(days=ago)).isoformat() for ago in (30, 1)]
    question = f"start=landing_viewed&hide=home_viewed&steps=5&from={days[0]}&to={days[1]}"
    compared = f"{found['flow']}compare/?{question}&with=previous"
    asked = "kind=funnel&step-0=landing_viewed&step-1=product_viewed&step-2=basket_added&step-3=order_placed"
    return {
        **found,
        "compare": compared,
        "funnel": f"{team}/flows/new/?{asked}",
        "retention": f"{team}/flows/new/?kind=retention&first=landing_viewed",
        "opportunities": f"{team}/opportunities/",
    }


def sign_in(page: Page, base: str, password: str) -> None:
    page.goto(f"{base}/accounts/login/")
    page.fill("[name=login]", "sample@journeymap.example")
    page.fill("[name=password]", password)
    page.click("main button.btn--primary")
    page.wait_for_url("**/maps/")


def draw(page: Page, team: str, template: str) -> str:
    """The address of a map that is made from the template."""
    page.goto(f"{team}/maps/new/?template={template}")
    page.fill("[name=title]", f"From the template {template}")
    page.click("main button.btn--primary")
    page.wait_for_selector("map-grid")
    return page.url


def templates(page: Page, base: str) -> None:
    page.goto(base)
    team = page.url.split("/maps/")[0]
    page.set_viewport_size({"width": 1440, "height": 1000})
    drawn = {template: draw(page, team, template) for template in TEMPLATES}
    for template, address in drawn.items():
        page.goto(address)
        page.screenshot(path=TO / f"template-{template}-1440.png")
    page.goto(drawn["service-blueprint"])
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=TO / "template-service-blueprint-1440-dark.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": SIZES[390]})
    page.goto(drawn["saas-onboarding"])
    page.screenshot(path=TO / "template-saas-onboarding-390.png")


def main(base: str, password: str, scheme: str = "light") -> None:
    TO.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        if scheme == "templates":
            page = browser.new_context().new_page()
            sign_in(page, base, password)
            templates(page, base)
            return browser.close()
        for width, height in SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            page.goto(f"{base}/accounts/login/")
            page.screenshot(path=TO / f"sign-in-{width}.png")
            sign_in(page, base, password)
            for name, address in pages(page, base).items():
                page.goto(address)
                page.wait_for_selector(ANSWERS.get(name, "main"))
                page.wait_for_timeout(300)
                page.screenshot(path=TO / f"{name}-{width}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
