"""The page of a chart: every state of it is in its address, and it is one view for a page and for its parts."""

import re
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Team
from flows.engine.query import HOUR, FlowQuery
from flows.models import Dataset, FlowChart, FlowRun
from flows.services import charts, jobs, runs
from flows.views import asking as views
from tests.flows.shops import give, make_shop

VISIT = FlowQuery(start=("visit",))
SCRIPT = "<script>alert(1)</script>"
RIGHT_TO_LEFT = "\N{RIGHT-TO-LEFT OVERRIDE}right to left\N{POP DIRECTIONAL FORMATTING}"
HOSTILE = [
    ("ann", SCRIPT, 0),
    ("ann", RIGHT_TO_LEFT, 1),
    ("ann", '"quotes" & <b>', 2),
    ("ann", "🧑‍🚀" * 40, 3),
    ("ann", "x" * 300, 4),
]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(views, "PATIENCE", 0.0)


@pytest.fixture
def shop(team) -> Dataset:
    return make_shop(team)


@pytest.fixture
def saved(team, shop, alice) -> FlowChart:
    return charts.save_chart(team=team, dataset=shop, name="After a visit", query=VISIT, owner=alice)


def url(team, pk: int | None = None, **params) -> str:
    args = [team.slug] if pk is None else [team.slug, pk]
    path = reverse("flows:new" if pk is None else "flows:chart", args=args)
    return f"{path}?{urlencode(params, doseq=True)}" if params else path


def node(step: int | str, label: str | None = None) -> dict[str, object]:
    """The parameters that open a node; without a label it is Other."""
    return {"set": "node", "step": step, **({"kind": "other"} if label is None else {"label": label})}


def htmx(target: str, trigger: str = "question") -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target, "HX-Trigger": trigger}


def page_of(response):
    return response.context["page"]


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode())).replace("\xa0", " ")


# --- What is on the page ------------------------------------------------------------------------


@pytest.mark.usefixtures("worker")
def test_a_question_in_the_address_is_answered(editor, team, shop):
    response = editor.get(url(team, start="visit", steps=3))
    assert response.status_code == 200
    assert page_of(response).chart.start == 4
    text = text_of(response)
    assert "Of people who did visit, what did they do next, within 7 days, in 3 steps?" in text
    assert "Every step adds up: 4 =" in text
    assert "Not saved" in text


def test_without_a_question_the_most_frequent_events_are_offered(editor, team, shop):
    response = editor.get(url(team))
    assert [s.choice.name for s in page_of(response).suggestions] == ["visit", "search", "help", "order"]
    assert not FlowRun.objects.exists()


def test_without_events_the_page_leads_to_the_import(editor, team):
    response = editor.get(url(team))
    assert reverse("flows:data", args=[team.slug]) in response.content.decode()
    assert "Import events" in response.content.decode()


@pytest.mark.usefixtures("worker")
def test_a_saved_chart_asks_its_question(editor, team, saved):
    page = page_of(editor.get(url(team, saved.pk)))
    assert (page.form.query, page.is_changed, page.url) == (VISIT, False, url(team, saved.pk))


@pytest.mark.usefixtures("worker")
def test_a_saved_chart_with_another_question_has_changed(editor, team, saved):
    response = editor.get(url(team, saved.pk, dataset="shop", start="visit", steps=2))
    assert page_of(response).is_changed
    assert "Changed" in text_of(response)
    assert "Save as new" in text_of(response)


@pytest.mark.usefixtures("worker")
def test_the_saved_question_needs_no_parameters(editor, team, saved):
    page = page_of(editor.get(url(team, saved.pk, dataset="shop", start="visit", steps=5, within="7 days")))
    assert (page.is_changed, page.url) == (False, url(team, saved.pk))


@pytest.mark.usefixtures("worker")
def test_the_address_says_only_what_differs(editor, team, shop):
    page = page_of(
        editor.get(
            url(team, end="order", start="", steps=5, top=8, within="1h", max_gap="", count="users", view="paths")
        )
    )
    assert page.url == url(team, dataset="shop", end="order", within="1h", view="paths")


@pytest.mark.usefixtures("worker")
def test_a_range_of_days_is_meant_in_the_zone_of_the_team(editor, team, shop):
    team.time_zone = "America/New_York"
    team.save()
    query = page_of(editor.get(url(team, start="visit", **{"from": "2026-03-02", "to": "2026-03-02"}))).form.query
    assert query.range_to - query.range_from == 24 * HOUR
    assert query.canonical()["from"] == "2026-03-02T05:00:00Z"


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("view", "says"),
    [("paths", "Top paths"), ("table", "Steps"), ("sankey", "people started"), ("nonsense", "people started")],
)
def test_one_result_has_several_views(editor, team, shop, view, says):
    response = editor.get(url(team, start="visit", view=view))
    assert says in text_of(response)


@pytest.mark.usefixtures("worker")
def test_listed_paths_hold_everybody(editor, team, shop):
    page = page_of(editor.get(url(team, start="visit", view="paths")))
    assert page.paths.count == page.chart.start == 4
    assert {tuple(step.name for step in path.steps) for path in page.paths.rows} >= {("visit", "help")}


# --- The selected node --------------------------------------------------------------------------


@pytest.mark.usefixtures("worker")
def test_the_panel_adds_up_on_both_sides(editor, team, shop):
    panel = page_of(editor.get(url(team, start="visit", **node(1, "search")))).panel
    assert (panel.name, panel.count, panel.bases[0].share) == ("search", 3, "75.0\xa0%")
    assert [(row.name, row.count) for row in panel.before] == [("visit", 3)]
    assert sum(row.count for row in panel.after) == 3
    # Times are exact to one per cent.
    assert [(row.name, row.count, row.median[:5].strip()) for row in panel.times_after] == [
        ("order", 1, "4\xa0min"),
        ("visit", 1, "7\xa0min"),
    ]
    assert [(row.name, row.count) for row in panel.after if row.key] == [("Dropped", 1)]


@pytest.mark.usefixtures("worker")
def test_read_backwards_the_panel_tells_time_forwards(editor, team, shop):
    panel = page_of(editor.get(url(team, end="order", **node(1, "search")))).panel
    assert [row.name for row in panel.after] == ["order"]
    assert [row.name for row in panel.before] == ["visit"]


@pytest.mark.usefixtures("worker")
def test_other_can_be_opened_and_is_no_event(editor, team, shop):
    page = page_of(editor.get(url(team, start="visit", top=1, **node(1))))
    assert (page.panel.name, page.panel.is_other) == ("Other", True)
    assert [(action.name, action.url) for action in page.actions] == [
        ("Show more of Other", url(team, dataset="shop", start="visit", top=1, tops="1:2"))
    ]


@pytest.mark.usefixtures("worker")
def test_actions_ask_other_questions(editor, team, shop):
    actions = {a.name: a.url for a in page_of(editor.get(url(team, start="visit", **node(1, "search")))).actions}
    assert actions["Start here"] == url(team, dataset="shop", start="search")
    assert actions["End here"] == url(team, dataset="shop", end="search")
    assert actions["Hide"] == url(team, dataset="shop", hide="search", start="visit")
    assert actions["Exclude"] == url(team, dataset="shop", exclude="search", start="visit")
    for address in actions.values():
        assert page_of(editor.get(address)).chart is not None


@pytest.mark.usefixtures("worker")
def test_an_anchor_is_never_offered_to_be_hidden(editor, team, shop):
    actions = {action.name for action in page_of(editor.get(url(team, start="visit", **node(0, "visit")))).actions}
    assert actions == {"Start here", "End here"}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    "params",
    [
        *(node(step, label) for step, label in ((9, "visit"), (1, "nope"), ("x", "visit"), (1, ""), ("", ""))),
        *(node(step, label) for step, label in ((999, "visit"), ("٣", "visit"), (1, "\0"))),
        {"set": "link", "step": 0, "source": "visit", "target": "nope"},
        {"set": "path", "path": ["visit", "visit"], "state": "cut"},
        {"set": "matched", "state": "converted"},
        {"set": "everything"},
        {"set": "node"},
    ],
)
def test_a_number_that_is_not_there_closes_the_panel(editor, team, shop, params):
    page = page_of(editor.get(url(team, start="visit", **params)))
    assert (page.panel, page.address.picked) == (None, None)


# --- Bad questions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"start": "nope"}, "start"),
        ({"start": "visit", "hide": "visit"}, "hide"),
        ({"start": "visit", "steps": "0"}, "steps"),
        ({"start": "visit", "steps": "21"}, "steps"),
        ({"start": "visit", "steps": "many"}, "steps"),
        ({"start": "visit", "top": "51"}, "top"),
        ({"start": "visit", "within": "soon"}, "within"),
        ({"start": "visit", "within": "0 days"}, "within"),
        ({"start": "visit", "session_gap": "-3"}, "session_gap"),
        ({"start": "visit", "max_gap": "1 moon"}, "max_gap"),
        ({"start": "visit", "count": "cats"}, "count"),
        ({"start": "visit", "occurrence": "middle"}, "occurrence"),
        ({"start": "visit", "collapse": "all"}, "collapse"),
        ({"start": "visit", "from": "yesterday"}, "from"),
        ({"start": "visit", "from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ({"start": ["visit", SCRIPT, "\0"]}, "start"),
        ({"only": "visit"}, "start"),
    ],
)
def test_a_bad_question_is_told_at_its_control(editor, team, shop, params, field):
    response = editor.get(url(team, **params))
    page = page_of(response)
    assert response.status_code == 200
    assert list(page.builder.errors) == [field]
    assert page.is_invalid
    assert "Traceback" not in response.content.decode()
    assert SCRIPT not in response.content.decode()
    assert not FlowRun.objects.exists()


def test_an_unknown_dataset_is_not_found(editor, team, shop, charlie):
    make_shop(charlie.teams.get(), "theirs")
    assert editor.get(url(team, dataset="nope", start="visit")).status_code == 404
    assert editor.get(url(team, dataset="theirs", start="visit")).status_code == 404
    assert editor.get(url(team, dataset="no\0pe", start="visit")).status_code == 404


@pytest.mark.usefixtures("worker")
def test_hostile_names_are_text(editor, team):
    make_shop(team, rows=HOSTILE)
    for view in ("sankey", "paths", "table"):
        for picked in (node(0, SCRIPT), node(1, RIGHT_TO_LEFT)):
            body = editor.get(url(team, start=SCRIPT, view=view, **picked)).content.decode()
            assert SCRIPT not in body
            assert "<b>" not in re.sub(r"<b>[^<]*</b>", "", body)
            check_nesting(body)


def test_a_question_that_is_no_longer_understood_says_so(editor, team, saved):
    FlowChart.objects.update(query={"start": ["visit"], "magic": True})
    response = editor.get(url(team, saved.pk))
    assert response.status_code == 200


# --- Another dataset ----------------------------------------------------------------------------


@pytest.mark.usefixtures("worker")
def test_changing_the_dataset_keeps_what_it_has(editor, team, shop):
    make_shop(team, "other", [("ann", "visit", 0), ("ann", "pay", 3)])
    params = {"asked": "shop", "dataset": "other", "start": ["visit", "search"], "hide": "help", "steps": 3}
    query = page_of(editor.get(url(team, **params, **{"from": "2020-01-01"}))).form.query
    assert (query.start, query.hide, query.steps, query.range_from) == (("visit",), (), 3, None)


# --- Waiting ------------------------------------------------------------------------------------


def test_a_question_that_is_not_answered_yet_shows_that_it_is_on_its_way(editor, team, shop):
    response = editor.get(url(team, start="visit"))
    run = FlowRun.objects.get()
    page = page_of(response)
    assert (page.is_waiting, page.chart, page.waiting_url) == (True, None, f"{page.url}&run={run.pk}")
    assert "Waiting for a free worker" in text_of(response)
    assert 'http-equiv="refresh"' in response.content.decode()
    again = editor.get(page.waiting_url, headers=htmx("answer", "ticking"))
    assert again["HX-Retarget"] == "#ticking"
    assert "Cancel" not in again.content.decode()
    assert "HX-Push-Url" not in again
    runs.run_flow(team_id=team.pk, run_id=run.pk)
    done = editor.get(page.waiting_url, headers=htmx("answer", "ticking"))
    assert "HX-Retarget" not in done
    assert page_of(done).chart.start == 4
    assert FlowRun.objects.count() == 1


def test_the_last_answer_stays_while_new_events_are_counted(editor, team, shop):
    runs.answer_now(dataset=shop, query=VISIT)
    give(shop, [("eve", "visit", 1)])
    page = page_of(editor.get(url(team, start="visit")))
    assert (page.is_waiting, page.is_stale, page.chart.start) == (True, True, 4)


def test_who_waits_for_a_run_that_fails_is_told_and_does_not_begin_it_again(editor, team, shop):
    page = page_of(editor.get(url(team, start="visit")))
    FlowRun.objects.update(status="failed", error="The disk is full.")
    response = editor.get(page.waiting_url, headers=htmx("answer", "ticking"))
    assert "The disk is full." in text_of(response)
    assert FlowRun.objects.count() == 1
    editor.get(page.url)
    assert FlowRun.objects.count() == 2


def test_somebody_elses_run_is_never_waited_for(editor, team, shop, charlie):
    theirs = make_shop(charlie.teams.get())
    run = runs.ask(dataset=theirs, query=VISIT)
    page = page_of(editor.get(url(team, start="visit", run=run.pk)))
    assert page.run.dataset == shop


def test_cancelling_stops_and_comes_back_without_asking_again(editor, team, shop):
    page = page_of(editor.get(url(team, start="visit")))
    run = FlowRun.objects.get()
    cancel = reverse("flows:cancel_run", args=[team.slug, run.pk])
    response = editor.post(cancel, {"next": page.url}, follow=True)
    assert "Cancelled" in text_of(response)
    run.refresh_from_db()
    assert (run.status, FlowRun.objects.count()) == ("cancelled", 1)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/t/north-bank/flows/", "/admin/", ""])
def test_cancelling_never_leads_elsewhere(editor, team, shop, elsewhere):
    run = runs.ask(dataset=shop, query=VISIT)
    response = editor.post(reverse("flows:cancel_run", args=[team.slug, run.pk]), {"next": elsewhere})
    assert response.url == reverse("flows:list", args=[team.slug])


def test_a_short_wait_spares_the_progress_bar(monkeypatch, editor, team, shop):
    monkeypatch.setattr(views, "PATIENCE", 30.0)

    def finish_soon(*args):
        run = FlowRun.objects.get()
        if run.status == "queued":
            runs.run_flow(team_id=team.pk, run_id=run.pk)

    monkeypatch.setattr(runs.time, "sleep", finish_soon)
    assert page_of(editor.get(url(team, start="visit"))).chart.start == 4


# --- The page and its parts ---------------------------------------------------------------------


@pytest.mark.usefixtures("worker")
def test_a_change_of_the_form_answers_with_what_changes(editor, team, shop):
    whole = editor.get(url(team, start="visit")).content.decode()
    response = editor.get(url(team, dataset="shop", start="visit", steps=5), headers=htmx("answer"))
    part = response.content.decode()
    assert "<html" not in part
    assert response["HX-Push-Url"] == url(team, dataset="shop", start="visit")
    assert response["Vary"].count("HX-Request") == 1
    assert 'id="question"' not in part
    for name in set(re.findall(r'id="([\w-]+)"[^>]*hx-swap-oob', part)):
        assert f'id="{name}"' in whole, f"{name} has no place on the page"
    check_nesting(part)
    check_nesting(whole)


@pytest.mark.usefixtures("worker")
def test_another_question_brings_its_builder(editor, team, shop):
    part = editor.get(url(team, start="search"), headers=htmx("content", "")).content.decode()
    assert 'id="question"' in part
    assert 'id="answer"' in part
    assert "<html" not in part


@pytest.mark.usefixtures("worker")
def test_going_back_gets_the_whole_page(editor, team, shop):
    headers = {**htmx("content"), "HX-History-Restore-Request": "true"}
    assert "<html" in editor.get(url(team, start="visit"), headers=headers).content.decode()


def test_a_bad_change_keeps_the_answer(editor, team, shop):
    response = editor.get(url(team, start="visit", within="soon"), headers=htmx("answer"))
    assert response["HX-Retarget"] == "#waiting"
    assert "Within: “soon” is not a length of time" in text_of(response)
    assert "within=soon" in response["HX-Push-Url"]


# --- Saving -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("worker")
def test_saving_keeps_question_name_and_owner(editor, team, shop, bob):
    response = editor.post(url(team, start="visit", steps=3), {"name": "Mine", "action": "save"})
    chart = FlowChart.objects.get()
    assert response.url == url(team, chart.pk)
    assert (chart.name, chart.owner, chart.query["steps"]) == ("Mine", bob, 3)


def test_a_chart_without_a_name_is_called_after_its_question(editor, team, shop):
    editor.post(url(team, start="visit", end="order"), {"name": ""})
    assert FlowChart.objects.get().name == "From visit to order"


def test_saving_over_and_saving_as_new(editor, team, saved, alice, bob):
    changed = url(team, saved.pk, dataset="shop", start="visit", steps=2)
    editor.post(changed, {"name": "Copy", "action": "save_as"})
    saved.refresh_from_db()
    assert (saved.name, saved.query["steps"]) == ("After a visit", 5)
    assert FlowChart.objects.get(name="Copy").owner == bob
    editor.post(changed, {"name": "Renamed", "action": "save"})
    saved.refresh_from_db()
    assert (saved.name, saved.query["steps"], saved.owner) == ("Renamed", 2, alice)


def test_a_bad_question_is_not_saved(editor, team, saved):
    for address in (url(team, start="nope"), url(team), url(team, saved.pk, dataset="shop", start="nope")):
        response = editor.post(address, {"name": "x"})
        assert response.status_code == 422
        assert "message--bad" in response.content.decode()
    assert editor.post(url(team, start="visit"), {"name": "x" * 121}).status_code == 422
    assert FlowChart.objects.count() == 1


def test_a_copy_and_the_end_of_a_chart(editor, team, saved):
    copy = editor.post(reverse("flows:duplicate_chart", args=[team.slug, saved.pk]))
    assert copy.url == url(team, FlowChart.objects.latest("pk").pk)
    editor.post(reverse("flows:delete_chart", args=[team.slug, saved.pk]))
    assert FlowChart.objects.get().name == "After a visit (copy)"


# --- Who may what -------------------------------------------------------------------------------


@pytest.mark.usefixtures("worker")
def test_a_viewer_explores_and_saves_nothing(sign_in, vera, team, saved):
    viewer = sign_in(vera)
    response = viewer.get(url(team, saved.pk, dataset="shop", start="search"))
    assert page_of(response).chart.start == 3
    assert 'id="save"' not in response.content.decode()
    assert viewer.post(url(team, start="visit"), {"name": "x"}).status_code == 403
    assert viewer.post(url(team, saved.pk), {"name": "x"}).status_code == 403
    for name in ("duplicate_chart", "delete_chart"):
        assert viewer.post(reverse(f"flows:{name}", args=[team.slug, saved.pk])).status_code == 403
    assert FlowChart.objects.count() == 1


def test_a_stranger_finds_nothing(sign_in, charlie, team, saved):
    stranger = sign_in(charlie)
    run = runs.ask(dataset=saved.dataset, query=VISIT)
    theirs = charlie.teams.get()
    for address in (url(team), url(team, saved.pk), reverse("flows:list", args=[team.slug]), url(theirs, saved.pk)):
        assert stranger.get(address).status_code == 404
    for slug in (team.slug, theirs.slug):
        assert stranger.post(reverse("flows:cancel_run", args=[slug, run.pk])).status_code == 404
    assert stranger.get(reverse("flows:events", args=[theirs.slug, "shop"])).status_code == 404
    assert not jobs.mine(run).exists()
    assert FlowRun.objects.get().status == "queued"


# --- Pickers and the list -----------------------------------------------------------------------


def test_names_are_found_by_a_part_of_them(editor, team, shop):
    response = editor.get(reverse("flows:events", args=[team.slug, "shop"]), {"q": "SEA", "for": "hide"})
    assert re.findall(r'name="(\w+)" value="(\w+)"', response.content.decode()) == [("hide", "search")]
    assert editor.get(reverse("flows:events", args=[team.slug, "shop"]), {"q": "\0"}).status_code == 200


def test_a_big_catalogue_is_offered_in_part(editor, team):
    rows = [("ann", f"event {n:03}", n) for n in range(150)] + [("ben", "event 149", 500)]
    make_shop(team, rows=rows)
    page = page_of(editor.get(url(team, start="event 120", steps=99)))
    picker = page.builder.pickers["start"]
    assert (picker.total, picker.is_cut, len(picker.offered)) == (150, True, 101)
    assert [choice.name for choice in picker.offered if choice.chosen] == ["event 120"]


def test_the_list_tells_every_question_in_words(editor, team, saved):
    text = text_of(editor.get(reverse("flows:list", args=[team.slug])))
    assert "Of people who did visit, what did they do next, within 7 days, in 5 steps?" in text
    assert "Alice" in text


def test_an_empty_list_says_what_to_do(editor, team):
    assert "Import events" in text_of(editor.get(reverse("flows:list", args=[team.slug])))
    make_shop(team)
    assert "New chart" in text_of(editor.get(reverse("flows:list", args=[team.slug])))


def test_ten_more_charts_cost_no_more_queries(editor, team, saved, alice, django_assert_num_queries):
    address = reverse("flows:list", args=[team.slug])
    editor.get(address)
    counted = count_queries(editor, address)
    for number in range(10):
        charts.save_chart(team=team, dataset=saved.dataset, name=str(number), query=VISIT, owner=alice)
    with django_assert_num_queries(counted):
        editor.get(address)


@pytest.mark.usefixtures("worker")
def test_a_bigger_chart_costs_no_more_queries(editor, team, shop, django_assert_num_queries):
    editor.get(url(team, start="visit", steps=1))
    counted = count_queries(editor, url(team, start="visit", steps=1))
    give(shop, [("fay", f"event {n}", n / 10) for n in range(30)] + [("fay", "visit", 0)])
    editor.get(url(team, start=["visit", "search"], hide="help", steps=9))
    with django_assert_num_queries(counted):
        editor.get(url(team, start=["visit", "search"], hide="help", steps=9))


def count_queries(client, address: str) -> int:

    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


class Nesting(HTMLParser):
    """Every element is closed by its own end tag, and no id is given twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in ("meta", "link", "input", "br", "hr", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"


def check_nesting(html: str) -> None:
    found = Nesting()
    found.feed(html)
    assert found.open in ([], ["option"])
    assert len(set(found.ids)) == len(found.ids), sorted(found.ids)


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "9999-12-31", "9999-12-31T23:30:00Z"],
)
@pytest.mark.parametrize("field", ["from", "to"])
def test_a_moment_at_the_end_of_all_time_is_a_mistake_of_the_form(field, moment, team, vera, sign_in):
    Team.objects.filter(pk=team.pk).update(time_zone="Europe/Amsterdam")
    make_shop(team)
    answer = sign_in(vera).get(f"/t/north-bank/flows/new/?dataset=shop&start=visit&{field}={moment}")
    assert answer.status_code in (200, 422)
    assert "1900" in answer.content.decode() or "is not a date" in answer.content.decode()
