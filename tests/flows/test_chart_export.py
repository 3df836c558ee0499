import math
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings

from flows.chart_view import chart_view
from flows.exports.svg import CATEGORIES, INKS, chart_svg
from tests.flows.drawn import SHOP, result_of


def srgb(lightness: float, chroma: float, hue: float) -> tuple[int, ...]:
    """OKLCH to sRGB, by the definition of CSS Color 4."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    clipped = [min(1.0, max(0.0, part)) for part in linear]
    return tuple(round(255 * (12.92 * p if p <= 0.0031308 else 1.055 * p ** (1 / 2.4) - 0.055)) for p in clipped)


TOKENS = {f"cat-{i}": colour for i, colour in enumerate(CATEGORIES)} | {
    name.replace("_", "-"): colour for name, colour in INKS.items()
}


@pytest.mark.parametrize(("name", "colour"), TOKENS.items())
def test_exported_colours_are_those_of_the_light_theme(name, colour):
    css = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
    light = re.search(rf"--{name}: light-dark\(oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", css)
    assert light
    exported = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    assert exported == pytest.approx(srgb(*map(float, light.groups())), abs=1)


def test_the_file_is_whole_and_holds_every_bar():
    paths = {(("<b>&\x00\u202e", "مرحبا", "x" * 300), "dropped"): 9, **SHOP}
    chart = chart_view(result_of(paths))
    svg = chart_svg(chart, title="Fish & chips")
    tree = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert tree.find(f"{space}title").text == "Fish & chips"
    assert len(tree.findall(".//*[@class='f-node']")) == len(chart.nodes)
    assert "var(" not in svg
    assert "oklch" not in svg
