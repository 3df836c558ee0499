"""Every model of ours can be managed, and its pages open with real rows in them."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from flows.models import Cohort, Dataset, Import, Job
from flows.services import charts, cohorts, runs
from maps.library import LIFECYCLE
from maps.models import Card, JourneyMap, Opportunity, Persona
from maps.services import create_map
from tests.flows.shops import give, make_shop
from tests.maps.shape import assert_logged

OURS = [model for app in ("accounts", "flows", "maps") for model in apps.get_app_config(app).get_models()]
MANAGED = [model for model in OURS if not model._meta.auto_created]


@pytest.fixture
def chief(alice, sign_in):
    alice.is_staff = alice.is_superuser = True
    alice.save()
    return sign_in(alice)


@pytest.fixture
def rows(team, alice):
    create_map(team=team, by=alice, title="Journey", template=LIFECYCLE)
    Persona.objects.create(team=team, name="Sanne")
    dataset = make_shop(team)
    runs.ask(dataset=dataset, query=FlowQuery(start=("visit",)))
    cohorts.save_cohort(
        dataset=dataset, query=FlowQuery(start=("visit",)), selector=Selector(set="matched"), name="All", by=alice
    )
    Import.objects.create(team=team, dataset=dataset, number=1, filename="x.csv", status=Job.Status.FAILED)


def test_every_model_is_registered():
    assert {model for model in MANAGED if not admin.site.is_registered(model)} == set()


@pytest.mark.usefixtures("rows")
@pytest.mark.filterwarnings("error::django.utils.deprecation.RemovedInDjango60Warning")
def test_the_pages_of_every_model_open_and_can_be_searched(chief):
    for model in MANAGED:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert chief.get(reverse(f"{base}_changelist"), {"q": "a"}).status_code == 200, model
        row = model._default_manager.first()
        if row is not None:
            assert chief.get(reverse(f"{base}_change", args=[row.pk])).status_code == 200, model


@pytest.mark.usefixtures("rows")
def test_a_failed_import_is_put_back_into_the_queue(chief):
    import_ = Import.objects.get()
    form = {"action": "queue_again", "_selected_action": [import_.pk]}
    chief.post(reverse("admin:flows_import_changelist"), form)
    import_.refresh_from_db()
    assert import_.status == Job.Status.QUEUED


@pytest.mark.usefixtures("rows")
def test_cohorts_are_refreshed_and_deleted_through_their_service(chief, team, alice):
    cohort, dataset = Cohort.objects.get(), Dataset.objects.get()
    changes = reverse("admin:flows_cohort_changelist")
    give(dataset, [("eve", "visit", 1)])
    form = {"_selected_action": [cohort.pk]}
    assert "Refreshed 1." in chief.post(changes, {"action": "refresh_cohorts", **form}, follow=True).text
    assert Cohort.objects.get().people == 5
    about = FlowQuery(start=("visit",), people=({"in_cohort": cohort.pk},))
    chart = charts.save_chart(team=team, dataset=dataset, name="Chart", query=about, owner=alice)
    refused = chief.post(changes, {"action": "delete_cohorts", **form}, follow=True).text
    assert "All is asked about in “Chart”" in refused
    charts.delete_chart(chart=chart)
    chief.post(changes, {"action": "delete_cohorts", **form})
    assert not Cohort.objects.exists()


@pytest.mark.usefixtures("rows")
def test_what_is_mended_in_a_map_is_part_of_its_log(chief, alice):
    journey = JourneyMap.objects.get()
    lane = journey.lanes.first()
    form = {"title": "Mended", "role": lane.role, "collapsed": "on"}
    assert chief.post(reverse("admin:maps_lane_change", args=[lane.pk]), form).status_code == 302
    persona = Persona.objects.get()
    form = {"title": "New title", "kind": "journey", "state": "current", "status": "live", "review_days": 90}
    form |= {"owner": alice.pk, "personas": [persona.pk]} | {
        f"{part}-{name}_FORMS": 0 for part in ("stages", "lanes") for name in ("TOTAL", "INITIAL")
    }
    assert chief.post(reverse("admin:maps_journeymap_change", args=[journey.pk]), form).status_code == 302
    idea = Opportunity.objects.first()
    form = {"value": 5, "business_value": 5, "effort": 1, "status": "done", "link": ""}
    assert chief.post(reverse("admin:maps_opportunity_change", args=[idea.pk]), form).status_code == 302
    journey.refresh_from_db()
    lane.refresh_from_db()
    assert (journey.title, lane.title, list(journey.personas.all())) == ("New title", "Mended", [persona])
    assert Card.objects.get(pk=idea.card_id).version == 2
    assert [operation.actor for operation in journey.operations.all()] == [alice] * 4
    assert_logged(journey)
