"""Messages on their way: written down with what they tell, sent, tried again, given up."""

import hashlib
import hmac
import json
import time
from datetime import timedelta
from functools import partial
from smtplib import SMTPException
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from flows import outgoing
from flows.figures import duration, figure, share
from flows.models import Alert, Delivery

Kind, Status = Delivery.Kind, Delivery.Status
# How long after an attempt the next one comes; after the last it is given up.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480))
KEPT = timedelta(days=30)


class GivenUp(Exception):
    """To try again is of no use."""


class NotNow(Exception):
    """It may go well the next time."""


def tell(*, alert: Alert, payload: dict[str, Any]) -> None:
    """One message for each place, within the transaction of what it tells about."""
    targets = [(Kind.EMAIL, user.email) for user in alert.people.all()]
    if alert.webhook_url:
        targets.append((Kind.WEBHOOK, alert.webhook_url))
    for kind, target in targets:
        made = Delivery.objects.create(team_id=alert.team_id, alert=alert, kind=kind, target=target, payload=payload)
        ring(made)


def ring(delivery: Delivery) -> None:
    # By name: tasks import services, not the other way round.
    words = {"team_id": delivery.team_id, "delivery_id": delivery.pk}
    transaction.on_commit(partial(current_app.send_task, "flows.tasks.deliver", kwargs=words), robust=True)


def due() -> list[Delivery]:
    """Messages whose next attempt has come."""
    return list(Delivery.objects.filter(status=Status.WAITING, next_at__lte=timezone.now()).order_by("next_at")[:500])


def deliver(*, team_id: int, delivery_id: int) -> None:
    """Make the attempt that is due. Two at once make one; a worker that dies leaves the next one."""
    now = timezone.now()
    rows = Delivery.objects.filter(team_id=team_id, pk=delivery_id, status=Status.WAITING, next_at__lte=now)
    delivery = rows.select_related("alert__chart", "team").first()
    if delivery is None:
        return
    pause = PAUSES[min(delivery.attempts, len(PAUSES) - 1)]
    if not rows.filter(attempts=delivery.attempts).update(attempts=F("attempts") + 1, next_at=now + pause):
        return
    try:
        said = _write(delivery) if delivery.kind == Kind.EMAIL else _call(delivery)
    except GivenUp as reason:
        _end(delivery, Status.FAILED, str(reason))
    except NotNow as reason:
        if delivery.attempts >= len(PAUSES):
            _end(delivery, Status.FAILED, str(reason))
        else:
            Delivery.objects.filter(pk=delivery.pk).update(last=str(reason)[:200])
    else:
        _end(delivery, Status.SENT, said)


def sweep_deliveries() -> int:
    """Delete the log of what was over a month ago; how many rows."""
    return Delivery.objects.filter(done_at__lt=timezone.now() - KEPT).delete()[0]


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 of `timestamp.body`, as the header says it."""
    return "sha256=" + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def _end(delivery: Delivery, status: Delivery.Status, said: str) -> None:
    Delivery.objects.filter(pk=delivery.pk, status=Status.WAITING).update(
        status=status, last=said[:200], done_at=timezone.now()
    )


def _call(delivery: Delivery) -> str:
    body = json.dumps(delivery.payload, separators=(",", ":")).encode()
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Journeymap",
        "X-Journeymap-Delivery": str(delivery.uid),
        "X-Journeymap-Timestamp": timestamp,
        "X-Journeymap-Signature": signature(delivery.alert.secret, timestamp, body),
    }
    try:
        status = outgoing.post(delivery.target, body, headers)
    except outgoing.Refused as reason:
        raise GivenUp(str(reason)) from None
    except outgoing.Unreachable as reason:
        raise NotNow(str(reason)) from None
    if not 200 <= status < 300:
        raise NotNow(f"Answered {status}.")
    return f"Answered {status}."


def _write(delivery: Delivery) -> str:
    if settings.MAIL == "off":
        raise GivenUp("No mail server is set up.")
    if not delivery.team.members.filter(email=delivery.target, is_active=True).exists():
        raise GivenUp("No longer a member of the team.")
    try:
        EmailMessage(subject(delivery.payload), text(delivery.payload), None, [delivery.target]).send()
    except (OSError, SMTPException) as error:
        raise NotNow(f"{type(error).__name__} from the mail server.") from None
    return "Handed to the mail server."


def subject(payload: dict[str, Any]) -> str:
    lead = "Test: " if payload["type"] == "test" else ""
    return " ".join(f"{lead}{payload['chart']['name']}: {payload['number']}".split())[:200]


def text(payload: dict[str, Any]) -> str:
    """What an e-mail says."""
    measure = Alert.Measure(payload["measure"])
    lines = [f"{payload['number']} in the chart “{payload['chart']['name']}” of the team {payload['team']['name']}."]
    if payload["type"] == "test":
        lines.insert(0, "This is a test. Nothing has happened.\n")
    lines.append(f"{measure.label}: {said(measure, payload['value'])}")
    if payload["previous"] is not None:
        lines.append(f"Before: {said(measure, payload['previous'])}")
    if payload["bound"] is not None:
        lines.append(
            f"You wanted to know when it {Alert.Rule(payload['rule']).label} {said(measure, payload['bound'])}."
        )
    if payload["p_value"] is not None:
        lines.append(f"The difference is significant (two-proportion test, p = {payload['p_value']:.2g}).")
    return "\n".join(lines) + "\n"


def said(measure: str, value: float | None) -> str:
    """A value as people read it."""
    if value is None:
        return "not known"
    if measure == Alert.Measure.SHARE:
        return share(value, 1.0)
    return duration(value) if measure == Alert.Measure.SECONDS else figure(round(value))
