"""`manage.py flow`, and through it the whole way from a file to a number, on real logs where they are at hand."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from accounts.models import Team
from flows.models import EventName, FlowRun
from tests.flows.shops import make_shop

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("JOURNEYMAP_REAL_DATA", ROOT.parent / "shared" / "data"))
EXPECTED = sorted((DATA / "expected").glob("*.json"))
RECEIPT = "actor=case:concept:name,event=concept:name,time=time:timestamp"
TOLERANCE = 0.015


@pytest.fixture
def shop(team):
    return make_shop(team)


def flow(*arguments: str, team: str = "north-bank", dataset: str = "shop") -> str:
    out = StringIO()
    call_command("flow", "--team", team, "--dataset", dataset, *arguments, stdout=out)
    return out.getvalue()


def test_the_json_is_the_result(shop):
    result = json.loads(flow("--start", "visit", "--steps", "2", "--json"))
    assert result["units"] == {"eligible": 5, "matched": 4, "converted": 0}
    assert result["query"]["steps"] == 2
    assert [(p["labels"], p["count"], p["end"]) for p in result["paths"]] == [
        (["visit", "help"], 1, "dropped"),
        (["visit", "search"], 1, "dropped"),
        (["visit", "search", "order"], 1, "dropped"),
        (["visit", "search", "visit"], 1, "cut"),
    ]


def test_several_values_follow_one_flag_and_flags_may_come_again(shop):
    result = json.loads(flow("--start", "search", "help", "--start", "order", "--hide", "visit", "--json"))
    assert result["query"]["start"] == ["help", "order", "search"]
    assert result["query"]["hide"] == ["visit"]


def test_every_option_reaches_the_question(shop):
    given = (
        "--end order --steps 3 --top 2 --count journeys --occurrence last --within 2h --session-gap 10m --max-gap 1h"
        " --collapse none --only visit search --exclude help --from 2026-03-01 --to 2026-03-05T00:00:00Z"
        " --paths 7 --json"
    )
    query = json.loads(flow(*given.split()))["query"]
    assert query == {
        "start": [],
        "end": ["order"],
        "steps": 3,
        "top": 2,
        "count": "journeys",
        "occurrence": "last",
        "within": "2h",
        "session_gap": "10m",
        "max_gap": "1h",
        "collapse": "none",
        "only": ["search", "visit"],
        "hide": [],
        "exclude": ["help"],
        "from": "2026-03-01T00:00:00Z",
        "to": "2026-03-05T00:00:00Z",
        "paths": 7,
    }


def test_without_json_it_is_a_table_to_read(shop):
    said = flow("--start", "visit", "--steps", "2")
    assert "4 people of 5 eligible" in said
    assert "visit → search" in said
    assert "4 distinct paths" in said


def test_asking_again_takes_the_kept_answer(shop, monkeypatch):
    first = json.loads(flow("--start", "visit", "--json"))
    monkeypatch.setattr("flows.services.runs.compute_flow", None)
    assert json.loads(flow("--start", "visit", "--json")) == first
    assert FlowRun.objects.get().status == "done"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--start nope", "no event “nope”"),
        ("--start visit --hide nope", "hide: there is no event"),
        ("--start visit --hide visit", "cannot be hidden"),
        ("", "at least one start event"),
        ("--start visit --steps 21", "steps: must be a whole number from 1 to 20"),
        ("--start visit --steps many", "invalid int value"),
        ("--start visit --within soon", "within"),
        ("--start visit --from yesterday", "from: “yesterday” is not a date"),
        ("--start visit --from 2026-03-02 --to 2026-03-01", "begin before it ends"),
        ("--start visit --count cats", "invalid choice"),
        ("--start visit --magic", "unrecognized arguments: --magic"),
        ("--start visit --step 3", "unrecognized arguments: --step"),
        ("--start", "expected at least one argument"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_status_two(shop, arguments, said):
    with pytest.raises(CommandError, match=said) as refused:
        flow(*arguments.split())
    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_unknown_team_and_dataset_are_named(shop):
    with pytest.raises(CommandError, match="no team “south-bank”"):
        flow("--start", "visit", team="south-bank")
    with pytest.raises(CommandError, match="no dataset “shoe” in North Bank"):
        flow("--start", "visit", dataset="shoe")


def test_on_the_command_line_an_unknown_option_is_one_line_on_stderr():
    name = django_settings.DATABASES["default"]["NAME"]
    environment = {**os.environ, "DATABASE_URL": os.environ["DATABASE_URL"], "PGDATABASE": str(name)}
    command = [sys.executable, "manage.py", "flow", "--team", "a", "--dataset", "b", "--magic"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "flow: unrecognized arguments: --magic\n"


# --- Real logs ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_logs(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Path]:
    """Both logs imported once; yields the directory that holds their events."""
    home = tmp_path_factory.mktemp("real")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(django_settings, "DATA_DIR", home)
        storage = {**django_settings.STORAGES["default"], "OPTIONS": {"location": home / "media"}}
        patch.setattr(django_settings, "STORAGES", {**django_settings.STORAGES, "default": storage})
        place = ["--team", "real-logs", "--create", "--json"]
        rows = {}
        for name, columns in (("loans", []), ("receipt", ["--columns", RECEIPT])):
            out = StringIO()
            call_command("import_events", DATA / f"{name}.csv.gz", "--dataset", name, *place, *columns, stdout=out)
            rows[name] = json.loads(out.getvalue())
        assert [(r["rows"], r["accepted"], r["rejected"]) for r in rows.values()] == [
            (262_200, 262_200, 0),
            (8_577, 8_577, 0),
        ]
    yield home
    with django_db_blocker.unblock():
        Team.objects.filter(slug="real-logs").delete()


@pytest.mark.skipif(not EXPECTED, reason=f"the real logs are not at {DATA}")
@pytest.mark.django_db
@pytest.mark.parametrize("file", EXPECTED, ids=lambda file: file.stem)
def test_real_logs_give_the_expected_numbers(settings, real_logs, file):
    settings.DATA_DIR = real_logs
    expected = json.loads(file.read_text())
    dataset = file.stem.split("-")[0]
    names = EventName.objects.filter(dataset__slug=dataset, team__slug="real-logs").values_list("name", flat=True)
    arguments = joined(expected["arguments"], set(names))
    result = json.loads(flow(*arguments, "--json", team="real-logs", dataset=dataset))
    assert result["units"] == expected["units"]
    assert [without(node, "repeats") for node in result["nodes"]] == expected["nodes"]
    assert [counts_of(link) for link in result["links"]] == [counts_of(link) for link in expected["links"]]
    for link, wanted in zip(result["links"], expected["links"], strict=True):
        assert link["median_seconds"] == pytest.approx(wanted["median_seconds"], rel=TOLERANCE, abs=1e-3), link
    assert {path_of(path) for path in result["paths"][: len(expected["paths"])]} == set(map(path_of, expected["paths"]))
    assert result["distinct_paths"] == expected["distinct_paths"]


def joined(line: str, names: set[str]) -> list[str]:
    """The arguments of a line that does not quote: the longest run of words that is an event's name is one value."""
    words, found = line.split(" "), []
    while words:
        longest = next((n for n in range(len(words), 1, -1) if " ".join(words[:n]) in names), 1)
        found.append(" ".join(words[:longest]))
        words = words[longest:]
    return found


def without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def counts_of(link: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(link[key] for key in ("step", "source", "source_kind", "target", "target_kind", "count"))


def path_of(path: dict[str, Any]) -> tuple[Any, ...]:
    return (*path["labels"], path["end"], path["count"])
