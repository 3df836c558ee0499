"""What is done to a tile of a dashboard. What makes no sense does nothing."""

import re
from typing import Any
from uuid import UUID

from django import forms

from flows.models import Tile
from flows.services.dashboards import MOST_TILES

WHAT = re.compile(r"([a-z]{1,20})-(\d{1,18})(?:-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))?", re.ASCII)
MOVES = {"earlier": -1, "later": 1}
SIZES = {"wider": (1, 0), "narrower": (-1, 0), "taller": (0, 1), "shorter": (0, -1)}


class TileForm(forms.Form):
    what_name = forms.RegexField(WHAT, required=False)
    action_name = forms.ChoiceField(required=False, choices=[(name, name) for name in (*MOVES, *SIZES, "remove")])
    to = forms.IntegerField(required=False, min_value=0, max_value=MOST_TILES)
    width = forms.IntegerField(required=False, min_value=1, max_value=Tile.COLUMNS)
    height = forms.IntegerField(required=False, min_value=1, max_value=Tile.ROWS)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.is_valid()

    def add_prefix(self, field_name: str) -> str:
        """A form has names of its own that these would hide."""
        return {"what_name": "what", "action_name": "action"}.get(field_name, field_name)

    @property
    def what(self) -> tuple[str, int, UUID | None] | None:
        """What is put there: the name of its kind, its key, and a part of it."""
        found = WHAT.fullmatch(self.cleaned_data.get("what_name") or "")
        return (found[1], int(found[2]), UUID(found[3]) if found[3] else None) if found else None

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
