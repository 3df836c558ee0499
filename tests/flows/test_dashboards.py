"""Dashboards: their order, their sizes, and who sees them."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import sharing
from flows import queries
from flows.engine.query import FlowQuery
from flows.models import Dashboard, FlowRun, Tile
from flows.services import charts, dashboards, runs
from tests.flows.shops import give, make_shop

VISIT = FlowQuery(start=("visit",))


@pytest.fixture
def board(team, bob):
    return dashboards.create_dashboard(team=team, name="Weekly", by=bob)


@pytest.fixture
def shop(team):
    return make_shop(team)


@pytest.fixture
def tiles(board, shop, bob):
    """Three of them: a, b, c."""
    made = [
        charts.save_chart(team=board.team, dataset=shop, name=name, query=VISIT, owner=bob) for name in ("a", "b", "c")
    ]
    return [dashboards.add_tile(dashboard=board, chart=chart) for chart in made]


def order(board):
    found = list(queries.tiles_of(board))
    assert [tile.position for tile in found] == list(range(len(found)))
    return "".join(tile.chart.name for tile in found)


def page(name, board, *more):
    return reverse(f"flows:{name}", args=[board.team.slug, board.pk, *more])


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({"action": "later"}, "bac"),
        ({"action": "earlier"}, "abc"),
        ({"to": 2}, "bca"),
        ({"to": 40}, "bca"),
        ({"to": 41}, "abc"),
        ({"to": "-1"}, "abc"),
        ({"action": "remove"}, "bc"),
        ({"action": "explode"}, "abc"),
        ({}, "abc"),
    ],
)
def test_tiles_are_moved_and_removed(board, tiles, bob, sign_in, asked, left):
    answer = sign_in(bob).post(page("change_tile", board, tiles[0].pk), asked, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert order(board) == left


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"action": "wider"}, (4, 4)),
        ({"action": "narrower"}, (1, 4)),
        ({"action": "taller"}, (2, 6)),
        ({"action": "shorter"}, (2, 1)),
        ({"width": 4, "height": 1}, (4, 1)),
        ({"width": 5}, (2, 4)),
        ({"height": "x"}, (2, 4)),
    ],
)
def test_tiles_are_resized_within_the_grid(board, tiles, bob, sign_in, asked, size):
    for _ in range(3):
        sign_in(bob).post(page("change_tile", board, tiles[0].pk), asked)
    tile = Tile.objects.get(pk=tiles[0].pk)
    assert (tile.width, tile.height) == size


def test_a_deleted_chart_leaves_and_the_next_change_closes_the_gap(board, tiles):
    charts.delete_chart(chart=tiles[0].chart)
    dashboards.move_tile(tile=tiles[2], to=0)
    assert order(board) == "cb"


def test_a_tile_that_somebody_else_took_away_is_not_moved(board, tiles):
    dashboards.remove_tile(tile=tiles[0])
    dashboards.move_tile(tile=tiles[0], to=2)
    assert order(board) == "bc"


def test_there_is_a_most_of_everything(board, tiles, team, bob, monkeypatch):
    monkeypatch.setattr(dashboards, "MOST_TILES", 3)
    monkeypatch.setattr(dashboards, "MOST", 1)
    with pytest.raises(ValidationError):
        dashboards.add_tile(dashboard=board, chart=tiles[0].chart)
    with pytest.raises(ValidationError):
        dashboards.create_dashboard(team=team, name="Another", by=bob)


def test_a_dashboard_is_made_renamed_filled_and_deleted(team, tiles, bob, sign_in):
    editor = sign_in(bob)
    url = editor.post(reverse("flows:dashboards", args=[team.slug]), {"name": " Monthly  round "})["Location"]
    board = Dashboard.objects.get(name="Monthly round")
    assert url == page("dashboard", board)
    editor.post(url, {"name": ""})
    editor.post(url, {"name": "Yearly"})
    editor.post(page("add_tile", board), {"what": f"chart-{tiles[1].chart.pk}"})
    editor.post(page("add_tile", board), {"what": "x"})
    assert (Dashboard.objects.get(pk=board.pk).name, order(board)) == ("Yearly", "b")
    assert "Yearly" in editor.get(reverse("flows:dashboards", args=[team.slug])).content.decode()
    editor.post(page("delete_dashboard", board))
    assert not Dashboard.objects.filter(pk=board.pk).exists()
    assert Tile.objects.count() == 3


def test_a_tile_shows_the_last_result_and_whether_it_is_of_the_newest_events(board, tiles, shop, vera, sign_in):
    viewer, url = sign_in(vera), page("tile", board, tiles[0].pk)
    assert "Not computed yet" in viewer.get(url).content.decode()
    runs.answer_now(dataset=shop, query=VISIT)
    text = viewer.get(url).content.decode()
    assert "search, Step 1: 3 people" in text
    assert "newer events" not in text
    give(shop, [("eve", "visit", 3)])
    assert "newer events" in viewer.get(url).content.decode()
    assert FlowRun.objects.count() == 1
    Tile.objects.update(width=1)
    assert "flow__svg" not in viewer.get(url).content.decode()


def test_the_page_asks_the_database_the_same_however_many_tiles(board, tiles, bob, sign_in):
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            sign_in(bob).get(page("dashboard", board))
        return len(caught)

    before = asked()
    for _ in range(10):
        dashboards.add_tile(dashboard=board, chart=tiles[0].chart)
    assert asked() == before


def test_a_shared_dashboard_shows_its_tiles_and_no_others(board, tiles, shop, team, bob):
    runs.answer_now(dataset=shop, query=VISIT)
    other = dashboards.create_dashboard(team=team, name="Secret", by=bob)
    hidden = dashboards.add_tile(dashboard=other, chart=tiles[0].chart)
    link, token = sharing.share(team=team, target=board, by=bob, embeddable=True)
    text = Client().get(reverse("shared:dashboard", args=[token])).content.decode()
    urls = re.findall(r'hx-get="([^"]*)"', text)
    assert len(urls) == 3
    assert "/t/" not in text
    tile = Client().get(urls[0])
    assert "search, Step 1: 3 people" in tile.content.decode()
    assert tile["Cache-Control"] == "private, no-store"
    assert (
        "frame-ancestors *" in Client().get(reverse("shared:embed_dashboard", args=[token]))["Content-Security-Policy"]
    )
    assert Client().get(reverse("shared:dashboard_tile", args=[token, hidden.pk])).status_code == 404
    assert Client().get(reverse("shared:chart", args=[token])).status_code == 404
    sharing.revoke(link=link)
    assert Client().get(urls[0]).status_code == 404


def test_a_password_stands_before_the_tiles_too(board, tiles, team, bob):
    _, token = sharing.share(team=team, target=board, by=bob, password="open sesame")
    tile = Client().get(reverse("shared:dashboard_tile", args=[token, tiles[0].pk]))
    assert "needs a password" in tile.content.decode()


def test_what_belongs_to_another_team_or_dashboard_does_not_exist(board, tiles, team, bob, charlie, sign_in):
    stranger, editor = sign_in(charlie), sign_in(bob)
    theirs = dashboards.create_dashboard(team=charlie.teams.get(), name="x", by=charlie)
    assert stranger.get(reverse("flows:dashboard", args=["elsewhere", board.pk])).status_code == 404
    assert stranger.post(page("add_tile", theirs), {"what": f"chart-{tiles[0].chart.pk}"}).status_code == 404
    assert stranger.get(page("tile", theirs, tiles[0].pk)).status_code == 404
    other = dashboards.create_dashboard(team=team, name="Other", by=bob)
    assert editor.post(page("change_tile", other, tiles[0].pk), {"action": "remove"}).status_code == 404
    with pytest.raises(ValidationError):
        dashboards.add_tile(dashboard=theirs, chart=tiles[0].chart)
    assert order(board) == "abc"
