import itertools

import pytest
from django.urls import reverse

from maps import services
from maps.ideas import DOTS, shared_out
from maps.library import LIFECYCLE
from maps.models import Card, Opportunity
from tests.maps.shape import assert_logged
from tests.maps.test_queries import number_of_queries


@pytest.fixture
def url(team) -> str:
    return reverse("maps:opportunities", args=[team.slug])


@pytest.fixture
def idea(journey) -> Opportunity:
    return Opportunity.objects.get(card__body="Hand the chat over with everything already said")


def seen(answer) -> list[str]:
    return [idea.card.body for idea in answer.context["pages"].paginator.object_list]


def scored(idea: Opportunity) -> tuple[int, int, int]:
    idea.refresh_from_db()
    return idea.value, idea.business_value, idea.effort


def test_points_are_shared_out_as_far_apart_as_before():
    for value, business, points in itertools.product(range(1, 6), range(1, 6), range(2, 11)):
        to_customer, to_business = shared_out(points, value=value, business_value=business)
        assert to_customer + to_business == points
        assert {to_customer, to_business} <= set(range(1, 6))
    assert shared_out(6, value=4, business_value=2) == (4, 2)
    assert shared_out(8, value=4, business_value=2) == (5, 3)
    assert shared_out(7, value=3, business_value=3) == (4, 3)
    assert shared_out(9, value=2, business_value=4) == (4, 5)


def test_the_best_score_comes_first_and_every_column_can(team, journey, bobs, url):
    first = bobs.get(url).context["pages"].paginator.object_list
    assert len(first) == 7
    assert [idea.score for idea in first] == sorted((idea.score for idea in first), reverse=True)
    by_effort = bobs.get(url, {"sort": "effort"}).context["pages"].paginator.object_list
    assert [idea.effort for idea in by_effort] == sorted(idea.effort for idea in by_effort)
    for sort in ("status", "map", "owner", "impact", "nonsense"):
        assert len(seen(bobs.get(url, {"sort": sort}))) == 7


def test_ideas_are_narrowed_by_what_the_address_says(team, journey, idea, bob, bobs, url):
    services.update_map(journey=journey, by=bob, tags=["Bank"])
    other = services.create_map(team=team, by=bob, title="Other", template=LIFECYCLE)
    details = {"status": "done", "owner": bob.pk, "value": 5, "business_value": 4, "effort": 1}
    services.save_card(journey=journey, by=bob, card=idea.card_id, version=idea.card.version, details=details)
    wanted = [idea.card.body]
    assert len(seen(bobs.get(url))) == 13
    assert seen(bobs.get(url, {"status": "done"})) == wanted
    assert seen(bobs.get(url, {"status": "any", "owner": bob.pk})) == wanted
    assert seen(bobs.get(url, {"status": "any", "effort": 1, "points": 9})) == wanted
    assert len(seen(bobs.get(url, {"tag": "Bank"}))) == 6
    assert len(seen(bobs.get(url, {"map": other.pk}))) == 7
    services.update_map(journey=other, by=bob, status="archived")
    assert len(seen(bobs.get(url))) == 6
    assert len(seen(bobs.get(url, {"map": other.pk}))) == 7
    hostile = {"status": "x", "map": "x", "owner": str(2**70), "effort": "-1", "points": "\0", "idea": "x", "page": "x"}
    assert len(seen(bobs.get(url, hostile))) == 6
    assert "No opportunity fits" in bobs.get(url, {"tag": "None"}).text


def test_a_dot_is_put_elsewhere_and_the_map_tells_it(journey, idea, bob, bobs, url):
    form = {"card": idea.card_id, "version": idea.card.version, "effort": 1, "points": 9}
    answer = bobs.post(f"{url}score/?status=idea", form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert (scored(idea)[2], idea.points) == (1, 9)
    (place,) = [place for row in answer.context["board"] for place in row if (place.effort, place.points) == (1, 9)]
    assert [dot.idea.pk for dot in place.dots] == [idea.pk]
    journey.refresh_from_db()
    assert_logged(journey)
    before = scored(idea)
    stale = bobs.post(f"{url}score/", form | {"effort": 5})
    assert stale.status_code == 409
    assert "Somebody changed this idea meanwhile" in stale.text
    assert scored(idea) == before
    services.undo(journey=journey, by=bob)
    assert scored(idea)[2] != 1


@pytest.mark.parametrize("form", [{}, {"effort": 6}, {"points": 1}, {"effort": "x"}, {"version": 2**70}, {"card": ""}])
def test_an_impossible_place_changes_nothing(idea, bobs, url, form):
    before = scored(idea)
    good = {"card": idea.card_id, "version": idea.card.version, "effort": 1, "points": 9}
    assert bobs.post(f"{url}score/", good | form if form else {}).status_code == 422
    assert scored(idea) == before


def test_an_idea_is_edited_beside_the_board_and_leads_back_to_its_card(team, journey, idea, bob, charlie, bobs, url):
    at = f"{url}{idea.card_id}/"
    assert bobs.get(at)["Location"] == f"{url}?idea={idea.card_id}#idea-{idea.card_id}"
    page = bobs.get(url, {"idea": idea.card_id}).text
    assert f"/maps/{journey.pk}/#card-{idea.card_id}" in page
    form = {
        "body": "Hand it over", "version": idea.card.version, "value": 5, "business_value": 1, "effort": 2,
        "status": "planned", "owner": bob.pk, "link": "https://tickets.example/7",
    }  # fmt: skip
    for wrong in ({"link": "ftp://a.example/x"}, {"link": "javascript:alert(1)"}, {"owner": charlie.pk}, {"value": 9}):
        assert bobs.post(at, form | wrong).status_code == 422
    assert bobs.post(at, form).status_code == 302
    assert scored(idea) == (5, 1, 2)
    card = Card.objects.get(pk=idea.card_id)
    assert (card.body, card.owner, idea.status, idea.link) == ("Hand it over", bob, "planned", form["link"])
    stale = bobs.post(at, form | {"body": "Mine"})
    assert stale.status_code == 422
    assert "Somebody changed this card meanwhile" in stale.text
    assert "Mine" in stale.text
    assert (
        bobs.post(at, form | {"body": "Mine", "version": stale.context["form"]["version"].value()}).status_code == 302
    )
    assert Card.objects.get(pk=idea.card_id).body == "Mine"


def test_a_card_of_another_team_or_another_kind_is_not_found(journey, elsewhere, bobs, url):
    foreign = Opportunity.objects.filter(team=elsewhere.team).first()
    for card in (foreign.card_id, Card.objects.filter(kind="pain", team=journey.team).first().pk, 2**40):
        assert bobs.get(f"{url}{card}/").status_code == 404
        assert bobs.get(url, {"idea": card}).status_code == 404
        form = {"card": card, "version": 1, "effort": 1, "points": 9}
        assert bobs.post(f"{url}score/", form).status_code == 404
        assert bobs.post(f"{url}{card}/", form).status_code == 404


def test_five_hundred_ideas_in_one_place_are_counted_and_cost_no_more_queries(team, journey, bob, bobs, url):
    few = number_of_queries(lambda: bobs.get(url))
    card = Card.objects.filter(kind="opportunity").first()
    cards = [Card(team=team, cell=card.cell, kind="opportunity", body=f"Idea {n}", position=90 + n) for n in range(500)]
    made = Card.objects.bulk_create(cards)
    Opportunity.objects.bulk_create([Opportunity(team=team, card=card) for card in made])
    answer = bobs.get(url)
    (place,) = [place for row in answer.context["board"] for place in row if (place.effort, place.points) == (3, 6)]
    assert len(place.dots) == DOTS
    assert place.more + DOTS >= 500
    assert number_of_queries(lambda: bobs.get(url)) == few
    kept = bobs.get(url, {"idea": made[-1].pk}).context["board"]
    assert made[-1].pk in {dot.idea.card_id for row in kept for place in row for dot in place.dots}
