"""Everything that changes people, teams, and what people are told."""

from accounts.services.inbox import mark_read, notify, prune_inboxes, untell
from accounts.services.letters import send_letter, waiting_letters
from accounts.services.teams import (
    TIME_ZONES,
    TeamNeedsOwner,
    accept_invitation,
    change_role,
    check_time_zone,
    create_team,
    invite,
    remove_member,
    update_team,
    withdraw_invitation,
)

__all__ = [
    "TIME_ZONES",
    "TeamNeedsOwner",
    "accept_invitation",
    "change_role",
    "check_time_zone",
    "create_team",
    "invite",
    "mark_read",
    "notify",
    "prune_inboxes",
    "remove_member",
    "send_letter",
    "untell",
    "update_team",
    "waiting_letters",
    "withdraw_invitation",
]
