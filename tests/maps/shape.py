"""What is true of every map at all times."""

from django.db import connection

from maps.log.parts import state_of
from maps.log.reading import lead
from maps.log.records import State, from_sides
from maps.models import (
    Card,
    Cell,
    Channel,
    EmotionPoint,
    JourneyMap,
    Lane,
    Operation,
    Opportunity,
    Snapshot,
    Step,
    Touchpoint,
)


def stage_names(journey: JourneyMap) -> list[str]:
    return [stage.name for stage in journey.stages.order_by("position")]


def step_names(journey: JourneyMap) -> list[str]:
    return [step.name for step in Step.objects.filter(stage__map=journey).order_by("stage__position", "position")]


def assert_valid(journey: JourneyMap) -> None:
    gapless(journey.stages.all(), "stages")
    gapless(journey.lanes.all(), "lanes")
    assert journey.stages.exists()
    for stage in journey.stages.all():
        assert stage.steps.exists(), f"{stage} has no step"
        gapless(stage.steps.all(), f"steps of {stage}")
    cells = Cell.objects.filter(lane__map=journey).select_related("lane", "step__stage")
    for cell in cells:
        assert cell.step.stage.map_id == journey.pk
        assert cell.lane.kind != Lane.Kind.EMOTION
        gapless(cell.cards.all(), f"cards of {cell}")
        assert {card.kind for card in cell.cards.all()} <= {cell.lane.kind}
    cards = Card.objects.filter(cell__lane__map=journey)
    assert all(card.body for card in cards)
    for kind, model in ((Lane.Kind.TOUCHPOINT, Touchpoint), (Lane.Kind.OPPORTUNITY, Opportunity)):
        wanted = set(cards.filter(kind=kind).values_list("pk", flat=True))
        assert wanted <= set(model.objects.values_list("card_id", flat=True))
    for point in EmotionPoint.objects.filter(lane__map=journey).select_related("lane", "step__stage"):
        assert point.lane.kind == Lane.Kind.EMOTION
        assert point.step.stage.map_id == journey.pk
    for model in (Step, Lane, Cell, Card, EmotionPoint):
        path = {Step: "stage__map", Lane: "map", Cell: "lane__map", Card: "cell__lane__map", EmotionPoint: "lane__map"}
        assert not model.objects.filter(**{path[model]: journey}).exclude(team=journey.team_id).exists()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def gapless(rows, what: str) -> None:
    places = sorted(rows.values_list("position", flat=True))
    assert places == list(range(len(places))), f"{what} stand at {places}"


def assert_logged(journey: JourneyMap) -> None:
    """The log is numbered without a gap. Carried out on nothing, or on any snapshot, it leads to the map as it is.

    And the other way round: taken back from the map as it is, it leads to every snapshot.
    """
    log = list(Operation.objects.filter(map=journey).order_by("seq"))
    assert [operation.seq for operation in log] == list(range(1, journey.revision + 1))
    changes = [from_sides(operation.op, operation.inverse) for operation in log]
    now = filled(state_now(journey))
    assert possible(lead({}, changes)) == now
    assert filled(lead(state_now(journey), changes, back=True)) == {}
    for snapshot in Snapshot.objects.filter(map=journey):
        since = changes[snapshot.seq :]
        assert possible(lead(state_now(journey), since, back=True)) == possible(snapshot.state)
        assert possible(lead(snapshot.state, since)) == now


def state_now(journey: JourneyMap) -> State:
    return state_of(JourneyMap.objects.get(pk=journey.pk))


def filled(state: State) -> State:
    """Without parts that have no rows."""
    return {part: rows for part, rows in state.items() if rows}


def possible(state: State) -> State:
    """Without references to rows outside the map that have been removed since, which nothing logs."""
    channels = set(Channel.objects.values_list("pk", flat=True))
    for values in state.get("touchpoint", {}).values():
        values["channel"] = values["channel"] if values["channel"] in channels else None
    return filled(state)
