"""A map from the JSON that `maps.exports.json` writes."""

import json

from django.core.exceptions import ValidationError

from maps.documents.reading import from_data
from maps.documents.shapes import MapDocument


def read(text: str) -> MapDocument:
    """Raises ValidationError where the text is no JSON, or not that of a map."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValidationError(f"This is no JSON: line {error.lineno}, column {error.colno} cannot be read.") from None
    except (ValueError, RecursionError):  # Thousands of digits, or of brackets.
        raise ValidationError("This JSON holds what no map holds: a number too long, or lists too deep.") from None
    return from_data(data)
