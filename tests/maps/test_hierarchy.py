import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from maps import queries, services
from maps.library import BLANK
from maps.models import JourneyMap, Step
from maps.tree import branches
from tests.maps.shape import assert_logged
from tests.maps.test_queries import number_of_queries


@pytest.fixture
def draw(team, bob):
    return lambda title: services.create_map(team=team, by=bob, title=title, template=BLANK)


def step_of(journey: JourneyMap) -> Step:
    return Step.objects.select_related("stage__map__team").filter(stage__map=journey).first()


def put(child: JourneyMap, parent: JourneyMap) -> None:
    services.put_under(journey=child, step=step_of(parent))


def tree(team) -> list[tuple[str, int]]:
    maps = JourneyMap.objects.filter(team=team).select_related("parent_step__stage").order_by("title")
    return [(branch.map.title, branch.depth) for branch in branches(maps)]


def at(name: str, journey: JourneyMap, *keys: int) -> str:
    return reverse(f"maps:{name}", args=[journey.team.slug, journey.pk, *keys])


def test_maps_stand_within_each_other(team, draw):
    a, b, c, d = map(draw, "ABCD")
    put(c, a)
    put(b, c)
    put(d, a)
    assert tree(team) == [("A", 0), ("C", 1), ("B", 2), ("D", 1)]
    services.take_out(journey=c)
    assert tree(team) == [("A", 0), ("D", 1), ("C", 0), ("B", 1)]


def test_no_map_comes_to_stand_within_itself(team, draw):
    a, b, c = map(draw, "ABC")
    put(b, a)
    put(c, b)
    with pytest.raises(ValidationError, match="cannot stand within itself"):
        put(a, a)
    with pytest.raises(ValidationError, match="“C” stands within “A”"):
        put(a, c)
    assert tree(team) == [("A", 0), ("B", 1), ("C", 2)]


def test_a_step_that_comes_back_opens_what_it_opened(team, draw, bob):
    a, b = map(draw, "AB")
    more = services.add_step(journey=a, by=bob, name="More", stage=a.stages.get().pk)
    services.put_under(journey=b, step=Step.objects.select_related("stage__map__team").get(pk=more.pk))
    services.remove_step(journey=a, by=bob, step=more.pk)
    assert tree(team) == [("A", 0), ("B", 0)]
    services.undo(journey=a, by=bob)
    assert tree(team) == [("A", 0), ("B", 1)]
    assert_logged(JourneyMap.objects.get(pk=a.pk))
    assert_logged(JourneyMap.objects.get(pk=b.pk))


def test_a_ring_that_came_back_is_cut_and_loses_no_map(team, draw, bob):
    a, b = map(draw, "AB")
    more = services.add_step(journey=a, by=bob, name="More", stage=a.stages.get().pk)
    services.put_under(journey=b, step=Step.objects.select_related("stage__map__team").get(pk=more.pk))
    services.remove_step(journey=a, by=bob, step=more.pk)
    put(a, b)
    services.undo(journey=a, by=bob)
    assert tree(team) == [("A", 0), ("B", 1)]
    put(draw("C"), a)
    assert len(tree(team)) == 3


def test_the_pages_lead_down_and_up(bobs, draw, team):
    a, b = draw("Above"), draw("Below")
    step = step_of(a)
    address = at("sub_journeys", a, step.pk)
    assert f'<option value="{b.pk}">Below</option>' in bobs.get(address).text
    assert bobs.post(address, {"map": b.pk})["Location"] == at("map", b)
    assert at("map", b) in bobs.get(at("step", a, step.pk)).text
    assert f'<a class="head__crumb" href="{at("map", a)}">Above</a>' in bobs.get(at("map", b)).text
    page = bobs.get(reverse("maps:tree", args=[team.slug])).text
    assert "In the step" in page
    refused = bobs.post(at("sub_journeys", b, step_of(b).pk), {"map": a.pk})
    assert refused.status_code == 422
    assert "stands within" in refused.text
    mark = f'<a class="closer" href="{at("map", b)}"'
    assert mark in bobs.get(at("map", a)).text
    assert mark not in bobs.get(at("map", b)).text
    assert f'<a class="closer" href="{reverse("maps:tree", args=[team.slug])}"' not in bobs.get(at("map", a)).text
    put(draw("Another"), a)
    assert f'<a class="closer" href="{reverse("maps:tree", args=[team.slug])}"' in bobs.get(at("map", a)).text
    bobs.post(at("take_out", b))
    assert JourneyMap.objects.get(pk=b.pk).parent_step_id is None


def test_a_new_map_is_drawn_below_a_step(bobs, draw):
    a = draw("Above")
    step = step_of(a)
    bobs.post(at("sub_journeys", a, step.pk), {"map": ""})
    child = step.sub_journeys.get()
    assert (child.title, child.status) == (step.name, "draft")


@pytest.mark.parametrize("value", ["x", "-1", str(2**70)])
def test_nonsense_is_refused(bobs, draw, value):
    a = draw("Above")
    assert bobs.post(at("sub_journeys", a, step_of(a).pk), {"map": value}).status_code == 422
    assert JourneyMap.objects.count() == 1


def test_maps_and_steps_of_another_team_are_not_found(bobs, draw, elsewhere):
    a = draw("Above")
    foreign = Step.objects.filter(stage__map=elsewhere).first()
    assert bobs.post(at("sub_journeys", a, step_of(a).pk), {"map": elsewhere.pk}).status_code == 404
    assert bobs.post(at("sub_journeys", a, foreign.pk), {"map": ""}).status_code == 404
    elsewhere.refresh_from_db()
    assert elsewhere.parent_step_id is None
    assert queries.parents_of_maps(elsewhere.team) == {}


def test_the_tree_asks_no_more_for_more_maps(bobs, draw, team):
    address = reverse("maps:tree", args=[team.slug])
    first = draw("First")
    before = number_of_queries(lambda: bobs.get(address))
    for number in range(10):
        put(draw(f"More {number}"), first)
    assert number_of_queries(lambda: bobs.get(address)) == before
