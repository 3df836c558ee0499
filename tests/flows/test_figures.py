import pytest

from flows.figures import duration, figure, p_value, points, ratio, share


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("part", "base", "written"),
    [
        (0, 5, "0 %"),
        (1, 100_000, "<0.1 %"),
        (2555, 13_087, "19.5 %"),
        (1, 4, "25.0 %"),
        (99_999, 100_000, ">99.9 %"),
        (5, 5, "100 %"),
        (1, 0, "–"),
    ],
)
def test_shares_have_one_decimal_and_never_round_to_nothing_or_all(part, base, written):
    assert plain(share(part, base)) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (None, "–"),
        (0, "0 s"),
        (0.273, "0.3 s"),
        (44, "44 s"),
        (59.7, "1 min"),
        (185, "3 min 5 s"),
        (3599.9, "1 h"),
        (5700, "1 h 35 min"),
        (86_399, "1 d"),
        (4 * 86_400 + 3 * 3600, "4 d 3 h"),
        (1e9, "11,574 d"),
        (-5, "−5 s"),
    ],
)
def test_times_are_written_in_their_two_largest_units(seconds, written):
    assert plain(duration(seconds)) == written


def test_counts_have_groups_of_three():
    assert figure(13_087) == "13,087"
    assert figure(None) == "–"


@pytest.mark.parametrize(
    ("difference", "written"),
    [(0.0, "0.0"), (0.031, "+3.1"), (-0.1499, "−15.0"), (0.0001, "+<0.1"), (-0.0001, "−<0.1"), (1.0, "+100.0")],
)
def test_differences_are_in_points_with_their_sign(difference, written):
    assert points(difference) == written


def test_ratios_say_how_many_times_as_much():
    assert [ratio(*each) for each in ((0.5, 0.4), (0.0, 0.4), (0.001, 0.4), (0.9, 0.001), (0.4, 0.0))] == [
        "1.25×", "0.00×", "<0.1×", "900×", "–",
    ]  # fmt: skip


def test_p_values_have_three_decimals():
    assert [p_value(p) for p in (None, 1.0, 0.0496, 0.0009)] == ["–", "1.000", "0.050", "<0.001"]
