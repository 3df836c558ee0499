"""The team and the map that `bench.map` measures. Imported where Django is ready: by `manage.py shell`."""

import json

from django.conf import settings
from django.test import Client

from accounts.models import Membership, Role, Team, User
from maps.documents.shapes import (
    CardPart,
    CellPart,
    FeelingPart,
    LanePart,
    MapDocument,
    OpportunityPart,
    StagePart,
    StepPart,
    TouchpointPart,
)
from maps.models import Lane
from maps.services import build_map

KINDS = [Lane.Kind.TEXT, Lane.Kind.TOUCHPOINT, Lane.Kind.PAIN, Lane.Kind.OPPORTUNITY, Lane.Kind.QUOTE]
WORDS = "Compares the three offers that a colleague sent, and wonders which of them can be ended at any time"


def write(*, stages: int, steps: int, lanes: int, cards: int) -> None:
    """Make them, and print as JSON: the address of the map, and a session of somebody who may edit it."""
    team = Team.objects.create(name="Bench", slug="bench")
    user = User.objects.create_user("person@example.com", name="Person")
    Membership.objects.create(team=team, user=user, role=Role.EDITOR)
    journey = build_map(team=team, by=user, document=document(stages, steps, lanes, cards))
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    print(json.dumps({"path": f"/t/{team.slug}/maps/{journey.pk}/", "session": session}))


def document(stages: int, steps: int, lanes: int, cards: int) -> MapDocument:
    """One lane of feelings, the others in turn of every kind, with the cards spread evenly over their cells."""
    cells = steps * (lanes - 1)
    heads = [StepPart(f"Step {step + 1}") for step in range(steps)]
    each = steps // stages
    rows = [
        LanePart(
            kind=kind,
            title=f"Lane {row + 1}",
            cells=tuple(
                CellPart(step, tuple(_card(kind, n) for n in range(first, last)))
                for step in range(steps)
                for first, last in [[place * cards // cells for place in (row * steps + step, row * steps + step + 1)]]
            ),
        )
        for row, kind in enumerate((KINDS * lanes)[: lanes - 1])
    ]
    feelings = tuple(FeelingPart(step, step % 5 - 2, "So-so") for step in range(steps))
    return MapDocument(
        title="A big map",
        stages=tuple(StagePart(f"Stage {n + 1}", tuple(heads[n * each : (n + 1) * each])) for n in range(stages)),
        lanes=(*rows, LanePart(kind=Lane.Kind.EMOTION, title="Feelings", feelings=feelings)),
    )


def _card(kind: str, number: int) -> CardPart:
    body = WORDS[: 20 + number * 7 % 80]
    channels = ("Web", "App", "Phone", "Shop")
    if kind == Lane.Kind.TOUCHPOINT:
        return CardPart(body, touchpoint=TouchpointPart(channels[number % 4]))
    return CardPart(body, opportunity=OpportunityPart() if kind == Lane.Kind.OPPORTUNITY else None)
