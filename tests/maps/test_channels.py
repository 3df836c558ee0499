import pytest
from django.urls import reverse

from maps import services
from maps.library import LIFECYCLE
from maps.models import Card, Channel, JourneyMap, Touchpoint
from tests.maps.shape import assert_logged
from tests.maps.test_queries import enlarge, number_of_queries


@pytest.fixture
def web(team, journey) -> Channel:
    return Channel.objects.get(team=team, name="Web")


def at(channel: Channel, name: str = "channel") -> str:
    return reverse(f"maps:{name}", args=[channel.team.slug, channel.pk])


def test_a_channel_leads_to_every_card_that_uses_it(bobs, web):
    page = bobs.get(at(web)).text
    cards = Card.objects.filter(touchpoint__channel=web)
    assert cards
    assert all(f"#card-{card.pk}" in page for card in cards)
    listing = bobs.get(reverse("maps:channels", args=[web.team.slug]))
    assert {c.name: c.uses for c in listing.context["channels"]}["Web"] == len(cards)


def test_a_channel_is_renamed(bobs, web):
    assert bobs.post(at(web), {"name": " Web  shop ", "icon": "store"}).status_code == 302
    web.refresh_from_db()
    assert (web.name, web.icon) == ("Web shop", "store")


@pytest.mark.parametrize("form", [{"name": " ", "icon": "store"}, {"name": "phone", "icon": "store"},
                                  {"name": "Web", "icon": "no"}, {"name": "x" * 81, "icon": "store"}, {}])  # fmt: skip
def test_an_impossible_name_changes_nothing(bobs, web, form):
    assert bobs.post(at(web), form).status_code == 422
    web.refresh_from_db()
    assert (web.name, web.icon) == ("Web", "app-window")


def test_merged_channels_are_one_and_every_map_tells_it(team, bob, bobs, web, journey):
    second = services.create_map(team=team, by=bob, title="Second", template=LIFECYCLE)
    phone, cards = Channel.objects.get(team=team, name="Phone"), set(Card.objects.filter(touchpoint__channel=web))
    versions = {card.pk: card.version for card in cards}
    answer = bobs.post(at(web, "merge_channel"), {"into": phone.pk}, follow=True)
    assert "“Web” is now part of “Phone”" in answer.text
    assert not Channel.objects.filter(pk=web.pk).exists()
    for card in Card.objects.filter(pk__in=versions):
        assert (card.touchpoint.channel, card.version) == (phone, versions[card.pk] + 1)
    for row in JourneyMap.objects.filter(pk__in=[journey.pk, second.pk]):
        assert row.revision == 2
        assert row.operations.first().sentence == "merged the channel “Web” into “Phone”"
        assert_logged(row)
    services.undo(journey=journey, by=bob)
    assert_logged(JourneyMap.objects.get(pk=journey.pk))


@pytest.mark.parametrize("into", ["", "x", str(2**70), "0"])
def test_nonsense_merges_nothing(bobs, web, into):
    assert "Choose the channel that stays." in bobs.post(at(web, "merge_channel"), {"into": into}, follow=True).text
    assert Channel.objects.filter(pk=web.pk).exists()


def test_a_channel_is_not_merged_into_itself_or_another_teams(bobs, web, elsewhere):
    assert "into itself" in bobs.post(at(web, "merge_channel"), {"into": web.pk}, follow=True).text
    foreign = Channel.objects.filter(team=elsewhere.team).first()
    assert bobs.post(at(web, "merge_channel"), {"into": foreign.pk}).status_code == 404
    for name in ("channel", "merge_channel"):
        address = reverse(f"maps:{name}", args=[web.team.slug, foreign.pk])
        assert bobs.post(address, {"name": "Taken", "icon": "store", "into": web.pk}).status_code == 404
    assert Channel.objects.filter(pk__in=[web.pk, foreign.pk]).count() == 2
    assert Touchpoint.objects.filter(channel=web).exists()


def test_the_pages_ask_no_more_for_more_uses(bobs, bob, web, journey):
    listing = reverse("maps:channels", args=[web.team.slug])
    before = [number_of_queries(lambda address=address: bobs.get(address)) for address in (at(web), listing)]
    enlarge(journey, bob)
    Touchpoint.objects.filter(channel=None).update(channel=web)
    assert [number_of_queries(lambda address=address: bobs.get(address)) for address in (at(web), listing)] == before
