import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from maps import services
from maps.library import LIFECYCLE
from maps.models import Card
from maps.pictures import drawn
from tests.maps.images import picture

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_maps_share_is_there_for_everybody(page, team, bob):
    journey = services.create_map(team=team, by=bob, title="First visit", template=LIFECYCLE)
    kim = services.create_persona(team=team, values={"name": "Kim", "role": "Nurse", "goals": "Sleep", "quote": "Oh"})
    services.create_persona(team=team, values={"name": "Ada"})
    services.set_persona_picture(persona=kim, drawn=drawn.face(picture()))
    services.update_map(journey=journey, by=bob, personas=[kim.pk])
    card = Card.objects.filter(kind="touchpoint")[0].pk
    places = [
        reverse("maps:personas", args=[team.slug]),
        reverse("maps:persona", args=[team.slug, kim.pk]),
        reverse("maps:edit_persona", args=[team.slug, kim.pk]),
        reverse("maps:touchpoints", args=[team.slug]),
        reverse("maps:touchpoint", args=[team.slug, card]),
        reverse("maps:settings", args=[team.slug, journey.pk]),
    ]
    for place in places:
        page.goto(place)
        found = Axe().run(page)
        assert not found.response["violations"], f"{place}: {found.generate_report()}"
