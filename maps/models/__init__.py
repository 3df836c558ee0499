"""The rows of maps: what is drawn, the log of how it came to be, and what is said about it."""

from maps.models.drawing import (
    Card,
    Cell,
    Channel,
    EmotionPoint,
    JourneyMap,
    Lane,
    Named,
    Opportunity,
    Persona,
    Positioned,
    Stage,
    Step,
    Touchpoint,
    Versioned,
)
from maps.models.log import Operation, Snapshot
from maps.models.talk import Comment

__all__ = [
    "Card",
    "Cell",
    "Channel",
    "Comment",
    "EmotionPoint",
    "JourneyMap",
    "Lane",
    "Named",
    "Operation",
    "Opportunity",
    "Persona",
    "Positioned",
    "Snapshot",
    "Stage",
    "Step",
    "Touchpoint",
    "Versioned",
]
