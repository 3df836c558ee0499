"""A funnel drawn as stairs: all that is shown of a step fills its bar."""

import itertools

from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from flows.answers.funnel import LOST, funnel_steps
from flows.answers.stairs import BODY, HEAD, LINE, stairs_of
from flows.sankey import MIN_BAR


@st.composite
def funnels(draw: st.DrawFn) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    count = draw(st.integers(0, 10**7))
    steps = draw(st.integers(1, 21))
    for step in range(steps):
        onward = draw(st.integers(0, count)) if step < steps - 1 else count
        cuts = sorted(draw(st.lists(st.integers(0, count - onward), min_size=4, max_size=4)))
        parts = [after - before for before, after in itertools.pairwise([0, *cuts, count - onward])]
        lost = dict(zip(LOST, parts, strict=True))
        events = [draw(st.text(min_size=1, max_size=40))]
        rows.append({"step": step, "events": events, "count": count, "median_seconds": 5.0, "p90_seconds": 9e4, **lost})
        count = onward
    return rows


@given(funnels())
def test_bars_are_filled_by_who_goes_on_and_who_left(rows):
    stairs = stairs_of(tuple(funnel_steps(rows, lambda spot: "")), 1000)
    assert len(stairs.rows) == len(rows)
    for row, stair in zip(rows, stairs.rows, strict=True):
        assert [loss.lost.count for loss in stair.losses] == [row[state] for state in LOST if row[state]]
        below = sum(loss.height for loss in stair.losses)
        if stair.height > MIN_BAR and (stair.onward == 0 or stair.onward > MIN_BAR) and not stair.ends:
            assert abs(stair.onward + below - stair.height) < 0.7 * (1 + len(stair.losses))
        assert stair.height <= BODY
        assert all(after.words_y - before.words_y >= LINE - 0.1 for before, after in itertools.pairwise(stair.losses))
        assert all(HEAD <= loss.y <= stairs.height and loss.words_y <= stairs.height for loss in stair.losses)
    assert stairs.rows[-1].x < stairs.width


def test_names_and_numbers_stand_in_the_picture():
    rows = [
        {"step": 0, "events": ["<visit>"], "count": 4, "median_seconds": None, "p90_seconds": None, "dropped": 3},
        {"step": 1, "events": ["order"], "count": 1, "median_seconds": 60, "p90_seconds": 60},
    ]
    rows = [{**dict.fromkeys(LOST, 0), **row} for row in rows]
    stairs = stairs_of(tuple(funnel_steps(rows, lambda spot: f"/{spot.step}/{spot.state}/")), 1000)
    drawn = render_to_string("flows/analysis/stairs.html", {"d": stairs, "label": "People at each step"})
    assert "&lt;visit&gt;" in drawn
    for text in ("4 · 100", "1 · 25.0", "25.0\N{NO-BREAK SPACE}% of step 1", "3 dropped", 'href="/0/dropped/"'):
        assert text in drawn
    assert "url(#stairs-dropped)" in drawn
    assert drawn.count("f-converted") == 1
