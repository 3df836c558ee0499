"""Takes the README's pictures of a running `script/server`: `script/screenshots.py URL PASSWORD [dark]`.

Run with `.venv/bin/python`; the browser is Chromium, found on the path or named in CHROMIUM.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

TO = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
SIZES = {1440: 1000, 390: 844}


def pages(page: Page, base: str) -> dict[str, str]:
    """The newest map, chart and import of the sample team."""
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
    return found


def sign_in(page: Page, base: str, password: str) -> None:
    page.goto(f"{base}/accounts/login/")
    page.fill("[name=login]", "sample@journeymap.example")
    page.fill("[name=password]", password)
    page.click("main button.btn--primary")
    page.wait_for_url("**/maps/")


def main(base: str, password: str, scheme: str = "light") -> None:
    TO.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width, height in SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            page.goto(f"{base}/accounts/login/")
            page.screenshot(path=TO / f"sign-in-{width}.png")
            sign_in(page, base, password)
            for name, address in pages(page, base).items():
                page.goto(address)
                page.wait_for_selector("svg.flow__svg" if name == "flow" else "main")
                page.wait_for_timeout(300)
                page.screenshot(path=TO / f"{name}-{width}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
