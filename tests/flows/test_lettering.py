from hypothesis import given
from hypothesis import strategies as st

from flows.lettering import cut_middle, cut_middle_to, graphemes, printable, text_width

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


@given(st.text(max_size=400), st.floats(30, 300))
def test_a_cut_name_is_never_wider_than_its_room(text, width):
    assert text_width(cut_middle(text, width, 12), 12) <= width + 0.01


@given(st.text(max_size=100), st.integers(1, 40))
def test_a_cut_name_is_never_longer_than_asked(text, length):
    assert len(list(graphemes(cut_middle_to(text, length)))) <= length + 1


def test_control_characters_and_direction_overrides_are_not_shown():
    assert printable("a\tb\u202ec\x00") == "a bc"
    assert printable("\u202e") == "\u00a0"
