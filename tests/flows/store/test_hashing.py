import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.hashing import actor_key, content_keys, hash_texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0xEF46DB3751D8E999), ("a", 0xD24EC4F1A98C6E5B), ("abc", 0x44BC2CF5AD770999)],
)
def test_keys_are_those_of_the_published_algorithm(text, expected):
    assert actor_key(text) == expected


@given(st.lists(st.none() | st.text(max_size=80).filter(lambda s: s.isascii() or s.isprintable()), max_size=20))
def test_all_layouts_give_the_same_keys(texts):
    expected = [actor_key(text or "") for text in texts]
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        assert hash_texts(pa.array(texts, kind)).tolist() == expected
    padded = pa.array(["before", *texts, "behind"], pa.string())
    assert hash_texts(padded.slice(1, len(texts))).tolist() == expected


def test_an_insert_id_is_not_taken_for_properties():
    one = hash_texts(pa.array(["x"]))
    nothing = hash_texts(pa.array([""]))
    assert content_keys(one, one, one, nothing) != content_keys(one, one, nothing, one)
