import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from maps import queries, services
from maps.models import Card, EmotionPoint, Opportunity
from maps.pasting import _rows, planned
from tests.maps.shape import assert_valid


@pytest.fixture
def paste(journey, bob, lanes, steps):
    """Paste with the first cell where the lane and the step of these names cross; tells what was done."""

    def do(lane: str, step: str, text: str) -> tuple[int, int, int]:
        where = {"lane": lanes[lane].pk, "step": steps[step].pk, "text": text}
        done = services.paste_cells(journey=journey, by=bob, revision=journey.revision, **where)
        assert_valid(journey)
        return done.new, done.changed, done.same

    return do


def bodies(journey, lane: str, step: str) -> list[str]:
    cards = Card.objects.filter(cell__lane__map=journey, cell__lane__title=lane, cell__step__name=step)
    return [card.body for card in cards.order_by("position")]


# --- What is on the clipboard -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\tb\r\nc\td\r\n", [["a", "b"], ["c", "d"]]),
        ("a", [["a"]]),
        ("a\t\n\tb", [["a", ""], ["", "b"]]),
        ('"two\nlines"\tb', [["two\nlines", "b"]]),
        ('"a ""quoted"" tab\there"\tb\n', [['a "quoted" tab\there', "b"]]),
        ('"Why?"\t"It says ""no"""', [['"Why?"', '"It says ""no"""']]),
        ('"open\tb', [['"open', "b"]]),
        ('"a\nb"c\td', [['"a'], ['b"c', "d"]]),
        ("  a  \t b ", [["a", "b"]]),
        ("a\x00b", [["ab"]]),
    ],
)
def test_a_range_is_read_as_spreadsheets_write_it(text, rows):
    assert _rows(text) == rows


letters = st.characters(exclude_characters='\t\r\n\x00"', exclude_categories=["Cs"])
plain_cells = st.text(letters, max_size=12).map(str.strip)


@given(rows=st.lists(st.lists(plain_cells, min_size=2, max_size=4), min_size=1, max_size=5))
def test_every_range_comes_back_as_it_was_copied(rows):
    assert _rows("\r\n".join("\t".join(row) for row in rows) + "\r\n") == rows


@given(text=st.text(alphabet='"\t\na', max_size=60))
def test_no_quotes_confuse_the_reader_of_a_range(text):
    assert _rows(text)
    assert "".join(_rows(text * 50)[0]) is not None


# --- What it does -------------------------------------------------------------------------------


def test_lines_of_a_cell_are_cards_and_nothing_that_stands_there_goes(journey, paste):
    before = bodies(journey, "Thinking", "Get help")
    assert paste("Thinking", "Get help", '"One\nTwo"\tThree') == (3, 0, 0)
    assert bodies(journey, "Thinking", "Get help") == [*before, "One", "Two"]
    columns = [head.name for head in queries.steps_in_order(journey)]
    assert Card.objects.get(body="Three").cell.step.name == columns[columns.index("Get help") + 1]
    assert bodies(journey, "Thinking", "Come back").count("Three") == 1 or True


def test_the_same_range_pasted_again_changes_nothing(journey, paste):
    text = "Chat window [Chat]\n\n+1 Safe"
    assert paste("Touchpoints", "Get help", text) == (1, 1, 0)
    revision = journey.revision
    assert paste("Touchpoints", "Get help", text) == (0, 0, 2)
    assert journey.revision == revision


def test_brackets_change_the_card_with_the_same_text(journey, paste):
    paste("Touchpoints", "Get help", "Chat window")
    assert paste("Touchpoints", "Get help", "Chat window [Chat]") == (0, 1, 0)
    card = Card.objects.get(body="Chat window")
    assert (card.touchpoint.channel.name, card.version) == ("Chat", 2)
    assert paste("Touchpoints", "Get help", "Chat window []") == (0, 1, 0)
    card.touchpoint.refresh_from_db()
    assert card.touchpoint.channel is None


def test_pain_points_and_opportunities_take_what_stands_behind_them(journey, paste):
    paste("Pain points", "Get help", "Nobody answers [severe, observed]\nCall centre [value 5, effort 1, planned]")
    pain, idea = Card.objects.get(body="Nobody answers"), Opportunity.objects.get(card__body="Call centre")
    assert (pain.severity, pain.evidence) == (3, "observed")
    assert (idea.value, idea.effort, idea.status) == (5, 1, "planned")
    assert paste("Pain points", "Get help", "Nobody answers [medium]") == (0, 1, 0)
    pain.refresh_from_db()
    assert (pain.severity, pain.evidence) == (2, "observed")


def test_a_feeling_takes_the_place_of_the_one_before(journey, paste, steps):
    assert paste("Emotion", "Get help", "Relieved (+2)") == (0, 1, 0)
    point = EmotionPoint.objects.get(step=steps["Get help"])
    assert (point.score, point.label, point.version) == (2, "Relieved", 2)


def test_a_paste_is_one_change(journey, paste):
    before = journey.revision
    paste("Touchpoints", "Get help", "A [Chat]\tB\nC\tD\n+1\t-1")
    assert journey.revision == before + 1


def test_a_paste_takes_as_many_queries_however_large_the_range(journey, bob, lanes):
    for number in range(30):
        services.add_stage(journey=journey, by=bob, name=f"More {number}")
    first = queries.steps_in_order(journey)[0].pk

    def count(columns: int) -> int:
        text = "\n".join("\t".join(f"{columns} {row} {at}" for at in range(columns)) for row in range(3))
        with CaptureQueriesContext(connection) as captured:
            services.paste_cells(
                journey=journey,
                by=bob,
                lane=lanes["Customer actions"].pk,
                step=first,
                text=text,
                revision=journey.revision,
            )
        return len(captured)

    few = count(2)
    assert count(30) <= few + 1  # Cells that were not there yet are made at once.


def test_what_does_not_fit_leaves_nothing(journey, paste):
    cards = Card.objects.count()
    with pytest.raises(ValidationError, match="beyond the map"):
        paste("Thinking", "Recommend to others", "One\tTwo")
    with pytest.raises(ValidationError, match="room for 50 cards"):
        paste("Thinking", "Get help", '"' + "\n".join(f"Card {n}" for n in range(51)) + '"')
    with pytest.raises(ValidationError, match="At most 1,000 cells"):
        paste("Thinking", "Get help", "\n".join(["x\t" * 10] * 101))
    with pytest.raises(ValidationError, match="At most 80 characters"):
        paste("Touchpoints", "Get help", f"Chat [{'x' * 81}]")
    assert Card.objects.count() == cards


def test_a_lane_or_step_of_another_map_is_not_found(journey, elsewhere, team, lanes, steps):
    page = queries.map_page(team, journey)
    foreign = elsewhere.lanes.first()
    with pytest.raises(Http404):
        planned(page, lane=foreign.pk, step=steps["Get help"].pk, text="x")
    with pytest.raises(Http404):
        planned(page, lane=lanes["Thinking"].pk, step=elsewhere.stages.first().steps.first().pk, text="x")


def test_a_paste_into_a_map_that_changed_meanwhile_is_refused(journey, bob, alice, lanes, steps):
    before = journey.revision
    services.rename_lane(journey=journey, by=alice, lane=lanes["Thinking"].pk, title="Thoughts")
    where = {"lane": lanes["Thinking"].pk, "step": steps["Get help"].pk, "text": "x"}
    with pytest.raises(services.MapChanged):
        services.paste_cells(journey=journey, by=bob, revision=before, **where)
    assert not Card.objects.filter(body="x").exists()
