"""Two people do anything in any order, with keys that are stale, foreign or right, and take it back again.

The map is always valid, and always what its log says: carried out on nothing, and on the latest snapshot.
"""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maps import services
from maps.library.shapes import Template, at, feels, idea, lane, stage
from maps.models import Card, EmotionPoint, JourneyMap, Lane, Stage, Step
from tests.maps.shape import assert_logged, assert_valid

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
    "update_map",
    "undo",
    "undo",
    "undo",
    "redo",
    "redo",
    "take_snapshot",
    "restore_map",
]
# Small, so that two people meet; with something of every kind, so that they meet over it.
SEED = Template(
    key="seed",
    title="Seed",
    about="",
    stages=(stage("One", "A", "B"), stage("Two", "*C")),
    lanes=(
        lane("text", "Actions", "a", ["b", "c"], "d"),
        lane("touchpoint", "Touchpoints", at("Web", "e"), None, at("Post", "f")),
        lane("emotion", "Emotion", feels(1, "Glad"), None, feels(-2, "Lost")),
        lane("opportunity", "Opportunities", None, idea("g"), None),
    ),
)
number = st.integers(0, 40)
operation = st.tuples(st.sampled_from(OPERATIONS), st.booleans(), number, number, number, number)


REFUSALS = (services.Conflict, services.NothingToUndo, services.Refused)


class Undone(Exception):
    pass


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations=st.lists(operation, min_size=10, max_size=60))
def test_a_map_stays_valid_whatever_is_done_to_it(team, alice, bob, operations):
    try:
        with transaction.atomic():
            journey = services.create_map(team=team, by=alice, title="Random", template=SEED)
            for name, first, *numbers in operations:
                apply(journey, alice if first else bob, name, numbers)
            assert_valid(journey)
            assert_logged(journey)
            # Every refusal and every change leaves the counted revision behind it.
            assert JourneyMap.objects.get(pk=journey.pk).revision == journey.revision
            raise Undone
    except Undone:
        pass


def pick(rows, n: int) -> int:
    """The key of a row, or now and then one that does not exist."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    return keys[n % len(keys)] if keys and n % 9 else 2**40


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
        "update_map": lambda: {"title": f"T{a}", "status": ["live", "draft"][b % 2]},
        "undo": lambda: {"before": a if d % 4 == 0 else None, "seq": b if d % 5 == 0 else None},
        "redo": lambda: {},
        "take_snapshot": lambda: {"label": f"Label {a}"},
        "restore_map": lambda: {"seq": journey.revision - a % 8, "label": "then"},
    }
    try:
        with transaction.atomic():
            getattr(services, name)(journey=journey, by=by, **arguments[name]())
    except (ValidationError, Http404, *REFUSALS):
        pass
