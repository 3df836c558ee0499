"""What the commands about events look up, and how they refuse."""

from django.core.management.base import CommandError

from accounts.models import Team
from flows.models import Cohort, Dataset
from flows.queries import BIGGEST_ID


class Refused(CommandError):
    """The command cannot do what it was asked: one line on stderr, exit status 2 unless another is named."""

    def __init__(self, text: object, status: int = 2) -> None:
        super().__init__(" ".join(str(text).split()), returncode=status)


def team_named(slug: str) -> Team:
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        raise Refused(f"there is no team “{slug}”.")
    return team


def dataset_named(team: Team, slug: str) -> Dataset:
    dataset = Dataset.objects.filter(team=team, slug=slug).first()
    if dataset is None:
        slugs = list(Dataset.objects.filter(team=team).values_list("slug", flat=True)[:10])
        others = f"it has {', '.join(slugs)}" if slugs else "it has none yet"
        raise Refused(f"there is no dataset “{slug}” in {team.name}; {others}.")
    return dataset


def cohort_named(dataset: Dataset, text: str) -> Cohort:
    """By its short name or its id; short names are never numbers."""
    cohorts = Cohort.objects.filter(dataset=dataset)
    if text.isascii() and text.isdigit():
        found = cohorts.filter(pk=min(int(text[:20]), BIGGEST_ID)).first()
    else:
        found = cohorts.filter(slug=text).first()
    if found is None:
        slugs = list(cohorts.values_list("slug", flat=True)[:10])
        others = f"it has {', '.join(slugs)}" if slugs else "it has none yet"
        raise Refused(f"there is no cohort “{text}” in {dataset.name}; {others}.")
    return found
