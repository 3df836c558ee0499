"""How the views of a map answer: htmx gets the part that changed, a plain request the page that contains it."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django_htmx.http import reswap, retarget

from accounts.access import TeamRequest
from accounts.models import Role
from maps import queries
from maps.exports.formats import DATA, PDF, PICTURES
from maps.forms.maps import LookForm
from maps.log.elements import GRID, fewest
from maps.log.reading import redoable, undoable
from maps.models import Card, Channel, JourneyMap, Persona
from maps.page import Look, MapPage
from maps.trust import evidence_in
from maps.words import when

WHOLE = "maps/grid.html#grid"
PANEL = "maps/panels/{}.html"
CHANNEL_ICONS = ("circle-dashed", *Channel.Icon.values)


@dataclass(frozen=True, slots=True)
class Editing:
    """A card that is open, or a new one: what stands in its box, and what went wrong."""

    lane: int
    step: int
    card: Card | None = None
    body: str = ""
    version: int = 0
    uid: str = ""
    error: str = ""
    theirs: Card | None = None

    @property
    def key(self) -> str:
        return f"card-{self.card.pk}" if self.card else f"new-{self.lane}-{self.step}"


def context(
    request: TeamRequest, journey: JourneyMap, *, editing: Editing | None = None, **more: Any
) -> dict[str, Any]:
    """What every part of a map needs: the map, its address, and whether this member may edit."""
    return {
        "journey": journey,
        "base": mark_safe(url(request, journey)),
        "alone": "",
        "may_edit": request.membership.may(Role.EDITOR),
        # Whoever may read a map may read what is said about it.
        "talks": True,
        "may_talk": request.membership.may(Role.COMMENTER),
        "today": timezone.localdate(),
        "changed": when(journey.updated_at, request.team.time_zone),
        # Looked at for every card of the page, so they are always there.
        "open_card": editing.card.pk if editing and editing.card else 0,
        "open_cell": (editing.lane, editing.step) if editing and not editing.card else None,
        "editing": editing,
        "look": look_of(request),
        **more,
    }


def look_of(request: TeamRequest) -> Look:
    """How the page is looked at that asks, or that is asked for."""
    shown = request.htmx.current_url if request.htmx else None  # type: ignore[attr-defined]
    return LookForm(QueryDict(urlsplit(shown).query.encode()) if shown else request.GET).look


def url(request: TeamRequest, journey: JourneyMap) -> str:
    return reverse("maps:map", args=[request.team.slug, journey.pk])


def to_map(request: TeamRequest, journey: JourneyMap) -> HttpResponse:
    """To the page of the map, which is loaded anew: title and status stand in its frame."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": url(request, journey)})
    return redirect(url(request, journey))


def page(request: TeamRequest, journey: JourneyMap, *, status: int = 200, **more: Any) -> HttpResponse:
    """The whole page, or only its grid."""
    whole = queries.map_page(request.team, journey)
    look = look_of(request)
    data = context(request, journey, page=whole.seen(look), **more)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, WHOLE, data, status=status)
    prefetch_related_objects([journey], "variant_of", "parent_step__stage__map")
    data |= {"channel_icons": CHANNEL_ICONS, "all_lanes": whole.lanes, "personas": _personas(whole)}
    data["evidence"] = evidence_in(card for row in whole.lanes for cell in row.cells for card in cell.cards)
    data["variants"] = list(journey.variants.exclude(status=JourneyMap.Status.ARCHIVED))
    data["exports"] = {"papers": PDF, "pictures": PICTURES, "tables": DATA}
    if data["may_edit"]:
        data |= {"undo": undoable(journey, request.user).first(), "redo": redoable(journey, request.user).first()}
    return render(request, "maps/map.html", data, status=status)


def _personas(page: MapPage) -> list[Persona]:
    """Of whom single lanes speak."""
    found = {row.lane.persona_id: row.lane.persona for row in page.lanes if row.lane.persona}
    return list(found.values())


def grid(request: TeamRequest, journey: JourneyMap, *, anchor: str = "", rename: bool = False) -> HttpResponse:
    """After a change of the structure. `anchor` is the element to return to, `rename` opens its title."""
    loaded = queries.map_page(request.team, journey) if request.htmx else None  # type: ignore[attr-defined]
    seen = loaded and loaded.seen(look_of(request))
    return part(request, journey, "grid", element=GRID, anchor=anchor, rename=rename, page=seen)


def part(
    request: TeamRequest, journey: JourneyMap, name: str, *, anchor: str, element: str = "", **more: Any
) -> HttpResponse:
    """After a change: one part of the grid, whatever else shows the change, and when the map was saved.

    `element` is what the part is on the page, where that is not the `anchor`.
    """
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(f"{url(request, journey)}#{anchor}")
    beside = drawn(request, journey, _beside(journey, [element or anchor])).values()
    data = context(request, journey, part=f"maps/grid.html#{name}", parts=beside, anchor=anchor, **more)
    return says(render(request, "maps/answer.html", data), "map:saved", seq=journey.revision)


def parts(request: TeamRequest, journey: JourneyMap, names: Collection[str], *, anchor: str) -> HttpResponse:
    """After a change: several elements of the page, each for its own place, and when the map was saved."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(f"{url(request, journey)}#{anchor}")
    answer = again(request, journey, [*names, *_beside(journey, names)], "maps/answer.html")
    return says(reswap(answer, "none"), "map:saved", seq=journey.revision, anchor=anchor)


def kept(request: TeamRequest, journey: JourneyMap, element: str, **news: Any) -> HttpResponse:
    """After a change of an element that stays as it is on the page: only what else shows the change."""
    beside = _beside(journey, [element])
    answer = again(request, journey, beside) if beside else HttpResponse("Saved")
    return says(reswap(answer, "none"), "map:kept", seq=journey.revision, **news)


def _beside(journey: JourneyMap, names: Collection[str]) -> list[str]:
    """The elements that show the change which has just been made, without those that are drawn already."""
    return [name for name in fewest([*names, *journey.shows]) if name not in names]


def again(
    request: TeamRequest, journey: JourneyMap, names: Collection[str], template: str = "maps/again.html", **more: Any
) -> HttpResponse:
    """The named elements of the page as they are now, each to be put in the place of the old one."""
    parts = drawn(request, journey, names).values()
    return render(request, template, context(request, journey, parts=parts, **more))


def drawn(request: TeamRequest, journey: JourneyMap, names: Collection[str]) -> dict[str, str]:
    """The HTML of elements of the page as they are now; those that are gone are left out."""
    if not names:
        return {}
    data = context(request, journey)
    found = queries.elements(request.team, journey, names)
    things = {
        name: (kind, thing.seen(data["look"]) if isinstance(thing, MapPage) else thing)
        for name, (kind, thing) in found.items()
    }
    return {
        name: render_to_string("maps/element.html", {**data, "kind": kind, "thing": thing}, request)
        for name, (kind, thing) in things.items()
    }


def says(answer: HttpResponse, event: str, **detail: Any) -> HttpResponse:
    """The answer with news for the scripts on the page."""
    answer["HX-Trigger"] = json.dumps({event: detail})
    return answer


def cell(request: TeamRequest, journey: JourneyMap, lane: int, step: int, *, anchor: str = "") -> HttpResponse:
    view = queries.cell_of(journey, lane, step)
    name = f"cell-{view.key}"
    return part(request, journey, "cell", element=name, anchor=anchor or name, cell=view)


def cell_to_read(request: TeamRequest, journey: JourneyMap, lane: int, step: int) -> HttpResponse:
    """A cell as it stands now, without news of a save."""
    view = queries.cell_of(journey, lane, step)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(f"{url(request, journey)}#cell-{view.key}")
    return render(request, "maps/grid.html#cell", context(request, journey, cell=view))


def panel(request: TeamRequest, journey: JourneyMap, name: str, *, status: int = 200, **more: Any) -> HttpResponse:
    """A menu, a form or a question: by itself for htmx, in a page of its own otherwise."""
    data = context(request, journey, **more)
    template = PANEL.format(name)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, template, data, status=status)
    return render(request, "maps/panel.html", {**data, "panel": template}, status=status)


def ask(request: TeamRequest, journey: JourneyMap, **more: Any) -> HttpResponse:
    """Asks before something with content is removed; the answer is the same request with `confirmed`."""
    return in_dialog(panel(request, journey, "confirm", action=request.path, **more))


def go_to(request: TeamRequest, journey: JourneyMap, *, anchor: str) -> HttpResponse:
    """To another map, where something has been put."""
    to = f"{url(request, journey)}#{anchor}"
    return HttpResponse(headers={"HX-Redirect": to}) if request.htmx else redirect(to)  # type: ignore[attr-defined]


def in_dialog(answer: HttpResponse) -> HttpResponse:
    """A part that is shown in the dialog, whatever was to be changed."""
    return reswap(retarget(answer, "#map-dialog"), "innerHTML")


def refused(request: TeamRequest, journey: JourneyMap, error: ValidationError) -> HttpResponse:
    """Nothing was changed; says why."""
    messages.error(request, " ".join(error.messages))
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(url(request, journey))
    return reswap(render(request, "components/messages_oob.html", status=422), "none")


def editor(request: TeamRequest, journey: JourneyMap, editing: Editing, *, status: int = 200) -> HttpResponse:
    """The open card: in its place for htmx, in the whole map otherwise."""
    if not request.htmx:  # type: ignore[attr-defined]
        return page(request, journey, status=status, editing=editing)
    answer = render(request, "maps/editor.html", context(request, journey, editing=editing), status=status)
    return reswap(retarget(answer, f"#{editing.key}"), "outerHTML")
