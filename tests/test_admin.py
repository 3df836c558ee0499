"""Every model of ours can be managed, and its pages open with real rows in them."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from flows.engine.query import FlowQuery
from flows.models import Import, Job
from flows.services import runs
from maps.library import LIFECYCLE
from maps.models import Persona
from maps.services import create_map
from tests.flows.shops import make_shop

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
    Import.objects.create(team=team, dataset=dataset, number=1, filename="x.csv", status=Job.Status.FAILED)


def test_every_model_is_registered():
    assert {model for model in MANAGED if not admin.site.is_registered(model)} == set()


@pytest.mark.usefixtures("rows")
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
