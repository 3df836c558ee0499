"""Bring a file of events into a dataset, without a worker."""

import json
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.files import File
from django.utils.text import slugify

from accounts.models import Team
from flows.importers import FORMATS, TIME_UNITS, ImportFault, check
from flows.importers.roles import ROLES
from flows.management.asking import Refused, dataset_named, team_named
from flows.management.one_line import OneLineCommand
from flows.models import Dataset, Import
from flows.services import datasets, imports, jobs


class Command(OneLineCommand):
    help = "Import a file of events (CSV, NDJSON or Parquet; plain, .gz or .zst) into a dataset."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--team", required=True, metavar="SLUG")
        parser.add_argument("--dataset", required=True, metavar="SLUG")
        parser.add_argument("--create", action="store_true", help="make the team or dataset if it is missing")
        parser.add_argument("--format", default="auto", choices=("auto", *FORMATS))
        parser.add_argument(
            "--columns", default="", metavar="actor=COL,event=COL,time=COL[,insert_id=COL][,session=COL]"
        )
        parser.add_argument("--time-unit", default="auto", choices=TIME_UNITS)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        result = bring_in(options)
        self.stdout.write(json.dumps(result) if options["json"] else summary(result))


def bring_in(options: dict[str, Any]) -> dict[str, Any]:
    """Raises Refused with one line for the person at the keyboard."""
    started = time.monotonic()
    path: Path = options["file"]
    mapping = columns(options["columns"])
    if not path.is_file():
        raise Refused(f"There is no file {path}.")
    try:
        with tempfile.TemporaryDirectory(prefix="journeymap-") as workspace:
            check(path, path.name, Path(workspace), wanted=options["format"], mapping=mapping)
    except ImportFault as fault:
        # Said before a team, a dataset or an import is made for it.
        raise Refused(fault) from None
    dataset = place(options["team"], options["dataset"], create=options["create"])
    with path.open("rb") as file:
        import_ = imports.create_import(
            dataset=dataset,
            file=File(file),
            filename=path.name,
            by=None,
            file_format=options["format"],
            time_unit=options["time_unit"],
        )
    Import.objects.filter(pk=import_.pk).update(mapping=mapping)
    imports.queue(import_=import_, ring=False)
    wait_for(import_)
    if import_.status != Import.Status.DONE:
        raise Refused(import_.error or "The import was cancelled.")
    dataset.refresh_from_db()
    return {
        "import": import_.pk,
        "rows": import_.rows,
        "accepted": import_.accepted,
        "rejected": import_.rejected,
        "duplicates": import_.duplicates,
        "seconds": round(time.monotonic() - started, 3),
        "dataset_version": dataset.version,
    }


def wait_for(import_: Import) -> None:
    """Run the import here; a worker that took it first is waited for."""
    try:
        imports.run_import(team_id=import_.team_id, import_id=import_.pk)
        import_.refresh_from_db()
        while not import_.is_over:
            time.sleep(0.5)
            import_.refresh_from_db()
    except KeyboardInterrupt:
        import_.refresh_from_db()
        jobs.cancel(import_)
        import_.refresh_from_db()
        jobs.settle_cancelled(import_)
        raise Refused("Stopped. Nothing was imported.", status=130) from None


def place(team_slug: str, dataset_slug: str, *, create: bool) -> Dataset:
    if not create:
        return dataset_named(team_named(team_slug), dataset_slug)
    for slug in (team_slug, dataset_slug):
        if slug != slugify(slug) or len(slug) > 60:
            raise Refused(f"{slug!r} cannot be a short name: use at most 60 of a-z, 0-9, - and _.")
    team, _ = Team.objects.get_or_create(slug=team_slug, defaults={"name": named_after(team_slug)})
    found = Dataset.objects.filter(team=team, slug=dataset_slug).first()
    return found or datasets.create_dataset(team=team, name=named_after(dataset_slug), slug=dataset_slug)


def named_after(slug: str) -> str:
    return slug.replace("-", " ").replace("_", " ").strip().capitalize() or slug


def columns(text: str) -> dict[str, str]:
    """actor=COL,event=COL,…: a comma begins a new role only where a role and = follow, so that columns may hold one."""
    mapping: dict[str, str] = {}
    last = ""
    for part in text.split(",") if text else []:
        role, equals, column = part.partition("=")
        if equals and role.strip() in ROLES:
            last = role.strip()
            if last in mapping:
                raise Refused(f"--columns names {last} twice.")
            mapping[last] = column
        elif last and not (equals and role.strip().isidentifier()):
            mapping[last] += "," + part
        else:
            raise Refused(f"--columns: {part[:60]!r} is not ROLE=COLUMN with one of the roles {', '.join(ROLES)}.")
    empty = next((role for role, column in mapping.items() if not column), None)
    if empty:
        raise Refused(f"--columns names no column for {empty}.")
    return mapping


def summary(result: dict[str, Any]) -> str:
    rate = result["rows"] / max(result["seconds"], 0.001)
    return (
        f"{result['rows']:,} rows: {result['accepted']:,} accepted, {result['duplicates']:,} already there, "
        f"{result['rejected']:,} rejected, in {result['seconds']:.1f} s ({rate:,.0f} rows/s). "
        f"The dataset is at version {result['dataset_version']}."
    )
