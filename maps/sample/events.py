"""Events of a plausible shop with a site and an app.

Each person lives through a small life: they arrive through some channel, look around in sessions, perhaps buy,
wait for the parcel, perhaps need help, come back or leave, and a few bring friends. Every choice comes from one
seeded generator, so that the same seed and last day give the same file to the byte.
"""

import csv
import gzip
import heapq
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

DAYS = 60
PEOPLE = 700
CATEGORIES = {"Kitchen": 45.0, "Garden": 70.0, "Lighting": 95.0, "Bedding": 60.0, "Desk": 140.0}
COUNTRIES = ["NL", "NL", "NL", "BE", "DE"]
SOURCES = ["ad", "search_engine", "newsletter", "friend", "direct"]


class Row(NamedTuple):
    """One event; empty texts are properties that it does not have."""

    time: datetime
    person: str
    event: str
    channel: str = ""
    source: str = ""
    category: str = ""
    amount_eur: str = ""
    rating: str = ""


@dataclass
class Person:
    """What makes one customer unlike another; shares are between 0 and 1."""

    name: str
    dice: random.Random
    source: str = field(init=False)
    country: str = field(init=False)
    on_app: bool = field(init=False)
    keen: float = field(init=False)
    patient: float = field(init=False)
    basket: list[str] = field(default_factory=list)
    orders: int = 0

    def __post_init__(self) -> None:
        dice = self.dice
        self.source = dice.choices(SOURCES, [5, 4, 3, 1.5, 2])[0]
        self.country = dice.choice(COUNTRIES)
        self.on_app = dice.random() < 0.42
        self.keen = dice.betavariate(1.8, 3.2)
        self.patient = dice.betavariate(3, 2)

    def chance(self, share: float) -> bool:
        return self.dice.random() < share


class Session:
    """Events of one visit, a few seconds to a few minutes apart."""

    def __init__(self, person: Person, begin: datetime):
        self.person, self.now, self.rows = person, begin, list[Row]()
        self.channel = "app" if person.on_app and person.chance(0.75) else "web"

    def add(self, event: str, *, pause: float = 25, **properties: str) -> None:
        """Append an event; `pause` is the median wait before it, in seconds."""
        if self.rows:
            self.now += timedelta(milliseconds=int(1000 * self.person.dice.lognormvariate(0, 0.8) * pause) + 1)
        properties.setdefault("channel", self.channel)
        self.rows.append(Row(self.now, self.person.name, event, **properties))


def arrive(visit: Session, first: bool) -> None:
    person = visit.person
    if first:
        arrivals = {"ad": "ad_clicked", "newsletter": "newsletter_opened", "friend": "invite_opened"}
        if person.source in arrivals:
            channel = "email" if person.source == "newsletter" else "web"
            visit.add(arrivals[person.source], channel=channel, source=person.source)
        visit.add("landing_viewed", pause=4, source=person.source)
        return
    if person.chance(0.22):
        visit.add("newsletter_opened", channel="email", source="newsletter")
    visit.add("home_viewed", pause=6)


def look_around(visit: Session) -> str:
    """Search and look at products; returns the category that the person looked at last."""
    person = visit.person
    category = person.dice.choice(list(CATEGORIES))
    if person.chance(0.45):
        visit.add("search_used", pause=12)
        if person.chance(0.12):
            visit.add("search_without_result", pause=2)
            if person.chance(0.5):
                visit.add("search_used", pause=14)
    else:
        visit.add("category_viewed", pause=15, category=category)
    for _ in range(1 + int(person.dice.expovariate(0.75))):
        visit.add("product_viewed", pause=30, category=category)
        if person.chance(0.34):
            visit.add("reviews_read", pause=35, category=category)
        if person.chance(0.12):
            visit.add("products_compared", pause=40, category=category)
        if person.chance(0.10):
            visit.add("wishlist_added", pause=8, category=category)
    return category


def fill_basket(visit: Session, category: str) -> None:
    person = visit.person
    for _ in range(1 + person.chance(0.3)):
        visit.add("basket_added", pause=12, category=category)
        person.basket.append(category)
    if person.chance(0.14):
        visit.add("basket_removed", pause=20, category=person.basket.pop())


def check_out(visit: Session) -> bool:
    """Go through the checkout; whether an order was placed. The delivery step loses most people."""
    person = visit.person
    amount = sum(CATEGORIES[name] * person.dice.uniform(0.6, 1.6) for name in person.basket)
    visit.add("basket_viewed", pause=15)
    if not person.chance(0.55 + 0.35 * person.keen):
        return False
    visit.add("checkout_started", pause=14)
    if person.orders == 0:
        visit.add("account_created" if person.chance(0.6) else "guest_chosen", pause=45)
    if person.chance(0.18):
        visit.add("voucher_tried", pause=20)
        if person.chance(0.6):
            visit.add("voucher_refused", pause=2)
            if person.chance(0.3):
                return False
    visit.add("delivery_chosen", pause=35)
    if not person.chance(0.48 + 0.38 * person.patient):
        return False
    visit.add("payment_started", pause=18)
    while person.chance(0.13):
        visit.add("payment_failed", pause=25)
        if person.chance(0.4):
            return False
        visit.add("payment_started", pause=20)
    visit.add("order_placed", pause=22, amount_eur=f"{amount:.2f}", category=person.basket[0])
    person.basket.clear()
    person.orders += 1
    return True


def visit_shop(person: Person, begin: datetime, first: bool) -> tuple[list[Row], datetime | None]:
    """One visit; returns its events and the time of an order, if one was placed."""
    visit = Session(person, begin)
    arrive(visit, first)
    if person.chance(0.16):
        return visit.rows, None
    category = look_around(visit)
    if person.chance(0.12 + 0.30 * person.keen):
        fill_basket(visit, category)
    bought = bool(person.basket) and person.chance(0.2 + 0.45 * person.keen) and check_out(visit)
    return visit.rows, visit.now if bought else None


def after_order(person: Person, ordered: datetime) -> Iterator[Row]:
    """Mail, parcel, help and praise in the days after an order."""
    dice = person.dice
    visit = Session(person, ordered + timedelta(seconds=dice.uniform(20, 90)))
    visit.add("confirmation_sent", channel="email")
    yield from visit.rows
    late = dice.random() < 0.17
    delivered = ordered + timedelta(days=dice.uniform(1.1, 2.6) + (dice.uniform(2, 5) if late else 0))
    checks = sorted(dice.uniform(0.15, 1) for _ in range(int(dice.expovariate(0.9 if not late else 0.35))))
    for share in checks:
        yield Row(ordered + (delivered - ordered) * share, person.name, "parcel_tracked", visit.channel)
    if late and dice.random() < 0.55:
        help_ = Session(person, ordered + (delivered - ordered) * dice.uniform(0.6, 0.95))
        help_.add("help_opened")
        help_.add("chat_started" if dice.random() < 0.6 else "call_made", pause=60, channel="phone")
        yield from help_.rows
    yield Row(delivered, person.name, "parcel_delivered", "post")
    later = Session(person, delivered + timedelta(hours=dice.uniform(4, 60)))
    if dice.random() < 0.34:
        score = max(1, min(5, round(dice.gauss(2.6 if late else 4.2, 0.9))))
        later.add("rating_given", channel="email", rating=str(score))
        if score >= 4 and dice.random() < 0.45:
            later.add("review_written", pause=120, channel="web")
        if score == 5 and dice.random() < 0.4:
            later.add("friend_invited", pause=60, channel="app" if person.on_app else "web")
    if dice.random() < 0.08 + 0.1 * late:
        later.add("return_requested", pause=200, channel="web")
        later.add("return_label_printed", pause=90, channel="web")
    yield from later.rows


def life(person: Person, begin: datetime, end: datetime) -> Iterator[Row]:
    """All events of one person from the first visit on, in any order and possibly past the end."""
    dice = person.dice
    now = begin + timedelta(days=min(DAYS - 1, dice.expovariate(1 / 14)), hours=dice.gauss(0, 3))
    first = True
    while begin <= now < end or first:
        rows, ordered = visit_shop(person, max(now, begin), first)
        yield from rows
        if ordered:
            yield from after_order(person, ordered)
        if dice.random() < (0.24 if first else 0.021) * (1.4 - person.keen):
            return
        first = False
        gap = dice.expovariate(1 / (2.5 - 1.7 * person.keen))
        now = rows[-1].time + timedelta(days=gap, hours=dice.gauss(0, 2) % 5 + 0.6)


def events(*, seed: int, end: datetime) -> list[Row]:
    """All events of the sample shop before `end` (with a zone), ordered by time: about 60 000 over 60 days."""
    begin = end - timedelta(days=DAYS)
    lives = []
    for number in range(PEOPLE):
        person = Person(f"customer-{number + 1001}", random.Random(f"{seed}-{number}"))
        lives.append(sorted(row for row in life(person, begin, end) if row.time < end))
    return list(heapq.merge(*lives))


def as_csv_gz(rows: list[Row]) -> bytes:
    """The rows as a gzipped CSV file with a header and an insert id for each row."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["time", "person", "event", "channel", "source", "category", "amount_eur", "rating", "insert_id"])
    for number, row in enumerate(rows):
        writer.writerow([row.time.isoformat(timespec="milliseconds"), *row[1:], f"sample-{number}"])
    return gzip.compress(text.getvalue().encode(), mtime=0)
