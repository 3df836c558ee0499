import pytest
from django.urls import reverse

from maps import services
from maps.library import LIFECYCLE
from maps.models import Card, JourneyMap, Touchpoint
from tests.maps.shape import assert_logged
from tests.maps.test_queries import enlarge, number_of_queries


@pytest.fixture
def second(team, bob, journey) -> JourneyMap:
    return services.create_map(team=team, by=bob, title="Second", template=LIFECYCLE)


def called(team, name: str) -> list[Card]:
    return list(Card.objects.filter(team=team, kind="touchpoint", body=name).order_by("pk"))


def at(card: Card, name: str = "touchpoint") -> str:
    return reverse(f"maps:{name}", args=[card.team.slug, card.pk])


def test_every_name_stands_once_and_leads_to_its_cards(team, bobs, journey, second):
    names = bobs.get(reverse("maps:touchpoints", args=[team.slug]))
    (found,) = [row for row in names.context["pages"].object_list if row["body"] == "Checkout"]
    cards = called(team, "Checkout")
    assert (found["uses"], found["maps"], found["channels"]) == (len(cards), 2, ["Web"])
    page = bobs.get(at(Card.objects.get(pk=found["key"]))).text
    assert all(f"/maps/{card.cell.lane.map_id}/#card-{card.pk}" in page for card in cards)
    assert (
        len(bobs.get(reverse("maps:touchpoints", args=[team.slug]), {"q": "check\0out"}).context["pages"].object_list)
        == 1
    )


def test_a_name_is_changed_everywhere_and_each_map_tells_it(team, bob, bobs, journey, second):
    cards = called(team, "Checkout")
    assert bobs.post(at(cards[0]), {"name": " Paying  page "}).status_code == 302
    assert called(team, "Paying page") == cards
    for row in (journey, second):
        row.refresh_from_db()
        assert row.operations.first().sentence == "renamed the touchpoint “Checkout” to “Paying page”"
        assert_logged(row)
    services.undo(journey=journey, by=bob)
    assert len(called(team, "Paying page")) == len(cards) / 2


@pytest.mark.parametrize("name", ["", " ", "receipt", "x" * 301])
def test_a_name_that_is_taken_or_impossible_changes_nothing(team, bobs, journey, name):
    card = called(team, "Checkout")[0]
    assert bobs.post(at(card), {"name": name}).status_code == 422
    assert called(team, "Checkout")
    assert JourneyMap.objects.get().revision == journey.revision


def test_merged_touchpoints_have_one_name_and_keep_their_channels(team, bobs, journey, second):
    receipt, checkout = called(team, "Receipt"), called(team, "Checkout")
    assert bobs.post(at(checkout[0], "merge_touchpoint"), {"into": receipt[0].pk}).status_code == 302
    assert called(team, "Receipt") == sorted(receipt + checkout, key=lambda card: card.pk)
    assert set(Touchpoint.objects.filter(card__in=checkout).values_list("channel__name", flat=True)) == {"Web"}
    for row in (journey, second):
        row.refresh_from_db()
        assert row.operations.first().sentence == "merged the touchpoint “Checkout” into “Receipt”"
        assert_logged(row)


def test_nothing_of_another_team_is_touched(team, bobs, journey, elsewhere):
    ours, theirs = called(team, "Checkout")[0], called(elsewhere.team, "Checkout")[0]
    assert bobs.get(reverse("maps:touchpoint", args=[team.slug, theirs.pk])).status_code == 404
    assert bobs.post(at(ours, "merge_touchpoint"), {"into": theirs.pk}).status_code == 404
    for into in ("", "x", 2**70, ours.pk):
        assert bobs.post(at(ours, "merge_touchpoint"), {"into": into}).status_code == 302
    bobs.post(at(ours), {"name": "Paying"})
    assert called(elsewhere.team, "Checkout") == [theirs]


def test_more_touchpoints_cost_no_more_queries(team, bob, bobs, journey):
    pages = [reverse("maps:touchpoints", args=[team.slug]), at(called(team, "Checkout")[0])]
    few = [number_of_queries(lambda page=page: bobs.get(page)) for page in pages]
    enlarge(journey, bob)
    services.create_map(team=team, by=bob, title="Third", template=LIFECYCLE)
    assert [number_of_queries(lambda page=page: bobs.get(page)) for page in pages] == few
