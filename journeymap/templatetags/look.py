"""Tags and filters that every template may use: icons, figures, names."""

import hashlib

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from flows import figures
from flows.icons import strokes
from flows.lettering import cut_middle_to, graphemes, printable

register = template.Library()


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """A lucide icon drawn in the colour of the text. With `label` it speaks, without it is decoration."""
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    classes = f"i {css}".strip()
    return format_html('<svg class="{}" viewBox="0 0 24 24" {}>{}</svg>', classes, said, mark_safe(strokes(name)))


@register.simple_tag
def symbol(name: str) -> SafeString:
    """The icon as `#icon-NAME`, to be drawn many times on a page by `<use>`."""
    return format_html('<symbol id="icon-{}" viewBox="0 0 24 24">{}</symbol>', name, mark_safe(strokes(name)))


@register.filter
def figure(value: float | None) -> str:
    return figures.figure(value)


@register.filter
def share(part: float | None, base: float | None) -> str:
    """`{{ part|share:base }}`; the page writes the base beside it."""
    return figures.NOTHING if part is None or base is None else figures.share(part, base)


@register.filter
def duration(seconds: float | None) -> str:
    return figures.duration(seconds)


@register.filter
def middle_cut(text: object, length: int = 40) -> str:
    return cut_middle_to(str(text), int(length))


@register.filter
def initials(name: object) -> str:
    """One or two letters that stand for a person or a team."""
    words = printable(str(name)).split("@")[0].replace(".", " ").replace("_", " ").replace("-", " ").split()
    if not words:
        return "?"
    return "".join(next(graphemes(word)).upper() for word in words[:2])


@register.filter
def hue(text: object) -> int:
    """A hue in degrees that stays the same for the same text, on every machine."""
    return hashlib.blake2b(str(text).encode(), digest_size=2).digest()[0] * 360 // 256
