import json
import os
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Team
from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from flows.models import Segment
from flows.services import cohorts, compaction
from flows.store import EventStore, index
from flows.store.disk import root
from tests.flows.events import bring_in, make_dataset, stored_files
from tests.flows.rows import give_events

pytestmark = pytest.mark.django_db

TEXT = "user_id,timestamp,event\nanna,2024-01-01,view\n"


@pytest.fixture
def shop(team):
    dataset = make_dataset(team, "Shop")
    bring_in(dataset, TEXT)
    bring_in(dataset, TEXT.replace("anna", "bob"))
    return dataset


def verify(*arguments: str) -> tuple[int, str, str]:
    """Exit status, what was printed, and what was said about it."""
    out = StringIO()
    try:
        call_command("verify_store", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    return 0, out.getvalue(), ""


def spoil(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def path_of(dataset, at=0):
    return root() / Segment.objects.filter(dataset=dataset)[at].file


def test_a_whole_store_ends_with_0(shop):
    assert verify() == (0, "2 segments with 2 events and 0 cohorts checked.\n", "")
    result = json.loads(verify("--team", "north-bank", "--dataset", "shop", "--json")[1])
    assert result.pop("seconds") >= 0
    assert result == {"segments": 2, "rows": 2, "cohorts": 0, "problems": [], "unnamed": []}


def test_an_empty_store_is_whole(team):
    assert verify() == (0, "0 segments with 0 events and 0 cohorts checked.\n", "")


def test_what_is_derived_is_made_again(shop):
    spoil(index.directory(path_of(shop)) / "times.i64")
    EventStore(shop.team_id).column(Segment.objects.all()[1], "plan")
    status, said, left = verify("--team", "north-bank")
    assert (status, left) == (1, "1 problem left.")
    assert "times.i64 is not what the segment says. --repair makes it again.\n2 segments" in said
    status, said, left = verify("--repair")
    assert (status, left) == (0, "")
    assert "times.i64 is not what the segment says; made again.\n" in said
    assert verify()[0] == 0


def test_a_damaged_segment_is_named_others_are_repaired_and_the_status_is_1(shop):
    broken = path_of(shop)
    spoil(broken)
    spoil(index.directory(path_of(shop, 1)) / "codes.i32")
    status, said, _ = verify("--repair", "--json")
    assert status == 1
    problems = json.loads(said)["problems"]
    assert [(problem["part"], problem["repaired"]) for problem in problems] == [("segment", False), ("index", True)]
    assert str(broken.relative_to(root())) in problems[0]["what"]
    status, said, left = verify()
    assert (status, left) == (1, "1 problem left.")
    assert said.startswith(f"Segment {broken.relative_to(root())} is damaged: its bytes are not those")


def test_files_that_no_row_names_are_listed_and_are_no_damage(shop, team):
    strangers = [path_of(shop).with_name("0123.parquet"), path_of(shop).with_name("0123.index")]
    strangers[0].write_bytes(b"x")
    strangers[1].mkdir()
    other = make_dataset(team, "Other")
    give_events(other, [("anna", "view", 1, {})])
    elsewhere = path_of(other).with_name("4567.columns")
    elsewhere.mkdir()
    names = sorted(str(path.relative_to(root())) for path in strangers)
    status, said, _ = verify("--team", "north-bank", "--dataset", "shop", "--json")
    assert (status, json.loads(said)["unnamed"]) == (0, names)
    found = json.loads(verify("--json")[1])["unnamed"]
    assert {*names, str(elsewhere.relative_to(root()))} <= set(found)
    files = stored_files(team)
    verify("--repair")
    assert stored_files(team) == files
    assert f"{names[0]}: no row names it" in verify()[1]


def test_the_store_of_another_team_is_left_out(shop, charlie):
    spoil(path_of(shop))
    assert verify("--team", "elsewhere") == (0, "0 segments with 0 events and 0 cohorts checked.\n", "")
    assert verify("--team", "north-bank")[0] == 1


def test_segments_that_were_merged_count_until_their_files_go(team):
    dataset = make_dataset(team)
    for number in range(10):
        give_events(dataset, [("anna", "view", number, {})])
    compaction.compact_dataset(dataset=dataset)
    assert json.loads(verify("--json")[1])["segments"] == 11
    gone = Segment.objects.exclude(gone=None)
    (root() / gone[0].file).unlink()
    assert verify()[0] == 1
    past = timezone.now() - timedelta(hours=2)
    Segment.objects.update(created_at=past)
    for path in root().rglob("*"):
        os.utime(path, (past.timestamp(), past.timestamp()))
    result = json.loads(verify("--json")[1])
    assert (result["segments"], result["problems"]) == (2, [])


def test_the_people_of_cohorts_are_checked(shop):
    query, everybody = FlowQuery(start=("view",)), Selector(set="matched")
    cohort = cohorts.save_cohort(dataset=shop, query=query, selector=everybody, name="All", by=None)
    assert verify() == (0, "2 segments with 2 events and 1 cohorts checked.\n", "")
    spoil(root() / cohort.file)
    status, said, left = verify("--team", "north-bank", "--dataset", "shop", "--repair")
    assert (status, left) == (1, "1 problem left.")
    assert said.startswith("The people of cohort “All” cannot be read: they are not those that were written.")
    (root() / cohort.file).unlink()
    assert json.loads(verify("--json")[1])["problems"][0]["part"] == "cohort"
    cohorts.refresh_cohort(cohort=cohort)
    assert verify()[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--team", "nobody"), "there is no team “nobody”."),
        (("--team", "north-bank", "--dataset", "nothing"), "there is no dataset “nothing” in North Bank; it has shop."),
        (("--dataset", "shop"), "--dataset needs --team: a short name is a team's own."),
        (("--fix",), "unrecognized arguments: --fix"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(shop, arguments, said):
    assert verify(*arguments) == (2, "", said)


def test_teams_are_told_apart_by_their_short_names(team):
    Team.objects.create(name="Quiet", slug="quiet")
    assert verify("--team", "quiet")[0] == 0
