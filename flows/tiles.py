"""What other apps offer to dashboards. Each registers its kind here as it starts; charts need none."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import Model, QuerySet

from accounts.models import Team

Options = list[tuple[str, str]]  # what `value` gives, and its name
_kinds: dict[str, "Kind"] = {}


class Kind(ABC):
    """How the things of one model stand on dashboards, whole or one part of them.

    A thing has a `team_id`, and a GenericRelation to Tile, so that its tiles go with it.
    """

    name: ClassVar[str]
    model: ClassVar[type[Model]]
    template: ClassVar[str]  # Needs: shown (what `shown` gives). May have: url, for members

    def value(self, target: Model, part: UUID | None = None) -> str:
        """What the picker sends."""
        return f"{self.name}-{target.pk}" + (f"-{part}" if part else "")

    @abstractmethod
    def rows(self) -> QuerySet[Any]:
        """All of them, with what the methods below read."""

    @abstractmethod
    def parts(self, target: Any) -> Iterable[UUID]: ...

    @abstractmethod
    def offered(self, team: Team) -> Iterator[tuple[str, Options]]:
        """Groups of the picker, in a number of queries that does not depend on how many there are."""

    @abstractmethod
    def title(self, target: Any, part: UUID | None) -> str: ...

    @abstractmethod
    def url(self, team: Team, target: Any, part: UUID | None) -> str: ...

    @abstractmethod
    def shown(self, target: Any, part: UUID | None) -> Any: ...


def register(kind: Kind) -> None:
    _kinds[kind.name] = kind


def kinds() -> list[Kind]:
    return list(_kinds.values())


def with_targets() -> GenericPrefetch:
    """For tiles: brings the targets of each kind at once."""
    return GenericPrefetch("target", [kind.rows() for kind in kinds()])


def kind_of(target: Model | None) -> Kind | None:
    return next((kind for kind in _kinds.values() if isinstance(target, kind.model)), None)
