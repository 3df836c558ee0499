"""`manage.py save_cohort`: ask as `manage.py flow` does, and save the people behind one number of the answer."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError

from flows.engine.log import STATES
from flows.engine.query import QueryError
from flows.engine.result import EVENT
from flows.engine.selector import KINDS, TAKES, Selector
from flows.figures import figure
from flows.management.asking import Refused, dataset_named, team_named
from flows.management.commands import flow
from flows.services import cohorts, runs
from flows.store import DamagedSegment


class Command(flow.Command):
    help = "Save the people behind one number of a flow as a cohort. The question is asked as with the command flow."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--name", required=True)
        parser.add_argument("--set", required=True, choices=TAKES, help="which kind of number")
        parser.add_argument("--step", type=int, metavar="N", help="of a node, or of the source of a link")
        parser.add_argument("--label", default="", metavar="EVENT", help="of a node")
        parser.add_argument("--source", default="", metavar="EVENT", help="of a link")
        parser.add_argument("--target", default="", metavar="EVENT", help="of a link")
        for name in ("--kind", "--source-kind", "--target-kind"):
            parser.add_argument(name, default=EVENT, choices=KINDS)
        parser.add_argument("--path", nargs="+", default=(), metavar="EVENT", help="all labels of a path, in order")
        parser.add_argument("--state", choices=STATES, help="only those whose path ended so")

    def handle(self, *args: Any, **options: Any) -> None:
        dataset = dataset_named(team_named(options["team"]), options["dataset"])
        try:
            selector = Selector(**{name: options[name] for name in FIELDS})
            query = flow.question(options, dataset)
            # The answer is computed once, so that the set is held against the number that it shows.
            version = runs.answer_now(dataset=dataset, query=query)["dataset_version"]
            cohort = cohorts.save_cohort(
                dataset=dataset, query=query, selector=selector, name=options["name"], by=None, version=version
            )
        except (QueryError, DamagedSegment) as error:
            raise Refused(error) from None
        except ValidationError as error:
            raise Refused(f"name: {error.messages[0]}") from None
        if options["json"]:
            names = ("id", "slug", "name", "count", "people", "dataset_version")
            self.stdout.write(json.dumps({name: getattr(cohort, name) for name in names}, ensure_ascii=False))
        else:
            self.stdout.write(f"{figure(cohort.people)} people saved as {cohort.slug}.")


FIELDS = ("set", "step", "label", "kind", "source", "source_kind", "target", "target_kind", "state", "path")
