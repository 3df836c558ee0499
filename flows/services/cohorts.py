"""Saved sets of people. The file with their keys is on disk before the row names it, and goes after the row."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import User
from flows import queries
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.engine.spot import Spot
from flows.hashing import Keys
from flows.models import Cohort, Dataset
from flows.questions import Analysis, read, read_number
from flows.services import sets, spots
from flows.services.names import readable
from flows.store import NewKeys, write_keys
from flows.store.disk import remove, root

CHARTS_NAMED = 3
MOST = 500  # for each dataset


class CohortInUse(ValidationError):
    """A saved chart asks about the cohort, so it stays."""


def save_cohort(
    *,
    dataset: Dataset,
    query: FlowQuery | Analysis,
    selector: Selector | Spot,
    name: str,
    by: User | None,
    version: int | None = None,
) -> Cohort:
    """Save the people behind a number, as they are in a version of the events; the newest one if none is named.

    Raises ValidationError for the name, QueryError for the question and the set, DamagedSegment, Busy, NotTheNumber.
    """
    name = readable(name, "cohort")
    _check_room(dataset, name)
    found = _people(dataset, query, selector, version)
    if not found.count:
        raise QueryError("set", "set: nobody is in it.")
    with _written(dataset, found.keys) as new, transaction.atomic():
        _lock(dataset)
        _check_room(dataset, name)
        return Cohort.objects.create(
            team_id=dataset.team_id,
            dataset=dataset,
            name=name,
            slug=_slug(dataset, name),
            query=query.canonical(),
            selector=selector.to_dict(),
            dataset_version=found.dataset_version,
            count=found.count,
            people=new.people,
            file=new.file,
            checksum=new.checksum,
            owner=by,
        )


def rename_cohort(*, cohort: Cohort, name: str) -> Cohort:
    """Its short name stays, for scripts that know it. Raises ValidationError."""
    name = readable(name, "cohort")
    with transaction.atomic():
        _lock(cohort.dataset)
        _check_is_free(cohort.dataset, name, besides=cohort.pk)
        row = _locked(cohort)
        row.name = name
        row.save(update_fields=["name"])
    return row


def refresh_cohort(*, cohort: Cohort) -> Cohort:
    """Choose the people anew, by the same question on the newest events.

    Raises QueryError where it can no longer be answered, ValidationError where the cohort has gone, DamagedSegment,
    Busy, NotTheNumber.
    """
    born = origin(cohort)
    if born is None:
        raise QueryError("query", "query: the question of this cohort is no longer understood.")
    found = _people(cohort.dataset, *born)
    with _written(cohort.dataset, found.keys) as new, transaction.atomic():
        row = _locked(cohort)
        if row.dataset_version > found.dataset_version:  # another refresh was later, and quicker
            new.discard()
            return row
        old = row.file
        row.dataset_version, row.count, row.people = found.dataset_version, found.count, new.people
        row.file, row.checksum, row.refreshed_at = new.file, new.checksum, timezone.now()
        row.save(update_fields=["dataset_version", "count", "people", "file", "checksum", "refreshed_at"])
        transaction.on_commit(partial(remove, root() / old), robust=True)
    return row


@transaction.atomic
def delete_cohort(*, cohort: Cohort) -> None:
    """Raises CohortInUse where a saved chart asks about it. Cohorts that were chosen among its people keep theirs."""
    charts = list(queries.charts_about(cohort).values_list("name", flat=True))
    if charts:
        others = len(charts) - CHARTS_NAMED
        names = ", ".join(f"“{name}”" for name in charts[:CHARTS_NAMED]) + (f" and {others} others" * (others > 0))
        raise CohortInUse(f"{cohort.name} is asked about in {names}. Change or delete what asks about it first.")
    row = _locked(cohort)
    row.delete()
    transaction.on_commit(partial(remove, root() / row.file), robust=True)


def origin(cohort: Cohort) -> tuple[FlowQuery | Analysis, Selector | Spot] | None:
    """The question, and the number of its answer that the people stand behind; None if no longer understood."""
    try:
        return read(cohort.query), read_number(cohort.selector)
    except QueryError:
        return None


def _people(
    dataset: Dataset, query: FlowQuery | Analysis, selector: Selector | Spot, version: int | None = None
) -> sets.SetPeople:
    if isinstance(selector, Spot):
        return spots.people_of_spot(dataset=dataset, question=query, spot=selector, version=version)
    if isinstance(query, Analysis):
        raise QueryError("set", f"set: a {query.kind} has no number “{selector.set}”.")
    return sets.people_of(dataset=dataset, query=query, selector=selector, version=version)


@contextmanager
def _written(dataset: Dataset, keys: Keys) -> Iterator[NewKeys]:
    """Keys on disk for as long as nothing fails."""
    new = write_keys(keys, team_id=dataset.team_id, dataset_id=dataset.pk)
    try:
        yield new
    except BaseException:
        new.discard()
        raise


def _lock(dataset: Dataset) -> None:
    """Names of cohorts are given out one at a time. Readers and running imports go on."""
    if Dataset.objects.select_for_update(no_key=True).filter(pk=dataset.pk).first() is None:
        raise ValidationError(f"{dataset.name} has been deleted.")


def _locked(cohort: Cohort) -> Cohort:
    row = Cohort.objects.select_for_update().filter(pk=cohort.pk).first()
    if row is None:
        raise ValidationError(f"The cohort “{cohort.name}” has been deleted.")
    return row


def _check_room(dataset: Dataset, name: str) -> None:
    _check_is_free(dataset, name)
    if Cohort.objects.filter(dataset=dataset).count() >= MOST:
        raise ValidationError(f"{dataset.name} has {MOST} cohorts, which is as many as it can have. Delete one first.")


def _check_is_free(dataset: Dataset, name: str, besides: int = 0) -> None:
    if Cohort.objects.filter(dataset=dataset, name=name).exclude(pk=besides).exists():
        raise ValidationError(f"{dataset.name} has a cohort “{name}” already. Choose another name.")


def _slug(dataset: Dataset, name: str) -> str:
    """A short name for scripts, which is never a number, so that it is not taken for an id."""
    base = slugify(name)[:40].strip("-_")
    if not base or base.isdigit():
        base = f"cohort-{base}".strip("-")
    taken = set(Cohort.objects.filter(dataset=dataset, slug__startswith=base).values_list("slug", flat=True))
    numbered = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
    return next(slug for slug in numbered if slug not in taken)
