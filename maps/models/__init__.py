"""The rows of maps: what is drawn, what the maps share, the log of how it came to be, and what is said about it."""

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
from maps.models.talk import Comment

__all__ = [
    "Card",
    "CardExtra",
    "Cell",
    "Channel",
    "Comment",
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
