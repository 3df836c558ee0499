"""Numbers that are watched: what is seen on every new result, and when somebody is told."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from flows import outgoing, queries
from flows.engine.compare import LEAST_EXPECTED, LEAST_SIZE, two_proportion_test
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import LINK, MATCHED, Selector
from flows.models import Alert, FlowChart, FlowRun
from flows.services import deliveries
from flows.services.runs import saved_query
from flows.services.sets import NAMES, shown_number

MOST = 100  # in a team
MOST_PEOPLE = 20
LEVEL = 0.01  # of the test; numbers are looked at again and again
Measure, Rule = Alert.Measure, Alert.Rule


@dataclass(frozen=True, slots=True)
class Number:
    """`base` is what a share is of; `seconds` the median time of a link."""

    count: int
    base: int
    seconds: float | None = None

    def value(self, measure: str) -> float | None:
        if measure == Measure.SECONDS:
            return self.seconds
        if measure == Measure.COUNT:
            return self.count
        return self.count / self.base if self.base else None


def create_alert(
    *,
    chart: FlowChart,
    selector: Selector,
    label: str,
    measure: str,
    rule: str,
    bound: float | None,
    people: Collection[User],
    webhook_url: str,
    by: User,
) -> Alert:
    """Watch a number from now on: what it is at first is told to nobody. Raises ValidationError."""
    if rule == Rule.CHANGES and measure != Measure.SHARE:
        raise ValidationError("A significant change is looked for in shares only.")
    if rule != Rule.CHANGES and bound is None:
        raise ValidationError("Say which bound it has to cross.")
    if measure == Measure.SECONDS and selector.set != LINK:
        raise ValidationError("Only the way from one event to the next has a time.")
    if not people and not webhook_url:
        raise ValidationError("Say who is to be told.")
    if len(people) > MOST_PEOPLE or any(not chart.team.members.filter(pk=user.pk).exists() for user in people):
        raise ValidationError(f"Choose at most {MOST_PEOPLE} members of the team.")
    if Alert.objects.filter(team=chart.team).count() >= MOST:
        raise ValidationError(f"A team has at most {MOST} alerts. Remove one first.")
    if webhook_url:
        try:
            outgoing.checked(webhook_url)
        except outgoing.Refused as reason:
            raise ValidationError(str(reason)) from None
    with transaction.atomic():
        alert = Alert.objects.create(
            team_id=chart.team_id,
            chart=chart,
            selector=selector.to_dict(),
            label=label[:300],
            measure=measure,
            rule=rule,
            bound=None if rule == Rule.CHANGES else bound,
            webhook_url=webhook_url,
            by=by,
        )
        alert.people.set(people)
    check(alert_id=alert.pk)
    return alert


def remove_alert(*, alert: Alert) -> None:
    alert.delete()


def send_test(*, alert: Alert) -> None:
    """The same message as an alert, marked as a test, to everybody who would be told."""
    number = Number(**alert.seen) if alert.seen else None
    with transaction.atomic():
        deliveries.tell(alert=alert, payload=_payload(alert, "test", number, None, None))


def check_alerts() -> int:
    """Look at every watched number whose chart has a result that was not looked at; how many have told somebody."""
    told = 0
    for alert in Alert.objects.select_related("chart__dataset"):
        run = _newest(alert)
        if run is not None and (run.digest, run.dataset_version) != (alert.seen_digest, alert.seen_version):
            told += check(alert_id=alert.pk)
    return told


@transaction.atomic
def check(*, alert_id: int) -> bool:
    """Look at the newest result once, however many do so at the same time; whether somebody is told."""
    alerts: QuerySet[Alert] = Alert.objects.select_for_update(of=("self",)).select_related("chart__dataset", "team")
    alert = alerts.filter(pk=alert_id).first()
    run = _newest(alert) if alert else None
    if alert is None or run is None or (run.digest, run.dataset_version) == (alert.seen_digest, alert.seen_version):
        return False
    assert run.result is not None
    number = number_of(run.result, selector) if (selector := _selector(alert)) else None
    # What another question said is no measure for this one.
    before = Number(**alert.seen) if alert.seen and run.digest == alert.seen_digest else None
    was_beyond = alert.is_beyond
    alert.seen_digest, alert.seen_version, alert.seen_at = run.digest, run.dataset_version, timezone.now()
    if number is None:
        alert.save()  # it stands in Other now, so nothing is known of it
        return False
    alert.seen, alert.is_beyond = asdict(number), is_beyond(alert, number)
    alert.save()
    p_value = change(before, number) if alert.rule == Rule.CHANGES and before else None
    crossed = before is not None and alert.is_beyond and not was_beyond
    if not crossed and (p_value is None or p_value >= LEVEL):
        return False
    deliveries.tell(alert=alert, payload=_payload(alert, "alert", number, before, p_value, run))
    return True


def number_of(result: Mapping[str, Any], selector: Selector) -> Number | None:
    """What a result says of a set; None where it does not say."""
    count = shown_number(result, selector)
    if count is None:
        return None
    units = result["units"]
    base = units["eligible"] if selector.set == MATCHED and selector.state is None else units["matched"]
    seconds = None
    if selector.set == LINK:
        wanted = {name: getattr(selector, name) for name in NAMES[LINK]}
        same = (link for link in result["links"] if all(link[name] == value for name, value in wanted.items()))
        seconds = next((link["median_seconds"] for link in same), None)
    return Number(count, base, seconds)


def is_beyond(alert: Alert, number: Number) -> bool:
    value = number.value(alert.measure)
    if value is None or alert.bound is None:
        return False
    return value > alert.bound if alert.rule == Rule.ABOVE else value < alert.bound


def change(before: Number, now: Number) -> float | None:
    """The p value of a difference in share; None where the numbers are too small to tell, or are no parts."""
    one, two = (before.count, before.base), (now.count, now.base)
    if min(one[1], two[1]) < LEAST_SIZE or one[0] > one[1] or two[0] > two[1]:
        return None
    pooled = (one[0] + two[0]) / (one[1] + two[1])
    if min(pooled, 1 - pooled) * min(one[1], two[1]) < LEAST_EXPECTED:
        return None
    found = two_proportion_test(*one, *two)
    return found[1] if found else None


def _selector(alert: Alert) -> Selector | None:
    """None if this version no longer understands it."""
    try:
        return Selector.from_dict(alert.selector)
    except QueryError:
        return None


def _newest(alert: Alert) -> FlowRun | None:
    query = saved_query(alert.chart.query)
    # The chart may be of another kind by now.
    return queries.last_answer(alert.chart.dataset, query) if isinstance(query, FlowQuery) else None


def _payload(
    alert: Alert,
    kind: str,
    now: Number | None,
    before: Number | None,
    p_value: float | None,
    run: FlowRun | None = None,
) -> dict[str, Any]:
    return {
        "type": kind,
        "team": {"slug": alert.team.slug, "name": alert.team.name},
        "chart": {"id": alert.chart_id, "name": alert.chart.name},
        "number": alert.label,
        "selector": alert.selector,
        "measure": alert.measure,
        "rule": alert.rule,
        "bound": alert.bound,
        "value": now.value(alert.measure) if now else None,
        "count": now.count if now else None,
        "previous": before.value(alert.measure) if before else None,
        "p_value": p_value,
        "dataset_version": run.dataset_version if run else alert.seen_version,
        "data_through": run.result["data_through"] if run and run.result else None,
        "at": timezone.now().isoformat(),
    }
