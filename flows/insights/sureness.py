"""How sure differences of shares are, where several are looked at together."""

from collections.abc import Sequence

from flows.engine.compare import adjust_p_values, too_small, two_proportion_test


def adjusted(tables: Sequence[tuple[int, int, int, int]]) -> list[float | None]:
    """p values of k₁ of n₁ against k₂ of n₂, adjusted for their number; None, and no part in it, where too small.

    >>> adjusted([(45, 100, 60, 100), (1, 100, 2, 100)])[1] is None
    True
    """
    tests = [None if too_small(*table) else two_proportion_test(*table) for table in tables]
    values = iter(adjust_p_values([test[1] for test in tests if test]).tolist())
    return [next(values) if test else None for test in tests]
