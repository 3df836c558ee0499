from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Invitation, Membership, Notification, Team, User

MOST_SUGGESTED = 8


def memberships_of(user: User) -> QuerySet[Membership]:
    """The person's places in teams, by team name, with each team loaded, and how much of its inbox is `unread`."""
    new = Notification.objects.filter(user=OuterRef("user"), team=OuterRef("team"), read_at=None).order_by()
    # Counted for each team by itself, so that what has been read costs nothing.
    unread = Coalesce(Subquery(new.values("user").annotate(lines=Count("pk")).values("lines")), 0)
    return Membership.objects.filter(user=user).select_related("team").annotate(unread=unread)


def inbox(team: Team, user: User) -> QuerySet[Notification]:
    """What the person was told in the team, the last first."""
    return Notification.objects.filter(team=team, user=user).select_related("by")


def suggested(team: Team, asked: str) -> list[User]:
    """Members whose name, or a word of it, or whose address begins like `asked`; the first few by name.

    `shared` tells whether somebody else in the team has the same name.
    """
    words = Q(name__istartswith=asked) | Q(name__icontains=f" {asked}") | Q(email__istartswith=asked)
    namesakes = team.members.filter(name__iexact=OuterRef("name")).exclude(pk=OuterRef("pk"))
    people = team.members.filter(is_active=True).annotate(shared=Exists(namesakes))
    return list((people.filter(words) if asked else people).order_by("name", "email")[:MOST_SUGGESTED])


def members(team: Team) -> QuerySet[Membership]:
    return Membership.objects.filter(team=team).select_related("user").order_by("created_at", "pk")


def open_invitations(team: Team) -> QuerySet[Invitation]:
    return Invitation.objects.filter(team=team, accepted_at=None)


def invitations_for(user: User) -> QuerySet[Invitation]:
    """Open invitations to an address that this person has proved to own."""
    addresses = user.emailaddress_set.filter(verified=True).values_list("email", flat=True)  # type: ignore[attr-defined]
    return Invitation.objects.filter(accepted_at=None, email__in=[a.lower() for a in addresses]).select_related("team")
