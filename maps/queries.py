"""Reads. The first argument is the team, or a map that was fetched through the team."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Lower
from django.http import Http404
from django.utils import timezone

from accounts.models import Team, User
from maps import access
from maps.documents import rows
from maps.documents.shapes import MapDocument
from maps.log.elements import EVIDENCE, GRID, HEAD, OUTSIDE
from maps.models import Card, Channel, EmotionPoint, JourneyMap, Lane, Opportunity, Persona, Stage, Step, Touchpoint
from maps.page import (
    SILENCE,
    CellView,
    LaneRow,
    MapPage,
    StageHead,
    StepHead,
    Talk,
    alone,
    dividers,
    head_of_step,
    heads,
    icon_of,
    lane_row,
    threads_about,
    threads_in,
)
from maps.talking import TALK, open_threads
from maps.trust import evidence_of

H = TypeVar("H", StageHead, StepHead)
CELL_NAME = re.compile(r"cell-(\d+)-(\d+)", re.ASCII)


def list_maps(team: Team) -> QuerySet[JourneyMap]:
    """The team's maps, last changed first, with `stage_count` and `step_count`."""
    return (
        JourneyMap.objects.filter(team=team)
        .select_related("owner")
        .annotate(stage_count=Count("stages", distinct=True), step_count=Count("stages__steps", distinct=True))
    )


def list_opportunities(team: Team) -> QuerySet[Opportunity]:
    """The team's opportunities over all maps, each with its card, its place and its owner."""
    return Opportunity.objects.filter(team=team, card__kind=Lane.Kind.OPPORTUNITY).select_related(
        "card__owner", "card__cell__step__stage", "card__cell__lane__map"
    )


def pulse(team: Team) -> str:
    """Another word after any change of the team's maps."""
    found = JourneyMap.objects.filter(team=team).aggregate(maps=Count("pk"), changes=Sum("revision"))
    return f"{found['maps']}.{found['changes'] or 0}"


def list_work(team: Team, owner: User) -> QuerySet[Card]:
    """The cards that somebody is still to see to, over all maps that are not archived: what is due first, first."""
    return (
        Card.objects.filter(team=team, owner=owner)
        .exclude(cell__lane__map__status=JourneyMap.Status.ARCHIVED)
        .exclude(kind=Lane.Kind.OPPORTUNITY, opportunity__status__in=Opportunity.CLOSED)
        .select_related("cell__step", "cell__lane__map", "opportunity")
        .order_by(F("due").asc(nulls_last=True), "cell__lane__map__title", "pk")
    )


def list_personas(team: Team) -> QuerySet[Persona]:
    """With `map_count`, on how many maps that are not archived each stands."""
    used = Q(maps__isnull=False) & ~Q(maps__status=JourneyMap.Status.ARCHIVED)
    counted = Persona.objects.filter(team=team).annotate(map_count=Count("maps", filter=used, distinct=True))
    return counted.select_related("picture").order_by(Lower("name"), "pk")


def list_maps_about(persona: Persona) -> QuerySet[JourneyMap]:
    return persona.maps.select_related("owner").order_by(Lower("title"), "pk")


def list_lanes_about(persona: Persona) -> QuerySet[Lane]:
    """Single lanes that speak of the persona, map by map."""
    lanes = Lane.objects.filter(team=persona.team_id, persona=persona).select_related("map")
    return lanes.order_by(Lower("map__title"), "map", "position")


def list_channels(team: Team) -> QuerySet[Channel]:
    return Channel.objects.filter(team=team)


def list_touchpoint_names(team: Team, words: str = "") -> QuerySet[Card, Any]:
    """Each name once, with `key` (a card of that name), `uses`, `maps` (how many) and `channels` (names and icons)."""
    cards = Card.objects.filter(team=team, kind=Lane.Kind.TOUCHPOINT, body__icontains=words)
    channel = Q(touchpoint__channel__isnull=False)
    return (
        cards.values("body")
        .annotate(
            key=Min("pk"),
            uses=Count("pk"),
            maps=Count("cell__lane__map", distinct=True),
            channels=ArrayAgg("touchpoint__channel__name", filter=channel, distinct=True, default=[]),
            icon=Min("touchpoint__channel__icon"),
        )
        .order_by(Lower("body"), "key")
    )


def list_touchpoints(team: Team, **which: Any) -> QuerySet[Touchpoint]:
    """Those of a `channel`, or those whose `card__body` is a name, map by map."""
    return (
        Touchpoint.objects.filter(team=team, card__kind=Lane.Kind.TOUCHPOINT, **which)
        .select_related("channel", "card__cell__step__stage", "card__cell__lane__map")
        .order_by("card__cell__lane__map__title", "card__cell__lane__map", "card__cell__step__stage__position", "pk")
    )


def map_page(team: Team, journey: JourneyMap, *, number: int = 0) -> MapPage:
    """The whole map, or its stage with that number, in seven queries, however big it is and whatever is said of it."""
    talk = open_threads(journey)
    stages, steps = _heads(journey, talk)
    cards = _cards(team).filter(cell__lane__map=journey)
    points = EmotionPoint.objects.filter(team=team, lane__map=journey)
    if number:
        stages, steps = alone(stages, steps, number)
        shown = [step.pk for step in steps]
        cards, points = cards.filter(cell__step__in=shown), points.filter(step__in=shown)
    lanes = list(Lane.objects.filter(team=team, map=journey).select_related("persona"))
    in_cells, at_crossings = _by_cell(cards, talk), _points(points)
    rows = tuple(
        lane_row(lane, place + 3, steps, in_cells, at_crossings, divider, talk)
        for place, (lane, divider) in enumerate(zip(lanes, dividers(lanes), strict=True))
    )
    return MapPage(journey, stages, steps, rows, tuple(personas_of(journey)), sum(talk.values()))


def document_of(team: Team, journey: JourneyMap) -> MapDocument:
    """The whole map as one value, in six queries, however big it is."""
    return rows.document(
        journey,
        stages=list(_stages(journey)),
        steps=list(_steps(journey).order_by("stage__position", "position")),
        lanes=list(Lane.objects.filter(team=team, map=journey).select_related("persona")),
        cards=_cards(team).select_related("cell").filter(cell__lane__map=journey),
        points=EmotionPoint.objects.filter(team=team, lane__map=journey),
        personas=journey.personas.all(),
    )


def row_of(journey: JourneyMap, lane: int) -> LaneRow:
    """One lane with its cells. Raises Http404 where it is not of this map, as all of these do."""
    row = access.lane_of(journey, lane)
    talk = open_threads(journey)
    steps = tuple(steps_in_order(journey))
    cards = _by_cell(_cards(journey.team).filter(cell__lane=row), talk)
    points = _points(EmotionPoint.objects.filter(lane=row))
    lines = dividers(list(list_lanes(journey)))
    return lane_row(row, row.position + 3, steps, cards, points, lines[row.position], talk)


def cell_of(journey: JourneyMap, lane: int, step: int) -> CellView:
    """One cell, in four queries."""
    row = access.lane_of(journey, lane)
    column = _find(steps_in_order(journey), step)
    talk = open_threads(journey)
    cards = _by_cell(_cards(journey.team).filter(cell__lane=row, cell__step=step), talk)
    return CellView(row, column, tuple(cards[lane, step]), None, threads_in(talk, row, column))


def stage_head(journey: JourneyMap, stage: int) -> StageHead:
    return _find(_heads(journey, open_threads(journey))[0], stage)


def step_head(journey: JourneyMap, step: int) -> StepHead:
    return _find(steps_in_order(journey, open_threads(journey)), step)


def lane_head(lane: Lane) -> LaneRow:
    """The title of a lane without its cells."""
    threads = threads_about(open_threads(lane.map), lane)
    return LaneRow(lane, lane.position + 3, icon_of(lane), "", (), None, threads)


def elements(team: Team, journey: JourneyMap, names: Collection[str]) -> dict[str, tuple[str, Any]]:
    """What stands behind elements of the page, as (part of the grid, its context); those that are gone are left out."""
    found: dict[str, tuple[str, Any]] = {}
    if HEAD in names:
        found[HEAD] = (HEAD, {"personas": personas_of(journey)})
    if EVIDENCE in names:
        found[EVIDENCE] = (EVIDENCE, evidence_of([journey.pk]).get(journey.pk))
    if TALK in names:
        found[TALK] = (TALK, sum(open_threads(journey).values()))
    if GRID in names:
        return {**found, GRID: ("grid", map_page(team, journey))}
    return found | _inside(team, journey, [name for name in names if name not in (*OUTSIDE, TALK)])


def _inside(team: Team, journey: JourneyMap, names: Collection[str]) -> dict[str, tuple[str, Any]]:
    """Elements within the grid, in at most six queries; of cards only those that stand in them are loaded."""
    if not names:
        return {}
    talk = open_threads(journey)
    stages, steps = _heads(journey, talk) if any(name.startswith("stage-") for name in names) else ((), None)
    steps = tuple(steps_in_order(journey, talk)) if steps is None else steps
    lanes = list(Lane.objects.filter(team=team, map=journey).select_related("persona"))
    rows = [lane.pk for lane in lanes if f"row-{lane.pk}" in names]
    crossings = {tuple(map(int, found.groups())) for name in names if (found := CELL_NAME.fullmatch(name))}
    at_crossings = Q(cell__lane__in=[lane for lane, _ in crossings], cell__step__in=[step for _, step in crossings])
    drawn = _cards(team).filter(Q(cell__lane__in=rows) | at_crossings, cell__lane__map=journey)
    cards = _by_cell(drawn if rows or crossings else drawn.none(), talk)
    points = _points(EmotionPoint.objects.filter(lane__in=rows)) if rows else {}
    there: dict[str, tuple[str, Any]] = {f"stage-{stage.pk}": ("stage", stage) for stage in stages}
    there |= {f"step-{step.pk}": ("step", step) for step in steps}
    for place, (lane, divider) in enumerate(zip(lanes, dividers(lanes), strict=True)):
        title = LaneRow(lane, place + 3, icon_of(lane), divider, (), None, threads_about(talk, lane))
        there[f"lane-{lane.pk}"] = ("lane", title)
        if lane.pk in rows:
            there[f"row-{lane.pk}"] = ("row", lane_row(lane, place + 3, steps, cards, points, divider, talk))
        for step in steps:
            if (key := (lane.pk, step.pk)) in crossings:
                cell = CellView(lane, step, tuple(cards[key]), None, threads_in(talk, lane, step))
                there[f"cell-{cell.key}"] = ("cell", cell)
    return {name: there[name] for name in names if name in there}


def judged_at(journey: JourneyMap, lane: int, step: int) -> EmotionPoint | None:
    row, column = access.lane_of(journey, lane), access.step_of(journey, step)
    judged = EmotionPoint.objects.select_related("updated_by").filter(source=EmotionPoint.Source.JUDGED)
    return judged.filter(lane=row, step=column).first()


def personas_of(journey: JourneyMap) -> QuerySet[Persona]:
    """Whom the map is about, with their pictures."""
    return journey.personas.select_related("picture")


def list_stages(journey: JourneyMap) -> QuerySet[Stage]:
    return _stages(journey)


def list_lanes(journey: JourneyMap) -> QuerySet[Lane]:
    return Lane.objects.filter(map=journey)


def contents_of_stage(stage: Stage) -> dict[str, int]:
    """What would go with the stage, by its name in the plural; empty where nothing would be lost."""
    found = _contents(Card.objects.filter(cell__step__stage=stage), EmotionPoint.objects.filter(step__stage=stage))
    steps = stage.steps.count()
    return {"steps": steps, **found} if found or steps > 1 else {}


def contents_of_step(step: Step) -> dict[str, int]:
    return _contents(Card.objects.filter(cell__step=step), EmotionPoint.objects.filter(step=step))


def contents_of_lane(lane: Lane) -> dict[str, int]:
    return _contents(Card.objects.filter(cell__lane=lane), EmotionPoint.objects.filter(lane=lane))


def _contents(cards: QuerySet[Card], points: QuerySet[EmotionPoint]) -> dict[str, int]:
    counted = {"cards": cards.count(), "feelings": points.count()}
    return {name: count for name, count in counted.items() if count}


def _find(found: Iterable[H], pk: int) -> H:
    for head in found:
        if head.pk == pk:
            return head
    raise Http404("Not on this map.")


def steps_in_order(journey: JourneyMap, talk: Talk = SILENCE) -> list[StepHead]:
    """The heads of all steps, without loading the stages."""
    rows = list(_steps(journey).order_by("stage__position", "position"))
    following = [*rows[1:], None]
    return [
        head_of_step(step, place, last_of_stage=after is None or after.stage_id != step.stage_id, talk=talk)
        for place, (step, after) in enumerate(zip(rows, following, strict=True))
    ]


def _heads(journey: JourneyMap, talk: Talk = SILENCE) -> tuple[tuple[StageHead, ...], tuple[StepHead, ...]]:
    return heads(_stages(journey), _steps(journey), talk, journey=journey, now=timezone.now())


def _stages(journey: JourneyMap) -> QuerySet[Stage]:
    return Stage.objects.filter(map=journey).select_related("confirmed_by")


def _steps(journey: JourneyMap) -> QuerySet[Step]:
    """With `opens`, the maps that show a step closer."""
    closer = JourneyMap.objects.filter(team=journey.team_id, parent_step=OuterRef("pk")).order_by("title", "pk")
    return Step.objects.filter(stage__map=journey).annotate(opens=ArraySubquery(closer.values("pk")))


def _cards(team: Team) -> QuerySet[Card]:
    return (
        Card.objects.filter(team=team)
        .select_related("touchpoint__channel", "opportunity", "image__picture", "owner")
        .annotate(lane_pk=F("cell__lane_id"), step_pk=F("cell__step_id"))
        .order_by("cell_id", "position")
    )


def _by_cell(cards: QuerySet[Card], talk: Talk) -> dict[tuple[int, int], list[Card]]:
    found: dict[tuple[int, int], list[Card]] = defaultdict(list)
    for card in cards:
        card.threads = threads_about(talk, card)  # type: ignore[attr-defined]
        found[card.lane_pk, card.step_pk].append(card)  # type: ignore[attr-defined]
    return found


def _points(points: QuerySet[EmotionPoint]) -> dict[tuple[int, int], EmotionPoint]:
    judged = points.filter(source=EmotionPoint.Source.JUDGED)
    return {(point.lane_id, point.step_id): point for point in judged}


def parents_of_maps(team: Team) -> dict[int, int]:
    """For each map that stands below a step, the map of that step, by key."""
    below = JourneyMap.objects.filter(team=team, parent_step__stage__map__isnull=False)
    return dict(below.values_list("pk", "parent_step__stage__map"))
