"""`manage.py save_cohort`, and `manage.py flow` about the people of a cohort."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from flows.engine.selector import Selector
from flows.models import Cohort
from flows.services import runs, sets
from tests.engine.test_members import numbers
from tests.flows.shops import make_shop


@pytest.fixture
def shop(team):
    return make_shop(team)


def command(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, "--team", "north-bank", "--dataset", "shop", *arguments, stdout=out)
    return out.getvalue()


def save(*arguments: str, name: str = "Searched") -> dict:
    return json.loads(command("save_cohort", "--start", "visit", "--name", name, "--json", *arguments))


def units(*arguments: str) -> dict:
    return json.loads(command("flow", "--start", "visit", "help", "--json", *arguments))["units"]


def test_the_people_behind_a_number_are_saved_and_asked_about(shop):
    made = save("--set", "node", "--step", "1", "--label", "search")
    assert made["id"] == Cohort.objects.get().pk
    assert (made["slug"], made["name"]) == ("searched", "Searched")
    assert (made["count"], made["people"], made["dataset_version"]) == (3, 3, 1)
    for name in ("searched", str(made["id"])):
        assert units("--cohort", name)["matched"] == 3
        assert units("--not-cohort", name)["matched"] == 2
    save("--set", "matched", "--state", "dropped", name="All")
    assert units("--cohort", "searched", "all")["matched"] == 3
    assert units("--cohort", "all", "--not-cohort", "searched")["matched"] == 1


def test_every_option_of_a_question_is_one_of_the_command(shop):
    given = "--end order --steps 2 --count journeys --within 2h --did search --collapse none"
    query = given.split()
    made = json.loads(command("save_cohort", *query, "--name", "X", "--set", "matched", "--json"))
    assert Cohort.objects.get().query == json.loads(command("flow", *query, "--json"))["query"]
    assert made["count"] == 2


def test_each_number_of_a_flow_can_be_saved(shop):
    flow = json.loads(command("flow", "--start", "visit", "--top", "1", "--json"))
    saved = 0
    for number, selector in numbers(flow):
        arguments = [part for key, value in selector.to_params() for part in (f"--{key.replace('_', '-')}", value)]
        if selector.set == "path":
            state = ["--state", selector.state] if selector.state else []
            arguments = ["--set", "path", "--path", *selector.path, *state]
        if number:
            made = save("--top", "1", *arguments, name=f"Number {saved}")
            assert made["count"] == number
            assert Selector.from_dict(Cohort.objects.get(pk=made["id"]).selector) == selector
            saved += 1
    assert saved > 10


def test_without_json_it_says_what_was_saved(shop):
    said = command("save_cohort", "--start", "visit", "--name", "All who came", "--set", "matched")
    assert said == "4 people saved as all-who-came.\n"


def test_the_number_is_held_against_the_answer(shop, monkeypatch):
    answer_now = runs.answer_now

    def with_another_number(**asked):
        result = answer_now(**asked)
        monkeypatch.setattr(sets, "shown_number", lambda *_: 5)
        return result

    monkeypatch.setattr(runs, "answer_now", with_another_number)
    with pytest.raises(sets.NotTheNumber):
        save("--set", "matched")
    assert not Cohort.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--set matched --start nope", "no event “nope”"),
        ("--set node --label search", "step: must be a whole number"),
        ("--set node --step 1 --label nothing", "set: nobody is in it"),
        ("--set node --step one", "invalid int value"),
        ("--set everybody", "invalid choice"),
        ("--set matched --label x", "says nothing about the set"),
        ("", "the following arguments are required: --set"),
        ("--set matched --cohort nobody", "there is no cohort “nobody” in Shop; it has none yet"),
        ("--set matched --cohort 99999999999999999999999", "there is no cohort “99999999999999999999999” in Shop"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_status_two(shop, arguments, said):
    with pytest.raises(CommandError, match=said) as refused:
        save(*arguments.split())
    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_a_name_that_is_taken_is_said(shop):
    save("--set", "matched")
    with pytest.raises(CommandError, match="name: Shop has a cohort “Searched” already"):
        save("--set", "matched")


def test_the_cohort_of_another_team_is_not_found(shop, charlie):
    make_shop(charlie.memberships.get().team)
    made = save("--set", "matched")
    for name in (str(made["id"]), "searched"):
        with pytest.raises(CommandError, match="there is no cohort"):
            call_command("flow", "--team", "elsewhere", "--dataset", "shop", "--start", "visit", "--cohort", name)
