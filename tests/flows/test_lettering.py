import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.lettering import (
    cut_middle,
    cut_middle_to,
    graphemes,
    isolated,
    printable,
    reads_from_the_right,
    text_width,
    wrap,
)

FAMILY = "👩‍👩‍👧‍👦"


def test_what_a_reader_sees_as_one_stays_in_one_piece():
    assert list(graphemes(f"e\u0301a{FAMILY}🇳🇱🇧🇪👍🏽x")) == ["e\u0301", "a", FAMILY, "🇳🇱", "🇧🇪", "👍🏽", "x"]


def test_a_name_that_fits_is_left_alone():
    assert cut_middle("Complete file", 90, 12) == "Complete file"


def test_a_long_name_keeps_its_beginning_and_its_end():
    assert cut_middle("checkout_step_shipping_address_confirmed", 140, 12).startswith("checkout")
    assert cut_middle("checkout_step_shipping_address_confirmed", 140, 12).endswith("confirmed")


def test_emoji_are_not_cut_apart():
    assert set(graphemes(cut_middle(FAMILY * 20, 90, 12))) == {FAMILY, "…"}
    assert cut_middle_to(FAMILY * 20, 5) == FAMILY * 2 + "…" + FAMILY * 2


def test_a_name_that_reads_from_the_right_turns_nothing_around_it():
    assert isolated("checkout 1") == "checkout 1"
    assert isolated("دفع 1") == "\u2068دفع 1\u2069"


@given(st.text(max_size=400), st.floats(30, 300))
def test_a_cut_name_is_never_wider_than_its_room(text, width):
    assert text_width(cut_middle(text, width, 12), 12) <= width + 0.01


@given(st.text(max_size=100), st.integers(1, 40))
def test_a_cut_name_is_never_longer_than_asked(text, length):
    assert len(list(graphemes(cut_middle_to(text, length)))) <= length + 1


def test_control_characters_and_direction_overrides_are_not_shown():
    assert printable("a\tb\u202ec\x00") == "a bc"
    assert printable("\u202e") == "\u00a0"


@given(st.text(max_size=200), st.floats(40, 300), st.integers(1, 20))
def test_no_line_is_wider_than_its_room_and_there_are_never_too_many(text, width, most):
    lines = wrap(text, width, 12, most)
    assert 1 <= len(lines) <= most
    assert all(text_width(line, 12) <= width + 0.01 for line in lines)


@given(st.lists(st.text("abcdefg", min_size=1, max_size=60), max_size=20))
def test_words_stay_whole_and_in_their_order(words):
    lines = wrap(" ".join(words), 200, 12, 1_000)
    assert "".join(lines).replace(" ", "") == "".join(words)
    whole = {word for line in lines for word in line.split()}
    assert all(word in whole for word in words if text_width(word, 12) <= 200)


def test_lines_break_between_ideographs_and_at_line_breaks():
    assert wrap("彼女は最初の部屋", 50, 12, 9) == ["彼女は最", "初の部屋"]
    assert wrap("a\n\nb", 100, 12, 9) == ["a", "", "b"]


def test_what_does_not_fit_the_last_line_ends_with_an_ellipsis():
    assert wrap("one two three four", 40, 12, 2) == ["one", "two…"]
    assert wrap("a\nb\nc", 100, 12, 2) == ["a", "b…"]
    assert wrap(FAMILY * 50, 40, 12, 1) == [FAMILY + "…"]


@pytest.mark.parametrize(
    ("text", "right"),
    [("abc", False), ("שלום abc", True), ("12 (رحلة)", True), ("", False), ("12", False), ("漢", False)],
)
def test_the_first_letter_with_a_direction_decides(text, right):
    assert reads_from_the_right(text) is right
