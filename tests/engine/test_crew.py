"""Room that is lent: never to two at once, and again when a question is over."""

import numpy as np
import pytest

from flows.engine import crew
from flows.engine.crew import PIECE, Crew


@pytest.fixture(autouse=True)
def _nothing_waits(monkeypatch):
    monkeypatch.setattr(crew, "_waiting", [])


def address(array):
    return array.ctypes.data


def test_room_is_lent_again_when_the_question_is_over_and_not_before():
    with Crew(1) as first, Crew(1) as second:
        one, two, three = first.take(PIECE, np.uint8), first.take(PIECE, np.uint8), second.take(PIECE, np.uint8)
        assert len({address(each) for each in (one, two, three)}) == 3
        first.give(one[:5])
        assert address(second.take(PIECE // 8, np.int64)) == address(one)
    with Crew(1) as third:
        lent = {address(third.take(PIECE, np.uint8)) for _ in range(3)}
    assert lent == {address(one), address(two), address(three)}


def test_a_thread_keeps_its_room_until_it_needs_more():
    with Crew(2) as both:
        few, same, other, more = (
            both.mine(name, size, np.int32)
            for name, size in (("a", PIECE), ("a", PIECE // 2), ("b", PIECE), ("a", 5 * PIECE))
        )
        assert address(few) == address(same)
        assert len({address(few), address(other), address(more)}) == 3
        assert both.map(lambda _: len(both.mine("a", 3 * PIECE, np.int32)), range(4)) == [3 * PIECE] * 4


def test_no_more_waits_than_may_and_a_small_question_takes_no_large_room(monkeypatch):
    monkeypatch.setattr(crew, "MOST_WAITING", 10 * PIECE)
    with Crew(1) as one:
        for size in (8, 2, 1):
            one.take(size * PIECE, np.uint8)
    assert sorted(room.nbytes // PIECE for room in crew._waiting) == [2, 8]
    with Crew(1) as two:
        assert len(two.take(PIECE, np.uint8).base) == 2 * PIECE
        assert len(two.take(PIECE, np.uint8).base) == PIECE
