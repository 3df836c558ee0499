"""What a map has most of: cells, of which only those are drawn that were not drawn before, and the boxes of cards."""

from datetime import date
from functools import partial
from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

from maps import drawn
from maps.models import Card, Lane
from maps.page import CellView

register = template.Library()
BOXES = {Lane.Kind.TOUCHPOINT: "tp", Lane.Kind.QUOTE: "think", Lane.Kind.IMAGE: "card card--image"}


class CellsNode(template.Node):
    """Draws its content for each of some cells, which it sees as `cell`."""

    def __init__(self, cells: FilterExpression, nodelist: NodeList) -> None:
        self.cells = cells
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        cells: tuple[CellView, ...] = self.cells.resolve(context)
        with context.push():
            if context["editing"]:  # What is being written stands in one of them.
                return mark_safe("".join(self._draw(context, cell) for cell in cells))
            return mark_safe("".join(self._known(context, cells)))

    def _known(self, context: Context, cells: tuple[CellView, ...]) -> list[str]:
        today: date = context["today"]
        seen_by = _seen_by(context)
        known = []
        for cell in cells:
            place = (*seen_by, cell.lane.pk, cell.step.pk)
            state = (cell.state, today if any(card.due for card in cell.cards) else None)
            known.append(drawn.cells.get(place, state, partial(self._draw, context, cell)))
        return known

    def _draw(self, context: Context, cell: CellView) -> str:
        context["cell"] = cell
        return self.nodelist.render(context)


def _seen_by(context: Context) -> tuple[Any, ...]:
    """All of a page that its cells show, beside what stands in them and the day."""
    look = context["look"]
    own = context["user"].pk if look.only else None
    return context["base"], context["may_edit"], context["talks"], context["may_talk"], look.only, own


@register.tag
def cells(parser: Parser, token: Token) -> CellsNode:
    """`{% cells row.cells %}{% partial cell %}{% endcells %}`, within the context of a map's grid."""
    _, found = token.split_contents()
    nodelist = parser.parse(("endcells",))
    parser.delete_first_token()
    return CellsNode(parser.compile_filter(found), nodelist)


@register.simple_block_tag(takes_context=True)
def box(context: Context, content: str) -> SafeString:
    """The `card` around its content: it opens for those who may edit, and leads others to what is said about it."""
    card: Card = context["card"]
    base, look, name = context["base"], context["look"], "a"
    if context["may_edit"]:
        link = f' href="{base}cards/{card.pk}/" data-card="{card.version}"'
    elif context["may_talk"]:
        link = f' href="{base}comments/?about=card-{card.pk}" data-talk'
    else:
        name, link = "div", ""
    css = BOXES.get(Lane.Kind(card.kind), "card")
    if look.only and not look.picks(card, user=context["user"].pk, today=context["today"]):
        css = f"{css} other"
    return mark_safe(f'<{name}{link} class="{css}" id="card-{card.pk}" data-stop tabindex="-1">{content}</{name}>')
