"""Maps as drawings on pages, each made once for each state of a map."""

from django.core.cache import cache
from django.core.exceptions import ValidationError

from maps import queries
from maps.documents.cutting import stage_alone
from maps.exports.formats import excerpt, poster
from maps.models import JourneyMap, Stage

KEPT = 24 * 3600  # seconds


def drawing_of(journey: JourneyMap, *, stage: Stage | None = None, headed: bool = True) -> str:
    """The text of an SVG; empty where it is more than a picture can hold. `headed`: with title and facts over it."""
    key = f"map-drawing:{journey.pk}:{journey.revision}:{stage.uid if stage else ''}:{headed:d}"
    drawing: str | None = cache.get(key)
    if drawing is None:
        document = queries.document_of(journey.team, journey)
        if stage is not None:
            document = stage_alone(document, stage.position)
        try:
            drawing = (poster if headed else excerpt)(document).decode()
        except ValidationError:
            drawing = ""
        cache.set(key, drawing, KEPT)
    return drawing
