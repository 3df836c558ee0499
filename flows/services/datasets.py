"""Datasets are made empty and deleted whole."""

import secrets
from functools import partial

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts.models import Team
from flows.models import Dataset, Import
from flows.store.disk import remove, root, team_home

_TRIES = 20


def create_dataset(*, team: Team, name: str, slug: str = "") -> Dataset:
    """Make a dataset; without `slug` its address is made of the name, with a number or letters where that is taken.

    Raises IntegrityError if `slug` is given and taken.
    """
    if slug:
        return Dataset.objects.create(team=team, name=name, slug=slug)
    base = slugify(name)[:50].strip("-") or "events"
    for number in range(1, _TRIES):
        try:
            with transaction.atomic():
                return Dataset.objects.create(team=team, name=name, slug=base if number == 1 else f"{base}-{number}")
        except IntegrityError:
            continue
    return Dataset.objects.create(team=team, name=name, slug=f"{base}-{secrets.token_hex(4)}")


@transaction.atomic
def delete_dataset(*, dataset: Dataset) -> None:
    """Delete a dataset with its events, imports, charts and results. Files go once the rows are gone."""
    imports = Import.objects.filter(dataset=dataset)
    doomed = [partial(import_.file.storage.delete, str(import_.file.name)) for import_ in imports]
    rejects = [root() / file for file in imports.exclude(rejects_file="").values_list("rejects_file", flat=True)]
    doomed += [partial(remove, path) for path in (*rejects, team_home(dataset.team_id) / str(dataset.pk))]
    dataset.delete()
    for deletion in doomed:
        transaction.on_commit(deletion, robust=True)
