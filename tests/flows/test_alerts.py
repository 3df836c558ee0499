"""Charts that are computed by the clock, numbers that are watched, and messages that arrive."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership
from flows import outgoing, tasks
from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from flows.models import Alert, Delivery, FlowChart, FlowRun
from flows.services import alerts, charts, deliveries, line, refreshing, runs
from flows.services.alerts import Number
from tests.flows.shops import give, make_shop

VISIT = FlowQuery(start=("visit",))
SEARCH = Selector(set="node", step=1, label="search")
ORDER = Selector(set="link", step=1, source="search", target="order")


@pytest.fixture
def shop(team):
    return make_shop(team)


@pytest.fixture
def chart(team, shop, bob):
    return charts.save_chart(team=team, dataset=shop, name="First steps", query=VISIT, owner=bob)


@pytest.fixture
def watch(chart, bob):
    def made(selector=SEARCH, **words) -> Alert:
        given = {"measure": "share", "rule": "changes", "bound": None, "people": [bob], "webhook_url": ""} | words
        return alerts.create_alert(chart=chart, selector=selector, label="search at step 1", by=bob, **given)

    return made


@pytest.fixture
def hooks(monkeypatch):
    """What webhooks were sent; what is put into `answers` comes back, and 200 once it is empty."""
    calls, answers = [], []

    def post(url, body, headers):
        calls.append((url, body, headers))
        answer = answers.pop(0) if answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(outgoing, "post", post)
    return calls, answers


def people(dataset, first: int, searching: int, others: int) -> None:
    """So many who visit and search, and who only visit."""
    give(dataset, [(f"p{first + n}", "visit", n) for n in range(searching + others)])
    give(dataset, [(f"p{first + n}", "search", n + 0.5) for n in range(searching)])


def count(dataset) -> None:
    dataset.refresh_from_db()
    runs.answer_now(dataset=dataset, query=VISIT)
    alerts.check_alerts()


def send_all() -> None:
    Delivery.objects.filter(status="waiting").update(next_at=timezone.now())
    for each in deliveries.due():
        tasks.deliver(team_id=each.team_id, delivery_id=each.pk)


# --- By the clock -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("refresh", "every"), [("hourly", 1), ("daily", 24), ("weekly", 168)])
def test_a_chart_is_asked_when_its_time_has_come_and_missed_times_are_not_made_up(chart, refresh, every):
    refreshing.set_refresh(chart=chart, refresh=FlowChart.Refresh(refresh))
    assert refreshing.refresh_due() == 1
    assert refreshing.refresh_due() == 0
    assert FlowRun.objects.count() == 1
    late = timezone.now() - timedelta(hours=3 * every, minutes=10)
    FlowChart.objects.update(refresh_at=late)
    give(chart.dataset, [("eve", "visit", 3)])
    assert refreshing.refresh_due() == 1
    assert FlowRun.objects.count() == 2
    chart.refresh_from_db()
    assert chart.refresh_at == late + timedelta(hours=4 * every)
    refreshing.set_refresh(chart=chart, refresh=FlowChart.Refresh.NEVER)
    assert chart.refresh_at is None
    assert refreshing.refresh_due() == 0


def test_a_chart_of_a_team_whose_line_is_full_is_asked_a_little_later(chart, monkeypatch):
    def full(team):
        raise line.TooManyWait

    monkeypatch.setattr(line, "check_room", full)
    refreshing.set_refresh(chart=chart, refresh=FlowChart.Refresh.WEEKLY)
    assert refreshing.refresh_due() == 0
    chart.refresh_from_db()
    assert chart.refresh_at - timezone.now() < timedelta(minutes=6)


def test_a_question_that_can_no_longer_be_asked_stops_nobody_else(chart, team, shop, bob):
    charts.save_chart(team=team, dataset=shop, name="Gone", query=FlowQuery(start=("nobody did",)), owner=bob)
    FlowChart.objects.create(team=team, dataset=shop, name="Old", query={"nonsense": 1})
    FlowChart.objects.update(refresh="hourly", refresh_at=timezone.now())
    assert refreshing.refresh_due() == 1


# --- What is watched --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "measure", "bound", "told"),
    [
        ("above", "count", 4, [False, True, False, False]),
        ("above", "share", 0.9, [False, False, False, False]),
        ("below", "share", 0.6, [False, False, True, False]),
    ],
)
def test_a_bound_is_told_when_it_is_crossed_and_not_while_it_stays_so(watch, shop, rule, measure, bound, told):
    count(shop)
    watch(rule=rule, measure=measure, bound=bound)
    seen = []
    for first, (searching, others) in enumerate([(1, 1), (9, 0), (1, 30), (1, 1)]):
        people(shop, 100 * (first + 1), searching, others)
        before = Delivery.objects.count()
        count(shop)
        seen.append(Delivery.objects.count() > before)
    assert seen == told


def test_a_significant_change_is_told_and_chance_is_not(watch, shop):
    people(shop, 0, 100, 100)
    count(shop)
    alert = watch()
    people(shop, 1000, 102, 98)
    count(shop)
    assert not Delivery.objects.exists()
    people(shop, 2000, 10, 390)
    count(shop)
    payload = Delivery.objects.get().payload
    assert payload["p_value"] < alerts.LEVEL
    assert (payload["value"], payload["count"]) == (pytest.approx(215 / 804), 215)
    assert payload["previous"] == pytest.approx(205 / 404)
    alert.refresh_from_db()
    assert alert.seen == {"count": 215, "base": 804, "seconds": None}


@pytest.mark.parametrize(
    ("before", "now"),
    [(Number(5, 29), Number(29, 29)), (Number(0, 900), Number(3, 900)), (Number(40, 30), Number(1, 30))],
)
def test_too_small_numbers_and_what_is_no_part_say_nothing(before, now):
    assert alerts.change(before, now) is None


def test_the_time_between_two_events_is_watched(watch, shop):
    count(shop)
    watch(selector=ORDER, measure="seconds", rule="above", bound=3600)
    give(
        shop,
        [
            (f"q{n}", event, at)
            for n in range(30)
            for event, at in (("visit", n), ("search", n + 1), ("order", n + 300))
        ],
    )
    count(shop)
    payload = Delivery.objects.get().payload
    assert payload["value"] == pytest.approx(299 * 60, rel=0.01)
    assert "Median time: 4" in deliveries.text(payload)


def test_another_question_is_not_measured_by_the_answers_to_the_old_one(watch, chart, shop, bob):
    count(shop)
    watch(rule="above", measure="count", bound=2)
    watch(rule="below", measure="count", bound=2)
    deeper = FlowQuery(start=("visit",), hide=("search",))
    charts.update_chart(chart=chart, name="x", dataset=shop, query=deeper, by=bob)
    runs.answer_now(dataset=shop, query=deeper)
    alerts.check_alerts()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        {"measure": "count"},
        {"rule": "above"},
        {"rule": "above", "bound": 1, "measure": "seconds"},
        {"people": []},
        {"people": [], "webhook_url": "ftp://example.com/"},
    ],
)
def test_an_alert_that_could_tell_nothing_or_nobody_is_refused(watch, words):
    with pytest.raises(ValidationError):
        watch(**words)
    assert not Alert.objects.exists()


def test_strangers_are_not_told_and_there_is_a_most_of_alerts(watch, charlie, monkeypatch):
    with pytest.raises(ValidationError):
        watch(people=[charlie])
    monkeypatch.setattr(alerts, "MOST", 0)
    with pytest.raises(ValidationError):
        watch()


def test_one_alert_that_is_no_longer_understood_stops_no_other(watch, shop):
    count(shop)
    broken = watch(rule="above", measure="count", bound=4)
    watch(rule="above", measure="count", bound=4)
    Alert.objects.filter(pk=broken.pk).update(selector={"set": "nonsense"})
    people(shop, 100, 9, 1)
    count(shop)
    assert Delivery.objects.get().alert_id != broken.pk


# --- Messages ---------------------------------------------------------------------------------------------------------


def test_a_webhook_is_signed_with_its_time_and_tried_again_until_it_arrives(watch, hooks):
    calls, answers = hooks
    answers += [500, outgoing.Unreachable("No answer within 10 s."), 302]
    alert = watch(people=[], webhook_url="https://hooks.example/in")
    alerts.send_test(alert=alert)
    for said in ("Answered 500.", "No answer within 10 s.", "Answered 302."):
        send_all()
        assert deliveries.due() == []
        delivery = Delivery.objects.get()
        assert (delivery.status, delivery.last) == ("waiting", said)
    send_all()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.last, delivery.attempts) == ("sent", "Answered 200.", 4)
    url, body, headers = calls[-1]
    assert url == "https://hooks.example/in"
    assert json.loads(body)["type"] == "test"
    signed = f"{headers['X-Journeymap-Timestamp']}.".encode() + body
    expected = hmac.new(alert.secret.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Journeymap-Signature"] == f"sha256={expected}"
    assert len({call[2]["X-Journeymap-Delivery"] for call in calls}) == 1
    send_all()
    assert len(calls) == 4


def test_a_webhook_is_given_up_after_its_attempts_and_at_once_where_it_may_not_go(watch, hooks):
    calls, answers = hooks
    answers += [500] * 99
    alert = watch(people=[], webhook_url="https://hooks.example/in")
    alerts.send_test(alert=alert)
    for _ in range(20):
        send_all()
    assert Delivery.objects.get().status == "failed"
    assert len(calls) == len(deliveries.PAUSES) + 1
    answers[:] = [outgoing.Refused("This address is not public.")]
    alerts.send_test(alert=alert)
    send_all()
    refused = Delivery.objects.first()
    assert (refused.status, refused.attempts, refused.last) == ("failed", 1, "This address is not public.")


def test_two_workers_make_one_attempt_and_one_that_died_leaves_the_next(watch, hooks):
    calls, _ = hooks
    alert = watch(people=[], webhook_url="https://hooks.example/in")
    alerts.send_test(alert=alert)
    delivery = Delivery.objects.get()
    words = {"team_id": delivery.team_id, "delivery_id": delivery.pk}
    Delivery.objects.update(attempts=1, next_at=timezone.now() + timedelta(minutes=1))  # claimed by one that then died
    deliveries.deliver(**words)
    assert calls == []
    send_all()
    deliveries.deliver(**words)
    assert len(calls) == 1


def test_members_get_a_letter_and_who_has_left_does_not(watch, bob, adam, settings):
    settings.MAIL = "sent"
    alert = watch(people=[bob, adam], rule="above", bound=0.125)
    Membership.objects.filter(user=adam).delete()
    alerts.send_test(alert=alert)
    send_all()
    (letter,) = mail.outbox
    assert letter.to == ["bob@example.com"]
    assert letter.subject == "Test: First steps: search at step 1"
    assert "goes above 12.5" in letter.body
    assert {each.target: each.status for each in Delivery.objects.all()} == {
        "bob@example.com": "sent",
        "adam@example.com": "failed",
    }
    settings.MAIL = "off"
    alerts.send_test(alert=alert)
    send_all()
    assert len(mail.outbox) == 1
    assert Delivery.objects.first().last == "No mail server is set up."


def test_the_log_is_kept_for_a_month(watch):
    alerts.send_test(alert=watch())
    Delivery.objects.update(done_at=timezone.now() - timedelta(days=31))
    assert deliveries.sweep_deliveries() == 1


# --- Pages ------------------------------------------------------------------------------------------------------------


def page(name, chart, *more):
    return reverse(f"flows:{name}", args=[chart.team.slug, chart.pk, *more])


def test_an_alert_is_made_from_the_number_that_is_open_and_its_log_is_shown(chart, shop, bob, hooks, sign_in):
    count(shop)
    editor = sign_in(bob)
    opened = editor.get(page("chart", chart) + "?set=node&step=1&label=search").context["page"]
    assert opened.alert_url == page("about", chart) + "?set=node&step=1&label=search#alerts"
    numbers = editor.get(opened.alert_url).context["alert"].fields["number"].widget.choices
    assert numbers[0] == ("set=node&step=1&label=search", "search at step 1")
    fields = {"number": numbers[0][0], "measure": "share", "rule": "below", "bound": "12,5 %"}
    assert editor.post(page("add_alert", chart), {**fields, "people": [bob.pk]}).status_code == 422
    fields |= {"bound": "12.5 %", "webhook_url": "https://hooks.example/in"}
    assert editor.post(page("add_alert", chart), {**fields, "people": [bob.pk]}).status_code == 302
    alert = Alert.objects.get()
    assert (alert.bound, alert.label, list(alert.people.all())) == (0.125, "search at step 1", [bob])
    editor.post(page("test_alert", chart, alert.pk))
    send_all()
    text = editor.get(page("about", chart)).content.decode()
    assert "Answered 200." in text
    assert alert.secret in text
    editor.post(page("remove_alert", chart, alert.pk))
    assert not Alert.objects.exists()


def test_viewers_see_alerts_but_no_secret(chart, watch, vera, sign_in):
    alert = watch(webhook_url="https://hooks.example/in")
    text = sign_in(vera).get(page("about", chart)).content.decode()
    assert "search at step 1" in text
    assert alert.secret not in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "set=nonsense"},
        {"number": "set=node&step=99&label=x"},
        {"number": ""},
        {"measure": "x"},
        {"rule": "above", "bound": ""},
        {"rule": "above", "bound": "nan"},
        {"rule": "above", "bound": "101 %"},
        {"rule": "above", "bound": "-1"},
        {"webhook_url": "http://user:pw@example.com/"},
        {"people": ["x"]},
        {"people": [2**40]},
    ],
)
def test_what_makes_no_alert_comes_back_with_a_reason(chart, bob, sign_in, wrong):
    right = {"number": "set=matched", "measure": "share", "rule": "changes", "bound": "", "people": [bob.pk]}
    assert sign_in(bob).post(page("add_alert", chart), right | wrong).status_code == 422
    assert not Alert.objects.exists()


def test_the_clock_of_a_chart_is_set_on_its_page(chart, bob, sign_in):
    editor = sign_in(bob)
    editor.post(page("set_refresh", chart), {"refresh": "daily"})
    chart.refresh_from_db()
    assert chart.refresh == "daily"
    assert "Next at" in editor.get(page("about", chart)).content.decode()
    assert editor.post(page("set_refresh", chart), {"refresh": "every second"}).status_code == 422


def test_the_alert_of_another_chart_or_team_does_not_exist(chart, watch, team, shop, bob, charlie, sign_in):
    alert = watch()
    other = charts.save_chart(team=team, dataset=shop, name="x", query=VISIT, owner=bob)
    for name in ("remove_alert", "test_alert"):
        assert sign_in(bob).post(page(name, other, alert.pk)).status_code == 404
        url = reverse(f"flows:{name}", args=["elsewhere", chart.pk, alert.pk])
        assert sign_in(charlie).post(url).status_code == 404
    assert Alert.objects.count() == 1
