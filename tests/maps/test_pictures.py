import base64
import json
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from maps import queries, services
from maps.exports.formats import FORMATS
from maps.imports.files import read_map
from maps.models import Card, Image, Lane, Operation, Picture
from maps.pictures import drawn
from tests.maps.images import HOSTILE, picture
from tests.maps.shape import assert_logged, assert_valid
from tests.maps.test_queries import number_of_queries

HTMX = {"HX-Request": "true"}


@pytest.fixture
def lane(journey, bob) -> Lane:
    return services.add_lane(journey=journey, by=bob, kind="image", title="Screens", role="none")


@pytest.fixture
def step(steps):
    return steps["Get help"]


@pytest.fixture
def shown(journey, bob, lane, step) -> Card:
    """A card with a picture."""
    row = services.keep_picture(team=journey.team, drawn=drawn.within(picture()))
    return services.add_card(
        journey=journey, by=bob, lane=lane.pk, step=step.pk, body="The help page", details={"picture": row.pk}
    )


def at(journey, name: str, *args) -> str:
    return reverse(f"maps:{name}", args=[journey.team.slug, journey.pk, *args])


def upload(data: bytes, name: str = "Help page.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/png")


def test_a_picture_becomes_a_card_that_is_undone_and_comes_back(journey, bob, bobs, lane, step):
    url = at(journey, "add_picture", lane.pk, step.pk)
    answer = bobs.post(url, {"file": upload(picture(2_000, 1_000)), "body": "The help page"}, headers=HTMX)
    assert answer.status_code == 200
    card = Card.objects.get(kind="image")
    row = card.image.picture
    assert (row.width, row.height, card.body) == (1600, 800, "The help page")
    assert f'src="{reverse("maps:picture", args=[journey.team.slug, row.name])}"' in answer.text
    assert 'width="1600" height="800" alt="The help page"' in answer.text
    journey.refresh_from_db()
    assert_valid(journey)
    assert_logged(journey)
    services.undo(journey=journey, by=bob)
    assert not Image.objects.exists()
    services.redo(journey=journey, by=bob)
    assert Image.objects.get().picture == row
    assert_logged(journey)


def test_words_are_asked_for_unless_a_picture_is_decorative(journey, bobs, lane, step):
    url = at(journey, "add_picture", lane.pk, step.pk)
    answer = bobs.post(url, {"file": upload(picture()), "body": " "}, headers=HTMX)
    assert answer.status_code == 422
    assert "Say what is to be seen" in answer.text
    assert not Picture.objects.exists()
    answer = bobs.post(url, {"file": upload(picture()), "decorative": "on"}, headers=HTMX)
    card = Card.objects.get(kind="image")
    assert (card.body, card.image.decorative) == ("Help page", True)
    assert 'alt=""' in answer.text


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_picture_makes_no_card(journey, bobs, lane, step, name):
    url = at(journey, "add_picture", lane.pk, step.pk)
    answer = bobs.post(url, {"file": upload(HOSTILE[name]), "body": "Words"}, headers=HTMX)
    assert answer.status_code == 422
    assert "This " in str(answer.context["form"].errors["file"])
    assert "Words" in answer.text
    assert not Card.objects.filter(kind="image").exists()
    assert not Picture.objects.exists()


def test_another_picture_takes_the_place_of_the_first(journey, bobs, shown):
    url = at(journey, "replace_picture", shown.pk)
    assert "Another picture" in bobs.get(at(journey, "card_details", shown.pk), headers=HTMX).text
    assert bobs.post(url, {"file": upload(picture(30, 30)), "version": shown.version}, headers=HTMX).status_code == 200
    assert Image.objects.get().picture.width == 30
    stale = bobs.post(url, {"file": upload(picture(50, 50)), "version": shown.version}, headers=HTMX)
    assert stale.status_code == 422
    assert Image.objects.get().picture.width == 30
    details = {"body": "Other words", "version": shown.version + 1, "evidence": "observed", "decorative": "on"}
    assert bobs.post(at(journey, "card_details", shown.pk), details, headers=HTMX).status_code == 200
    assert (Card.objects.get(pk=shown.pk).body, Image.objects.get().decorative) == ("Other words", True)


def test_a_picture_of_another_team_cannot_be_shown(journey, bob, charlie, elsewhere, lane, step):
    theirs = services.keep_picture(team=elsewhere.team, drawn=drawn.within(picture()))
    with pytest.raises(Exception, match="No Picture"):
        services.add_card(journey=journey, by=bob, lane=lane.pk, step=step.pk, body="x", details={"picture": theirs.pk})
    assert not Card.objects.filter(kind="image").exists()


def test_pictures_stand_in_their_own_lanes_only(journey, bobs, lanes, steps, card):
    for url in (
        at(journey, "add_picture", lanes["Thinking"].pk, steps["Get help"].pk),
        at(journey, "replace_picture", card.pk),
    ):
        assert bobs.post(url, {"file": upload(picture()), "body": "x", "version": 1}, headers=HTMX).status_code == 422
    assert not Picture.objects.exists()


def test_copies_share_their_pictures_and_none_goes_while_it_can_come_back(
    journey, bob, shown, django_capture_on_commit_callbacks
):
    row, long_ago = shown.image.picture, timezone.now() - timedelta(days=60)
    copy = services.duplicate_map(journey=journey, by=bob)
    services.duplicate_card(journey=journey, by=bob, card=shown.pk)
    assert [image.picture for image in Image.objects.all()] == [row] * 3
    assert_logged(copy)
    for card in Card.objects.filter(kind="image"):
        services.remove_card(journey=card.cell.lane.map, by=bob, card=card.pk)
    services.sweep_pictures()
    Picture.objects.update(unused_since=long_ago)
    assert services.sweep_pictures() == 0
    snapshot = services.take_snapshot(journey=copy, by=bob, label="Kept")
    snapshot.state["image"] = {"x": {"picture": row.pk}}
    snapshot.save()
    Operation.objects.all().delete()
    assert services.sweep_pictures() == 0
    snapshot.delete()
    with django_capture_on_commit_callbacks(execute=True):
        assert services.sweep_pictures() == 1
    assert not default_storage.exists(row.file)


def test_json_takes_pictures_along_to_another_team(team, journey, bob, charlie, shown, elsewhere):
    document = services.with_pictures(queries.document_of(team, journey), team=team)
    data = FORMATS["json"].write(document)
    assert base64.b64encode(b"RIFF")[:4].decode() in data.decode()
    there = services.build_map(team=elsewhere.team, by=charlie, document=read_map(data))
    picture_there = Image.objects.get(card__cell__lane__map=there).picture
    assert (picture_there.team, picture_there.width) == (elsewhere.team, 40)
    again = services.build_map(team=team, by=bob, document=read_map(data))
    assert Image.objects.get(card__cell__lane__map=again).picture == shown.image.picture
    without = json.loads(data)
    next(lane for lane in without["lanes"] if lane["kind"] == "image")["cells"][0]["cards"][0]["image"].pop("data")
    bare = services.build_map(team=elsewhere.team, by=charlie, document=read_map(json.dumps(without).encode()))
    assert Image.objects.get(card__cell__lane__map=bare).picture is None


def test_what_is_too_much_for_json_is_left_out(team, journey, shown):
    document = services.with_pictures(queries.document_of(team, journey), team=team, most=10)
    (image,) = [card.image for _, _, card in document.cards() if card.image]
    assert (image.picture, image.data) == (str(shown.image.picture.name), "")


@pytest.mark.parametrize("data", ["no base64!", base64.b64encode(b"no picture").decode(), "é", 5])
def test_json_with_a_broken_picture_makes_no_map(team, journey, bobs, shown, data):
    whole = json.loads(FORMATS["json"].write(queries.document_of(team, journey)))
    card = next(lane for lane in whole["lanes"] if lane["kind"] == "image")["cells"][0]["cards"][0]
    card["image"] |= {"picture": "00000000-0000-0000-0000-000000000000", "data": data}
    answer = bobs.post(reverse("maps:import_map", args=[team.slug]), {"text": json.dumps(whole)})
    assert answer.status_code == 422
    assert team.maps.count() == 1


@pytest.mark.parametrize("form", ["svg", "png", "pdf-a4"])
def test_pictures_are_drawn(team, journey, shown, form):
    document = queries.document_of(team, journey)
    bare, whole = FORMATS[form].write(document), FORMATS[form].write(services.with_pictures(document, team=team))
    mark = {"svg": b"data:image/webp;base64,", "pdf-a4": b"/Subtype/Image"}.get(form)
    if mark:
        assert mark in whole.replace(b"/Subtype /Image", b"/Subtype/Image")
        assert mark not in bare.replace(b"/Subtype /Image", b"/Subtype/Image")
    else:
        assert whole != bare


def test_pictures_cost_no_query_each(team, journey, bob, bobs, shown, lane, steps):
    few = number_of_queries(lambda: bobs.get(at(journey, "map")))
    for step in steps.values():
        row = services.keep_picture(team=team, drawn=drawn.within(picture()))
        services.add_card(journey=journey, by=bob, lane=lane.pk, step=step.pk, body="x", details={"picture": row.pk})
    assert number_of_queries(lambda: bobs.get(at(journey, "map"))) == few
