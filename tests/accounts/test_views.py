import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.access import team_view
from accounts.models import Invitation, Membership, Role, Team, User


def test_signing_up_leads_to_making_a_team(db):
    client = Client()
    form = {"name": "Dora", "email": "dora@example.com", "password1": "long-enough-7"}
    response = client.post("/accounts/signup/", form, follow=True)
    assert response.request["PATH_INFO"] == "/welcome/"
    assert User.objects.get().name == "Dora"
    response = client.post("/welcome/", {"name": "Dora’s", "time_zone": "Europe/Amsterdam"})
    assert response["Location"] == "/t/doras/maps/"
    assert Membership.objects.get().role == Role.OWNER


def test_an_address_signs_up_once_whatever_its_case(alice):
    form = {"name": "Al", "email": "ALICE@example.com", "password1": "long-enough-7"}
    Client().post("/accounts/signup/", form)
    assert User.objects.filter(email__iexact="alice@example.com").count() == 1


def test_a_wrong_password_is_refused_and_the_right_one_signs_in(alice):
    client = Client()
    assert client.post("/accounts/login/", {"login": alice.email, "password": "wrong"}).status_code == 200
    response = client.post("/accounts/login/", {"login": alice.email, "password": "pass-word-1"})
    assert response.status_code == 302
    assert client.get("/")["Location"] == "/t/north-bank/maps/"


def test_a_password_is_reset_through_the_link_in_an_e_mail(alice):
    client = Client()
    client.post("/accounts/password/reset/", {"email": alice.email})
    path = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
    assert path
    page = client.get(path[1], follow=True)
    form = {"password1": "brand-new-44", "password2": "brand-new-44"}
    client.post(page.request["PATH_INFO"], form)
    alice.refresh_from_db()
    assert alice.check_password("brand-new-44")


def test_signing_out_asks_for_a_post(sign_in, alice):
    client = sign_in(alice)
    assert client.get("/accounts/logout/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/").url.startswith("/accounts/login/")


def test_an_invited_address_finds_its_invitation_at_first_sign_in(team, sign_in):
    dora = User.objects.create_user("dora@example.com", "pass-word-1")
    EmailAddress.objects.create(user=dora, email=dora.email, verified=True, primary=True)
    invitation = Invitation.objects.create(team=team, email="dora@example.com", role=Role.EDITOR)
    client = sign_in(dora)
    assert "North Bank" in client.get("/welcome/").content.decode()
    client.post(f"/invitations/{invitation.token}/")
    assert Membership.objects.get(user=dora).role == Role.EDITOR


def test_an_unproven_address_does_not_see_invitations(team, sign_in):
    dora = User.objects.create_user("dora@example.com", "pass-word-1")
    EmailAddress.objects.create(user=dora, email=dora.email, verified=False, primary=True)
    Invitation.objects.create(team=team, email="dora@example.com", role=Role.EDITOR)
    assert "North Bank" not in sign_in(dora).get("/welcome/").content.decode()


def test_a_used_invitation_is_a_404(team, sign_in, charlie):
    invitation = Invitation.objects.create(team=team, email="x@example.com")
    client = sign_in(charlie)
    client.post(f"/invitations/{invitation.token}/")
    assert client.get(f"/invitations/{invitation.token}/").status_code == 404


@pytest.mark.parametrize("action", [{"role": "viewer"}, {"action": "remove"}])
def test_an_admin_has_no_power_over_owners(sign_in, team, alice, adam, action):
    owner = Membership.objects.get(user=alice)
    assert sign_in(adam).post(f"/t/north-bank/team/members/{owner.pk}/", action).status_code == 403
    assert Membership.objects.get(user=alice).role == Role.OWNER


def test_an_admin_cannot_make_owners(sign_in, team, adam, bob):
    membership = Membership.objects.get(user=bob)
    client = sign_in(adam)
    assert client.post(f"/t/north-bank/team/members/{membership.pk}/", {"role": "owner"}).status_code == 403
    assert client.post("/t/north-bank/team/invite/", {"email": "x@e.com", "role": "owner"}).status_code == 403
    client.post(f"/t/north-bank/team/members/{membership.pk}/", {"role": "viewer"})
    assert Membership.objects.get(user=bob).role == Role.VIEWER


def test_a_member_of_another_team_cannot_be_changed(sign_in, alice, charlie):
    theirs = Membership.objects.get(user=charlie)
    assert sign_in(alice).post(f"/t/north-bank/team/members/{theirs.pk}/", {"action": "remove"}).status_code == 404
    assert Membership.objects.filter(user=charlie).exists()


def test_an_admin_changes_the_time_zone(sign_in, team, adam):
    sign_in(adam).post("/t/north-bank/team/", {"name": "North", "time_zone": "Europe/Berlin"})
    assert Team.objects.get(pk=team.pk).time_zone == "Europe/Berlin"


def test_the_team_page_asks_the_same_number_of_queries_for_any_number_of_members(
    sign_in, team, alice, django_assert_max_num_queries
):
    client = sign_in(alice)

    def queries() -> int:
        with django_assert_max_num_queries(50) as asked:
            client.get("/t/north-bank/team/")
        return len(asked)

    before = queries()
    for number in range(10):
        user = User.objects.create_user(f"new-{number}@example.com")
        Membership.objects.create(team=team, user=user, role=Role.VIEWER)
    assert queries() == before


def test_times_are_told_in_the_zone_of_the_team(team, alice):
    Team.objects.filter(pk=team.pk).update(time_zone="Asia/Tokyo")
    request = RequestFactory().get("/")
    request.user = alice
    zones = []
    team_view(Role.VIEWER)(lambda _: zones.append(timezone.get_current_timezone_name()))(request, team_slug=team.slug)
    assert zones == ["Asia/Tokyo"]
    assert timezone.get_current_timezone_name() == "UTC"


def test_the_admin_site_has_no_sign_in_of_its_own(alice):
    answer = Client().post("/admin/login/", {"username": alice.email, "password": "pass-word-1"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_only_owners_see_change_and_withdraw_the_invitation_of_an_owner(team, alice, adam, sign_in):
    invitation = Invitation.objects.create(team=team, email="dora@example.com", role=Role.OWNER)
    admin = sign_in(adam)
    assert invitation.token not in admin.get("/t/north-bank/team/").content.decode()
    assert invitation.token in sign_in(alice).get("/t/north-bank/team/").content.decode()
    assert admin.post("/t/north-bank/team/invite/", {"email": "Dora@example.com", "role": "viewer"}).status_code == 403
    assert admin.post(f"/t/north-bank/team/invitations/{invitation.pk}/withdraw/").status_code == 403
    invitation.refresh_from_db()
    assert invitation.role == Role.OWNER


def test_a_zone_that_differs_between_machines_is_no_zone(team, adam, sign_in):
    sign_in(adam).post("/t/north-bank/team/", {"name": "North", "time_zone": "localtime"})
    team.refresh_from_db()
    assert team.time_zone == "UTC"


def sign_up(email: str) -> tuple[int, str, str]:
    """What a stranger learns: the status, where it leads, and the page there."""
    client = Client()
    client.get("/accounts/signup/")
    form = {"name": "Dora", "email": email, "password1": "long-enough-7"}
    answer = client.post("/accounts/signup/", form, follow=True)
    # The token against forgery and the address itself differ from request to request.
    text = re.sub(r'(csrf\w*"[^>]*value=")[^"]+|nonce-[\w-]+|"X-CSRFToken": "\w+"', r"\1", answer.text)
    return answer.status_code, str(answer.redirect_chain), re.sub(re.escape(email), "", text, flags=re.IGNORECASE)


def test_with_a_mail_server_sign_up_says_the_same_of_every_address(alice, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    taken, free = sign_up("ALICE@example.com"), sign_up("ZORA@example.com")
    assert taken == free
    assert "/accounts/confirm-email/" in taken[1]
    assert "Confirm your address" in taken[2]
    assert [message.to for message in mail.outbox] == [["alice@example.com"], ["zora@example.com"]]
    assert "already exists" in mail.outbox[0].body
    assert re.search(r"/accounts/confirm-email/\S+", mail.outbox[1].body)
    assert User.objects.filter(email__iexact="alice@example.com").count() == 1


def test_with_a_mail_server_nobody_comes_in_before_the_address_is_proved(db, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    client = Client()
    form = {"name": "Dora", "email": "dora@example.com", "password1": "long-enough-7"}
    client.post("/accounts/signup/", form)
    assert client.get("/welcome/").status_code == 302
    path = re.search(r"http://[^/]+(/accounts/confirm-email/\S+)", mail.outbox[0].body)
    assert path
    client.post(path[1])
    client.post("/accounts/login/", {"login": "dora@example.com", "password": "long-enough-7"})
    assert client.get("/welcome/").status_code == 200


def test_a_reset_says_the_same_of_every_address(alice):
    pages = []
    for email in (alice.email, "nobody@example.com"):
        client = Client()
        answer = client.post("/accounts/password/reset/", {"email": email}, follow=True)
        pages.append((answer.redirect_chain, re.sub(r'"X-CSRFToken": "\w+"', "", answer.text)))
    assert pages[0] == pages[1]
    # Somebody gets a letter either way, so that the time it takes says nothing.
    assert [message.to for message in mail.outbox] == [[alice.email], ["nobody@example.com"]]


def test_without_mail_the_page_does_not_promise_any(db, settings):
    settings.MAIL = "off"
    assert "sends no e-mail" in Client().get("/accounts/password/reset/").text
    done = Client().get("/accounts/password/reset/done/").text
    assert "No link was sent" in done
    assert "on its way" not in done
    settings.MAIL = "printed"
    assert "to its own log" in Client().get("/accounts/password/reset/").text
    settings.MAIL = "sent"
    assert "log" not in Client().get("/accounts/password/reset/").text.lower().replace("login", "").replace("logo", "")
