from collections.abc import Mapping

from accounts.models import Team
from maps.models import Channel

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
