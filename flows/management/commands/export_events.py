"""Write the events of a dataset to a file that can be imported again."""

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from flows.management.asking import Refused, dataset_named, team_named
from flows.management.one_line import OneLineCommand
from flows.services.exports import KINDS, export_events
from flows.store import DamagedSegment


class Command(OneLineCommand):
    help = "Export all events of a dataset as Parquet, CSV or NDJSON, by the ending of the file's name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", required=True, metavar="SLUG")
        parser.add_argument("--dataset", required=True, metavar="SLUG")
        parser.add_argument("--to", required=True, type=Path, metavar="FILE(.parquet|.csv|.ndjson)")

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["to"]
        if target.suffix not in KINDS:
            raise Refused(f"--to: {target.name} must end in {', '.join(KINDS)}.")
        if not target.parent.is_dir():
            raise Refused(f"--to: there is no directory {target.parent}.")
        dataset = dataset_named(team_named(options["team"]), options["dataset"])
        try:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as workspace:
                events = export_events(dataset=dataset, target=target, workspace=Path(workspace))
        except (DamagedSegment, OSError) as error:
            raise Refused(error) from None
        self.stdout.write(f"{events:,} events of version {dataset.version} written to {target}.")
