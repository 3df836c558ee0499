import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from accounts.models import Team
from flows.models import Dataset, Import
from tests.flows.events import events_of

pytestmark = pytest.mark.django_db

REAL = Path(__file__).resolve().parents[3] / "shared" / "data"
TEXT = "user_id,timestamp,event,plan\nanna,2024-01-01T10:00:00.5Z,view,gold\nbob,2024-01-02,buy,\nbob,never,buy,\n"


def command(name: str, *arguments: object) -> str:
    out = StringIO()
    call_command(name, *map(str, arguments), stdout=out)
    return out.getvalue()


def refused(name: str, *arguments: object) -> str:
    with pytest.raises(CommandError) as error:
        command(name, *arguments)
    assert error.value.returncode == 2
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(TEXT)
    return path


def test_a_missing_team_and_dataset_are_made_if_asked(file):
    result = json.loads(command("import_events", file, "--team", "bank", "--dataset", "web-app", "--create", "--json"))
    assert result.pop("seconds") > 0
    import_ = Import.objects.get()
    assert result == {
        "import": import_.pk,
        "rows": 3,
        "accepted": 2,
        "rejected": 1,
        "duplicates": 0,
        "dataset_version": 1,
    }
    dataset = Dataset.objects.get(team__slug="bank", slug="web-app")
    assert (dataset.name, dataset.team.name) == ("Web app", "Bank")
    again = json.loads(command("import_events", file, "--team", "bank", "--dataset", "web-app", "--json"))
    assert (again["accepted"], again["duplicates"], again["dataset_version"]) == (0, 2, 1)


def test_without_json_a_sentence_is_printed(file):
    said = command("import_events", file, "--team", "bank", "--dataset", "web", "--create")
    assert said.startswith("3 rows: 2 accepted, 0 already there, 1 rejected, in ")


def test_columns_and_time_unit_are_taken_as_given(tmp_path):
    path = tmp_path / "e.tsv"
    path.write_text("case:concept:name\tconcept,name\tms\tid\tvisit\nc1\tAsk\t1700000000\ti\ts\n")
    columns = "actor=case:concept:name,event=concept,name,time=ms,insert_id=id,session=visit"
    command(
        "import_events", path, "--team", "t", "--dataset", "d", "--create", "--columns", columns, "--time-unit", "ms"
    )
    dataset = Dataset.objects.get()
    assert dataset.data_from == datetime.fromtimestamp(1_700_000, UTC)
    assert Import.objects.get().mapping["session"] == "visit"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--team", "nobody", "--dataset", "web"], "there is no team “nobody”"),
        (["--team", "north-bank", "--dataset", "web"], "there is no dataset “web” in North Bank"),
        (
            ["--team", "north-bank", "--dataset", "web", "--create", "--columns", "actor=who"],
            "has no column 'who' for person",
        ),
        (["--team", "north-bank", "--dataset", "web", "--columns", "who=x"], "'who=x' is not ROLE=COLUMN"),
        (["--team", "north-bank", "--dataset", "web", "--columns", "actor="], "names no column for actor"),
        (["--team", "north-bank", "--dataset", "web", "--columns", "actor=a,actor=b"], "names actor twice"),
        (["--team", "north-bank", "--dataset", "web", "--format", "posthog"], "invalid choice: 'posthog'"),
        (["--team", "north-bank", "--dataset", "web", "--format", "parquet", "--create"], "is not Parquet"),
        (["--team", "north-bank", "--dataset", "web", "--time-unit", "days"], "invalid choice: 'days'"),
        (["--team", "north-bank", "--dataset", "web", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["--team", "north-bank", "--dataset", "Not a slug", "--create"], "cannot be a short name"),
        (["--team", "north-bank"], "the following arguments are required: --dataset"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_status_2(arguments, said, file, team):
    assert said in refused("import_events", file, *arguments)
    assert not Dataset.objects.exists()


def test_a_file_that_is_not_there_is_named(team, tmp_path):
    assert "nothing.csv" in refused("import_events", tmp_path / "nothing.csv", "--team", "north-bank", "--dataset", "x")


def test_a_faulty_file_is_said_in_one_line(tmp_path, team):
    (tmp_path / "e.csv").write_bytes(b"\x89PNG....")
    said = refused("import_events", tmp_path / "e.csv", "--team", "north-bank", "--dataset", "x", "--create")
    assert "e.csv is not a table of events: it is a PNG picture" in said


@pytest.mark.parametrize("kind", ["parquet", "csv", "ndjson"])
def test_what_is_exported_brings_the_same_events(kind, file, tmp_path):
    place = ["--team", "bank", "--dataset", "web"]
    more = tmp_path / "more.ndjson"
    more.write_text(
        '{"user_id": "bob", "timestamp": 1704153600.25, "event": "vi,e\\"w", "n": 1.5, "o": {"b": 1, "a": "x\\ny"}}\n'
        '{"user_id": "bob", "timestamp": 1704153601, "event": "=1+1", "$insert_id": "i1", "session": "s"}\n'
    )
    command("import_events", file, *place, "--create")
    command("import_events", more, *place)
    target = tmp_path / f"out.{kind}"
    assert command("export_events", *place, "--to", target).startswith("4 events of version 2 written to")
    again = json.loads(command("import_events", target, *place, "--json"))
    assert (again["accepted"], again["duplicates"], again["rejected"]) == (0, 4, 0)
    command("import_events", target, "--team", "bank", "--dataset", "copy", "--create")
    web, copy = (Dataset.objects.get(slug=slug) for slug in ("web", "copy"))
    assert events_of(copy) == events_of(web)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".export")] == []
    if kind == "parquet":
        assert pq.read_table(target).column_names == ["actor", "event", "time", "insert_id", "session", "properties"]


def test_an_empty_dataset_exports_an_empty_file(team, tmp_path):
    Dataset.objects.create(team=team, name="Web", slug="web")
    for kind in ("parquet", "csv", "ndjson"):
        command("export_events", "--team", team.slug, "--dataset", "web", "--to", tmp_path / f"e.{kind}")
    assert pq.read_table(tmp_path / "e.parquet").num_rows == 0


def test_an_export_needs_a_known_ending_and_a_place(team, tmp_path):
    Dataset.objects.create(team=team, name="Web", slug="web")
    place = ["--team", team.slug, "--dataset", "web", "--to"]
    assert "must end in .parquet, .csv, .ndjson" in refused("export_events", *place, tmp_path / "e.xlsx")
    assert "there is no directory" in refused("export_events", *place, tmp_path / "no" / "e.csv")


@pytest.mark.skipif(not REAL.is_dir(), reason="the real logs are not beside the repository")
@pytest.mark.parametrize(
    ("name", "columns", "rows", "people"),
    [
        ("loans.csv.gz", "", 262_200, 13_087),
        ("receipt.csv.gz", "actor=case:concept:name,event=concept:name,time=time:timestamp", 8_577, 1_434),
    ],
)
def test_real_logs_are_imported_whole_and_once(name, columns, rows, people):
    arguments = [REAL / name, "--team", "bank", "--dataset", "real", "--create", "--json", "--columns", columns]
    first, second = (json.loads(command("import_events", *arguments)) for _ in range(2))
    assert (first["rows"], first["accepted"], first["rejected"], first["duplicates"]) == (rows, rows, 0, 0)
    assert (second["accepted"], second["duplicates"], second["dataset_version"]) == (0, rows, 1)
    dataset = Dataset.objects.get(team=Team.objects.get(slug="bank"))
    assert (dataset.events, len({key for key, *_ in events_of(dataset)})) == (rows, people)
