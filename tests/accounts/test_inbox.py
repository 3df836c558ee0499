"""What people are told: once, in the inbox, and by a letter where they want one."""

from datetime import timedelta

import pytest
from celery.exceptions import Retry
from django.core import mail
from django.utils import timezone

from accounts import services, tasks
from accounts.models import Membership, Notification, Team, User
from accounts.services import inbox
from tests.maps.test_queries import number_of_queries

Kind = Notification.Kind


@pytest.fixture
def tell(team, alice):
    def told(*people: User, key: str = "k", kind: Notification.Kind = Kind.MENTION, **more: object) -> None:
        words = {"text": "mentioned you on “Map”", "url": f"/t/{team.slug}/maps/", "by": alice, **more}
        services.notify(team=team, kind=kind, key=key, to=people, **words)

    return told


def send(line: Notification) -> bool:
    return services.send_letter(team_id=line.team_id, notification_id=line.pk)


def test_each_member_is_told_once_but_neither_the_author_nor_a_stranger(tell, alice, bob, vera, charlie, team):
    gone = User.objects.create_user("gone@example.com", is_active=False)
    Membership.objects.create(team=team, user=gone, role="editor")
    tell(alice, bob, vera, charlie, gone)
    tell(bob)
    assert set(Notification.objects.values_list("user__name", flat=True)) == {"Bob", "Vera"}


def test_a_letter_is_sent_once_with_a_link_and_what_was_said(tell, bob, settings):
    settings.PUBLIC_URL = "https://maps.example"
    User.objects.filter(name="Alice").update(name="Alice\r\nBcc: eve@example.com")
    tell(bob, excerpt="Look at <b>this</b>")
    line = Notification.objects.get()
    tasks.send_letter(team_id=line.team_id, notification_id=line.pk)
    tasks.send_letter(team_id=line.team_id, notification_id=line.pk)
    (letter,) = mail.outbox
    assert letter.recipients() == ["bob@example.com"]
    assert letter.subject == "Alice Bcc: eve@example.com mentioned you on “Map” · North Bank"
    assert f"https://maps.example/t/north-bank/inbox/{line.pk}/" in letter.body
    assert "Look at <b>this</b>" in letter.body


@pytest.mark.parametrize(
    ("mails", "kind", "wanted"),
    [
        ("all", Kind.REPLY, True),
        ("all", Kind.ALERT, True),
        ("mentions", Kind.MENTION, True),
        ("mentions", Kind.ASSIGNMENT, False),
        ("none", Kind.MENTION, False),
    ],
)
def test_everybody_says_which_letters_to_get(tell, bob, mails, kind, wanted):
    User.objects.filter(pk=bob.pk).update(mails=mails)
    tell(bob, kind=kind)
    assert send(Notification.objects.get()) is wanted
    assert len(mail.outbox) == wanted


@pytest.mark.parametrize("left", ["membership", "account", "read", "sample"])
def test_no_letter_goes_to_whoever_left_or_knows_already(tell, team, bob, left):
    if left == "sample":
        Team.objects.update(is_sample=True)
        team.refresh_from_db()
    tell(bob)
    if left == "membership":
        Membership.objects.filter(user=bob).delete()
    elif left == "account":
        User.objects.filter(pk=bob.pk).update(is_active=False)
    elif left == "read":
        services.mark_read(team=team, user=bob)
    assert send(Notification.objects.get()) is False
    assert mail.outbox == []
    assert services.waiting_letters() == []


def test_a_letter_that_cannot_be_sent_is_tried_again_and_outlives_its_message(tell, bob, monkeypatch):
    tell(bob)
    line = Notification.objects.get()

    def fails(**_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("accounts.services.letters.send_mail", fails)
    with pytest.raises((Retry, ConnectionRefusedError)):
        tasks.send_letter.apply(kwargs={"team_id": line.team_id, "notification_id": line.pk}, throw=True, retries=8)
    monkeypatch.undo()
    Notification.objects.update(created_at=line.created_at - services.letters.LOST_AFTER)
    rung = []
    monkeypatch.setattr(tasks.current_app, "send_task", lambda name, **words: rung.append((name, words)))
    tasks.ring_lost_letters()
    ((name, words),) = rung
    assert (name, words["retries"]) == ("accounts.tasks.send_letter", tasks.send_letter.max_retries)
    assert words["kwargs"] == {"team_id": line.team_id, "notification_id": line.pk}
    assert send(line)
    assert services.waiting_letters() == []


def test_the_bell_rings_after_the_commit_and_not_before(tell, bob, monkeypatch, django_capture_on_commit_callbacks):
    rung = []
    monkeypatch.setattr(services.inbox.current_app, "send_task", lambda name, kwargs: rung.append((name, kwargs)))
    with django_capture_on_commit_callbacks(execute=True):
        tell(bob)
        assert rung == []
    line = Notification.objects.get()
    assert rung == [("accounts.tasks.send_letter", {"team_id": line.team_id, "notification_id": line.pk})]


def test_the_inbox_is_read_line_by_line_and_as_a_whole(tell, team, bob, vera, sign_in):
    for number in range(3):
        tell(bob, vera, key=f"k{number}", text="<script>alert(1)</script>")
    bobs, inbox = sign_in(bob), f"/t/{team.slug}/inbox/"
    page = bobs.get(inbox).text
    assert "<script>alert" not in page
    assert '<span class="unread" data-unread>3<' in page
    mine, hers = (Notification.objects.filter(user=user).first() for user in (bob, vera))
    assert bobs.get(f"{inbox}{hers.pk}/").status_code == 404
    assert bobs.get(f"{inbox}{mine.pk}/")["Location"] == mine.url
    bobs.post(f"{inbox}read/", {"line": hers.pk})
    bobs.post(f"{inbox}read/", {"line": "x" * 9000})
    assert Notification.objects.filter(user=vera, read_at=None).count() == 3
    assert Notification.objects.filter(user=bob, read_at=None).count() == 2
    assert bobs.get(f"{inbox}?show=unread").context["pages"].paginator.count == 2
    bobs.post(f"{inbox}read/?show=unread")
    assert "All read" in bobs.get(f"{inbox}?show=unread").text


def test_a_long_inbox_has_pages_and_costs_no_more(tell, team, bob, sign_in):
    bobs, inbox = sign_in(bob), f"/t/{team.slug}/inbox/"
    tell(bob)
    bobs.get(inbox)
    few = number_of_queries(lambda: bobs.get(inbox))
    for number in range(60):
        tell(bob, key=str(number))
    assert number_of_queries(lambda: bobs.get(inbox)) == few
    assert len(bobs.get(f"{inbox}?page=2").context["pages"]) == 11


EVERYBODY = ["Alice", "Bob", "Vera"]


@pytest.mark.parametrize(
    ("asked", "found"), [("b", ["Bob"]), ("BOB@ex", ["Bob"]), ("", EVERYBODY), ("cha", []), ("\x00", EVERYBODY)]
)
def test_names_for_a_mention_are_those_of_members(team, alice, bob, vera, charlie, sign_in, asked, found):
    answer = sign_in(vera).get(f"/t/{team.slug}/team/people/", {"q": asked})
    assert [str(person) for person in answer.context["people"]] == found


def test_somebody_with_a_namesake_is_mentioned_by_address(team, bob, vera, sign_in):
    User.objects.filter(pk=vera.pk).update(name="bob")
    found = sign_in(bob).get(f"/t/{team.slug}/team/people/", {"q": "bo"}).text
    assert 'data-name="bob@example.com"' in found
    assert 'data-name="vera@example.com"' in found


def test_what_was_read_long_ago_is_removed_however_much_it_is(tell, bob, vera, monkeypatch):
    monkeypatch.setattr(inbox, "AT_ONCE", 2)
    now = timezone.now()
    ages = {"new": (1, None), "kept": (300, 89), "read": (91, 91), "old": (400, 91), "unread": (364, None)}
    ages |= {"never": (366, None)}
    for key, (created, read) in ages.items():
        tell(bob, vera, key=key)
        read_at = now - timedelta(days=read) if read else None
        Notification.objects.filter(key=key).update(created_at=now - timedelta(days=created), read_at=read_at)
    tasks.prune_inboxes()
    assert set(Notification.objects.values_list("key", flat=True)) == {"new", "kept", "unread"}
    assert services.prune_inboxes() == 0
