"""Maps as drawings on pages, each made once for each state of a map."""

from functools import partial

from django.core.cache import cache
from django.core.exceptions import ValidationError

from maps import queries
from maps.documents.cutting import steps_of, within
from maps.exports import svg
from maps.exports.formats import drawn
from maps.models import JourneyMap, Stage
from maps.services import with_pictures

KEPT = 24 * 3600  # seconds
MOST_PICTURES = 3 * 1024**2  # bytes; they stand in the page, which is sent whole


def drawing_of(journey: JourneyMap) -> str:
    """The text of an SVG with the title over the map; empty where the map is more than a picture can hold."""
    return _kept(journey, "")


def excerpt_of(journey: JourneyMap, stage: Stage | None) -> str:
    """Likewise without the title, of the whole map or of one of its stages."""
    return _kept(journey, str(stage.uid) if stage else "whole", stage)


def _kept(journey: JourneyMap, part: str, stage: Stage | None = None) -> str:
    """Only the last state of it is kept."""
    key = f"map-drawing:{journey.pk}:{part}"
    revision, drawing = cache.get(key, (None, ""))
    if revision != journey.revision:
        document, write = queries.document_of(journey.team, journey), svg.write
        if part:
            steps = steps_of(document, stage.position) if stage else range(len(document.steps))
            document, write = within(document, steps), partial(svg.write_excerpt, steps=steps)
        document = with_pictures(document, team=journey.team, most=MOST_PICTURES)
        try:
            drawing = drawn(write)(document).decode()
        except ValidationError:
            drawing = ""
        cache.set(key, (journey.revision, drawing), KEPT)
    return drawing
