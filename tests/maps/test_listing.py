from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from maps import services
from maps.library import BLANK
from maps.models import JourneyMap
from tests.maps.shape import assert_logged
from tests.maps.test_queries import number_of_queries

HTMX = {"HX-Request": "true"}


@pytest.fixture
def listing(team) -> str:
    return reverse("maps:list", args=[team.slug])


@pytest.fixture
def draw(team, bob):
    def drawn(title: str, **values) -> JourneyMap:
        journey = services.create_map(team=team, by=bob, title=title, template=BLANK)
        return services.update_map(journey=journey, by=bob, **values)

    return drawn


def shown(client, address: str, **asked) -> list[str]:
    """Titles on the page, in their order."""
    context = client.get(address, asked).context
    if context["board"] is not None:
        return [journey.title for column in context["board"] for journey in column.maps]
    return [journey.title for journey in context["pages"]]


# --- Where a map is filed -----------------------------------------------------------------------


def test_where_a_map_is_filed_is_one_change_that_can_be_taken_back(journey, bob, alice):
    due = date(2027, 3, 1)
    services.update_map(
        journey=journey, by=bob, folder=" Growth ", tags=["B2B", "b2b", " ", "Mobile"], owner=alice.pk, review_due=due
    )
    row = JourneyMap.objects.get(pk=journey.pk)
    assert (row.folder, row.tags, row.owner, row.review_due) == ("Growth", ["B2B", "Mobile"], alice, due)
    assert row.revision == 2
    sentence = row.operations.first().sentence
    assert "Growth" in sentence
    assert "B2B, Mobile" in sentence
    assert "1 Mar 2027" in sentence
    services.undo(journey=journey, by=bob)
    row.refresh_from_db()
    assert (row.folder, row.tags, row.owner, row.review_due) == ("", [], bob, None)
    services.redo(journey=journey, by=bob)
    row.refresh_from_db()
    assert (row.tags, row.owner, row.review_due) == (["B2B", "Mobile"], alice, due)
    assert_logged(row)


@pytest.mark.parametrize("values", [{"tags": ["x" * 41]}, {"tags": [str(n) for n in range(21)]}, {"folder": "x" * 81}])
def test_what_has_no_room_is_refused(journey, bob, values):
    with pytest.raises(ValidationError):
        services.update_map(journey=journey, by=bob, **values)
    assert JourneyMap.objects.get(pk=journey.pk).revision == journey.revision


def test_a_map_is_given_to_members_only(journey, bob, bobs, charlie):
    with pytest.raises(Http404):
        services.update_map(journey=journey, by=bob, owner=charlie.pk)
    form = {"title": "Taken", "status": "draft", "state": "current", "owner": charlie.pk}
    assert bobs.post(reverse("maps:settings", args=[journey.team.slug, journey.pk]), form).status_code == 404
    row = JourneyMap.objects.get(pk=journey.pk)
    assert (row.title, row.owner, row.revision) == ("First visit", bob, 1)


def test_the_settings_offer_members_and_known_folders(journey, bobs, bob, alice, draw):
    draw("Other", folder="Growth")
    address = reverse("maps:settings", args=[journey.team.slug, journey.pk])
    page = bobs.get(address).text
    assert f'<option value="{alice.pk}">Alice</option>' in page
    assert '<option value="Growth">' in page
    form = {"title": "First visit", "status": "live", "state": "future", "owner": alice.pk, "folder": "Growth"}
    bobs.post(address, {**form, "tags": "one, two", "review_due": "2027-01-31"})
    row = JourneyMap.objects.get(pk=journey.pk)
    assert (row.owner, row.folder, row.tags, row.review_due) == (alice, "Growth", ["one", "two"], date(2027, 1, 31))


# --- The list -----------------------------------------------------------------------------------


def test_archived_maps_are_left_out_until_they_are_asked_for(bobs, draw, listing):
    draw("Kept")
    draw("Gone", status="archived")
    assert shown(bobs, listing) == ["Kept"]
    assert shown(bobs, listing, status="archived") == ["Gone"]
    assert "2 maps, 1 archived" in bobs.get(listing).text
    assert shown(bobs, listing, view="board") == ["Kept", "Gone"]


def test_the_list_is_narrowed_by_what_the_address_says(bobs, bob, alice, draw, listing):
    today = timezone.localdate()
    draw("A", status="live", state="future", folder="Growth", tags=["x", "y"], owner=alice.pk)
    draw("B", status="review", folder="Growth", tags=["x"], review_due=today - timedelta(days=1))
    draw("C", review_due=today)
    by_title = {"sort": "title"}
    for asked, found in (
        ({}, "ABC"),
        ({"status": "live"}, "A"),
        ({"state": "current"}, "BC"),
        ({"folder": "Growth"}, "AB"),
        ({"tag": "x"}, "AB"),
        ({"tag": "y"}, "A"),
        ({"owner": alice.pk}, "A"),
        ({"owner": bob.pk, "tag": "x"}, "B"),
        ({"review": "overdue"}, "B"),
        ({"folder": "Nowhere"}, ""),
    ):
        assert "".join(shown(bobs, listing, **by_title, **asked)) == found, asked
    assert "C" in shown(bobs, listing, review="month")


@pytest.mark.parametrize(
    "asked",
    [{"status": "no"}, {"owner": "x"}, {"owner": 2**70}, {"review": "never"}, {"sort": "; drop"}, {"page": "-1"},
     {"view": "<b>"}, {"tag": ""}],
)  # fmt: skip
def test_nonsense_in_the_address_narrows_nothing(bobs, draw, listing, asked):
    draw("Kept")
    assert shown(bobs, listing, **asked) == ["Kept"]


@pytest.mark.parametrize("value", ["\x00", "'", "%", "{", '"', "\\", "x" * 5000])
def test_hostile_values_find_nothing_and_break_nothing(bobs, draw, listing, value):
    draw("Kept", tags=["t"], folder="f")
    for name in ("tag", "folder"):
        assert bobs.get(listing, {name: value}).status_code == 200


def test_the_list_is_sorted(bobs, draw, listing):
    draw("b", review_due=date(2027, 5, 1))
    draw("A", review_due=date(2027, 6, 1))
    draw("c")
    assert shown(bobs, listing) == ["c", "A", "b"]
    assert shown(bobs, listing, sort="title") == ["A", "b", "c"]
    assert shown(bobs, listing, sort="review") == ["b", "A", "c"]


@pytest.mark.parametrize("view", ["list", "board"])
def test_ten_more_maps_ask_nothing_more(bobs, draw, listing, view):
    draw("First", tags=["x"], folder="f", review_due=date(2020, 1, 1))
    before = number_of_queries(lambda: bobs.get(listing, {"view": view}))
    for number in range(10):
        draw(f"More {number}", tags=[f"t{number}"], folder=f"f{number}", review_due=date(2020, 1, 1))
    assert number_of_queries(lambda: bobs.get(listing, {"view": view})) == before


def test_maps_of_another_team_are_neither_listed_nor_counted(bobs, draw, listing, elsewhere, charlie):
    services.update_map(journey=elsewhere, by=charlie, folder="Secret", tags=["elsewhere-tag"])
    draw("Ours")
    page = bobs.get(listing).text
    assert "Secret" not in page
    assert "elsewhere-tag" not in page
    assert "1 map<" in page


# --- The board ----------------------------------------------------------------------------------


def test_a_map_is_put_into_another_column(bobs, draw, listing, team):
    journey = draw("Moved", tags=["x"])
    address = reverse("maps:set_status", args=[team.slug, journey.pk])
    answer = bobs.post(f"{address}?view=board&tag=x", {"status": "live"})
    assert answer["Location"] == f"{listing}?view=board&tag=x#map-{journey.pk}"
    assert JourneyMap.objects.get(pk=journey.pk).status == "live"
    part = bobs.post(f"{address}?view=board&tag=x", {"status": "review"}, headers=HTMX)
    assert '<div class="page page--maps page--wide" id="maps">' in part.text
    assert "<html" not in part.text
    assert [column.count for column in part.context["board"]] == [0, 1, 0, 0]


def test_an_unknown_status_changes_nothing_and_says_why(bobs, draw, team):
    journey = draw("Stays")
    answer = bobs.post(reverse("maps:set_status", args=[team.slug, journey.pk]), {"status": "gone"}, follow=True)
    assert "“gone” is not one of" in answer.text
    assert JourneyMap.objects.get(pk=journey.pk).status == "draft"


def test_a_map_of_another_team_cannot_be_moved(bobs, team, elsewhere):
    assert bobs.post(reverse("maps:set_status", args=[team.slug, elsewhere.pk]), {"status": "live"}).status_code == 404
    assert JourneyMap.objects.get(pk=elsewhere.pk).status == "draft"


def test_a_viewer_sees_the_board_without_anything_to_move(sign_in, vera, draw, listing):
    draw("Seen")
    page = sign_in(vera).get(listing, {"view": "board"}).text
    assert "Seen" in page
    assert '<select class="input--s input--quiet"' not in page
    assert 'draggable="true"' not in page


def test_a_long_column_shows_its_first_maps_and_leads_to_the_rest(bobs, draw, listing, monkeypatch):
    monkeypatch.setattr("maps.listing.CARDS_IN_A_COLUMN", 2)
    for number in range(5):
        draw(f"Map {number}")
    page = bobs.get(listing, {"view": "board"})
    assert page.context["board"][0].more == 3
    assert "3 more in the list" in page.text
