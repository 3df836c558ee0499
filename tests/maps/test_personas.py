import io
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from maps import services
from maps.models import Lane, Persona, Picture
from maps.pictures import drawn
from tests.maps.images import HOSTILE, POLYGLOT, picture, with_position
from tests.maps.shape import assert_logged
from tests.maps.test_queries import number_of_queries

WORDS = {
    "name": "Kim",
    "role": "Nurse, 34",
    "goals": "Sleep\nSave",
    "quote": "Where is it?",
    "evidence": "9 interviews",
}


def at(team, name: str, *args) -> str:
    return reverse(f"maps:{name}", args=[team.slug, *args])


def upload(data: bytes, name: str = "face.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/png")


@pytest.fixture
def kim(team) -> Persona:
    return services.create_persona(team=team, values=WORDS)


def test_a_persona_is_written_shown_changed_and_archived(team, bobs, journey, bob):
    answer = bobs.post(at(team, "new_persona"), WORDS | {"picture": upload(picture())})
    kim = Persona.objects.get(name="Kim")
    assert answer["Location"] == at(team, "persona", kim.pk)
    services.update_map(journey=journey, by=bob, personas=[kim.pk])
    page = bobs.get(answer["Location"]).text
    assert all(
        word in page for word in ("Nurse, 34", "Where is it?", "9 interviews", str(kim.picture.name), journey.title)
    )
    assert bobs.post(at(team, "edit_persona", kim.pk), WORDS | {"name": " Kim  Lee "}).status_code == 302
    kim.refresh_from_db()
    assert (kim.name, kim.picture is None) == ("Kim Lee", False)
    for wrong in ({"name": ""}, {"name": "x" * 121}, {"goals": "x" * 10_001}, {"quote": "x" * 301}):
        assert bobs.post(at(team, "edit_persona", kim.pk), WORDS | wrong).status_code == 422
    bobs.post(at(team, "archive_persona", kim.pk), {"archived": "1"})
    assert [row.name for row in bobs.get(at(team, "personas")).context["personas"]] == []
    assert [row.name for row in bobs.get(at(team, "personas"), {"archived": "1"}).context["personas"]] == ["Kim Lee"]
    assert f'value="{kim.pk}" checked' in bobs.get(at(team, "settings", journey.pk)).text
    bobs.post(at(team, "archive_persona", kim.pk))
    assert len(bobs.get(at(team, "personas")).context["personas"]) == 1


def test_the_settings_of_a_map_say_whom_it_is_about(team, bobs, journey, kim, elsewhere):
    foreign = Persona.objects.create(team=elsewhere.team, name="Not yours")
    form = {"title": journey.title, "status": "draft", "state": "current", "personas": [kim.pk]}
    assert bobs.post(at(team, "settings", journey.pk), form).status_code == 302
    assert list(journey.personas.all()) == [kim]
    assert bobs.post(at(team, "settings", journey.pk), form | {"personas": [foreign.pk]}).status_code == 422
    assert bobs.post(at(team, "settings", journey.pk), form | {"personas": []}).status_code == 302
    assert not journey.personas.exists()
    assert journey.operations.first().sentence == "drew the map for “nobody”"


def test_a_picture_is_drawn_anew_without_what_hangs_on_it():
    found = drawn.face(with_position())
    assert (found.width, found.height) == (512, 512)
    with Image.open(io.BytesIO(found.data)) as image:
        assert image.format == "WEBP"
        assert not image.getexif()
    assert b"Maker of cameras" not in found.data
    turned = drawn.within(with_position())
    assert (turned.width, turned.height) == (20, 40)
    assert b"script" not in drawn.within(POLYGLOT).data
    assert drawn.within(picture(3_000, 1_500, "JPEG")).width == 1600
    assert drawn.within(picture(form="GIF")).height == 20


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_picture_changes_nothing(team, bobs, kim, name):
    answer = bobs.post(at(team, "edit_persona", kim.pk), WORDS | {"name": "Other", "picture": upload(HOSTILE[name])})
    assert answer.status_code == 422
    assert "This" in str(answer.context["form"].non_field_errors())
    assert Persona.objects.get().name == "Kim"
    assert not Picture.objects.exists()


def test_a_picture_that_claims_too_many_points_is_told_so():
    with pytest.raises(ValidationError, match="60,000 × 60,000 points; 40 million"):
        drawn.face(HOSTILE["bomb"])


def test_an_old_picture_goes_with_its_file(team, bobs, kim, django_capture_on_commit_callbacks):
    edit = at(team, "edit_persona", kim.pk)
    bobs.post(edit, WORDS | {"picture": upload(picture())})
    old = Picture.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        bobs.post(edit, WORDS | {"picture": upload(picture(30, 30))})
    new = Picture.objects.get()
    assert new.name != old.name
    assert (default_storage.exists(old.file), default_storage.exists(new.file)) == (False, True)
    with django_capture_on_commit_callbacks(execute=True):
        bobs.post(edit, WORDS | {"no_picture": "on"})
    assert not Picture.objects.exists()
    assert not default_storage.exists(new.file)


def test_a_picture_is_for_its_team_and_cannot_be_taken_for_anything_else(team, bobs, kim, sign_in, charlie):
    services.set_persona_picture(persona=kim, drawn=drawn.face(picture()))
    url = at(team, "picture", Picture.objects.get().name)
    answer = bobs.get(url)
    assert answer.content.startswith(b"RIFF")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    assert "private" in answer["Cache-Control"]
    assert sign_in(charlie).get(url).status_code == 404
    theirs = url.replace(team.slug, charlie.teams.get().slug)
    assert sign_in(charlie).get(theirs).status_code == 404


def test_what_nothing_shows_is_swept(team, kim, django_capture_on_commit_callbacks):
    services.set_persona_picture(persona=kim, drawn=drawn.face(picture()))
    stray = services.keep_picture(team=team, drawn=drawn.face(picture()))
    orphan = default_storage.save(f"teams/{team.pk}/pictures/orphan.webp", io.BytesIO(b"x"))
    assert services.sweep_pictures() == 0
    Picture.objects.filter(pk=stray.pk).update(unused_since=timezone.now() - timedelta(days=8))
    with django_capture_on_commit_callbacks(execute=True):
        assert services.sweep_pictures() == 1
    assert [row.pk for row in Picture.objects.all()] == [Persona.objects.get().picture_id]
    assert not default_storage.exists(stray.file)
    assert default_storage.exists(orphan)


def test_more_personas_cost_no_more_queries(team, bobs, kim):
    few = number_of_queries(lambda: bobs.get(at(team, "personas")))
    for place in range(10):
        row = services.create_persona(team=team, values={"name": f"Persona {place}"})
        Persona.objects.filter(pk=row.pk).update(
            picture=services.keep_picture(team=team, drawn=drawn.Drawn(b"x", 1, 1))
        )
    assert number_of_queries(lambda: bobs.get(at(team, "personas"))) == few


def test_a_lane_is_about_a_persona_of_the_map_or_about_all(team, journey, bob, bobs, lanes):
    ana, ben = (Persona.objects.create(team=team, name=name) for name in ("Ana", "Ben"))
    menu = f"/t/{team.slug}/maps/{journey.pk}/lanes/{lanes['Thinking'].pk}/"
    assert "Everybody" not in bobs.get(menu).text
    services.update_map(journey=journey, by=bob, personas=[ana.pk])
    offered = bobs.get(menu).text
    assert "Ana" in offered
    assert "Ben" not in offered

    def say(persona: object):
        return bobs.post(f"{menu}persona/", {"persona": persona}, headers={"HX-Request": "true"})

    answer = say(ana.pk)
    assert answer.text.count('id="lane-') == 1
    assert '<span class="lane__s">Ana</span>' in answer.text
    assert journey.operations.first().sentence == "said that the lane “Thinking” is about “Ana”"
    journey.refresh_from_db()
    assert_logged(journey)
    assert say(ben.pk).status_code == say("x").status_code == say("9" * 30).status_code == 404
    assert "Ana" not in say("").text
    services.undo(journey=journey, by=bob)
    assert Lane.objects.get(pk=lanes["Thinking"].pk).persona == ana
    services.undo(journey=journey, by=bob)
    assert Lane.objects.get(pk=lanes["Thinking"].pk).persona is None
