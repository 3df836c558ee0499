import secrets
import zoneinfo

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Invitation, Membership, Role, Team, User

# Without the names that mean something else on each machine.
TIME_ZONES = zoneinfo.available_timezones() - {"localtime", "Factory"}


class TeamNeedsOwner(ValidationError):
    pass


def check_time_zone(name: str) -> str:
    """Raises ValidationError unless `name` is an IANA time zone."""
    if name not in TIME_ZONES:
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Europe/Amsterdam.")
    return name


def create_team(
    *, name: str, owner: User | None, time_zone: str = "UTC", slug: str = "", is_sample: bool = False
) -> Team:
    """Make a team; without a `slug` one is derived from the name, with a suffix where it is taken."""
    check_time_zone(time_zone)
    stem = slug or slugify(name)[:48] or "team"
    wanted = stem
    while True:
        try:
            with transaction.atomic():
                team = Team.objects.create(name=name, slug=wanted, time_zone=time_zone, is_sample=is_sample)
                if owner is not None:
                    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
            return team
        except IntegrityError:
            if slug or not Team.objects.filter(slug=wanted).exists():
                raise
            wanted = f"{stem}-{secrets.token_hex(2)}"


def update_team(*, team: Team, name: str, time_zone: str) -> Team:
    team.name, team.time_zone = name, check_time_zone(time_zone)
    team.save(update_fields=["name", "time_zone"])
    return team


@transaction.atomic
def invite(*, team: Team, email: str, role: Role, by: User) -> Invitation:
    """Open a place for an address; inviting it again changes the role of the open invitation."""
    email = email.strip().lower()
    if Membership.objects.filter(team=team, user__email__iexact=email).exists():
        raise ValidationError(f"{email} is already in this team.")
    invitation, _ = Invitation.objects.update_or_create(
        team=team, email=email, accepted_at=None, defaults={"role": role, "invited_by": by}
    )
    return invitation


@transaction.atomic
def accept_invitation(*, invitation: Invitation, user: User) -> Membership:
    """Join the team once; a person who is a member already keeps the role that they have."""
    claimed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=timezone.now())
    if not claimed:
        raise ValidationError("This invitation has been used.")
    membership, _ = Membership.objects.get_or_create(
        team=invitation.team, user=user, defaults={"role": invitation.role}
    )
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: Role) -> None:
    """Raises TeamNeedsOwner where the last owner would be lost."""
    _keep_an_owner(membership, leaving=role != Role.OWNER)
    if not Membership.objects.filter(pk=membership.pk).update(role=role):
        raise ValidationError(f"{membership.user} is no longer in this team.")


@transaction.atomic
def remove_member(*, membership: Membership) -> None:
    _keep_an_owner(membership, leaving=True)
    Membership.objects.filter(pk=membership.pk).delete()


def withdraw_invitation(*, invitation: Invitation) -> None:
    invitation.delete()


def _keep_an_owner(membership: Membership, *, leaving: bool) -> None:
    # The rows are locked so that two owners cannot step down at the same moment.
    owners = Membership.objects.select_for_update().filter(team=membership.team, role=Role.OWNER)
    if leaving and [owner.pk for owner in owners] == [membership.pk]:
        raise TeamNeedsOwner("A team needs an owner. Make somebody else an owner first.")
