"""Two properties of the generated events, made when a benchmark first asks for one: ``country`` and ``amount``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.data import Generated
from flows.engine.columns import PropertyColumn, Texts

COUNTRIES = [
    *("AR", "AT", "AU", "BE", "BR", "CA", "CH", "CL", "CN", "DE", "DK", "ES", "FI", "FR", "GB"),
    *("IE", "IN", "IT", "JP", "KR", "MX", "NL", "NO", "NZ", "PL", "PT", "SE", "TR", "US", "ZA"),
]
ABROAD = 0.1  # share of a person's events that come from somewhere else
PRICED = 0.25  # share of events that have an amount
FILES = {"country": ("country.i32", "<i4"), "amount": ("amount.f64", "<f8")}


def country(data: Generated) -> PropertyColumn:
    """Text: 30 values of falling frequency, mostly the same for all events of a person."""
    return PropertyColumn("text", np.memmap(_made(data, "country"), "<i4", "r"), Texts.of(COUNTRIES))


def amount(data: Generated) -> PropertyColumn:
    """Number: money with cents, on a quarter of the events."""
    return PropertyColumn("number", np.memmap(_made(data, "amount"), "<f8", "r"), Texts.of([]))


def _made(data: Generated, name: str) -> Path:
    path = data.directory / FILES[name][0]
    if not path.exists():
        drafts = {each: data.directory / f"{each}.draft" for each in FILES}
        _write(data, drafts)
        for each, draft in drafts.items():
            draft.replace(data.directory / FILES[each][0])
    return path


def _write(data: Generated, drafts: dict[str, Path]) -> None:
    starts = data.segment().starts
    weights = 1 / np.arange(1, len(COUNTRIES) + 1)
    ranks = np.random.default_rng(data.seed).permutation(len(COUNTRIES))
    shares = weights[ranks] / weights.sum()
    done = 0
    with drafts["country"].open("wb") as countries, drafts["amount"].open("wb") as amounts:
        for block, (people, events) in enumerate(data.blocks):
            chance = np.random.default_rng((data.seed, block, 1))
            lengths = np.diff(starts[done : done + people + 1])
            home = np.repeat(chance.choice(len(COUNTRIES), people, p=shares), lengths)
            there = chance.choice(len(COUNTRIES), events, p=shares)
            countries.write(np.where(chance.random(events) < ABROAD, there, home).astype("<i4").data)
            money = np.round(chance.lognormal(3.5, 1.0, events), 2)
            money[chance.random(events) >= PRICED] = np.nan
            amounts.write(money.astype("<f8").data)
            done += people
