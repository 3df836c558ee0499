"""Maps on dashboards, whole or a stage of them. Found by its name as the apps start (flows.apps)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from accounts.models import Team
from flows import tiles
from maps.kept_drawings import excerpt_of
from maps.models import JourneyMap, Stage

LOST = "a stage that is gone"


@dataclass(frozen=True, slots=True)
class ShownMap:
    """`drawing` is the text of an SVG; empty: the map is too large for one."""

    journey: JourneyMap
    name: str
    drawing: str
    is_lost: bool = False  # the stage is not on the map now, though it may come back


class Maps(tiles.Kind):
    name = "map"
    model = JourneyMap
    template = "maps/tile.html"

    def rows(self) -> QuerySet[JourneyMap]:
        stages = Stage.objects.only("map_id", "uid", "name", "position")
        return JourneyMap.objects.select_related("team").prefetch_related(Prefetch("stages", stages))

    def parts(self, target: JourneyMap) -> Iterator[UUID]:
        return (stage.uid for stage in target.stages.all())

    def offered(self, team: Team) -> Iterator[tuple[str, tiles.Options]]:
        """Those that are not archived, by title; then the stages of each."""
        rows = self.rows().filter(team=team).exclude(status=JourneyMap.Status.ARCHIVED)
        found = list(rows.order_by("title", "pk"))
        yield "Whole maps", [(self.value(each), each.title) for each in found]
        for each in found:
            yield f"Stages of {each.title}", self.stages_of(each)

    def stages_of(self, journey: JourneyMap) -> tiles.Options:
        return [(self.value(journey, stage.uid), stage.name) for stage in journey.stages.all()]

    def title(self, target: JourneyMap, part: UUID | None) -> str:
        if part is None:
            return target.title
        stage = _stage(target, part)
        return f"{target.title} · {stage.name if stage else LOST}"

    def url(self, team: Team, target: JourneyMap, part: UUID | None) -> str:
        stage = _stage(target, part)
        return reverse("maps:map", args=[team.slug, target.pk]) + (f"#stage-{stage.pk}" if stage else "")

    def shown(self, target: JourneyMap, part: UUID | None) -> Any:
        stage, name = _stage(target, part), self.title(target, part)
        if part and stage is None:
            return ShownMap(target, name, "", is_lost=True)
        return ShownMap(target, name, excerpt_of(target, stage))


def _stage(journey: JourneyMap, uid: UUID | None) -> Stage | None:
    return next((stage for stage in journey.stages.all() if stage.uid == uid), None)


maps = Maps()
tiles.register(maps)
