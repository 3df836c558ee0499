"""Cohorts: as many people as the number says, exactly these in every question, and no result that outlives them."""

import threading

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team
from flows import queries
from flows.contexts.cohorts import place
from flows.engine.arrays import actor_key
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.models import Cohort, Dataset, FlowRun
from flows.services import charts, cohorts, datasets, runs, sets
from flows.services.imports import sweep_orphan_files
from flows.store import DamagedCohort, EventStore
from flows.store.disk import root
from tests.engine.cases import questions
from tests.engine.test_members import numbers
from tests.flows.shops import give, make_shop

VISIT = FlowQuery(start=("visit",))
SEARCHED = Selector(set="node", step=1, label="search")
NAMES = ["a", "b", "c", "d"]


@pytest.fixture
def shop(team: Team) -> Dataset:
    return make_shop(team)


@pytest.fixture
def cohort(shop, alice) -> Cohort:
    return cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name="Searched", by=alice)


def people(cohort: Cohort) -> set[int]:
    return set(EventStore(cohort.team_id).cohort(cohort).tolist())


def keys(*names: str) -> set[int]:
    return {actor_key(name) for name in names}


def among(kind: str, cohort: Cohort) -> FlowQuery:
    return FlowQuery(start=("visit", "help"), people=({kind: cohort.pk},))


def people_behind(query: FlowQuery, dataset: Dataset) -> set[int]:
    found = sets.people_of(dataset=dataset, query=query, selector=Selector(set="matched"))
    return set(found.keys.tolist())


# --- What is saved ------------------------------------------------------------------------------


def test_a_cohort_holds_the_people_behind_the_number(cohort, shop, alice):
    assert (cohort.count, cohort.people, cohort.dataset_version) == (3, 3, 1)
    assert (cohort.slug, cohort.owner, cohort.team_id) == ("searched", alice, shop.team_id)
    assert people(cohort) == keys("ann", "ben", "cem")
    assert FlowQuery.from_dict(cohort.query) == VISIT
    assert Selector.from_dict(cohort.selector) == SEARCHED


def test_questions_are_asked_of_the_people_of_a_cohort_and_of_all_others(cohort, shop):
    assert people_behind(among("in_cohort", cohort), shop) == keys("ann", "ben", "cem")
    assert people_behind(among("not_in_cohort", cohort), shop) == keys("dee", "zoe")
    assert runs.answer_now(dataset=shop, query=among("in_cohort", cohort))["units"]["matched"] == 3


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(st.tuples(st.integers(1, 5), st.sampled_from(NAMES), st.integers(0, 60)), min_size=1, max_size=40),
    query=questions(NAMES),
    pick=st.integers(0, 10**6),
)
def test_any_number_is_saved_as_exactly_its_people(team, rows, query, pick):
    with transaction.atomic():
        dataset = make_shop(team, rows=[*((f"p{who}", name, at / 60e6) for who, name, at in rows), *everybody()])
        flow = runs.answer_now(dataset=dataset, query=query)
        shown = [(number, selector) for number, selector in numbers(flow)]
        number, selector = shown[pick % len(shown)]
        if number:
            cohort = cohorts.save_cohort(dataset=dataset, query=query, selector=selector, name="It", by=None)
            assert cohort.count == number
            assert cohort.people == (number if query.count == "users" else len(people(cohort)))
            every = FlowQuery(start=tuple(NAMES), within=1)
            inside, outside = (
                people_behind(FlowQuery(start=tuple(NAMES), people=({kind: cohort.pk},)), dataset)
                for kind in ("in_cohort", "not_in_cohort")
            )
            assert inside == people(cohort)
            assert outside == people_behind(every, dataset) - inside
        else:
            with pytest.raises(QueryError, match="nobody is in it"):
                cohorts.save_cohort(dataset=dataset, query=query, selector=selector, name="It", by=None)
        transaction.set_rollback(True)


def everybody() -> list[tuple[str, str, float]]:
    return [("p9", name, 30 / 60e6) for name in NAMES]


def test_a_set_of_visits_has_fewer_people_than_visits(team):
    day = 60 * 24
    shop = make_shop(team, rows=[("ann", "visit", 0), ("ann", "visit", day), ("ben", "visit", 1)])
    query = FlowQuery(start=("visit",), count="sessions")
    cohort = cohorts.save_cohort(dataset=shop, query=query, selector=Selector(set="matched"), name="Visits", by=None)
    assert (cohort.count, cohort.people) == (3, 2)


def test_a_set_that_is_not_as_large_as_its_number_is_not_kept(shop, monkeypatch):
    result = runs.answer_now(dataset=shop, query=VISIT)
    next(node for node in result["nodes"] if node["label"] == "search")["count"] += 1
    FlowRun.objects.update(result=result)
    with pytest.raises(sets.NotTheNumber):
        cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name="Searched", by=None)
    assert not Cohort.objects.exists()
    assert not list(root().rglob("*.people"))


def test_the_version_that_a_number_is_of_can_be_named(shop):
    give(shop, [("eve", "visit", 0), ("eve", "search", 1)])
    old, new = (
        cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name=f"At {v}", by=None, version=v)
        for v in (1, None)
    )
    assert (old.count, old.dataset_version, new.count, new.dataset_version) == (3, 1, 4, 2)
    with pytest.raises(QueryError, match="version: must be a whole number from 0 to 2"):
        cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name="Late", by=None, version=3)


def test_a_cohort_is_chosen_among_the_people_of_another(cohort, shop):
    query = FlowQuery(start=("search",), people=({"in_cohort": cohort.pk},))
    ordered = Selector(set="node", step=1, label="order")
    inner = cohorts.save_cohort(dataset=shop, query=query, selector=ordered, name="Ordered at once", by=None)
    assert people(inner) == keys("ann")


# --- Names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (" \0 ", "Give the cohort a name"),
        ("x" * 121, "at most 120"),
        ("\ud800", "character that is none"),
        (" Searched\n", "has a cohort “Searched” already"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_before_anything_is_computed(cohort, shop, name, said, monkeypatch):
    monkeypatch.setattr(sets, "people_of", None)
    with pytest.raises(ValidationError, match=said):
        cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name=name, by=None)


def test_names_are_unique_in_a_dataset_and_short_names_are_never_numbers(shop, team):
    other = make_shop(team, "other")
    saved = [
        cohorts.save_cohort(dataset=dataset, query=VISIT, selector=SEARCHED, name=name, by=None)
        for dataset, name in (
            *((shop, "2026"), (shop, "Früh & spät"), (shop, "Fruh, spat"), (shop, "漢字")),
            (other, "2026"),
        )
    ]
    assert [one.slug for one in saved] == ["cohort-2026", "fruh-spat", "fruh-spat-2", "cohort", "cohort-2026"]


def test_a_new_name_leaves_the_short_name(cohort, shop):
    cohorts.rename_cohort(cohort=cohort, name="Looked around")
    cohort.refresh_from_db()
    assert (cohort.name, cohort.slug) == ("Looked around", "searched")
    cohorts.rename_cohort(cohort=cohort, name="Looked around")
    cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name="Second", by=None)
    with pytest.raises(ValidationError, match="already"):
        cohorts.rename_cohort(cohort=cohort, name="Second")


def test_a_dataset_has_only_so_many_cohorts(cohort, shop, monkeypatch):
    monkeypatch.setattr(cohorts, "MOST", 1)
    with pytest.raises(ValidationError, match="Delete one first"):
        cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name="Second", by=None)


# --- Results and what they are of ---------------------------------------------------------------


def test_results_are_kept_for_the_people_that_they_are_of(cohort, shop):
    query = among("in_cohort", cohort)
    first = runs.answer_now(dataset=shop, query=query)
    assert runs.ask(dataset=shop, query=query).result == first
    # Without a new version of the events another set of people is another question.
    wider = Selector(set="matched")
    Cohort.objects.filter(pk=cohort.pk).update(selector=wider.to_dict())
    cohort = cohorts.refresh_cohort(cohort=Cohort.objects.get(pk=cohort.pk))
    assert cohort.people == 4
    assert queries.live_run(shop, query) is None
    assert queries.last_answer(shop, query) is None
    assert runs.answer_now(dataset=shop, query=query)["units"]["matched"] == 4


def test_a_refresh_that_finds_the_same_people_keeps_results(cohort, shop):
    query = among("in_cohort", cohort)
    first = runs.ask(dataset=shop, query=query)
    cohorts.refresh_cohort(cohort=cohort)
    assert runs.ask(dataset=shop, query=query) == first


def test_a_run_whose_cohort_was_refreshed_since_it_was_asked_is_not_answered(cohort, shop):
    query = among("in_cohort", cohort)
    run = runs.ask(dataset=shop, query=query)
    Cohort.objects.filter(pk=cohort.pk).update(selector=Selector(set="matched").to_dict())
    cohorts.refresh_cohort(cohort=Cohort.objects.get(pk=cohort.pk))
    runs.run_flow(team_id=shop.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.result) == ("failed", None)
    assert "refreshed since this was asked" in run.error
    again = runs.ask(dataset=shop, query=query)
    runs.run_flow(team_id=shop.team_id, run_id=again.pk)
    again.refresh_from_db()
    assert again.result["units"]["matched"] == 4


def test_the_sweep_keeps_the_answer_of_a_chart_about_a_cohort(cohort, shop, team, alice, monkeypatch):
    query = among("in_cohort", cohort)
    charts.save_chart(team=team, dataset=shop, name="Searchers", query=query, owner=alice)
    runs.answer_now(dataset=shop, query=query)
    monkeypatch.setattr(runs, "RESULTS_KEPT", 0)
    assert runs.sweep_runs() == 0


def test_a_refresh_chooses_by_the_same_question_on_the_newest_events(cohort, shop, django_capture_on_commit_callbacks):
    before = root() / cohort.file
    give(shop, [("eve", "visit", 0), ("eve", "search", 1)])
    with django_capture_on_commit_callbacks(execute=True):
        fresh = cohorts.refresh_cohort(cohort=cohort)
        assert before.exists()
    assert not before.exists()
    assert (fresh.pk, fresh.count, fresh.dataset_version) == (cohort.pk, 4, 2)
    assert people(fresh) == keys("ann", "ben", "cem", "eve")
    with pytest.raises(DamagedCohort, match="Refresh the cohort"):
        people(cohort)


def test_a_slow_refresh_does_not_undo_a_later_one(cohort, shop, monkeypatch):
    give(shop, [("eve", "visit", 0), ("eve", "search", 1)])
    people_of = sets.people_of

    def overtaken(**asked):
        found = people_of(**asked | {"version": 1})
        monkeypatch.undo()
        cohorts.refresh_cohort(cohort=cohort)
        return found

    monkeypatch.setattr(sets, "people_of", overtaken)
    assert cohorts.refresh_cohort(cohort=cohort).dataset_version == 2
    cohort.refresh_from_db()
    assert (cohort.count, len(people(cohort))) == (4, 4)


def test_a_cohort_that_is_refreshed_to_nobody_is_empty(cohort, shop):
    Cohort.objects.filter(pk=cohort.pk).update(selector=Selector(set="node", step=1, label="zzz").to_dict())
    fresh = cohorts.refresh_cohort(cohort=Cohort.objects.get(pk=cohort.pk))
    assert people(fresh) == set()
    assert people_behind(among("in_cohort", fresh), shop) == set()


# --- Deleting -----------------------------------------------------------------------------------


def test_a_cohort_that_a_chart_asks_about_stays(cohort, shop, team, alice):
    saved = [
        charts.save_chart(team=team, dataset=shop, name=f"Chart {n}", query=among(kind, cohort), owner=alice)
        for n, kind in enumerate(("in_cohort", "not_in_cohort", "in_cohort", "in_cohort", "in_cohort"))
    ]
    with pytest.raises(cohorts.CohortInUse) as refused:
        cohorts.delete_cohort(cohort=cohort)
    assert refused.value.messages == [
        "Searched is asked about in “Chart 4”, “Chart 3”, “Chart 2” and 2 others. "
        "Change or delete what asks about it first."
    ]
    for chart in saved:
        charts.update_chart(chart=chart, name=chart.name, dataset=shop, query=VISIT)
    cohorts.delete_cohort(cohort=cohort)
    assert not Cohort.objects.exists()


def test_deleting_takes_the_row_first_and_the_file_afterwards(cohort, django_capture_on_commit_callbacks):
    path = root() / cohort.file
    with django_capture_on_commit_callbacks(execute=True):
        cohorts.delete_cohort(cohort=cohort)
        assert path.exists()
    assert not path.exists()
    for change in (cohorts.delete_cohort, cohorts.refresh_cohort):
        with pytest.raises(ValidationError, match="has been deleted"):
            change(cohort=cohort)
    with pytest.raises(ValidationError, match="has been deleted"):
        cohorts.rename_cohort(cohort=cohort, name="Other")


def test_the_answer_about_a_deleted_cohort_is_never_served(cohort, shop):
    query = among("in_cohort", cohort)
    runs.answer_now(dataset=shop, query=query)
    cohorts.delete_cohort(cohort=cohort)
    assert queries.live_run(shop, query) is None
    with pytest.raises(QueryError, match=f"^in_cohort: there is no cohort {cohort.pk}.$"):
        runs.answer_now(dataset=shop, query=query)


@pytest.mark.django_db(transaction=True)
def test_a_cohort_deleted_while_a_run_computes_does_not_disturb_it(team, monkeypatch):
    shop = make_shop(team)
    cohort = cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name="Searched", by=None)
    query = among("in_cohort", cohort)
    run = runs.ask(dataset=shop, query=query)
    opened, deleted = threading.Event(), threading.Event()
    compute = runs.compute_flow

    def slowly(*args, **kwargs):
        opened.set()
        assert deleted.wait(30)
        return compute(*args, **kwargs)

    def delete():
        assert opened.wait(30)
        cohorts.delete_cohort(cohort=cohort)
        connection.close()
        deleted.set()

    monkeypatch.setattr(runs, "compute_flow", slowly)
    deletion = threading.Thread(target=delete)
    deletion.start()
    runs.run_flow(team_id=team.pk, run_id=run.pk)
    deletion.join()
    run.refresh_from_db()
    assert not (root() / cohort.file).exists()
    assert (run.status, run.result["units"]["matched"]) == ("done", 3)
    with pytest.raises(QueryError, match="there is no cohort"):
        runs.check(dataset=shop, query=query)
    late = runs.ask(dataset=shop, query=query)
    runs.run_flow(team_id=team.pk, run_id=late.pk)
    late.refresh_from_db()
    assert (late.pk != run.pk, late.status, late.error) == (
        True,
        "failed",
        f"in_cohort: there is no cohort {cohort.pk}.",
    )


@pytest.mark.django_db(transaction=True)
def test_a_file_that_goes_between_row_and_opening_is_looked_up_again(team, monkeypatch):
    shop = make_shop(team)
    cohort = cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name="Searched", by=None)
    open_ = EventStore.cohort

    def late(self, row):
        if row.file == cohort.file:
            cohorts.refresh_cohort(cohort=cohort)
        return open_(self, row)

    monkeypatch.setattr(EventStore, "cohort", late)
    named, found = runs.open_cohorts(dataset=shop, query=among("in_cohort", cohort))
    assert named[0].file != cohort.file
    assert set(found[cohort.pk].tolist()) == keys("ann", "ben", "cem")


@pytest.mark.django_db(transaction=True)
def test_of_many_who_save_under_one_name_one_does(team):
    shop = make_shop(team)
    together = threading.Barrier(4)
    said = []

    def save():
        together.wait()
        try:
            cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name="Searched", by=None)
        except ValidationError as error:
            said.append(error.messages[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["Shop has a cohort “Searched” already. Choose another name."] * 3
    assert [str(path.relative_to(root())) for path in root().rglob("*.people")] == [Cohort.objects.get().file]


def test_a_dataset_deleted_meanwhile_takes_no_cohort(shop, monkeypatch):
    people_of = sets.people_of

    def and_then_it_goes(**asked):
        found = people_of(**asked)
        Dataset.objects.filter(pk=shop.pk).delete()
        return found

    monkeypatch.setattr(sets, "people_of", and_then_it_goes)
    with pytest.raises(ValidationError, match="Shop has been deleted"):
        cohorts.save_cohort(dataset=shop, query=VISIT, selector=SEARCHED, name="Searched", by=None)
    assert not list(root().rglob("*.people"))


def test_a_deleted_dataset_takes_its_cohorts_along(cohort, shop, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        datasets.delete_dataset(dataset=shop)
    assert not Cohort.objects.exists()
    assert not list(root().rglob("*.people"))


# --- Files --------------------------------------------------------------------------------------


def test_the_sweep_knows_the_files_of_cohorts(cohort, monkeypatch):
    monkeypatch.setattr("flows.services.orphans.MARGIN", -1.0)
    stranger = (root() / cohort.file).with_name("0123.people")
    stranger.write_bytes(b"x")
    sweep_orphan_files()
    assert not stranger.exists()
    assert people(cohort) == keys("ann", "ben", "cem")


def test_a_damaged_file_is_said_and_never_used(cohort, shop):
    path = root() / cohort.file
    kept = path.read_bytes()
    query = among("in_cohort", cohort)
    for number, spoiled in enumerate((kept[:-1], kept[:-8], b"\0" * len(kept), None)):
        path.unlink() if spoiled is None else path.write_bytes(spoiled)
        run = runs.ask(dataset=shop, query=FlowQuery(**{**_fields(query), "steps": number + 1}))
        runs.run_flow(team_id=shop.team_id, run_id=run.pk)
        run.refresh_from_db()
        assert run.status == "failed"
        assert run.error.startswith("The people of cohort “Searched” cannot be read")
    assert people(cohorts.refresh_cohort(cohort=cohort)) == keys("ann", "ben", "cem")


def _fields(query: FlowQuery) -> dict[str, object]:
    return {"start": query.start, "people": query.people}


def test_keys_on_disk_are_plain(cohort):
    raw = np.fromfile(root() / cohort.file, "<u8")
    assert raw.tolist() == sorted(keys("ann", "ben", "cem"))


# --- Tenants ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["in_cohort", "not_in_cohort"])
def test_the_cohort_of_another_dataset_or_team_does_not_exist(cohort, team, charlie, kind):
    theirs = make_shop(charlie.memberships.get().team)
    other = make_shop(team, "other")
    for dataset in (theirs, other):
        for pk in (cohort.pk, 0, -1, 2**63, 10**30):
            query = FlowQuery(start=("visit",), people=({kind: pk},))
            said = rf"^{kind}: there is no cohort {pk}\.$"
            with pytest.raises(QueryError, match=said):
                runs.check(dataset=dataset, query=query)
            with pytest.raises(QueryError, match=said):
                cohorts.save_cohort(dataset=dataset, query=query, selector=SEARCHED, name="Stolen", by=charlie)
    run = runs.ask(dataset=theirs, query=FlowQuery(start=("visit",), people=({kind: cohort.pk},)))
    runs.run_flow(team_id=theirs.team_id, run_id=run.pk)
    run.refresh_from_db()
    assert (run.status, run.error) == ("failed", f"{kind}: there is no cohort {cohort.pk}.")


def test_the_store_of_one_team_opens_no_cohort_of_another(cohort):
    with pytest.raises(ValueError, match="another team"):
        EventStore(cohort.team_id + 1).cohort(cohort)


# --- Words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        (Selector(set="matched"), "All of them"),
        (Selector(set="converted"), "Whoever reached the end"),
        (Selector(set="node", step=1, label="search", state="dropped"), "search at step 1, entered"),
        (Selector(set="node", step=2, kind="other"), "Other at step 2"),
        (Selector(set="link", step=0, source="a", target_kind="other"), "a → Other at step 0"),
        (Selector(set="path", path=("a", "\u202eb"), state="cut"), "a → b, before step 3"),
    ],
)
def test_where_people_stand_is_said_in_words(selector, said):
    assert place(FlowQuery(end=("order",), steps=3), selector) == said
