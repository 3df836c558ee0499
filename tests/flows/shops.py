"""Puts events into a dataset as an import would leave them: a segment, its catalogue, a new version."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts.models import Team
from flows.engine.arrays import actor_key
from flows.models import Dataset, EventName, Segment
from flows.store import write_segment
from tests.flows.rows import give_events, table_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

# Who did what, and how many minutes after noon.
SHOP = [
    *((who, "visit", 0) for who in ("ann", "ben", "cem", "dee")),
    *((who, "search", 5) for who in ("ann", "ben", "cem")),
    ("ann", "order", 9),
    ("ben", "visit", 12),
    ("ben", "order", 30),
    ("dee", "help", 2),
    # The data go on long after, so that windows close.
    ("zoe", "help", 60 * 24 * 30),
]


def make_shop(team: Team, slug: str = "shop", rows: Iterable[tuple[str, str, float]] = SHOP) -> Dataset:
    dataset = Dataset.objects.create(team=team, name=slug.replace("-", " ").title(), slug=slug)
    give(dataset, rows)
    return dataset


def make_shop_with_plans(team: Team) -> Dataset:
    """30 people visit; of the 20 that are on the free plan 12 search, and 6 of these drop out there."""
    rows: list[tuple[object, ...]] = []
    for number in range(30):
        who, plan = f"person {number:02}", ["pro", "free", "free"][number % 3]
        rows.append((who, "visit", number, {"plan": plan, "price": number}))
        rows.append((who, "noise", number + 1, {"plan": plan}))
        if number % 5 < 3:
            rows.append((who, "search", number + 10, {"plan": plan}))
            if number % 2:
                rows.append((who, "order", number + 20, {"plan": plan}))
    dataset = Dataset.objects.create(team=team, name="Shop", slug="shop")
    give_events(dataset, [*rows, ("last", "help", 60 * 86_400, {"plan": "free"})])
    dataset.refresh_from_db()
    return dataset


@transaction.atomic
def give(dataset: Dataset, rows: Iterable[tuple[str, str, float]]) -> None:
    """Rows are (actor, event, minutes after NOON)."""
    start = int(NOON.timestamp()) * 1_000_000
    table = [
        (actor_key(who), who, what, start + round(minutes * 60_000_000), line, None, None, None)
        for line, (who, what, minutes) in enumerate(rows)
    ]
    workspace = Path(settings.DATA_DIR) / "store" / "work"
    workspace.mkdir(parents=True, exist_ok=True)
    new = write_segment(table_of(table), "rows", team_id=dataset.team_id, dataset_id=dataset.pk, workspace=workspace)
    dataset.version += 1
    dataset.events += new.rows
    dataset.data_from = min(filter(None, (dataset.data_from, new.time_from)))
    dataset.data_through = max(filter(None, (dataset.data_through, new.time_through)))
    dataset.save()
    Segment.objects.create(
        team_id=dataset.team_id,
        dataset=dataset,
        import_number=dataset.version,
        file=new.file,
        rows=new.rows,
        bytes=new.bytes,
        checksum=new.checksum,
        time_from=new.time_from,
        time_through=new.time_through,
        born=dataset.version,
    )
    for count in new.names:
        name, _ = EventName.objects.get_or_create(
            team_id=dataset.team_id,
            dataset=dataset,
            name=count.name,
            defaults={"events": 0, "first_at": count.first_at, "last_at": count.last_at},
        )
        name.events += count.events
        name.save()
