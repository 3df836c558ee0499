import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from flows.models import Cohort, Dataset, EventName
from flows.services import cohorts
from tests.flows.events import HEAD, bring_in, make_dataset, make_import

pytestmark = pytest.mark.django_db

TEXT = f"{HEAD}\nanna,2024-01-01,view\nbob,2024-01-03T09:40:00Z,buy\nbob,never,buy\n"


def url(name: str, team, **rest: object) -> str:
    return reverse(f"flows:{name}", kwargs={"team_slug": team.slug, **rest})


@pytest.fixture
def dataset(team) -> Dataset:
    found = make_dataset(team)
    bring_in(found, TEXT)
    found.refresh_from_db()
    return found


def test_the_list_shows_each_dataset(dataset, team, vera, sign_in):
    page = sign_in(vera).get(url("data", team)).text
    assert "Web and app" in page
    assert "3 Jan 2024, 09:40" in page
    assert "New dataset" not in page


def test_without_data_the_list_says_what_to_do(team, bob, vera, sign_in):
    assert "Create dataset" in sign_in(bob).get(url("data", team)).text
    assert "Editors of this team can make one" in sign_in(vera).get(url("data", team)).text


def test_an_editor_makes_a_dataset(team, bob, sign_in):
    response = sign_in(bob).post(url("data", team), {"name": "Support desk"})
    made = Dataset.objects.get()
    assert (made.team, made.name, made.slug) == (team, "Support desk", "support-desk")
    assert response.url == url("dataset", team, dataset_slug="support-desk")


def test_a_dataset_needs_a_name(team, bob, sign_in):
    response = sign_in(bob).post(url("data", team), {"name": " "})
    assert response.status_code == 422
    assert not Dataset.objects.exists()


def test_the_page_shows_imports_and_names(dataset, team, vera, sign_in):
    page = sign_in(vera).get(url("dataset", team, dataset_slug=dataset.slug)).text
    assert "events.csv" in page
    assert ">view<" in page
    assert "Drop a file" not in page
    assert "Delete" not in page
    assert '<dd class="fig__n">2</dd>' in page


def test_names_are_searched_and_paged(dataset, team, vera, sign_in):
    EventName.objects.bulk_create(
        EventName(
            team=team,
            dataset=dataset,
            name=f"step {i:03}",
            events=1,
            first_at=dataset.data_from,
            last_at=dataset.data_from,
        )
        for i in range(120)
    )
    client, address = sign_in(vera), url("dataset", team, dataset_slug=dataset.slug)
    page = client.get(address, {"q": "STEP", "page": "2"}).text
    assert "step 050" in page
    assert "step 049" not in page
    assert "51 to 100 of 120" in page
    part = client.get(address, {"q": "buy"}, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert 'id="names"' in part
    assert "buy" in part
    assert "step 0" not in part
    assert "No event name has" in client.get(address, {"q": "<b>\0"}).text


def test_a_stranger_sees_nothing(dataset, team, charlie, sign_in):
    client = sign_in(charlie)
    for address in (url("data", team), url("dataset", team, dataset_slug=dataset.slug)):
        assert client.get(address).status_code == 404
    assert client.post(url("data", team), {"name": "Mine"}).status_code == 404
    assert client.post(url("delete_dataset", team, dataset_slug=dataset.slug)).status_code == 404
    own = url("dataset", charlie.memberships.get().team, dataset_slug=dataset.slug)
    assert client.get(own).status_code == 404


def test_who_only_looks_changes_nothing(dataset, team, vera, carol, bob, sign_in):
    for user in (vera, carol):
        assert sign_in(user).post(url("data", team), {"name": "Mine"}).status_code == 403
    for user in (vera, carol, bob):
        assert sign_in(user).post(url("delete_dataset", team, dataset_slug=dataset.slug)).status_code == 403
    assert Dataset.objects.count() == 1


def test_an_admin_deletes_a_dataset(dataset, team, adam, sign_in):
    response = sign_in(adam).post(url("delete_dataset", team, dataset_slug=dataset.slug), follow=True)
    assert not Dataset.objects.exists()
    assert "Web and app and its events are deleted." in response.text


def test_a_damaged_dataset_still_has_a_page(dataset, team, vera, sign_in, settings):
    for path in (settings.DATA_DIR / "store").rglob("*.parquet"):
        if path.parent.name == str(dataset.pk):
            path.unlink()
    assert sign_in(vera).get(url("dataset", team, dataset_slug=dataset.slug)).status_code == 200


def test_cohorts_are_listed_with_what_they_are(dataset, team, vera, bob, sign_in):
    client, address = sign_in(vera), url("dataset", team, dataset_slug=dataset.slug)
    assert "Cohorts" not in client.get(address).text
    save_cohort(dataset, "Buyers <b>", Selector(set="node", step=0, label="buy"), by=bob)
    save_cohort(dataset, "Everybody", Selector(set="matched", state="open"), by=None)
    page = client.get(address).text
    assert "Buyers &lt;b&gt;" in page
    assert "buy at step 0" in page
    assert "All of them, open" in page
    assert "Of people who did buy" in page
    Cohort.objects.update(query={"magic": 1})
    assert "Its question is no longer understood" in client.get(address).text


def save_cohort(dataset: Dataset, name: str, selector: Selector, by: User | None) -> Cohort:
    dataset.refresh_from_db()
    query = FlowQuery(start=("buy",), within=1)
    return cohorts.save_cohort(dataset=dataset, query=query, selector=selector, name=name, by=by)


def test_queries_do_not_grow_with_rows(dataset, team, bob, sign_in, django_assert_num_queries):
    client = sign_in(bob)
    pages = [url("data", team), url("dataset", team, dataset_slug=dataset.slug)]
    everybody = Selector(set="matched")
    save_cohort(dataset, "First", everybody, by=bob)
    make_import(dataset, TEXT, by=bob)
    counts = []
    for page in pages:
        client.get(page)  # the number of people is looked up once for each version, and then remembered
        with CaptureQueriesContext(connection) as asked:
            client.get(page)
        counts.append(len(asked))
    for number in range(10):
        make_import(make_dataset(team, f"More {number}"), TEXT)
        make_import(dataset, TEXT, by=bob)
        save_cohort(dataset, f"More {number}", everybody, by=bob)
    for page, count in zip(pages, counts, strict=True):
        with django_assert_num_queries(count):
            client.get(page)
