import pytest
from django.core.exceptions import ValidationError

from accounts import services
from accounts.models import Invitation, Membership, Role, Team


def test_creating_a_team_makes_its_owner(alice):
    made = services.create_team(name="South Bank", owner=alice)
    assert made.slug == "south-bank"
    assert Membership.objects.get(team=made).role == Role.OWNER


def test_a_taken_slug_gets_a_suffix(team, alice):
    again = services.create_team(name="North Bank", owner=alice)
    assert again.slug.startswith("north-bank-")


def test_a_name_without_latin_letters_still_gets_a_slug(alice):
    assert services.create_team(name="日本 🛒", owner=alice).slug == "team"


def test_a_wrong_time_zone_is_refused(alice):
    with pytest.raises(ValidationError, match="not a time zone"):
        services.create_team(name="Nowhere", owner=alice, time_zone="Mars/Olympus")
    assert not Team.objects.filter(name="Nowhere").exists()


def test_an_invitation_is_accepted_once(team, alice, charlie):
    invitation = services.invite(team=team, email="Charlie@Example.com ", role=Role.VIEWER, by=alice)
    assert invitation.email == "charlie@example.com"
    assert services.accept_invitation(invitation=invitation, user=charlie).role == Role.VIEWER
    with pytest.raises(ValidationError, match="has been used"):
        services.accept_invitation(invitation=invitation, user=charlie)


def test_inviting_again_changes_the_open_invitation(team, alice):
    services.invite(team=team, email="dora@example.com", role=Role.VIEWER, by=alice)
    services.invite(team=team, email="dora@example.com", role=Role.ADMIN, by=alice)
    assert Invitation.objects.get(team=team).role == Role.ADMIN


def test_a_member_is_not_invited(team, alice, bob):
    with pytest.raises(ValidationError, match="already in this team"):
        services.invite(team=team, email="BOB@example.com", role=Role.VIEWER, by=alice)


def test_accepting_keeps_the_role_of_a_member(team, alice, bob):
    invitation = Invitation.objects.create(team=team, email="other@example.com", role=Role.VIEWER)
    assert services.accept_invitation(invitation=invitation, user=bob).role == Role.EDITOR


def test_the_last_owner_can_neither_step_down_nor_leave(team, alice, bob):
    owner = Membership.objects.get(user=alice)
    with pytest.raises(services.TeamNeedsOwner):
        services.change_role(membership=owner, role=Role.EDITOR)
    with pytest.raises(services.TeamNeedsOwner):
        services.remove_member(membership=owner)
    services.change_role(membership=Membership.objects.get(user=bob), role=Role.OWNER)
    services.change_role(membership=owner, role=Role.EDITOR)
    assert Membership.objects.get(user=alice).role == Role.EDITOR
