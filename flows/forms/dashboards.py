"""What is done to a tile of a dashboard. What makes no sense does nothing."""

from typing import Any

from django import forms

from flows.models import Tile
from flows.services.dashboards import MOST_TILES

BIGGEST_ID = 2**63 - 1
MOVES = {"earlier": -1, "later": 1}
SIZES = {"wider": (1, 0), "narrower": (-1, 0), "taller": (0, 1), "shorter": (0, -1)}


class TileForm(forms.Form):
    chart_id = forms.IntegerField(required=False, min_value=1, max_value=BIGGEST_ID)
    action_name = forms.ChoiceField(required=False, choices=[(name, name) for name in (*MOVES, *SIZES, "remove")])
    to = forms.IntegerField(required=False, min_value=0, max_value=MOST_TILES)
    width = forms.IntegerField(required=False, min_value=1, max_value=Tile.COLUMNS)
    height = forms.IntegerField(required=False, min_value=1, max_value=Tile.ROWS)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.is_valid()

    def add_prefix(self, field_name: str) -> str:
        """A form has names of its own that these would hide."""
        return {"chart_id": "chart", "action_name": "action"}.get(field_name, field_name)

    @property
    def chart(self) -> int | None:
        return self.cleaned_data.get("chart_id")

    @property
    def action(self) -> str:
        return self.cleaned_data.get("action_name") or ""

    def position(self, tile: Tile) -> int | None:
        if self.action in MOVES:
            return tile.position + MOVES[self.action]
        return self.cleaned_data.get("to")

    def size(self, tile: Tile) -> tuple[int, int] | None:
        if self.action in SIZES:
            wider, taller = SIZES[self.action]
            return tile.width + wider, tile.height + taller
        width, height = self.cleaned_data.get("width"), self.cleaned_data.get("height")
        return (width or tile.width, height or tile.height) if width or height else None
