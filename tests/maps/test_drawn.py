"""Cells that were drawn before: never out of date, never somebody else's, and nothing drawn twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from maps import drawn, services
from maps.models import Card, Channel
from maps.templatetags.drawn import CellsNode


def url(journey) -> str:
    return f"/t/{journey.team.slug}/maps/{journey.pk}/"


@pytest.fixture
def draws(monkeypatch) -> list[str]:
    """The cells that are drawn from now on, none of which was drawn before."""
    monkeypatch.setattr(drawn, "cells", drawn.Drawings())
    found: list[str] = []
    draw = CellsNode._draw

    def noted(self, context, cell) -> str:
        found.append(f"cell-{cell.key}")
        return draw(self, context, cell)

    monkeypatch.setattr(CellsNode, "_draw", noted)
    return found


def test_after_a_change_only_what_changed_is_drawn_anew(journey, bob, bobs, card, draws):
    first = bobs.get(url(journey)).content.decode()
    assert len(draws) == len(set(draws)) == 5 * 9  # All but the lane of feelings.
    draws.clear()
    assert bobs.get(url(journey)).content.decode().count('id="card-') == first.count('id="card-')
    assert draws == []
    services.save_card(journey=journey, by=bob, card=card.pk, version=card.version, body="Asks <b>around</b>")
    changed = bobs.get(url(journey)).content.decode()
    assert draws == [f"cell-{card.cell.lane_id}-{card.cell.step_id}"]
    assert "Asks &lt;b&gt;around&lt;/b&gt;" in changed
    assert f">{card.body}<" not in changed


def test_it_is_drawn_for_those_who_may_as_much(journey, bobs, sign_in, carol, vera, draws):
    assert 'data-card="1"' in bobs.get(url(journey)).content.decode()
    commenter, viewer = (sign_in(person).get(url(journey)).content.decode() for person in (carol, vera))
    assert "data-card" not in commenter + viewer
    assert "?about=card-" in commenter
    assert "cells/" not in commenter
    assert len(draws) == 3 * 5 * 9
    draws.clear()
    bobs.get(url(journey), {"only": "mine"})
    assert len(draws) == 5 * 9


def test_what_is_no_change_of_the_map_is_seen_at_once(team, journey, alice, bob, bobs, lanes, monkeypatch, draws):
    touchpoint = Card.objects.filter(cell__lane=lanes["Touchpoints"]).first()
    channel = Channel.objects.get(team=team, name="Web")
    tomorrow = timezone.localdate() + timedelta(days=1)
    details = {"channel": channel.pk, "owner": alice.pk, "due": tomorrow}
    services.save_card(journey=journey, by=bob, card=touchpoint.pk, version=touchpoint.version, details=details)

    def cell() -> str:
        page = bobs.get(url(journey)).content.decode()
        return page[page.index(f'id="card-{touchpoint.pk}"') :].split("</a>")[0]

    assert 'title="Web"' in cell()
    assert "Alice sees to it" in cell()
    assert "Overdue" not in cell()
    services.rename_channel(channel=channel, name="Website", icon=Channel.Icon.APP)
    alice.name = "Alicia"
    alice.save()
    assert 'title="Website"' in cell()
    assert f"#icon-{Channel.Icon.APP}" in cell()
    assert "Alicia sees to it" in cell()
    services.start_thread(journey=journey, by=bob, about=f"card-{touchpoint.pk}", body="Is this so?")
    assert "1 open thread" in bobs.get(url(journey)).content.decode()
    draws.clear()
    monkeypatch.setattr(timezone, "localdate", lambda: tomorrow + timedelta(days=1))
    assert "Overdue" in cell()
    assert draws == [f"cell-{touchpoint.cell.lane_id}-{touchpoint.cell.step_id}"]


def test_what_was_not_asked_for_longest_is_forgotten_first():
    drawings = drawn.Drawings(most=10)
    asked: list[str] = []

    def get(place: str, state: int = 0) -> str:
        return drawings.get(place, state, lambda: asked.append(place) or "four")

    get("a"), get("b"), get("a"), get("c"), get("a")
    assert asked == ["a", "b", "c"]
    get("b"), get("a"), get("a", 1), get("a", 1)
    assert asked == ["a", "b", "c", "b", "a"]
