import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from maps import queries, services
from maps.library import LIFECYCLE
from maps.models import Lane, Step
from maps.page import dividers


def number_of_queries(call) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


def enlarge(journey, by) -> None:
    """Ten more stages, lanes and cards of every kind."""
    for _ in range(10):
        stage = services.add_stage(journey=journey, by=by, name="More")
        step = stage.steps.get()
        for kind in (Lane.Kind.TEXT, Lane.Kind.TOUCHPOINT, Lane.Kind.OPPORTUNITY):
            lane = journey.lanes.filter(kind=kind).first()
            services.add_card(journey=journey, by=by, lane=lane.pk, step=step.pk, body="More")
        emotion = journey.lanes.get(kind=Lane.Kind.EMOTION)
        services.set_emotion(journey=journey, by=by, lane=emotion.pk, step=step.pk, score=1, version=0)
    for _ in range(10):
        services.add_lane(journey=journey, by=by, title="More", kind=Lane.Kind.TEXT)


def test_a_map_of_any_size_takes_seven_queries(team, bob, journey):
    def load() -> None:
        page = queries.map_page(team, journey)
        for row in page.lanes:
            for cell in row.cells:
                for card in cell.cards:
                    if card.kind == "touchpoint":
                        assert card.touchpoint.channel is None or card.touchpoint.channel.name
                    if card.kind == "opportunity":
                        assert card.opportunity.value

    assert number_of_queries(load) == 7
    enlarge(journey, bob)
    assert number_of_queries(load) == 7


def test_the_page_has_a_cell_under_every_step_of_every_lane(team, journey):
    page = queries.map_page(team, journey)
    assert [step.name for step in page.steps] == list(
        Step.objects.filter(stage__map=journey).order_by("stage__position", "position").values_list("name", flat=True)
    )
    assert all([cell.step for cell in row.cells] == list(page.steps) for row in page.lanes)
    assert [step.column for step in page.steps] == list(range(2, 11))
    assert [(stage.column, stage.span) for stage in page.stages] == [(2, 2), (4, 2), (6, 2), (8, 2), (10, 1)]
    assert [step.last_of_stage for step in page.steps] == [False, True] * 4 + [True]
    bodies = [card.body for card in page.lanes[0].cells[1].cards]
    assert bodies == ["Asks a colleague what they use", "Searches for a way out"]


def test_stages_take_even_hues(team, journey):
    assert [stage.hue for stage in queries.map_page(team, journey).stages] == [252, 324, 36, 108, 180]


def test_one_row_and_one_cell_are_the_same_as_on_the_page(team, journey):
    page = queries.map_page(team, journey)
    for row in page.lanes:
        assert queries.row_of(journey, row.lane.pk) == row
    cell = page.lanes[0].cells[1]
    alone = queries.cell_of(journey, cell.lane.pk, cell.step.pk)
    assert (alone.step, alone.cards, alone.key) == (cell.step, cell.cards, cell.key)
    assert number_of_queries(lambda: queries.cell_of(journey, cell.lane.pk, cell.step.pk)) == 4


def test_the_curve_follows_the_feelings(team, journey):
    (row,) = [row for row in queries.map_page(team, journey).lanes if row.curve]
    assert [cell.feeling.sign for cell in row.cells] == ["−1", "0", "−1", "+1", "0", "+2", "+1", "−1", "+2"]
    assert row.curve.line.startswith("M0 105L50 105C")


def test_lists_do_not_ask_more_for_more_rows(team, bob, journey):
    maps = number_of_queries(lambda: [m.owner.name for m in queries.list_maps(team)])
    ideas = number_of_queries(lambda: [i.card.cell.step.stage.name for i in queries.list_opportunities(team)])
    enlarge(journey, bob)
    for title in ("A", "B", "C"):
        services.create_map(team=team, by=bob, title=title, template=LIFECYCLE)
    assert number_of_queries(lambda: [m.owner.name for m in queries.list_maps(team)]) == maps == 1
    assert (
        number_of_queries(lambda: [i.card.cell.lane.map.title for i in queries.list_opportunities(team)]) == ideas == 1
    )


def test_the_list_counts_stages_and_steps(team, journey):
    (row,) = queries.list_maps(team)
    assert (row.stage_count, row.step_count) == (5, 9)


def test_another_teams_rows_are_never_listed(team, elsewhere, journey):
    assert {row.pk for row in queries.list_maps(team)} == {journey.pk}
    assert {idea.team_id for idea in queries.list_opportunities(team)} == {team.pk}


@pytest.mark.parametrize(
    ("roles", "lines"),
    [
        (
            ["customer_action", "none", "frontstage", "backstage", "support"],
            ["", "", "Line of interaction", "Line of visibility", "Line of internal interaction"],
        ),
        (["evidence", "customer_action"], ["", ""]),
        (["backstage", "frontstage"], ["", ""]),
        ([], []),
    ],
)
def test_lines_of_a_blueprint_follow_the_roles(roles, lines):
    assert dividers([Lane(role=role) for role in roles]) == lines
