"""The rows of maps: what is drawn, and the log of how it came to be."""

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

__all__ = [
    "Card",
    "Cell",
    "Channel",
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
