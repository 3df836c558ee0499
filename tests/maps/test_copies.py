import pytest
from django.urls import reverse

from maps import queries, services
from maps.log.compare import Comparison
from maps.models import Card, JourneyMap, Persona, Step
from tests.maps.shape import assert_logged, assert_valid
from tests.maps.test_queries import enlarge, number_of_queries


def at(journey: JourneyMap, name: str) -> str:
    return reverse(f"maps:{name}", args=[journey.team.slug, journey.pk])


@pytest.fixture
def variant(journey, bob) -> JourneyMap:
    return services.make_variant(journey=journey, by=bob)


def differences(variant: JourneyMap) -> list[tuple[str, str]]:
    rows = Comparison(*services.variant_states(variant=JourneyMap.objects.get(pk=variant.pk)))
    return [(row.what, row.sign) for row in rows]


def test_a_copy_says_the_same_and_goes_its_own_way(team, journey, bob, alice):
    services.update_map(
        journey=journey, by=bob, status="live", folder="Growth", tags=["x"],
        personas=[Persona.objects.create(team=team, name="Kim").pk],
    )  # fmt: skip
    copy = services.duplicate_map(journey=journey, by=alice)
    assert (copy.title, copy.status, copy.owner, copy.folder, copy.tags) == (
        "Copy of First visit", "draft", alice, "Growth", ["x"]
    )  # fmt: skip
    assert copy.variant_of is None
    assert Persona.objects.count() == 1
    ours, theirs = queries.document_of(team, journey), queries.document_of(team, copy)
    assert (ours.stages, ours.lanes, ours.personas) == (theirs.stages, theirs.lanes, theirs.personas)
    assert_valid(copy)
    assert_logged(copy)
    services.remove_stage(journey=copy, by=alice, stage=copy.stages.first().pk)
    assert queries.document_of(team, journey).stages == ours.stages


def test_a_title_that_has_no_room_is_cut(journey, bob):
    services.update_map(journey=journey, by=bob, title="x" * 160)
    assert len(services.duplicate_map(journey=journey, by=bob).title) == 160


def test_a_copy_takes_the_same_queries_however_big_the_map_is(journey, bob):
    before = number_of_queries(lambda: services.make_variant(journey=journey, by=bob))
    enlarge(journey, bob)
    assert number_of_queries(lambda: services.make_variant(journey=journey, by=bob)) == before


def test_a_fresh_variant_differs_in_what_it_is_called_alone(journey, variant):
    assert (variant.title, variant.state, variant.variant_of) == ("First visit (future)", "future", journey)
    assert differences(variant) == [("Map", "changed")]
    assert_valid(variant)
    assert_logged(variant)


def test_what_changes_on_either_side_is_told_row_by_row(journey, variant, bob, alice):
    card = Card.objects.get(cell__lane__map=variant, body="Searches for a way out")
    services.save_card(journey=variant, by=bob, card=card.pk, body="Finds a way out", version=card.version)
    step = Step.objects.filter(stage__map=variant).last()
    services.rename_step(journey=variant, by=bob, step=step.pk, name="Renamed")
    services.add_stage(journey=variant, by=bob, name="New in the future")
    services.add_stage(journey=journey, by=alice, name="New today")
    assert sorted(differences(variant)) == sorted(
        [
            ("Map", "changed"),
            ("Card", "changed"),
            ("Step", "changed"),
            ("Stage", "added"),
            ("Step", "added"),
            ("Stage", "removed"),
            ("Step", "removed"),
        ]
    )


def test_two_variants_of_one_map_stand_beside_each_other(journey, variant, bob):
    other = services.make_variant(journey=journey, by=bob)
    services.add_stage(journey=other, by=bob, name="Only here")
    assert differences(variant) == [("Map", "changed")]
    assert len(differences(other)) == 3


def test_the_pages_lead_from_one_to_the_other(journey, bobs):
    answer = bobs.post(at(journey, "make_variant"))
    variant = journey.variants.get()
    assert answer["Location"] == at(variant, "map")
    assert at(variant, "differences") in bobs.get(at(variant, "map")).text
    assert at(variant, "differences") in bobs.get(at(journey, "map")).text
    page = bobs.get(at(variant, "differences")).text
    assert "First visit" in page
    assert "1 changed" in page
    assert bobs.get(at(journey, "differences")).status_code == 404


def test_the_original_may_go(journey, variant, bobs):
    journey.delete()
    variant.refresh_from_db()
    assert variant.variant_of is None
    assert bobs.get(at(variant, "map")).status_code == 200


def test_a_map_of_another_team_cannot_be_copied(bobs, team, elsewhere):
    for name in ("duplicate", "make_variant"):
        assert bobs.post(reverse(f"maps:{name}", args=[team.slug, elsewhere.pk])).status_code == 404
    assert JourneyMap.objects.count() == 1
