"""A map behind a link."""

import re

from django.test import Client
from django.urls import reverse

from accounts import sharing
from maps.library import LIFECYCLE
from maps.pictures import drawn
from maps.services import add_card, add_lane, create_map, keep_picture, update_map
from tests.maps.images import picture


def test_a_map_is_shown_as_a_drawing_that_follows_its_changes(team, bob, sign_in):
    journey = create_map(team=team, by=bob, title="First <visit>", template=LIFECYCLE)
    page = reverse("maps:share_map", args=[team.slug, journey.pk])
    made = sign_in(bob).post(page, {"embeddable": "on"}).content.decode()
    url, embed = re.findall(r"http://testserver(/(?:shared|embed)/maps/[\w-]{43}/)", made)
    text = Client().get(url).content.decode()
    assert "First &lt;visit&gt;" in text
    assert "<svg" in text
    assert LIFECYCLE.document.stages[0].name in text
    assert "/t/" not in text
    lane = add_lane(journey=journey, by=bob, kind="image", title="Screens", role="none")
    shown = keep_picture(team=team, drawn=drawn.within(picture()))
    step = journey.stages.first().steps.first()
    add_card(journey=journey, by=bob, lane=lane.pk, step=step.pk, body="Help", details={"picture": shown.pk})
    assert "data:image/webp;base64," in Client().get(url).content.decode()
    update_map(journey=journey, by=bob, title="Second visit")
    assert "<title>Second visit</title>" in Client().get(url).content.decode()
    assert "frame-ancestors *" in Client().get(embed)["Content-Security-Policy"]
    sharing.revoke(link=sharing.open_links(journey).get())
    assert Client().get(url).status_code == Client().get(embed).status_code == 404


def test_a_map_that_is_too_large_to_draw_is_said_to_be(team, bob, monkeypatch):
    monkeypatch.setattr("maps.exports.formats.MOST_DRAWN", 0)
    journey = create_map(team=team, by=bob, title="Large", template=LIFECYCLE)
    _, token = sharing.share(team=team, target=journey, by=bob)
    assert "too large for a drawing" in Client().get(reverse("shared_maps:map", args=[token])).content.decode()
