import io
import json
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from maps import queries, services
from maps.exports.formats import FORMATS
from maps.imports.files import MOST_BYTES, read_map
from maps.models import Card, JourneyMap, Lane
from tests.maps.shape import assert_valid
from tests.maps.test_views import HTMX, at, home


@pytest.fixture
def address(team):
    return reverse("maps:import_map", args=[team.slug])


# --- Export -------------------------------------------------------------------------------------


def test_a_viewer_takes_the_map_away_in_every_format(journey, sign_in, vera):
    client = sign_in(vera)
    page = client.get(home(journey)).content.decode()
    for key, form in FORMATS.items():
        url = reverse("maps:export", args=[journey.team.slug, journey.pk, key])
        assert f'href="{url}"' in page
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer["Content-Type"] == form.content_type
        assert answer["Content-Disposition"] == f'attachment; filename="first-visit.{form.extension}"'
        assert answer.content == form.write(queries.document_of(journey.team, journey))


def test_an_unknown_format_and_a_foreign_map_are_not_found(journey, elsewhere, bobs):
    slug = journey.team.slug
    assert bobs.get(reverse("maps:export", args=[slug, journey.pk, "docx"])).status_code == 404
    assert bobs.get(reverse("maps:export", args=[slug, elsewhere.pk, "json"])).status_code == 404
    assert bobs.post(reverse("maps:export", args=[slug, journey.pk, "json"])).status_code == 405


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ('../../etc/"x"\r\nSet-Cookie: a=b', 'attachment; filename="etcx-set-cookie-ab.json"'),
        ("رحلة", "attachment; filename*=utf-8''%D8%B1%D8%AD%D9%84%D8%A9.json"),
        ("🎉", 'attachment; filename="map.json"'),
        ("x" * 160, f'attachment; filename="{"x" * 80}.json"'),
    ],
)
def test_a_file_is_named_after_its_map_whatever_that_is_called(journey, bob, bobs, title, name):
    services.update_map(journey=journey, by=bob, title=title)
    answer = bobs.get(reverse("maps:export", args=[journey.team.slug, journey.pk, "json"]))
    assert answer["Content-Disposition"] == name


def test_an_export_takes_as_many_queries_however_big_the_map(journey, bob, bobs):
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            bobs.get(reverse("maps:export", args=[journey.team.slug, journey.pk, "csv"]))
        return len(captured)

    before = count()
    lane = journey.lanes.get(kind="touchpoint")
    for _ in range(10):
        step = services.add_stage(journey=journey, by=bob, name="More").steps.get()
        services.add_card(journey=journey, by=bob, lane=lane.pk, step=step.pk, body="More")
    assert count() == before


def test_a_map_too_large_for_a_picture_leads_back_with_the_reason(journey, bobs, monkeypatch):
    monkeypatch.setattr("maps.exports.formats.MOST_DRAWN", 3)
    answer = bobs.get(reverse("maps:export", args=[journey.team.slug, journey.pk, "svg"]), follow=True)
    assert answer.redirect_chain == [(home(journey), 302)]
    assert "A picture holds 3 cards" in answer.content.decode()


def test_hostile_names_stay_texts_in_every_file(journey, bob, bobs):
    evil = '</script><script>alert(1)</script> =1+1 #read("x") ]]>'
    lane, step = journey.lanes.first(), journey.stages.first().steps.first()
    who = {"journey": journey, "by": bob}
    services.update_map(**who, title=evil, scenario=evil)
    services.rename_step(**who, step=step.pk, name=evil)
    services.rename_lane(**who, lane=lane.pk, title=evil)
    services.add_card(**who, lane=lane.pk, step=step.pk, body=evil)
    get = {key: bobs.get(reverse("maps:export", args=[journey.team.slug, journey.pk, key])).content for key in FORMATS}
    assert b"<script" not in get["svg"]
    assert "alert(1)" in PdfReader(io.BytesIO(get["pdf-a4"])).pages[0].extract_text()
    with zipfile.ZipFile(io.BytesIO(get["xlsx"])) as book:
        assert b"<script" not in b"".join(map(book.read, book.namelist()))
    assert json.loads(get["json"])["title"] == evil
    assert read_map(get["mermaid"]).title == evil


# --- Import -------------------------------------------------------------------------------------


def uploaded(data: bytes, name: str = "map.json") -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile(name, data)}


@pytest.mark.parametrize("key", ["json", "xlsx", "csv", "mermaid"])
def test_what_was_exported_makes_a_new_map(journey, address, bobs, key):
    document = queries.document_of(journey.team, journey)
    data = FORMATS[key].write(document)
    answer = bobs.post(address, uploaded(data, f"First visit.{FORMATS[key].extension}"), follow=True)
    new = JourneyMap.objects.exclude(pk=journey.pk).get()
    assert answer.redirect_chain == [(home(new), 302)]
    assert answer.status_code == 200
    assert_valid(new)
    assert new.title == "First visit"
    assert new.owner.name == "Bob"
    copied = queries.document_of(journey.team, new)
    assert copied.stages == document.stages or key != "json"
    if key == "json":
        assert copied == document


def test_a_pasted_text_makes_a_map(team, address, bobs):
    bobs.post(address, {"text": "Lane\tDiscover\tBuy\r\nThinking\tWhy?\tNow\r\n"})
    new = JourneyMap.objects.get()
    assert new.title == "Imported map"
    assert [card.body for card in Card.objects.order_by("pk")] == ["Why?", "Now"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "Choose a file, or paste a text."),
        (uploaded(b""), "There is nothing in it."),
        (uploaded(b"{"), "This is no JSON"),
        (uploaded(b"PK\x03\x04"), "no Excel workbook"),
        ({"text": "journey\nMake tea: 7"}, "Line 2: a score goes from 1 to 5"),
        ({"text": "Stage,A\nL," + "x" * 10_001}, "Cell B2: At most 10,000 characters fit here"),
    ],
)
def test_what_is_no_map_comes_back_with_the_reason_and_leaves_nothing(team, address, bobs, data, says):
    answer = bobs.post(address, data)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert says in text
    assert not JourneyMap.objects.exists()
    if "text" in data:
        assert data["text"][:50].replace("\n", "") in re.sub(r"\n", "", text)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(team, address, bobs, monkeypatch):
    monkeypatch.setattr("maps.forms.maps.MOST_BYTES", 1024**2)
    monkeypatch.setattr("maps.views.exchange.read_map", None)
    answer = bobs.post(address, uploaded(b"x" * (1024**2 + 1)))
    assert "This file is larger than 1 MB" in answer.content.decode()
    assert MOST_BYTES > 1024**2


def test_a_form_with_more_text_than_fits_is_told_so(address, bobs):
    answer = bobs.post(address, {"text": "x" * 2_600_000})
    assert answer.status_code == 400
    assert "more text than a form takes" in answer.content.decode()


def test_the_way_to_the_import_is_for_editors(journey, team, address, bobs, sign_in, vera):
    listing = reverse("maps:list", args=[team.slug])
    assert address in bobs.get(listing).content.decode()
    assert address not in sign_in(vera).get(listing).content.decode()


# --- Paste --------------------------------------------------------------------------------------


@pytest.fixture
def place(lanes, steps):
    return {"lane": lanes["Touchpoints"].pk, "step": steps["Get help"].pk}


def test_a_pasted_range_is_shown_first_and_written_when_confirmed(journey, place, bobs, lanes, steps):
    text = "Chat window [Chat]\tReview page\r\nWho answers?\t\r\n"
    preview = bobs.post(at(journey, "paste"), {**place, "text": text}, headers=HTMX)
    page = preview.content.decode()
    assert preview["HX-Retarget"] == "#map-dialog"
    assert "<b>3</b> new" in page
    assert f'name="revision" value="{journey.revision}"' in page
    assert not Card.objects.filter(body="Chat window").exists()
    answer = bobs.post(at(journey, "paste"), {**place, "text": text, "revision": journey.revision}, headers=HTMX)
    assert "Pasted: 3 new, 0 changed." in answer.content.decode()
    assert "map:saved" in answer["HX-Trigger"]
    assert f'data-anchor="cell-{place["lane"]}-{place["step"]}"' in answer.content.decode()
    card = Card.objects.get(body="Chat window")
    assert (card.cell.step, card.touchpoint.channel.name) == (steps["Get help"], "Chat")
    assert Card.objects.get(body="Who answers?").cell.lane == lanes["Thinking"]
    assert_valid(journey)


def test_a_range_is_pasted_by_plain_forms(journey, place, bobs):
    form = bobs.get(at(journey, "paste")).content.decode()
    assert f'action="{at(journey, "paste")}"' in form
    preview = bobs.post(at(journey, "paste"), {**place, "text": "One\tTwo"})
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\d+)"', preview.content.decode()))
    assert "<html" in preview.content.decode()
    answer = bobs.post(at(journey, "paste"), {**hidden, "text": "One\tTwo"})
    assert answer.url == f"{home(journey)}#cell-{place['lane']}-{place['step']}"
    assert Card.objects.filter(body__in=["One", "Two"]).count() == 2


def test_a_preview_of_an_older_map_is_shown_anew(journey, place, bobs, alice):
    before = journey.revision
    services.add_lane(journey=journey, by=alice, title="More", kind=Lane.Kind.TEXT)
    answer = bobs.post(at(journey, "paste"), {**place, "text": "One", "revision": before}, headers=HTMX)
    assert answer.status_code == 409
    assert "Somebody changed the map meanwhile" in answer.content.decode()
    assert not Card.objects.filter(body="One").exists()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"text": ""}, "This field is required."),
        ({"text": "\t\n\t"}, "There is nothing to paste."),
        ({"text": "a\tb\tc\td"}, "The range ends 2 steps beyond the map."),
        ({"text": "a\nb\nc\nd\ne\nf"}, "The range ends 1 lane below the map."),
        ({"text": "a\nb\nhappy"}, "Row 3, column 1: “Emotion” takes feelings"),
        ({"text": "x" * 10_001}, "Row 1, column 1: At most 10,000 characters fit here"),
        ({"text": "x" * 200_001}, "at most 200000 characters"),
        ({"text": "a", "lane": 0}, "Select a valid choice"),
        ({"text": "a", "step": "x"}, "Select a valid choice"),
    ],
)
@pytest.mark.parametrize("revision", [0, 1])
def test_what_cannot_be_pasted_is_told_and_the_text_stays(journey, place, bobs, data, says, revision):
    cards = Card.objects.count()
    answer = bobs.post(at(journey, "paste"), {**place, "revision": revision, **data}, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#map-dialog"
    assert says in page
    assert data["text"].strip("\n") in page
    assert Card.objects.count() == cards
