"""`manage.py flow`: one question, answered here and now by the same engine as on the pages."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flows.engine.conditions import IN_COHORT, NOT_IN_COHORT
from flows.engine.query import COLLAPSES, COUNTS, FILTERS, OCCURRENCES, SESSIONS_BY, FlowQuery, QueryError
from flows.figures import duration, figure, share
from flows.lettering import cut_middle_to, printable
from flows.management import spelling
from flows.management.asking import Refused, cohort_named, dataset_named, team_named
from flows.management.one_line import OneLineCommand
from flows.models import Dataset
from flows.moments import read_moment
from flows.services import runs
from flows.store import DamagedSegment

LISTS = ("start", "end", "only", "hide", "exclude")
PLAIN = ("steps", "top", "count", "occurrence", "within", "session_gap", "session_by", "max_gap", "collapse", "paths")
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
        for name, written, said in (
            ("--did", "EVENT[CONDITION][:N[-M]]", "only people who did this, N times or more and at most M times"),
            ("--did-not", "EVENT[CONDITION]", "only people who never did this"),
            ("--cohort", "SLUG_OR_ID", "only people who are in all of these cohorts"),
            ("--not-cohort", "SLUG_OR_ID", "only people who are in none of these"),
            ("--where", "CONDITION", "pass over events that do not meet all of these: [EVENT:]PROPERTY=VALUE, or !=, "
             "~ (contains), !~, ^= (starts with), >, >=, <, <=; PROPERTY alone: is set, !PROPERTY: is not set"),
            ("--start-where", "CONDITION", "only such start events begin a path"),
            ("--end-where", "CONDITION", "only such end events end one"),
            ("--expand", "EVENT:PROPERTY", "show the event with the value of its property"),
            ("--rule", "MATCH:PATTERN=LABEL", "events that match, by wildcard or regex, bear the label instead"),
        ):  # fmt: skip
            parser.add_argument(name, nargs="+", action="extend", metavar=written, help=said)
        parser.add_argument("--steps", type=int, metavar="N", help="1 to 20, default 5")
        parser.add_argument("--top", type=int, metavar="N", help="labels a step, 1 to 50, default 8")
        parser.add_argument("--count", choices=COUNTS)
        parser.add_argument("--occurrence", choices=OCCURRENCES)
        parser.add_argument("--within", metavar="7d")
        parser.add_argument("--session-gap", metavar="30m")
        parser.add_argument("--session-by", choices=SESSIONS_BY, help="by gaps, or by the ids that events came with")
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
    asked = {name: options[name] for name in (*LISTS, *PLAIN) if options[name] is not None}
    events = spelling.events_among(dataset)
    did = [spelling.did(text, events) for text in options["did"] or ()]
    asked["people"] = [*did, *(spelling.did_not(text, events) for text in options["did_not"] or ())]
    for kind, option in ((IN_COHORT, "cohort"), (NOT_IN_COHORT, "not_cohort")):
        asked["people"] += [{kind: cohort_named(dataset, text).pk} for text in options[option] or ()]
    for name in FILTERS:
        asked[name] = spelling.conditions(options[name] or (), events)
    asked["expand"] = spelling.expansions(options["expand"] or (), events)
    asked["rules"] = [spelling.rule(text) for text in options["rule"] or ()]
    for name in ("from", "to"):
        if options[name] is not None:
            asked[name] = read_moment(options[name], ZoneInfo(dataset.team.time_zone), name)
    return FlowQuery.from_dict(asked)


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
