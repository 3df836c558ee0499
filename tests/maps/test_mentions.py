"""Whom a text means."""

import pytest

from accounts.models import User
from maps.mentions import MOST, People

NAMES = ["Ana Lopez", "Ana", "Bob Smith", "Bob Stone", "J. R. Ewing", "Li 李", "", "Twin", "Twin"]
PEOPLE = [User(pk=at, name=name, email=f"p{at}@example.com") for at, name in enumerate(NAMES)]
KNOWN = People(PEOPLE)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@Ana Lopez: look", ["Ana Lopez"]),
        ("@ana lopez's", ["Ana"]),
        ("@Ana look", ["Ana"]),
        ("(@ANA LOPEZ)", ["Ana Lopez"]),
        ("@bob", []),  # two Bobs
        ("@Bob Stone and @bob smith!", ["Bob Stone", "Bob Smith"]),
        ("@Twin", []),
        ("@p7@example.com, @P8@EXAMPLE.COM.", ["Twin", "Twin"]),
        ("@p6", [""]),
        ("@J. R. Ewing, please", ["J. R. Ewing"]),
        ("ask@ana is no mention, nor a@Ana", []),
        ("@li 李", ["Li 李"]),
        ("@Ana\nLopez", ["Ana"]),
        ("@stranger @ana@elsewhere.example @", []),
        ("@Ana @Ana @ana", ["Ana"]),
        ("@" * 5000 + "Ana", []),
    ],
)
def test_a_name_or_an_address_means_one_person(text, meant):
    assert [person.name for person in KNOWN.named(text)] == meant
    assert "".join(run.text for run in KNOWN.runs(text)) == text


def test_one_text_means_only_so_many():
    crowd = [User(pk=n, name=f"N{n}", email=f"n{n}@example.com") for n in range(MOST + 10)]
    text = " ".join(f"@N{n}" for n in range(MOST + 10))
    assert len(People(crowd).named(text)) == MOST
