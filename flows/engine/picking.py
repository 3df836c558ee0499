"""What says which number of an answer is meant, in a form that fits into an address or a JSON document."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Self

from flows.engine.query import QueryError


class Picked:
    """A frozen dataclass of texts, whole numbers and lists of texts, of which ``set`` is the first.

    ``takes`` says for each set which of the others it takes, ``wholes`` which are whole numbers, ``lists`` which are
    lists.
    """

    __slots__ = ()
    takes: ClassVar[Mapping[str, Collection[str]]]
    wholes: ClassVar[tuple[str, ...]] = ()
    lists: ClassVar[tuple[str, ...]] = ()

    def check_takes(self) -> None:
        """Raises QueryError if there is no such set, or if it does not take what is given."""
        kind, *others = _fields(self)
        kind = getattr(self, kind.name)
        if not isinstance(kind, str) or kind not in self.takes:
            raise QueryError("set", f"set: must be one of {', '.join(self.takes)}.")
        for each in others:
            if each.name not in self.takes[kind] and getattr(self, each.name) != each.default:
                raise QueryError(each.name, f"{each.name}: says nothing about the set “{kind}”.")

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Self:
        """Read what :meth:`to_dict` wrote. Raises QueryError naming the field."""
        known = {each.name for each in _fields(cls)}
        for key in data:
            if key not in known:
                raise QueryError(str(key), f"{str(key)[:80]}: there is no such option of a set.")
        return cls(**{"set": "", **data})

    def to_dict(self) -> dict[str, object]:
        """JSON-able, without defaults; equal values give equal dicts."""
        given = {each.name: getattr(self, each.name) for each in _fields(self)}
        kept = {each.name: given[each.name] for each in _fields(self) if given[each.name] != each.default}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}

    @classmethod
    def from_params(cls, params: Mapping[str, Sequence[str]]) -> Self:
        """Read the parameters of an address; those of something else are passed over.

        Raises
        ------
        QueryError
            Naming the field.
        """
        data: dict[str, object] = {}
        for each in _fields(cls):
            values = params.get(each.name)
            if not values:
                continue
            data[each.name] = list(values) if each.name in cls.lists else values[-1]
            if each.name in cls.wholes:
                if not (values[-1].isascii() and values[-1].isdigit() and len(values[-1]) <= 4):
                    raise QueryError(each.name, f"{each.name}: must be a whole number.")
                data[each.name] = int(values[-1])
        return cls.from_dict(data)

    def to_params(self) -> list[tuple[str, str]]:
        """Parameters for an address, in a fixed order; none is also an option of a question."""
        given = self.to_dict().items()
        return [(name, str(one)) for name, value in given for one in (value if isinstance(value, list) else [value])]


def _fields(of: Any) -> tuple[Any, ...]:
    return fields(of)
