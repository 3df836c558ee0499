"""Datasets with events in them, made the way people make them: by importing files."""

from io import BytesIO
from pathlib import Path
from typing import Any

from django.core.files import File

from accounts.models import Team, User
from flows.hashing import actor_key
from flows.models import Dataset, Import
from flows.services import datasets, imports
from flows.store import EventStore
from flows.store.disk import root

HEAD = "user_id,timestamp,event"
COLUMNS = {"actor": "user_id", "time": "timestamp", "event": "event"}


def make_dataset(team: Team, name: str = "Web and app") -> Dataset:
    return datasets.create_dataset(team=team, name=name)


def make_import(
    dataset: Dataset,
    data: str | bytes,
    *,
    name: str = "events.csv",
    mapping: dict[str, str] | None = None,
    by: User | None = None,
    **options: Any,
) -> Import:
    """A queued import that nobody runs yet."""
    raw = data.encode() if isinstance(data, str) else data
    import_ = imports.create_import(dataset=dataset, file=File(BytesIO(raw), name), filename=name, by=by, **options)
    Import.objects.filter(pk=import_.pk).update(mapping=COLUMNS if mapping is None else mapping)
    imports.queue(import_=import_, ring=False)
    import_.refresh_from_db()
    return import_


def run(import_: Import) -> Import:
    imports.run_import(team_id=import_.team_id, import_id=import_.pk)
    import_.refresh_from_db()
    return import_


def bring_in(dataset: Dataset, data: str | bytes, **options: Any) -> Import:
    return run(make_import(dataset, data, **options))


def events_of(dataset: Dataset, version: int | None = None) -> list[tuple[int, int, str]]:
    """Every event of a version as (actor key, µs, name), in the order of people, time and arrival."""
    snapshot = EventStore(dataset.team_id).snapshot(dataset, version)
    found = []
    for order, segment in enumerate(snapshot.segments):
        for person, key in enumerate(segment.keys.tolist()):
            for at in range(int(segment.starts[person]), int(segment.starts[person + 1])):
                found.append((key, int(segment.times[at]), order, at, segment.names[segment.codes[at]]))
    return [(key, time, name) for key, time, _, _, name in sorted(found)]


def names_of(dataset: Dataset, actor: str) -> list[str]:
    return [name for key, _, name in events_of(dataset) if key == actor_key(actor)]


def files_below(*parts: str) -> set[str]:
    """Files of segments, indexes, rejects and workspaces that are on disk."""
    home = root().joinpath(*parts)
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


def stored_files(team: Team) -> set[Path]:
    return {path for path in (root() / "teams" / str(team.pk)).rglob("*") if path.is_file()}
