"""`manage.py flow`: one question, answered here and now by the same engine as on the pages."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flows.engine.conditions import IN_COHORT, NOT_IN_COHORT
from flows.engine.query import COLLAPSES, COUNTS, OCCURRENCES, FlowQuery, QueryError
from flows.figures import duration, figure, share
from flows.lettering import cut_middle_to, printable
from flows.management.asking import Refused, cohort_named, dataset_named, team_named
from flows.management.one_line import OneLineCommand
from flows.models import Dataset
from flows.moments import read_moment
from flows.services import runs
from flows.store import DamagedSegment

LISTS = ("start", "end", "only", "hide", "exclude")
NAME_WIDTH = 44


class Command(OneLineCommand):
    help = "Answer one question about paths: what people did after an event, before it, or between two."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", required=True, metavar="SLUG")
        parser.add_argument("--dataset", required=True, metavar="SLUG")
        for name, said in (
            ("start", "events that paths start from"),
            ("end", "events that paths lead to"),
            ("only", "pass over everything but these and the anchors"),
            ("hide", "pass over these"),
            ("exclude", "leave out paths that hold one of these"),
        ):
            parser.add_argument(f"--{name}", nargs="+", action="extend", metavar="EVENT", help=said)
        parser.add_argument(
            "--did", nargs="+", action="extend", metavar="EVENT[:N]", help="only people who did this, N times or more"
        )
        parser.add_argument(
            "--did-not", nargs="+", action="extend", metavar="EVENT", help="only people who never did this"
        )
        for name, said in (
            ("--cohort", "only people who are in all of these cohorts"),
            ("--not-cohort", "only people who are in none of these"),
        ):
            parser.add_argument(name, nargs="+", action="extend", metavar="SLUG_OR_ID", help=said)
        parser.add_argument("--steps", type=int, metavar="N", help="1 to 20, default 5")
        parser.add_argument("--top", type=int, metavar="N", help="labels a step, 1 to 50, default 8")
        parser.add_argument("--count", choices=COUNTS)
        parser.add_argument("--occurrence", choices=OCCURRENCES)
        parser.add_argument("--within", metavar="7d")
        parser.add_argument("--session-gap", metavar="30m")
        parser.add_argument("--max-gap", metavar="1h")
        parser.add_argument("--collapse", choices=COLLAPSES)
        parser.add_argument("--from", metavar="ISO", help="first moment of the range; a date is a day of the team")
        parser.add_argument("--to", metavar="ISO", help="first moment after the range")
        parser.add_argument("--paths", type=int, metavar="N", help="whole paths to list, default 50")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        dataset = dataset_named(team_named(options["team"]), options["dataset"])
        try:
            result = runs.answer_now(dataset=dataset, query=question(options, dataset))
        except (QueryError, DamagedSegment) as error:
            raise Refused(error) from None
        self.stdout.write(json.dumps(result, ensure_ascii=False) if options["json"] else "\n".join(_lines(result)))


def question(options: dict[str, Any], dataset: Dataset) -> FlowQuery:
    """Raises QueryError, and Refused where a cohort is not there."""
    names = (*LISTS, "steps", "top", "count", "occurrence", "within", "session_gap", "max_gap", "collapse", "paths")
    asked = {name: options[name] for name in names if options[name] is not None}
    did = [_did(text) for text in options["did"] or ()]
    asked["people"] = [*did, *({"did_not": event} for event in options["did_not"] or ())]
    for kind, option in ((IN_COHORT, "cohort"), (NOT_IN_COHORT, "not_cohort")):
        asked["people"] += [{kind: cohort_named(dataset, text).pk} for text in options[option] or ()]
    for name in ("from", "to"):
        if options[name] is not None:
            asked[name] = read_moment(options[name], ZoneInfo(dataset.team.time_zone), name)
    return FlowQuery.from_dict(asked)


def _did(text: str) -> dict[str, Any]:
    """``order:3`` is three orders or more. An event whose own name ends in such a number is written ``name:5:1``."""
    event, _, times = text.rpartition(":")
    if event and times.isascii() and times.isdigit():
        return {"did": event, "at_least": int(times[:10])}
    return {"did": text}


def _lines(result: dict[str, Any]) -> Iterator[str]:
    """The result for reading: nodes of each step with what became of them, links with times, paths."""
    units, noun = {name: figure(count) for name, count in result["units"].items()}, result["query"]["count"]
    noun = "people" if noun == "users" else noun
    yield f"{units['matched']} {noun} of {units['eligible']} eligible, {units['converted']} converted"
    yield f"events through {result['data_through']}, version {result['dataset_version']}, {result['computed_in_ms']} ms"
    start = sum(node["count"] for node in result["nodes"] if node["step"] == 0)
    columns = ("count", "of start", "cut", "converted", "dropped", "open")
    yield ""
    yield f"step  {'node':{NAME_WIDTH}}" + "".join(f"{name:>11}" for name in columns)
    for node in result["nodes"]:
        figures = [figure(node["count"]), share(node["count"], start)]
        figures += [figure(node[state]) for state in ("cut", "converted", "dropped", "open")]
        yield f"{node['step']:>4}  {_name(node['kind'], node['label']):{NAME_WIDTH}}" + "".join(
            f"{text:>11}" for text in figures
        )
    yield ""
    yield f"step  {'link':{2 * NAME_WIDTH + 3}}{'count':>11}{'median':>16}{'p90':>16}"
    for link in result["links"]:
        names = f"{_name(link['source_kind'], link['source'])} → {_name(link['target_kind'], link['target'])}"
        times = "".join(f"{duration(link[name]):>16}" for name in ("median_seconds", "p90_seconds"))
        yield f"{link['step']:>4}  {names:{2 * NAME_WIDTH + 3}}{figure(link['count']):>11}{times}"
    yield ""
    yield f"{figure(result['distinct_paths'])} distinct paths"
    for path in result["paths"]:
        labels = " → ".join(_name("event", label) for label in path["labels"])
        yield f"{figure(path['count']):>10}  {labels} ({path['end']})"


def _name(kind: str, label: str) -> str:
    return "Other" if kind == "other" else cut_middle_to(printable(label), NAME_WIDTH)
