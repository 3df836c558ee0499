import pytest
from django.test import Client

from accounts.models import Team, User
from maps import services
from maps.library import TEMPLATES
from maps.models import Card, JourneyMap, Lane, Step


@pytest.fixture
def journey(team: Team, bob: User) -> JourneyMap:
    """The lifecycle template as it comes: five stages, nine steps, six lanes."""
    return services.create_map(team=team, by=bob, title="First visit", template=TEMPLATES["lifecycle"])


@pytest.fixture
def bobs(sign_in, bob: User) -> Client:
    return sign_in(bob)


@pytest.fixture
def elsewhere(charlie: User) -> JourneyMap:
    """A map of the team of charlie, who is a stranger here."""
    team = charlie.teams.get()
    return services.create_map(team=team, by=charlie, title="Not yours", template=TEMPLATES["lifecycle"])


@pytest.fixture
def card(journey: JourneyMap) -> Card:
    return Card.objects.get(cell__lane__map=journey, body="Searches for a way out")


@pytest.fixture
def lanes(journey: JourneyMap) -> dict[str, Lane]:
    return {lane.title: lane for lane in journey.lanes.all()}


@pytest.fixture
def steps(journey: JourneyMap) -> dict[str, Step]:
    return {step.name: step for step in Step.objects.filter(stage__map=journey)}
