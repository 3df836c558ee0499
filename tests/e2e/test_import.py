"""A file of events on its way from a person's disk into a flow, on the real pages."""

import re

import pytest
from playwright.sync_api import Page, expect

from flows.models import Import
from flows.services import imports, jobs
from tests.flows.events import make_dataset

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TEXT = (
    b"customer_no,occurred_at,event_name,note\nanna,2024-01-01T10:00:00Z,view,x\nbob,never,view,\nbob,2024-01-02,buy,\n"
)


def choose(page: Page, name: str, data: bytes) -> None:
    page.set_input_files("input[type=file]", {"name": name, "mimeType": "text/csv", "buffer": data})


def test_a_file_is_dropped_mapped_imported_and_checked(page: Page, team):
    dataset = make_dataset(team)
    page.goto(f"/t/{team.slug}/data/{dataset.slug}/")
    choose(page, "events.csv", TEXT)
    expect(page.get_by_role("heading", name="Columns")).to_be_visible()
    expect(page.get_by_label("Meaning of customer_no")).to_have_value("actor")
    expect(page.get_by_label("Meaning of note")).to_have_value("")
    page.get_by_role("button", name="Start import").first.click()

    expect(page.get_by_text("Waiting for a free worker")).to_be_visible()
    import_ = Import.objects.get()
    claimed = jobs.claim(Import, import_.pk)
    jobs.beat(claimed, fraction=0.41, rows=1_000)
    expect(page.get_by_text("41.0 %")).to_be_visible()
    jobs.release(claimed)
    imports.run_import(team_id=team.pk, import_id=import_.pk)

    expect(page.get_by_text("Imported", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Open in a flow")).to_be_visible()
    page.get_by_role("link", name="Not a time").click()
    expect(page).to_have_url(re.compile(r"\?reason=Not%20a%20time$"))
    expect(page.get_by_role("cell", name="never")).to_be_visible()


def test_a_file_that_is_none_is_told_at_once(page: Page, team):
    dataset = make_dataset(team)
    page.goto(f"/t/{team.slug}/data/{dataset.slug}/")
    choose(page, "events.csv", b"\x89PNG\r\n")
    expect(page.get_by_role("alert")).to_contain_text("it is a PNG picture")
    choose(page, "better.csv", TEXT)
    expect(page.get_by_role("heading", name="Columns")).to_be_visible()
