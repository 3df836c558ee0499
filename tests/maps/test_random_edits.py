"""Two people do anything in any order, with keys that are stale, foreign or right: the map is always valid."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maps import services
from maps.library import BLANK
from maps.models import Card, EmotionPoint, JourneyMap, Lane, Stage, Step
from tests.maps.shape import assert_valid

KINDS = ["text", "touchpoint", "emotion", "pain", "opportunity", "quote"]
OPERATIONS = [
    "add_stage",
    "move_stage",
    "remove_stage",
    "add_step",
    "move_step",
    "shift_step",
    "remove_step",
    "add_lane",
    "move_lane",
    "remove_lane",
    "add_card",
    "save_card",
    "move_card",
    "remove_card",
    "set_emotion",
    "clear_emotion",
]
number = st.integers(0, 40)
operation = st.tuples(st.sampled_from(OPERATIONS), st.booleans(), number, number, number, number)


class Undone(Exception):
    pass


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations=st.lists(operation, min_size=5, max_size=40))
def test_a_map_stays_valid_whatever_is_done_to_it(team, alice, bob, operations):
    try:
        with transaction.atomic():
            journey = services.create_map(team=team, by=alice, title="Random", template=BLANK)
            for name, first, *numbers in operations:
                apply(journey, alice if first else bob, name, numbers)
            assert_valid(journey)
            # Every refusal and every change leaves the counted revision behind it.
            assert JourneyMap.objects.get(pk=journey.pk).revision == journey.revision
            raise Undone
    except Undone:
        pass


def pick(rows, n: int) -> int:
    """The key of a row, or now and then one that does not exist."""
    keys = [*rows.order_by("pk").values_list("pk", flat=True), 2**40]
    return keys[n % len(keys)]


def apply(journey: JourneyMap, by, name: str, numbers: list[int]) -> None:
    a, b, c, d = numbers
    stages, lanes = Stage.objects.filter(map=journey), Lane.objects.filter(map=journey)
    steps, cards = Step.objects.filter(stage__map=journey), Card.objects.filter(cell__lane__map=journey)
    side = {["before", "after"][c % 2]: None}
    place = lambda rows: {key: pick(rows, b) for key in side} if d % 4 else {}  # noqa: E731
    where = {"lane": pick(lanes, b), "step": pick(steps, c)}
    score = a % 5 - 2
    point = EmotionPoint.objects.filter(lane_id=where["lane"], step_id=where["step"]).first()
    arguments = {
        "add_stage": lambda: {"name": "S", **place(stages)},
        "move_stage": lambda: {"stage": pick(stages, a), **place(stages)},
        "remove_stage": lambda: {"stage": pick(stages, a)},
        "add_step": lambda: {"name": "T", "stage": pick(stages, a), **place(steps)},
        "move_step": lambda: {"step": pick(steps, a), "stage": pick(stages, d), **place(steps)},
        "shift_step": lambda: {"step": pick(steps, a), "right": bool(b % 2)},
        "remove_step": lambda: {"step": pick(steps, a)},
        "add_lane": lambda: {"title": "L", "kind": Lane.Kind(KINDS[a % len(KINDS)]), **place(lanes)},
        "move_lane": lambda: {"lane": pick(lanes, a), **place(lanes)},
        "remove_lane": lambda: {"lane": pick(lanes, a)},
        "add_card": lambda: {**where, "body": f"Card {a}"},
        "save_card": lambda: {"card": pick(cards, a), "version": 1 + b % 2, "body": f"Text {c}"},
        "move_card": lambda: {"card": pick(cards, a), **where, **place(cards)},
        "remove_card": lambda: {"card": pick(cards, a)},
        "set_emotion": lambda: {**where, "score": score, "version": point.version if point and d % 3 else 0},
        "clear_emotion": lambda: where,
    }
    try:
        with transaction.atomic():
            getattr(services, name)(journey=journey, by=by, **arguments[name]())
    except (ValidationError, Http404, services.Conflict):
        pass
