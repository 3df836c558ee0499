import pytest
from django.template import Context, Template

from journeymap.templatetags import look


def test_an_icon_is_inlined_as_decoration():
    svg = look.icon("map")
    assert svg.startswith('<svg class="i" viewBox="0 0 24 24" aria-hidden="true"><path')
    assert "xmlns" not in svg


def test_an_icon_with_a_label_speaks_and_is_escaped():
    assert 'role="img" aria-label="&lt;b&gt;"' in look.icon("x", "i--s", "<b>")


def test_an_unknown_icon_is_a_mistake():
    with pytest.raises(Exception, match="does not exist"):
        look.icon("no-such-icon")


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Noord Bank, Lending", "NB"),
        ("ana.duarte@example.org", "AD"),
        ("bob", "B"),
        ("", "?"),
        ("👩‍👩‍👧 Ok", "👩‍👩‍👧O"),
    ],
)
def test_initials(name, letters):
    assert look.initials(name) == letters


def test_a_hue_stays_the_same():
    assert look.hue("Ana") == look.hue("Ana") == 292
    assert 0 <= look.hue("") < 360


def test_figures_in_templates():
    template = Template("{% load look %}{{ n|figure }} {{ n|share:base }} {{ t|duration }} {{ name|middle_cut:7 }}")
    page = template.render(Context({"n": 2555, "base": 13087, "t": 44, "name": "abcdefghijkl"}))
    assert page.replace("\u00a0", " ") == "2,555 19.5 % 44 s abc…jkl"
