import os
from datetime import timedelta
from pathlib import Path

import pytest

from journeymap import env


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ.pop("THING", None)


def test_an_unset_variable_takes_its_default() -> None:
    assert env.text("THING", default="") == ""
    assert env.flag("THING", default=False) is False
    assert env.integer("THING", default=7) == 7
    assert env.path("THING", default=Path("/here")) == Path("/here")
    assert env.list_("THING", default=["a"]) == ["a"]
    assert env.duration("THING", default=timedelta(0)) == timedelta(0)


def test_an_empty_variable_counts_as_unset() -> None:
    os.environ["THING"] = "  "
    assert env.integer("THING", default=7) == 7


def test_a_variable_without_default_must_be_set() -> None:
    with pytest.raises(env.EnvironmentMistake, match="THING is not set"):
        env.text("THING")


@pytest.mark.parametrize("word", ["1", "true", "Yes", "ON"])
def test_a_flag_can_be_raised(word: str) -> None:
    os.environ["THING"] = word
    assert env.flag("THING", default=False) is True


@pytest.mark.parametrize("word", ["0", "False", "no", "off"])
def test_a_flag_can_be_lowered(word: str) -> None:
    os.environ["THING"] = word
    assert env.flag("THING", default=True) is False


@pytest.mark.parametrize(
    ("read", "nonsense"),
    [
        (env.flag, "maybe"),
        (env.integer, "ten"),
        (env.integer, "-1"),
        (env.integer, "1.5"),
        (env.list_, "a,,b"),
        (env.duration, "7"),
        (env.duration, "a week"),
    ],
)
def test_nonsense_is_refused_by_name(read, nonsense: str) -> None:
    os.environ["THING"] = nonsense
    with pytest.raises(env.EnvironmentMistake) as refusal:
        read("THING")
    assert str(refusal.value).startswith(f"THING is {nonsense!r}; expected ")


def test_durations_lists_and_paths_are_read() -> None:
    os.environ["THING"] = "30m"
    assert env.duration("THING") == timedelta(minutes=30)
    os.environ["THING"] = "localhost, example.org"
    assert env.list_("THING") == ["localhost", "example.org"]
    os.environ["THING"] = "var/data"
    assert env.path("THING") == env.BASE_DIR / "var/data"
    os.environ["THING"] = "/srv/data"
    assert env.path("THING") == Path("/srv/data")


def test_a_file_fills_in_what_the_environment_leaves_open(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# comment\n\nTHING=from file\nexport OTHER_THING='a # b'\nTHIRD_THING = 3 # three\nURL=x#y\n")
    os.environ["THING"] = "from environment"
    env.load(file)
    assert env.text("THING") == "from environment"
    assert env.text("OTHER_THING") == "a # b"
    assert env.integer("THIRD_THING") == 3
    assert env.text("URL") == "x#y"


def test_a_broken_line_of_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\nnot an assignment\n")
    with pytest.raises(env.EnvironmentMistake, match="line 2: expected KEY=VALUE"):
        env.load(file)


def test_a_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "new" / "secret-key"
    first = env.secret_file(file)
    assert len(first) >= 50
    assert env.secret_file(file) == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["secret-key"]
