import re

from hypothesis import given
from hypothesis import strategies as st

from maps.curve import COLUMN, HEIGHT, MIDDLE, curve, height_of, monotone_slopes, places

scores = st.lists(st.one_of(st.none(), st.integers(-2, 2)), max_size=40)


def pieces(path: str) -> list[list[float]]:
    """The numbers of each cubic piece: two control points and the end."""
    return [[float(n) for n in piece.split()] for piece in re.findall(r"C([-\d. ]+)", path)]


def test_no_points_draw_no_line():
    drawn = curve([None, None])
    assert (drawn.line, drawn.area, drawn.width) == ("", "", 2 * COLUMN)
    assert places([None, None]) == [None, None]


def test_one_point_draws_a_level_line_through_its_column():
    assert curve([None, 1, None]).line == "M100 51L150 51L200 51"


def test_the_line_is_level_at_a_peak_and_steep_on_a_slope():
    level = monotone_slopes([(0, 0), (100, 50), (200, 0)])
    assert level == [0, 0, 0]
    _, slope, _ = monotone_slopes([(0, 0), (100, 50), (200, 100)])
    assert slope == 0.5


@given(scores)
def test_the_curve_never_leaves_the_range_of_the_two_points_it_joins(known):
    ys = [height_of(score) for score in known if score is not None]
    for (_, y1, _, y2, _, end), start in zip(pieces(curve(known).line), ys, strict=False):
        low, high = min(start, end) - 0.11, max(start, end) + 0.11
        assert low <= y1 <= high
        assert low <= y2 <= high


@given(scores)
def test_the_area_is_closed_on_the_zero_line(known):
    area = curve(known).area
    if area:
        assert f" {MIDDLE:g}L" in area
        assert area.endswith(f"{MIDDLE:g}Z")


@given(scores)
def test_every_score_has_a_place_and_a_side(known):
    found = places(known)
    assert [place is None for place in found] == [score is None for score in known]
    for place, score in zip(found, known, strict=True):
        if place is not None and score is not None:
            assert place.y == round(100 * height_of(score) / HEIGHT, 2)
            # At the edges of the band a label stands inside of it.
            assert not (score == 2 and place.label == "above")
            assert not (score == -2 and place.label == "below")


def test_labels_keep_clear_of_the_line():
    labels = [place.label for place in places([0, 1, 2, 1, 0, -1]) if place]
    assert labels == ["below", "above-start", "below", "below-start", "below-start", "below"]
