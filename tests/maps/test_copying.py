import pytest
from django.core.exceptions import ValidationError
from django.http import Http404

from maps import queries, services
from maps.library import TEMPLATES
from maps.limits import MOST_CARDS
from maps.models import Card, EmotionPoint, Lane, Step
from tests.maps.shape import assert_logged, assert_valid, stage_names, step_names
from tests.maps.test_queries import number_of_queries


@pytest.fixture
def other(team, bob):
    return services.create_map(team=team, by=bob, title="Second visit", template=TEMPLATES["saas-onboarding"])


@pytest.fixture(autouse=True)
def _both_maps_stay_whole(journey, other):
    yield
    for each in (journey, other):
        each.refresh_from_db()
        assert_valid(each)
        assert_logged(each)


def bodies(lane, step) -> list[str]:
    return list(Card.objects.filter(cell__lane=lane, cell__step=step).values_list("body", flat=True))


def lane_part(team, journey, place):
    return queries.document_of(team, journey).lanes[place]


def test_a_card_is_duplicated_below_itself_with_its_details(journey, bob, card):
    copy = services.duplicate_card(journey=journey, by=bob, card=card.pk)
    assert (copy.body, copy.kind, copy.cell_id, copy.version) == (card.body, card.kind, card.cell_id, 1)
    assert copy.position == card.position + 1
    assert copy.uid != card.uid
    contact = Card.objects.filter(cell__lane__map=journey, kind="touchpoint", touchpoint__channel__isnull=False).first()
    copy = services.duplicate_card(journey=journey, by=bob, card=contact.pk)
    assert copy.touchpoint.channel == contact.touchpoint.channel
    services.undo(journey=journey, by=bob)
    assert not Card.objects.filter(pk=copy.pk).exists()


def test_a_full_cell_takes_no_copy(journey, bob, card):
    for _ in range(MOST_CARDS - card.cell.cards.count()):
        services.add_card(journey=journey, by=bob, lane=card.cell.lane_id, step=card.cell.step_id, body="More")
    with pytest.raises(ValidationError, match="There is room for"):
        services.duplicate_card(journey=journey, by=bob, card=card.pk)


@pytest.mark.parametrize("title", ["Touchpoints", "Emotion", "Pain points"])
def test_a_lane_is_duplicated_below_itself_with_all_that_stands_in_it(team, journey, bob, lanes, title):
    lane = lanes[title]
    copy = services.duplicate_lane(journey=journey, by=bob, lane=lane.pk)
    copy.refresh_from_db()
    assert copy.position == lane.position + 1
    assert lane_part(team, journey, copy.position) == lane_part(team, journey, lane.position)


def test_a_step_and_a_stage_are_duplicated_with_all_that_stands_under_them(team, journey, bob, steps):
    step = steps["Come across us"]
    copy = services.duplicate_step(journey=journey, by=bob, step=step.pk)
    assert step_names(journey)[:3] == ["Feel the need", "Come across us", "Come across us"]
    for lane in journey.lanes.all():
        assert bodies(lane, copy) == bodies(lane, step)
    twin = services.duplicate_stage(journey=journey, by=bob, stage=step.stage_id)
    assert stage_names(journey)[:2] == [step.stage.name] * 2
    for lane in journey.lanes.all():
        for old, new in zip(step.stage.steps.all(), twin.steps.all(), strict=True):
            assert bodies(lane, new) == bodies(lane, old)
    scores = EmotionPoint.objects.filter(step__stage=twin).order_by("step__position")
    first = EmotionPoint.objects.filter(step__stage=step.stage).order_by("step__position")
    assert [(one.score, one.label) for one in scores] == [(one.score, one.label) for one in first]


def test_a_lane_is_copied_to_another_map_and_no_card_is_lost(journey, other, bob, lanes):
    lane = lanes["Customer actions"]
    copy = services.copy_lane(journey=journey, by=bob, lane=lane.pk, target=other)
    assert (copy.map_id, copy.title, copy.position) == (other.pk, lane.title, other.lanes.count() - 1)
    there = Card.objects.filter(cell__lane=copy).values_list("body", flat=True)
    assert sorted(there) == sorted(Card.objects.filter(cell__lane=lane).values_list("body", flat=True))
    assert bodies(lane, Step.objects.get(name="Feel the need")) == bodies(copy, other.stages.first().steps.first())


def test_a_lane_goes_to_the_steps_of_the_same_name(team, journey, bob, lanes):
    second = services.create_map(team=team, by=bob, title="Twin", template=TEMPLATES["lifecycle"])
    first = second.stages.first()
    services.move_stage(journey=second, by=bob, stage=first.pk)
    copy = services.copy_lane(journey=journey, by=bob, lane=lanes["Emotion"].pk, target=second)
    for point in lanes["Emotion"].emotions.all():
        assert copy.emotions.get(step__name=point.step.name).score == point.score


def test_a_stage_is_copied_to_another_map_into_lanes_of_the_same_title(journey, other, bob, steps):
    stage = steps["Feel the need"].stage
    before = set(other.lanes.values_list("kind", "title"))
    copy = services.copy_stage(journey=journey, by=bob, stage=stage.pk, target=other)
    assert stage_names(other)[-1] == stage.name
    assert [step.name for step in copy.steps.all()] == [step.name for step in stage.steps.all()]
    for old, new in zip(stage.steps.all(), copy.steps.all(), strict=True):
        found = Card.objects.filter(cell__step=old).values_list("cell__lane__title", "kind", "body")
        assert sorted(found) == sorted(
            Card.objects.filter(cell__step=new).values_list("cell__lane__title", "kind", "body")
        )
    after = list(other.lanes.values_list("kind", "title"))
    assert len(after) == len(set(after))
    assert set(after) >= before


def test_what_is_of_another_map_cannot_be_copied(journey, other, bob):
    with pytest.raises(Http404):
        services.duplicate_lane(journey=journey, by=bob, lane=other.lanes.first().pk)
    with pytest.raises(Http404):
        services.copy_stage(journey=journey, by=bob, stage=other.stages.first().pk, target=other)


def test_the_number_of_queries_does_not_depend_on_what_is_copied(journey, bob, lanes, steps):
    lane = lanes["Customer actions"]
    few = number_of_queries(lambda: services.duplicate_lane(journey=journey, by=bob, lane=lane.pk))
    for step in steps.values():
        for _ in range(3):
            services.add_card(journey=journey, by=bob, lane=lane.pk, step=step.pk, body="More")
    many = number_of_queries(lambda: services.duplicate_lane(journey=journey, by=bob, lane=lane.pk))
    assert many == few


def test_a_copy_over_http_goes_along_to_the_other_map(team, journey, other, bobs, lanes):
    url = f"/t/{team.slug}/maps/{journey.pk}/lanes/{lanes['Thinking'].pk}/copy/"
    assert b"Second visit" in bobs.get(url).content
    answer = bobs.post(url, {"target": other.pk})
    copy = Lane.objects.get(map=other, title="Thinking", position=other.lanes.count() - 1)
    assert answer.headers["Location"] == f"/t/{team.slug}/maps/{other.pk}/#lane-{copy.pk}"


def test_a_map_of_another_team_is_no_target(team, journey, elsewhere, bobs, lanes):
    url = f"/t/{team.slug}/maps/{journey.pk}/lanes/{lanes['Thinking'].pk}/copy/"
    assert bobs.post(url, {"target": elsewhere.pk}).status_code == 422
    assert not Lane.objects.filter(map=elsewhere, title="Thinking").exclude(position__lt=6).exists()
