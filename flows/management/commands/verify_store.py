"""Check every file of events and of cohorts against the database and against itself."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from flows.management.asking import Refused, dataset_named, team_named
from flows.management.one_line import OneLineCommand
from flows.services.verification import unnamed, verify_cohorts, verify_events
from flows.store.verify import Problem


class Command(OneLineCommand):
    help = (
        "Check that every segment is there and whole, and that its index and columns say what it says. Exit status 1 "
        "if something is wrong and was not repaired. After a repair, start the workers again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", metavar="SLUG", help="of this team only")
        parser.add_argument("--dataset", metavar="SLUG", help="of this dataset of the team only")
        parser.add_argument("--repair", action="store_true", help="make indexes and columns again where they differ")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dataset"] and not options["team"]:
            raise Refused("--dataset needs --team: a short name is a team's own.")
        team = team_named(options["team"]) if options["team"] else None
        dataset = dataset_named(team, options["dataset"]) if team and options["dataset"] else None
        where = {"team_id": team.pk if team else None, "dataset": dataset}
        started = time.monotonic()
        segments = rows = cohorts = 0
        problems: list[Problem] = []
        for segment, found in verify_events(**where, repair=options["repair"]):  # type: ignore[arg-type]
            segments, rows = segments + 1, rows + segment.rows
            problems += self._told(found, options)
        for _, found in verify_cohorts(**where):  # type: ignore[arg-type]
            cohorts += 1
            problems += self._told(found, options)
        strangers = unnamed(**where)  # type: ignore[arg-type]
        if options["json"]:
            result = {
                "segments": segments,
                "rows": rows,
                "cohorts": cohorts,
                "problems": [
                    {"file": p.file, "part": p.part, "what": p.what, "repaired": p.repaired} for p in problems
                ],
                "unnamed": strangers,
                "seconds": round(time.monotonic() - started, 3),
            }
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            for path in strangers:
                self.stdout.write(f"{path}: no row names it; it is swept once it is an hour old.")
            self.stdout.write(f"{segments:,} segments with {rows:,} events and {cohorts:,} cohorts checked.")
        left = sum(not problem.repaired for problem in problems)
        if left:
            raise Refused(f"{left} {'problem' if left == 1 else 'problems'} left.", status=1)

    def _told(self, problems: list[Problem], options: dict[str, Any]) -> list[Problem]:
        if not options["json"]:
            for problem in problems:
                self.stdout.write(sentence(problem))
        return problems


def sentence(problem: Problem) -> str:
    if problem.part in ("segment", "cohort"):
        return problem.what
    made = "; made again." if problem.repaired else ". --repair makes it again."
    return f"{problem.file}: {problem.what}{made}"
