"""The files of the store against the rows that name them."""

from collections.abc import Iterator
from pathlib import Path

from flows.models import Cohort, Dataset, Segment
from flows.services.compaction import superseded_files
from flows.services.orphans import MARGIN, unnamed_files
from flows.store.disk import root, team_home
from flows.store.verify import Problem, verify_cohort, verify_segment


def verify_events(
    *, team_id: int | None = None, dataset: Dataset | None = None, repair: bool = False
) -> Iterator[tuple[Segment, list[Problem]]]:
    """Every segment of a dataset, a team or everybody, one by one, with what is wrong with it.

    Segments that another one replaced count as long as their files may be needed; those that go meanwhile do not.
    """
    segments = Segment.objects.order_by("team_id", "dataset_id", "import_number", "pk")
    if team_id is not None:
        segments = segments.filter(team_id=team_id)
    if dataset is not None:
        segments = segments.filter(dataset=dataset)
    over = superseded_files(MARGIN)
    for segment in segments.iterator(chunk_size=100):
        if segment.file in over:
            continue
        problems = verify_segment(segment, repair=repair)
        if problems and not _is_needed(segment):
            continue
        yield segment, problems


def verify_cohorts(
    *, team_id: int | None = None, dataset: Dataset | None = None
) -> Iterator[tuple[Cohort, list[Problem]]]:
    """Every cohort of a dataset, a team or everybody, with what is wrong with it; without those that go meanwhile."""
    cohorts = Cohort.objects.order_by("team_id", "dataset_id", "pk")
    if team_id is not None:
        cohorts = cohorts.filter(team_id=team_id)
    if dataset is not None:
        cohorts = cohorts.filter(dataset=dataset)
    for cohort in cohorts.iterator(chunk_size=100):
        problems = verify_cohort(cohort)
        if problems and not Cohort.objects.filter(pk=cohort.pk, file=cohort.file).exists():
            continue
        yield cohort, problems


def unnamed(*, team_id: int | None = None, dataset: Dataset | None = None) -> list[str]:
    """Paths below the store that no row names; those of uploads and imports under way are among them while fresh."""
    home = root() if team_id is None else team_home(team_id)
    if dataset is not None:
        home = team_home(dataset.team_id) / str(dataset.pk)
    return sorted(str(path.relative_to(root())) for path in unnamed_files() if _is_below(path, home))


def _is_needed(segment: Segment) -> bool:
    return Segment.objects.filter(pk=segment.pk).exists() and segment.file not in superseded_files(MARGIN)


def _is_below(path: Path, home: Path) -> bool:
    return path.is_relative_to(home)
