"""The light theme in sRGB, for files whose readers know neither custom properties nor OKLCH."""

import math
from functools import lru_cache

FIRST_HUE = 252


@lru_cache(maxsize=1024)
def oklch(lightness: float, chroma: float, hue: float) -> str:
    """`#rrggbb` of a colour in OKLCH (Ottosson, 2020); what sRGB cannot show is cut off at its edge."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _gamma(min(max(channel, 0.0), 1.0))):02x}" for channel in linear)


def _gamma(channel: float) -> float:
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def stage_hue(place: int, stages: int) -> int:
    """Stages take even hues, so that neighbours differ as much as they can."""
    return round(FIRST_HUE + 360 * place / stages) % 360


def stage_colour(place: int, stages: int) -> str:
    """The fill of a stage's head; every other one is a little lighter, as on the page."""
    hue = stage_hue(place, stages)
    return oklch(0.540, 0.098, hue) if place % 2 else oklch(0.470, 0.094, hue)


PAPER = "#ffffff"
GROUND = oklch(0.974, 0.003, 250)
LINE = oklch(0.912, 0.005, 250)
LINE_SOFT = oklch(0.945, 0.004, 250)
LINE_FIRM = oklch(0.820, 0.008, 250)
INK = oklch(0.235, 0.014, 258)
INK_2 = oklch(0.420, 0.014, 258)
INK_3 = oklch(0.525, 0.012, 258)
ACCENT = oklch(0.505, 0.165, 264)
GOOD = oklch(0.490, 0.110, 152)
GOOD_SOFT = oklch(0.955, 0.030, 152)
BAD = oklch(0.530, 0.170, 26)
BAD_SOFT = oklch(0.960, 0.020, 26)
