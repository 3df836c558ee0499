"""Makes the sample team and takes it away again."""

from datetime import UTC, datetime, time

from allauth.account.models import EmailAddress
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from accounts.models import Team, User
from accounts.services import create_team
from flows.models import Dataset
from flows.services import charts, datasets, imports
from maps.models import JourneyMap
from maps.sample.charts import CHARTS
from maps.sample.events import as_csv_gz, events
from maps.sample.journey import MAP
from maps.services import create_map, update_map

SEED = 7
NAME = "Sample shop"
EMAIL = "sample@journeymap.example"
COLUMNS = {"actor": "person", "event": "event", "time": "time", "insert_id": "insert_id"}


class NotSample(Exception):
    """The team was made by people, and is not removed as if it were sample data."""


def make_sample_account(*, password: str, manages: bool) -> Team | None:
    """The sample sign-in with its team, events included; None if the account exists, with or without its team.

    With `manages` it may use the admin site, where it stands for everybody who uses the product; without, it may not,
    even if it could before.
    """
    with transaction.atomic():
        user, new = User.objects.get_or_create(email=EMAIL, defaults={"name": "Sam Sample"})
        user.is_staff = user.is_superuser = manages
        if not user.check_password(password):  # A new hash of the same password would sign everybody out.
            user.set_password(password)
        user.save(update_fields=["is_staff", "is_superuser", "password"])
        # Nobody could open a link that is sent to this address.
        EmailAddress.objects.update_or_create(user=user, email=EMAIL, defaults={"verified": True, "primary": True})
        if not new:
            return None
        team = _draw(user)
    _import_events(team, user, wait=True)
    return team


def make_sample_team(*, owner: User) -> Team:
    """A team with a map, three charts and about 60 000 events that end today, which a worker brings in."""
    with transaction.atomic():
        team = _draw(owner)
    _import_events(team, owner, wait=False)
    return team


def _draw(owner: User) -> Team:
    team = create_team(name=NAME, owner=owner, time_zone="Europe/Amsterdam", is_sample=True)
    journey = create_map(team=team, by=owner, title=MAP.title, template=MAP)
    update_map(journey=journey, by=owner, status=JourneyMap.Status.LIVE)
    dataset = datasets.create_dataset(team=team, name="Shop and app")
    for name, query in reversed(CHARTS.items()):
        charts.save_chart(team=team, dataset=dataset, name=name, query=query, owner=owner)
    return team


def _import_events(team: Team, owner: User, *, wait: bool) -> None:
    dataset = Dataset.objects.get(team=team)
    today = datetime.combine(timezone.now().date(), time(), tzinfo=UTC)
    content = ContentFile(as_csv_gz(events(seed=SEED, end=today)))
    import_ = imports.create_import(dataset=dataset, file=content, filename="shop-and-app.csv.gz", by=owner)
    imports.confirm_columns(import_=import_, mapping=COLUMNS)
    imports.queue(import_=import_, ring=not wait)
    if wait:
        imports.run_import(team_id=team.pk, import_id=import_.pk)


@transaction.atomic
def remove_sample_team(*, team: Team) -> None:
    """Delete the sample team with everything in it. Raises NotSample for any other team."""
    if not team.is_sample:
        raise NotSample(team.slug)
    # Maps before what stands on them, which is the order in which every change of a map takes its locks.
    list(JourneyMap.objects.select_for_update().filter(team=team).order_by("pk"))
    for dataset in Dataset.objects.filter(team=team):
        datasets.delete_dataset(dataset=dataset)
    team.delete()
