"""The rows of maps: what is drawn, what the maps share, and the log of how it came to be."""

from maps.models.drawing import (
    Card,
    CardExtra,
    Cell,
    EmotionPoint,
    Image,
    JourneyMap,
    Lane,
    Named,
    Opportunity,
    Positioned,
    Stage,
    Step,
    Touchpoint,
    Versioned,
)
from maps.models.log import Operation, Snapshot
from maps.models.shared import Channel, Persona, Picture

__all__ = [
    "Card",
    "CardExtra",
    "Cell",
    "Channel",
    "EmotionPoint",
    "Image",
    "JourneyMap",
    "Lane",
    "Named",
    "Operation",
    "Opportunity",
    "Persona",
    "Picture",
    "Positioned",
    "Snapshot",
    "Stage",
    "Step",
    "Touchpoint",
    "Versioned",
]
