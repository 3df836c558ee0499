"""A map as JSON, complete: reading it makes the same map again."""

import json

from maps.documents.reading import as_data
from maps.documents.shapes import MapDocument


def write(document: MapDocument) -> bytes:
    return (json.dumps(as_data(document), ensure_ascii=False, indent=1) + "\n").encode()
