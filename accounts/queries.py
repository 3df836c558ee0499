from django.db.models import QuerySet

from accounts.models import Invitation, Membership, Team, User


def memberships_of(user: User) -> QuerySet[Membership]:
    """The person's places in teams, by team name, with each team loaded."""
    return Membership.objects.filter(user=user).select_related("team")


def members(team: Team) -> QuerySet[Membership]:
    return Membership.objects.filter(team=team).select_related("user").order_by("created_at", "pk")


def open_invitations(team: Team) -> QuerySet[Invitation]:
    return Invitation.objects.filter(team=team, accepted_at=None)


def invitations_for(user: User) -> QuerySet[Invitation]:
    """Open invitations to an address that this person has proved to own."""
    addresses = user.emailaddress_set.filter(verified=True).values_list("email", flat=True)  # type: ignore[attr-defined]
    return Invitation.objects.filter(accepted_at=None, email__in=[a.lower() for a in addresses]).select_related("team")
