"""Who can reach this server: the person at this machine alone, or others too."""

import ipaddress

from journeymap import env

NAMES = ["localhost", "127.0.0.1", "[::1]"]


def is_local() -> bool:
    """Whether it listens to this machine alone, and answers to the names of it alone: no proxy leads here either."""
    names = [env.text("HOST", default="127.0.0.1"), *env.list_("ALLOWED_HOSTS", default=NAMES)]
    return all(map(_is_this_machine, names)) and not env.flag("HTTPS", default=False)


def mail() -> str:
    """What becomes of e-mails: "sent", "printed" to the log, or "off".

    Links in them reset passwords, so they are printed only where nobody else reads along, unless somebody decides so.
    """
    if env.text("EMAIL_HOST", default=""):
        return "sent"
    return "printed" if env.flag("EMAIL_TO_LOG", default=is_local()) else "off"


def _is_this_machine(name: str) -> bool:
    name = name.lower().strip("[]")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
