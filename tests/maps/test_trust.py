from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from maps import queries, services
from maps.models import Card, Stage
from maps.trust import Evidence, confirmed, evidence_of
from tests.maps.shape import assert_logged
from tests.maps.test_queries import number_of_queries

HTMX = {"HX-Request": "true"}


@pytest.fixture
def stage(journey, card) -> Stage:
    return card.cell.step.stage


def doubt(journey, stage) -> str:
    journey.refresh_from_db()
    return queries.stage_head(journey, stage.pk).confirmed.doubt


def test_a_stage_is_confirmed_and_says_so(journey, bob, bobs, stage):
    assert queries.stage_head(journey, stage.pk).confirmed is None
    url = reverse("maps:confirm_stage", args=[journey.team.slug, journey.pk, stage.pk])
    answer = bobs.post(url, headers=HTMX)
    assert "by Bob" in answer.text
    assert f'id="stage-{stage.pk}"' in answer.text
    found = queries.stage_head(journey, stage.pk).confirmed
    assert (found.by, found.doubt) == ("Bob", "")
    journey.refresh_from_db()
    operation = journey.operations.first()
    assert operation.sentence == f"confirmed the stage “{stage.name}”"
    assert operation.shows == [f"stage-{stage.pk}"]
    assert_logged(journey)
    menu = reverse("maps:stage", args=[journey.team.slug, journey.pk, stage.pk])
    assert "by Bob" in bobs.get(menu, headers=HTMX).text
    services.undo(journey=journey, by=bob)
    assert queries.stage_head(journey, stage.pk).confirmed is None


def test_whoever_changes_a_stage_gets_its_mark_and_the_share_of_evidence_along(journey, bob, bobs, card, stage):
    services.confirm_stage(journey=journey, by=bob, stage=stage.pk)
    base = f"/t/{journey.team.slug}/maps/{journey.pk}/"
    cell = f"{base}cells/{card.cell.lane_id}/{card.cell.step_id}/"
    mark = f'id="stage-{stage.pk}"'
    typing = bobs.post(f"{base}cards/{card.pk}/", {"body": "Other", "version": 1, "keep": 1}, headers=HTMX)
    assert typing["HX-Reswap"] == "none"
    assert mark in typing.text
    assert "changed since" in typing.text
    assert "map-evidence" not in typing.text
    assert 'role="gridcell"' not in typing.text
    added = bobs.post(cell, {"body": "One more"}, headers=HTMX).text
    assert mark not in added  # It says so already.
    assert "0 observed, 42 assumed" in added
    assert added.count('id="map-evidence"') == added.count('id="map-saved"') == 1
    observed = {"body": "Other", "version": 2, "evidence": "observed", "colour": ""}
    assert "1 observed, 41 assumed" in bobs.post(f"{base}cards/{card.pk}/details/", observed, headers=HTMX).text
    moved = bobs.post(f"{base}cards/{card.pk}/duplicate/", headers=HTMX).text
    assert "2 observed, 41 assumed" in moved
    assert moved.count('id="map-saved"') == 1


@pytest.mark.parametrize("change", ["write", "remove", "move", "step", "rename", "feel", "detail"])
def test_whatever_is_said_anew_in_a_stage_raises_doubt(journey, bob, card, stage, lanes, steps, change):
    services.confirm_stage(journey=journey, by=bob, stage=stage.pk)
    idea = Card.objects.filter(kind="opportunity", cell__step__stage=stage).first()
    about = {"journey": journey, "by": bob}
    {
        "write": lambda: services.save_card(**about, card=card.pk, version=card.version, body="Other"),
        "remove": lambda: services.remove_card(**about, card=card.pk),
        "move": lambda: services.move_card(
            **about, card=card.pk, lane=card.cell.lane_id, step=steps["Get help"].pk
        ),
        "step": lambda: services.add_step(**about, name="New", after=card.cell.step_id),
        "rename": lambda: services.rename_stage(**about, stage=stage.pk, name="Other"),
        "feel": lambda: services.set_emotion(
            **about, lane=lanes["Emotion"].pk, step=card.cell.step_id, score=2, label="", version=1
        ),
        "detail": lambda: services.save_card(**about, card=idea.pk, version=idea.version, details={"effort": 5}),
    }[change]()  # fmt: skip
    assert doubt(journey, stage) == "changed since"
    services.confirm_stage(journey=journey, by=bob, stage=stage.pk)
    assert doubt(journey, stage) == ""


def test_what_happens_elsewhere_or_to_the_order_raises_none(journey, bob, stage, lanes, steps):
    services.confirm_stage(journey=journey, by=bob, stage=stage.pk)
    services.add_card(
        journey=journey, by=bob, lane=lanes["Thinking"].pk, step=steps["Recommend to others"].pk, body="x"
    )
    services.move_stage(journey=journey, by=bob, stage=stage.pk)
    services.update_map(journey=journey, by=bob, title="Other")
    services.rename_lane(journey=journey, by=bob, lane=lanes["Thinking"].pk, title="Thoughts")
    assert doubt(journey, stage) == ""


def test_a_confirmation_holds_for_the_days_of_its_map(journey, bob, bobs, stage):
    services.confirm_stage(journey=journey, by=bob, stage=stage.pk)
    row, later = Stage.objects.get(pk=stage.pk), timezone.now() + timedelta(days=31)
    assert confirmed(row, journey=journey, now=later).doubt == ""
    url = reverse("maps:settings", args=[journey.team.slug, journey.pk])
    form = {"title": journey.title, "status": "draft", "state": "current"}
    for wrong in ("0", "3651", "x", "-1"):
        assert bobs.post(url, form | {"review_days": wrong}).status_code == 422
    assert bobs.post(url, form | {"review_days": "30"}).status_code == 302
    journey.refresh_from_db()
    assert confirmed(row, journey=journey, now=later).doubt == "longer ago than 30 days"
    assert bobs.post(url, form).status_code == 302
    journey.refresh_from_db()
    assert journey.review_days == 30


def test_those_who_follow_see_a_stage_confirmed_and_doubted(journey, bob, sign_in, vera, stage, card):
    """The mark is drawn anew with the change that raises doubt, and not again with the next one."""
    url, veras = reverse("maps:changes", args=[journey.team.slug, journey.pk]), sign_in(vera)
    since, head = journey.revision, f'id="stage-{stage.pk}"'

    def news() -> str:
        nonlocal since
        answer = veras.get(url, {"since": since}, headers=HTMX)
        since += 1
        return answer.text

    services.confirm_stage(journey=journey, by=bob, stage=stage.pk)
    assert "by Bob" in news()
    card = services.save_card(journey=journey, by=bob, card=card.pk, version=card.version, body="Other")
    assert "by Bob, changed since" in news()
    services.save_card(journey=journey, by=bob, card=card.pk, version=card.version, body="Another")
    assert head not in news()
    services.update_map(journey=journey, by=bob, title="Other", review_days=30)
    both = news()
    assert "<map-grid" in both
    assert "<title>Other" in both


def test_a_copy_has_been_confirmed_by_nobody(journey, bob, stage):
    services.confirm_stage(journey=journey, by=bob, stage=stage.pk)
    twin = services.duplicate_stage(journey=journey, by=bob, stage=stage.pk)
    variant = services.make_variant(journey=journey, by=bob)
    assert twin.confirmed_at is None
    assert not variant.stages.exclude(confirmed_at=None).exists()


def test_cards_are_counted_by_what_they_rest_on(team, journey, bob, bobs, card):
    before = evidence_of([journey.pk])[journey.pk]
    services.save_card(journey=journey, by=bob, card=card.pk, version=card.version, details={"evidence": "observed"})
    after = evidence_of([journey.pk])[journey.pk]
    assert (after.observed, after.total) == (before.observed + 1, before.total)
    assert Evidence(1, 2, 3).total == 6
    assert number_of_queries(lambda: evidence_of([journey.pk])) == 1
    title = f"{after.observed} observed, {after.assumed} assumed"
    for page in (reverse("maps:map", args=[team.slug, journey.pk]), reverse("maps:list", args=[team.slug])):
        assert title in bobs.get(page).text
    assert title in bobs.get(reverse("maps:list", args=[team.slug]), {"view": "board"}).text
