from hypothesis import given
from hypothesis import strategies as st

from maps.log.order import merge, movers, ordered

orders = st.integers(1, 8).flatmap(lambda n: st.permutations("abcdefgh"[:n]))


def places(order) -> dict[str, int]:
    return {key: place for place, key in enumerate(order)}


def recorded(before, after) -> tuple[dict[str, int], dict[str, int]]:
    """What a change records: the places of those that are not where they were."""
    was, becomes = places(before), places(after)
    return (
        {key: place for key, place in was.items() if becomes.get(key) != place},
        {key: place for key, place in becomes.items() if was.get(key) != place},
    )


def moved(order, key, place) -> list[str]:
    others = [other for other in order if other != key]
    return [*others[:place], key, *others[place:]]


@given(orders, st.randoms())
def test_the_movers_are_few_and_enough(before, random):
    after = random.sample(before, len(before))
    found = movers(before, after)
    stay = [key for key in before if key not in found]
    assert stay == [key for key in after if key not in found]
    assert len(found) <= max(0, len(before) - 1)
    assert bool(found) == (list(before) != after)


@given(orders, st.integers(0, 7), st.integers(0, 7))
def test_whoever_is_meant_is_the_only_mover(before, which, place):
    key = before[which % len(before)]
    after = moved(before, key, place % len(before))
    assert movers(before, after, meant=key) == ({key} if list(before) != after else set())


@given(orders, st.randoms())
def test_where_nobody_else_moved_everybody_gets_the_recorded_place(before, random):
    after = random.sample(before, random.randint(0, len(before)))
    was, becomes = recorded(before, after)
    staying = {key: place for key, place in places(before).items() if key in set(after)}
    assert merge(staying, was, becomes) == after


@given(orders, st.integers(0, 7), st.integers(0, 7), st.randoms())
def test_whoever_has_come_or_gone_meanwhile_everybody_has_one_place(before, which, place, random):
    key = before[which % len(before)]
    was, becomes = recorded(before, moved(before, key, place % len(before)))
    now = [*random.sample(before, random.randint(0, len(before))), "x", "y"]
    random.shuffle(now)
    there = {key: place for key, place in becomes.items() if key in now}
    assert sorted(merge(places(now), was, there, meant=key)) == sorted(now)


def test_a_move_is_taken_back_beside_its_old_neighbour():
    was, becomes = recorded("acdb", "abcd")  # b had been moved to the end
    assert merge(places("xadcb"), was, becomes, meant="b") == list("xadbc")


def test_whoever_comes_back_stands_before_the_one_it_stood_before():
    was, becomes = recorded("acd", "abcd")
    assert merge(places("dxca"), was, becomes, meant="b") == list("dxbca")
    assert merge(places("ax"), {}, {"b": 3}) == ["a", "x", "b"]


def test_places_are_put_in_order():
    assert ordered({"b": 1, "a": 0}) == ["a", "b"]
