import pytest
from django.db import connection
from django.urls import reverse

from maps import services
from maps.library import BLANK
from maps.models import Card, EmotionPoint, JourneyMap, Lane, Persona, Step
from maps.searching import MOST_HITS, SOURCES, hits, question
from tests.maps.test_queries import number_of_queries

HTMX = {"HX-Request": "true"}


@pytest.fixture
def write(journey, bob, lanes, steps):
    """A card with this text, in a lane of texts."""
    lane = next(lane for lane in lanes.values() if lane.kind == Lane.Kind.TEXT)
    step = next(iter(steps.values()))

    def written(body: str) -> Card:
        return services.add_card(journey=journey, by=bob, lane=lane.pk, step=step.pk, body=body)

    return written


def found(team, asked: str) -> list[tuple[str, str]]:
    return [(hit.what, "".join(run.text for run in hit.excerpt)) for hit in hits(team, asked)]


def test_words_are_found_wherever_they_stand(team, journey, bob, lanes, steps, write):
    services.update_map(journey=journey, by=bob, title="Quokka days", scenario="A quokka in need")
    services.rename_stage(journey=journey, by=bob, stage=journey.stages.first().pk, name="Stage", goal="Meet quokkas")
    step = steps["Compare" if "Compare" in steps else next(iter(steps))]
    services.rename_step(journey=journey, by=bob, step=step.pk, name="See the quokka")
    lane = next(iter(lanes.values()))
    services.rename_lane(journey=journey, by=bob, lane=lane.pk, title="Quokka lane")
    card = write("Feeds a Quokka")
    point = EmotionPoint.objects.filter(lane__map=journey).first()
    services.set_emotion(
        journey=journey, by=bob, lane=point.lane_id, step=point.step_id, score=1, label="quokka-happy",
        version=point.version,
    )  # fmt: skip
    persona = Persona.objects.create(team=team, name="Kim", goals="Own a quokka")
    services.update_map(journey=journey, by=bob, personas=[persona.pk])
    anchors = {hit.what: hit.anchor for hit in hits(team, "quok")}
    assert anchors == {
        "Map": "",
        "Stage": f"stage-{journey.stages.first().pk}",
        "Step": f"step-{step.pk}",
        "Lane": f"lane-{lane.pk}",
        "Card": f"card-{card.pk}",
        "Feeling": f"cell-{point.lane_id}-{point.step_id}",
        "Persona": "map-corner",
    }


def test_every_anchor_is_an_element_of_the_map(team, journey, bob, bobs, write):
    persona = Persona.objects.create(team=team, name="In person")
    services.update_map(journey=journey, by=bob, personas=[persona.pk])
    write("in all")
    page = bobs.get(reverse("maps:map", args=[team.slug, journey.pk])).text
    there = hits(team, "in") + hits(team, "a") + hits(team, "c")
    assert {hit.what for hit in there} >= {"Card", "Stage", "Step", "Lane", "Feeling", "Persona"}
    assert all(f'id="{hit.anchor}"' in page for hit in there if hit.anchor)


def test_all_words_must_stand_there_in_any_order_by_their_beginnings(team, write):
    write("Waits for the parcel on Tuesday")
    for asked in ("parcel waits", "PARC tues", "  wai  ", "the Parcel"):
        assert ("Card", "Waits for the parcel on Tuesday") in found(team, asked), asked
    for asked in ("parcel monday", "arcel", "waitsfor"):
        assert ("Card", "Waits for the parcel on Tuesday") not in found(team, asked), asked


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ("Ärger über Gebühren", "ärg"),
        ("ÄRGER", "ärger"),
        ("رحلة العميل", "رحلة"),
        ("Пишет в поддержку", "ПИШЕТ"),
        ("検索する", "検索"),
        ("first-time buyer", "first-t"),
        ("see ana@example.org", "ana@example.org"),
        ("costs 49.90 a year", "49.90"),
        ("don't ask", "don't"),
    ],
)
def test_words_of_any_script_are_found(team, write, body, asked):
    write(body)
    assert ("Card", body) in found(team, asked)


def test_what_was_found_is_marked_in_an_excerpt(team, write):
    write("word " * 500 + "needle " + "word " * 500)
    (hit,) = hits(team, "needl")
    assert [run.text for run in hit.excerpt if run.differs] == ["needle"]
    assert len("".join(run.text for run in hit.excerpt)) < 300


def test_titles_come_before_cards(team, journey, bob, write):
    write("Zebra zebra zebra zebra zebra")
    services.create_map(team=team, by=bob, title="Zebra", template=BLANK)
    assert [hit.what for hit in hits(team, "zebra")] == ["Map", "Card"]


HOSTILE = [
    *("'", "''", "\\", "\\'", "':*", "a' | 'b", "!", "!!a", "& | ! ( ) :*", "<->", "a:b", "%", "((((", "<script>"),
    *("\x00", "\ue000", "\u202e", "😀", "x" * 5000, "a " * 5000, "'; DROP TABLE maps_card; --"),
]


@pytest.mark.parametrize("asked", HOSTILE)
def test_hostile_questions_are_harmless(team, journey, bobs, write, asked):
    hits(team, asked)
    answer = bobs.get(reverse("maps:search", args=[team.slug]), {"q": asked})
    assert answer.status_code == 200
    assert Card.objects.filter(cell__lane__map=journey).exists()


@pytest.mark.parametrize("asked", ["", "   ", "\x00", "\t\n"])
def test_nothing_asked_is_nothing_found(team, asked):
    assert question(asked) is None
    assert number_of_queries(lambda: hits(team, asked)) == 0


def test_signs_in_a_question_never_mean_or_or_not(team, write):
    write("alpha")
    write("beta")
    assert found(team, "alpha | beta") == []
    assert found(team, "!alpha") == [("Card", "alpha")]


def test_texts_are_escaped(team, bobs, write):
    write("<script>alert(1)</script> danger")
    page = bobs.get(reverse("maps:search", args=[team.slug]), {"q": "danger"}).text
    assert "<mark>danger</mark>" in page
    assert "<script>alert" not in page


def test_another_team_is_never_searched(team, elsewhere, charlie, bobs):
    services.update_map(journey=elsewhere, by=charlie, title="Wombat", scenario="wombat")
    assert found(team, "wombat") == []
    assert [hit.what for hit in hits(elsewhere.team, "wombat")] == ["Map"]
    assert bobs.get(reverse("maps:search", args=[elsewhere.team.slug]), {"q": "wombat"}).status_code == 404


def test_archived_maps_are_found_and_say_so(team, journey, bob, bobs):
    services.update_map(journey=journey, by=bob, title="Numbat", status="archived")
    assert hits(team, "numbat")[0].archived
    assert "(archived)" in bobs.get(reverse("maps:search", args=[team.slug]), {"q": "numbat"}).text


def test_a_search_takes_one_query_a_source_however_much_is_found(team, bob, journey, write):
    write("many")
    assert number_of_queries(lambda: hits(team, "many")) == len(SOURCES)
    for number in range(10):
        write(f"many {number}")
        services.create_map(team=team, by=bob, title=f"Many {number}", template=BLANK)
    assert number_of_queries(lambda: hits(team, "many")) == len(SOURCES)


def test_no_more_than_a_page_is_found(team, journey, bob):
    for number in range(MOST_HITS + 5):
        services.create_map(team=team, by=bob, title=f"Many {number}", template=BLANK)
    assert len(hits(team, "many")) == MOST_HITS


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.what)
def test_every_source_is_asked_through_its_index(team, source):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    index = next(index for index in source.model._meta.indexes if index.name.startswith("words_of"))
    rows = source.model._default_manager.annotate(words=index.expressions[0]).filter(words=question("a"))
    assert index.name in rows.explain()


def test_what_is_found_changes_while_somebody_types(bobs, team, write):
    write("Ibis")
    part = bobs.get(reverse("maps:search", args=[team.slug]), {"q": "ib"}, headers=HTMX)
    assert part.text.strip().startswith('<div class="stack" id="found"')
    assert "<mark>Ibis</mark>" in part.text
    assert 'name="q"' in bobs.get(reverse("maps:list", args=[team.slug])).text


def test_steps_tell_their_stage(team, journey):
    step = Step.objects.filter(stage__map=journey).first()
    (hit,) = [hit for hit in hits(team, step.name) if hit.what == "Step" and hit.anchor == f"step-{step.pk}"]
    assert hit.where == (step.stage.name,)
    assert JourneyMap.objects.get(pk=hit.map).title == hit.title
