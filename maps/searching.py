"""Finds words in all that the team's maps say, and where each of them stands.

The words of a text are those of PostgreSQL's `simple` configuration: as written, in any case, in any language. What is
typed last may be the beginning of a word. Every source has an index over the very expression that is asked here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank, SearchVector
from django.db.models import F, FloatField, Model, QuerySet, Value
from django.db.models.functions import Concat

from accounts.models import Team
from maps.log.texts import Run
from maps.models import VECTORS, Card, EmotionPoint, JourneyMap, Lane, Persona, Stage, Step
from maps.texts import flat

LONGEST = 200  # characters of a question
MOST_WORDS = 12
MOST_HITS = 60
CONFIG = "simple"
# Signs of the private use area: no text has a reason to hold them, and one that does is only marked wrongly.
START, STOP = "\ue000", "\ue001"
MARKED = re.compile(f"{START}(.*?){STOP}", re.DOTALL)
