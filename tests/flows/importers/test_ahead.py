import threading
from contextlib import closing

import pytest

from flows.importers.ahead import ahead


def test_items_come_in_order():
    assert list(ahead(range(1000))) == list(range(1000))


def test_what_the_maker_raises_is_raised_where_it_would_have_come():
    def three_and_a_fault():
        yield from (1, 2, 3)
        raise ValueError("the fourth")

    items = ahead(three_and_a_fault())
    assert [next(items) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(ValueError, match="the fourth"):
        next(items)


def test_only_a_few_are_made_and_giving_up_ends_the_maker():
    made = []

    def endless():
        while True:
            made.append(None)
            yield len(made)

    before = threading.active_count()
    with closing(ahead(endless(), depth=2)) as items:
        assert next(items) == 1
    assert len(made) <= 5
    assert threading.active_count() == before
