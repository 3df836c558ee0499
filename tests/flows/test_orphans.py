import os
import time

import pytest

from flows.models import Import
from flows.services import intake, jobs
from flows.services.imports import sweep_orphan_files
from flows.store.disk import root, team_home
from tests.flows.events import bring_in, events_of, make_dataset, make_import, stored_files

pytestmark = pytest.mark.django_db

TEXT = "user_id,timestamp,event\nanna,2024-01-01,view\nanna,never,view\n"


def make_old(path) -> None:
    past = time.time() - 2 * 3600
    for one in [path, *path.rglob("*")] if path.is_dir() else [path]:
        os.utime(one, (past, past))


def test_what_a_row_names_is_kept_however_old(team, settings):
    dataset = make_dataset(team)
    import_ = bring_in(dataset, TEXT)
    for path in [*root().rglob("*"), *(settings.DATA_DIR / "media").rglob("*")]:
        make_old(path)
    kept = stored_files(team)
    assert sweep_orphan_files() == 0
    assert stored_files(team) == kept
    assert import_.file.storage.exists(import_.file.name)
    assert len(events_of(dataset)) == 1


def test_what_no_row_names_goes_after_an_hour(team, settings):
    dataset = make_dataset(team)
    bring_in(dataset, TEXT)
    kept = stored_files(team)
    home = team_home(team.pk)
    media = settings.DATA_DIR / "media" / "teams" / str(team.pk) / "imports"
    orphans = [
        home / str(dataset.pk) / "0123.parquet",
        home / str(dataset.pk) / "0123.index" / "keys.u64",
        home / str(dataset.pk) / ".4567.index.89" / "keys.u64",
        home / "rejects" / "0123.parquet",
        home / "work" / "import-1-1" / "draft.parquet",
        home / "work" / "inspect-1-abcd" / "unpacked.parquet",
        media / "0123",
    ]
    for path in orphans:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert sweep_orphan_files() == 0
    for path in orphans:
        make_old(path if path.parent.name in ("rejects", "imports", str(dataset.pk)) else path.parent)
    assert sweep_orphan_files() == len(orphans)
    assert stored_files(team) == kept
    assert not any(path.exists() for path in orphans)


def test_the_workspace_of_a_running_import_is_kept(team):
    import_ = make_import(make_dataset(team), TEXT)
    running = jobs.claim(Import, import_.pk)
    place = intake.workspace(running)
    place.mkdir(parents=True)
    (place / "spill").write_bytes(b"x")
    make_old(place)
    assert sweep_orphan_files() == 0
    jobs.fail(running, "gone")
    assert sweep_orphan_files() == 1
    assert not place.exists()


def test_unfinished_uploads_go_after_an_hour(settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    fresh, old = (settings.FILE_UPLOAD_TEMP_DIR / f"{name}.upload.csv" for name in ("fresh", "old"))
    for path in (fresh, old):
        path.write_bytes(b"x")
    make_old(old)
    assert sweep_orphan_files() == 1
    assert fresh.exists()
