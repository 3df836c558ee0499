import pytest
from django.core.exceptions import ValidationError

from maps import services
from maps.library import TEMPLATES
from maps.models import Card, Channel, EmotionPoint, JourneyMap, Step
from tests.maps.shape import assert_valid


@pytest.mark.parametrize("key", TEMPLATES)
def test_every_template_makes_a_valid_map(team, bob, key):
    template = TEMPLATES[key]
    journey = services.create_map(team=team, by=bob, title="A map", template=template)
    assert_valid(journey)
    assert journey.stages.count() == len(template.stages)
    assert Step.objects.filter(stage__map=journey).count() == template.steps
    assert journey.lanes.count() == len(template.lanes)
    assert (journey.owner, journey.status, journey.revision) == (bob, "draft", 1)


@pytest.mark.parametrize("key", [key for key in TEMPLATES if key != "blank"])
def test_every_lane_of_a_template_has_an_example(team, bob, key):
    journey = services.create_map(team=team, by=bob, title="A map", template=TEMPLATES[key])
    for lane in journey.lanes.all():
        if lane.kind == "emotion":
            steps = Step.objects.filter(stage__map=journey).count()
            assert EmotionPoint.objects.filter(lane=lane).count() == steps
        else:
            assert Card.objects.filter(cell__lane=lane).exists(), lane.title
    assert not Card.objects.filter(kind="touchpoint", touchpoint__channel=None).exists()


def test_channels_of_the_team_are_made_once_and_shared(team, bob):
    for title in ("One", "Two"):
        services.create_map(team=team, by=bob, title=title, template=TEMPLATES["lifecycle"])
    names = list(Channel.objects.filter(team=team).values_list("name", flat=True))
    assert len(names) == len(set(names))
    assert "Phone" in names


def test_a_map_needs_a_title(team, bob):
    with pytest.raises(ValidationError, match="needs a name"):
        services.create_map(team=team, by=bob, title="  ", template=TEMPLATES["blank"])
    assert not JourneyMap.objects.exists()


def test_title_status_and_scenario_are_changed(journey, bob):
    changed = services.update_map(journey=journey, by=bob, title="Renamed", status="live", scenario="Why\r\n")
    changed.refresh_from_db()
    assert (changed.title, changed.status, changed.scenario) == ("Renamed", "live", "Why")


def test_what_is_not_given_stays(journey, bob):
    scenario = journey.scenario
    assert services.update_map(journey=journey, by=bob, status="review").scenario == scenario


@pytest.mark.parametrize("values", [{"status": "gone"}, {"state": "past"}, {"title": "\n"}, {"title": "x" * 161}])
def test_impossible_values_are_refused(journey, bob, values):
    with pytest.raises(ValidationError):
        services.update_map(journey=journey, by=bob, **values)
    assert JourneyMap.objects.get(pk=journey.pk).revision == journey.revision
