"""The team's channels: the common ones made, given other names, and made one where two mean the same."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404

from accounts.models import Team, User
from maps import access
from maps.models import Channel, JourneyMap, Touchpoint
from maps.services.changes import Verb, changing, locked_maps
from maps.texts import one_line

CHANNEL_LIMIT = 80
DEFAULTS = {
    "Web": Channel.Icon.WEB,
    "App": Channel.Icon.APP,
    "E-mail": Channel.Icon.MAIL,
    "Phone": Channel.Icon.PHONE,
    "Chat": Channel.Icon.CHAT,
    "Shop": Channel.Icon.SHOP,
    "Post": Channel.Icon.POST,
    "Social media": Channel.Icon.SOCIAL,
    "Advertising": Channel.Icon.AD,
    "In person": Channel.Icon.PERSON,
}


def ensure_channels(*, team: Team, icons: Mapping[str, str] | None = None) -> dict[str, Channel]:
    """The team's channels by name; the common ones, and those in `icons`, are made where they are missing.

    A channel that is made gets its icon from `icons`, or where that is empty the one its name is known for.
    """
    icons = icons or {}
    known = {channel.name: channel for channel in Channel.objects.filter(team=team)}
    wanted = {*(DEFAULTS if not known else ()), *icons} - set(known)
    if not wanted:
        return known
    Channel.objects.bulk_create(
        [
            Channel(team=team, name=name, icon=icons.get(name) or DEFAULTS.get(name, Channel.Icon.OTHER))
            for name in sorted(wanted)
        ],
        ignore_conflicts=True,  # Somebody else may be making them at this moment.
    )
    return {channel.name: channel for channel in Channel.objects.filter(team=team)}


@transaction.atomic
def rename_channel(*, channel: Channel, name: str, icon: str) -> Channel:
    """Raises ValidationError for a blank name, one that another channel has in any case, or an unknown icon."""
    name = one_line(name, "A channel", CHANNEL_LIMIT)
    others = Channel.objects.select_for_update().filter(team=channel.team_id).order_by("pk")
    rows = {row.pk: row for row in others}
    if any(row.name.casefold() == name.casefold() for row in rows.values() if row.pk != channel.pk):
        raise ValidationError(f"There is a channel “{name}” already. The two can be merged.")
    if icon not in Channel.Icon.values:
        raise ValidationError("Choose one of the icons.")
    Channel.objects.filter(pk=channel.pk).update(name=name, icon=icon)
    channel.name, channel.icon = name, icon
    return channel


@transaction.atomic
def merge_channels(*, channel: Channel, into: int, by: User) -> Channel:
    """Let all that uses the channel use another one, and remove it. Every map tells it in its history.

    Raises Http404 where the other is not of the team, ValidationError where both are the same.
    """
    other = access.channel_of(channel.team, into)
    if other.pk == channel.pk:
        raise ValidationError("A channel cannot be merged into itself.")
    maps = locked_maps(channel.team)
    get_object_or_404(Channel.objects.select_for_update(), pk=channel.pk)
    used = set(Touchpoint.objects.filter(channel=channel).values_list("card__cell__lane__map", flat=True))
    for journey in maps:
        if journey.pk in used:
            _let_use(journey, channel, other, by)
    channel.delete()
    return other


def _let_use(journey: JourneyMap, channel: Channel, other: Channel, by: User) -> None:
    with changing(journey, by=by) as change:
        rows = Touchpoint.objects.filter(channel=channel, card__cell__lane__map=journey)
        for touchpoint in rows.select_related("channel", "card__cell__lane", "card__cell__step"):
            change.set(touchpoint, channel=other)
            change.touch(touchpoint.card)
        change.says(Verb.CHANGE, "merged the channel", channel, "into", other)
