import pytest

from flows.figures import duration, figure, share


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
