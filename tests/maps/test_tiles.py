"""Maps on dashboards: whole or a stage, for members and for whoever holds a link."""

import re
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import sharing
from flows.models import Tile
from flows.services import dashboards
from maps import kept_drawings, services
from maps.documents.cutting import steps_of, within
from maps.library import LIFECYCLE
from maps.models import JourneyMap
from maps.queries import document_of


@pytest.fixture
def board(team, bob):
    return dashboards.create_dashboard(team=team, name="Weekly", by=bob)


@pytest.fixture
def stages(journey):
    return list(journey.stages.all())


def page(name, board, *more):
    return reverse(f"flows:{name}", args=[board.team.slug, board.pk, *more])


def put(client, board, what):
    return client.post(page("add_tile", board), {"what": what})


def text_of(client, board, tile):
    return client.get(page("tile", board, tile.pk)).content.decode()


def test_a_map_and_a_stage_of_it_are_chosen_put_there_and_drawn(board, journey, stages, bobs):
    text = bobs.get(page("dashboard", board)).content.decode()
    offered = re.findall(r'<option value="(map-[^"]*)">([^<]*)<', text)
    assert offered == [(f"map-{journey.pk}", "First visit")] + [
        (f"map-{journey.pk}-{stage.uid}", stage.name) for stage in stages
    ]
    for what in (offered[0][0], offered[2][0]):
        put(bobs, board, what)
    whole, stage = board.tiles.all()
    drawn = text_of(bobs, board, whole)
    assert all(each.name in drawn for each in stages)
    assert "Draft · changed" in drawn
    assert reverse("maps:map", args=[board.team.slug, journey.pk]) in drawn
    drawn = text_of(bobs, board, stage)
    assert [each.name for each in stages if each.name in drawn] == [stages[1].name]
    assert ">2</" in drawn  # the number that the stage has on the map
    assert f"First visit · {stages[1].name}" in bobs.get(page("dashboard", board)).content.decode()


def test_a_tile_is_drawn_once_for_each_state_of_its_map(board, journey, bob, bobs):
    tile = dashboards.add_excerpt(dashboard=board, target=journey)

    def reads_cards() -> bool:
        with CaptureQueriesContext(connection) as caught:
            text_of(bobs, board, tile)
        return any("maps_card" in each["sql"] for each in caught)

    assert [reads_cards(), reads_cards()] == [True, False]
    services.update_map(journey=journey, by=bob, title="Second visit")
    assert "<title>Second visit</title>" in text_of(bobs, board, tile)


def test_a_tile_says_what_became_of_its_map(board, journey, stages, bob, bobs):
    whole = dashboards.add_excerpt(dashboard=board, target=journey)
    stage = dashboards.add_excerpt(dashboard=board, target=journey, part=stages[1].uid)
    services.remove_stage(journey=journey, by=bob, stage=stages[1].pk)
    assert "not on the map now" in text_of(bobs, board, stage)
    services.undo(journey=journey, by=bob)
    assert stages[1].name in text_of(bobs, board, stage)
    services.update_map(journey=journey, by=bob, status=JourneyMap.Status.ARCHIVED)
    assert "Archived" in text_of(bobs, board, whole)
    assert f"map-{journey.pk}" not in bobs.get(page("dashboard", board)).content.decode()
    journey.delete()
    assert not Tile.objects.exists()


def test_from_its_page_a_map_is_put_on_a_dashboard(board, journey, team, bobs):
    assert (
        reverse("maps:to_dashboard", args=[team.slug, journey.pk])
        in bobs.get(reverse("maps:map", args=[team.slug, journey.pk])).content.decode()
    )
    sheet = bobs.get(reverse("maps:to_dashboard", args=[team.slug, journey.pk])).content.decode()
    assert f'formaction="{page("add_tile", board)}"' in sheet
    what = re.findall(r'<option value="([^"]*)"', sheet)[-1]
    assert bobs.post(page("add_tile", board), {"what": what})["Location"] == page("dashboard", board)
    assert board.tiles.get().part == journey.stages.last().uid


def test_a_shared_dashboard_shows_maps_as_a_shared_map_does(board, journey, team, bob):
    tile = dashboards.add_excerpt(dashboard=board, target=journey)
    _, token = sharing.share(team=team, target=board, by=bob)
    text = Client().get(reverse("shared:dashboard", args=[token])).content.decode()
    assert "First visit" in text
    drawn = Client().get(reverse("shared:dashboard_tile", args=[token, tile.pk])).content.decode()
    assert "<svg" in drawn
    assert "/t/" not in text + drawn


def test_what_is_of_another_team_or_map_or_nothing_at_all_is_not_put_there(board, elsewhere, journey, bobs, stages):
    theirs = elsewhere.stages.first()
    for what in (f"map-{elsewhere.pk}", f"map-{elsewhere.pk}-{theirs.uid}", f"map-{journey.pk}-{theirs.uid}", "cat-1"):
        assert put(bobs, board, what).status_code == 404
    for what in ("map-", "map-0x1", f"map-{journey.pk}-", f"map-{journey.pk}-{'-' * 36}", f"map-{10**30}", "\0"):
        assert put(bobs, board, what).status_code == 302
    with pytest.raises(ValidationError):
        dashboards.add_excerpt(dashboard=board, target=elsewhere)
    assert not Tile.objects.exists()


def test_the_page_asks_the_database_the_same_however_many_maps(board, journey, stages, team, bob, bobs):
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            bobs.get(page("dashboard", board))
        return len(caught)

    dashboards.add_excerpt(dashboard=board, target=journey)
    before = asked()
    for number in range(5):
        other = services.create_map(team=team, by=bob, title=f"Map {number}", template=LIFECYCLE)
        dashboards.add_excerpt(dashboard=board, target=other)
        dashboards.add_excerpt(dashboard=board, target=journey, part=stages[number % len(stages)].uid)
    assert asked() == before


def test_of_what_reaches_over_stages_each_stage_shows_its_part(journey):
    document = document_of(journey.team, journey)
    stages = [steps_of(document, place) for place in range(len(document.stages))]
    assert [step for steps in stages for step in steps] == list(range(len(document.steps)))
    place = next(n for n, lane in enumerate(document.lanes) if lane.cells)
    cells = (replace(document.lanes[place].cells[0], step=0, span=len(stages[0]) + 1),)
    lanes = (*document.lanes[:place], replace(document.lanes[place], cells=cells), *document.lanes[place + 1 :])
    parts = [within(replace(document, lanes=lanes), steps) for steps in stages]
    found = [(cell.step, cell.span) for part in parts for cell in part.lanes[place].cells]
    assert found == [(0, len(stages[0])), (stages[1].start, 1)]
    assert all(cell.step in steps for part, steps in zip(parts, stages, strict=True) for _, cell, _ in part.cards())


def test_of_one_stage_no_picture_of_another_is_read(journey, stages, monkeypatch):
    read = []

    def noted(document, **how):
        read.append({cell.step for _, cell, _ in document.cards()})
        return document

    monkeypatch.setattr(kept_drawings, "with_pictures", noted)
    kept_drawings.excerpt_of(journey, stages[1])
    assert read == [{2, 3}]
