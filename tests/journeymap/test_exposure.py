import os

import pytest

from journeymap import exposure, supervisor

VARIABLES = ("HOST", "ALLOWED_HOSTS", "HTTPS", "EMAIL_HOST", "EMAIL_TO_LOG")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {key: text for key, text in os.environ.items() if key not in VARIABLES})


@pytest.mark.parametrize(
    "said", [{}, {"HOST": "127.0.0.2"}, {"HOST": "::1"}, {"HOST": "LocalHost"}, {"ALLOWED_HOSTS": "localhost,[::1]"}]
)
def test_a_server_of_one_machine_is_local(said: dict[str, str]) -> None:
    os.environ.update(said)
    assert exposure.is_local()
    assert exposure.mail() == "printed"


@pytest.mark.parametrize(
    "said",
    [
        {"HOST": "0.0.0.0"},
        {"HOST": "::"},
        {"HOST": "192.168.1.7"},
        {"HOST": "maps.example.com"},
        {"ALLOWED_HOSTS": "localhost,maps.example.com"},
        {"ALLOWED_HOSTS": "*"},
        {"ALLOWED_HOSTS": ".localhost.example.com"},
        {"HTTPS": "true"},
    ],
)
def test_a_server_that_others_reach_is_not(said: dict[str, str]) -> None:
    os.environ.update(said)
    assert not exposure.is_local()
    assert exposure.mail() == "off"


def test_what_becomes_of_e_mails_can_be_decided() -> None:
    os.environ["EMAIL_TO_LOG"] = "false"
    assert exposure.mail() == "off"
    os.environ.update(EMAIL_TO_LOG="true", HOST="0.0.0.0")
    assert exposure.mail() == "printed"
    os.environ["EMAIL_HOST"] = "mail.example.com"
    assert exposure.mail() == "sent"


def test_who_starts_an_open_server_is_told_what_that_means(capsys: pytest.CaptureFixture[str]) -> None:
    supervisor.Supervisor()._announce("secret")
    assert "createsuperuser" not in capsys.readouterr().out
    os.environ["HOST"] = "0.0.0.0"
    supervisor.Supervisor()._announce("secret")
    said = capsys.readouterr().out
    assert "the sample sign-in may not manage data" in said
    assert "createsuperuser" in said
    assert "E-mail is off" in said
