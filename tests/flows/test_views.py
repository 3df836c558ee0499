"""The views of one result: every number of each is a set with as many people, and all of them agree."""

import re

import pytest
from django.urls import reverse

from flows.engine.query import FlowQuery
from flows.services import charts, runs
from tests.flows.shops import make_shop

ROWS = [
    *((who, "visit", 0) for who in ("ann", "ben", "cem", "dee", "eve", "fay")),
    *((who, "search", 5) for who in ("ann", "ben", "cem", "fay")),
    *((who, "look", 6) for who in ("ann", "ben", "eve")),
    *((who, "search", 7) for who in ("ann", "eve")),
    *((who, "order", 9) for who in ("ann", "ben")),
    ("dee", "help", 2),
    ("zoe", "help", 60 * 24 * 30),
]


@pytest.fixture
def shop(team):
    shop = make_shop(team, rows=ROWS)
    for query in (FlowQuery(start=("visit",)), FlowQuery(start=("visit",), top=1), FlowQuery(end=("order",))):
        runs.answer_now(dataset=shop, query=query)
    return shop


@pytest.fixture
def client(sign_in, vera):
    return sign_in(vera)


QUESTIONS = [{"start": "visit"}, {"start": "visit", "top": "1"}, {"end": "order"}]


def show(client, team, **params):
    return client.get(reverse("flows:new", args=[team.slug]), params)


def listed(client, url):
    """How many people stand behind an address: of a panel, or of a page of people."""
    page = None if "/people/" in url else client.get(url).context["page"]
    total = client.get(page.people_url if page else url).context["set"].total
    assert page is None or total == page.panel.count
    return total


def branches(row):
    yield row
    for each in row.rows:
        yield from branches(each)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_number_of_the_tree_is_a_set_and_every_branch_adds_up(client, team, shop, question):
    page = show(client, team, **question, view="tree").context["page"]
    rows = list(branches(page.tree.root))
    assert page.tree.root.count == page.chart.start
    assert len(rows) > 4
    closed = 0
    for row in rows:
        assert listed(client, row.people_url) == row.count
        if row.more_url:
            closed += 1
            found = client.get(row.more_url).context["row"]
            assert (found.name, found.count) == (row.name, row.count)
            row = found
        ends = sum(end.count for end in row.ends)
        assert row.count == sum(each.count for each in row.rows) + row.rest + ends
        for end in row.ends:
            assert listed(client, end.url) == end.count
    assert closed or question.get("end")


def test_a_branch_can_be_seen_alone_and_one_that_is_not_there_is_said(client, team, shop):
    page = show(client, team, start="visit", view="tree", root=["visit", "search"]).context["page"]
    assert (page.tree.root.name, page.tree.root.count) == ("search", 4)
    assert [name for name, _ in page.tree.crumbs] == ["Everybody", "visit", "search"]
    answer = show(client, team, start="visit", view="tree", root=["visit", "no such <event>"])
    assert "No path begins so." in answer.content.decode()
    answer = client.get(reverse("flows:new_tree", args=[team.slug]), {"start": "visit", "root": "visit", "version": 77})
    assert answer.status_code == 409
    assert "load the page again" in answer.content.decode()


@pytest.mark.parametrize("question", QUESTIONS)
def test_rows_of_the_matrix_add_up_and_a_number_at_one_step_is_a_set(client, team, shop, question):
    page = show(client, team, **question, view="matrix").context["page"]
    whole = page.matrix
    passed = sum(node["count"] for node in page.shown.result["nodes"])
    assert whole.total == sum(row.total for row in whole.rows) == passed
    opened = 0
    matrices = [client.get(choice.url).context["page"].matrix for choice in whole.choices]
    for matrix in matrices:
        for row in matrix.rows:
            assert row.total == sum(cell.count for cell in row.cells)
            if row.url:
                assert listed(client, row.url) == row.total
            for cell in row.cells:
                if cell.count and "set=" in cell.url.replace("dataset=", ""):
                    assert listed(client, cell.url) == cell.count
                    opened += 1
                elif cell.count:
                    # It stands at several steps, and leads to one of them.
                    assert matrix.step is None
                    assert "between=" in cell.url
    assert opened > 6
    assert sum(matrix.total for matrix in matrices[1:]) == whole.total


def everything(matrix):
    return {
        row.heading.name: {c.name: n.count for c, n in zip(matrix.columns, row.cells, strict=True) if n.count}
        for row in matrix.rows
    }


@pytest.mark.parametrize("question", [{"start": "visit"}, {"end": "order"}])
def test_all_transitions_are_also_those_outside_the_flow(client, team, shop, question):
    inside = show(client, team, **question, view="matrix").context["page"].matrix
    answer = client.get(inside.everything.url)
    whole = answer.context["page"].matrix
    assert everything(whole) == {
        "visit": {"search": 4, "look": 1, "help": 1},
        "search": {"look": 2, "order": 1, "Last": 3},
        "look": {"search": 2, "order": 1},
        "order": {"Last": 2},
        "help": {"Last": 2},
    }
    assert (whole.total, whole.within, whole.step) == (len(ROWS), "person", None)
    assert (whole.everything.current, [choice for choice in whole.choices if choice.current]) == (True, [])
    assert all(row.total == sum(cell.count for cell in row.cells) and not row.url for row in whole.rows)
    assert "the same person, also outside the flow" in answer.content.decode()
    assert everything(client.get(whole.choices[0].url).context["page"].matrix) == everything(inside)


def test_all_transitions_keep_to_the_rules_and_filters_of_the_flow(client, team, shop, alice):
    query = FlowQuery(
        start=("visit",),
        rules=({"match": "regex", "pattern": "^(look|search)$", "label": "browse"},),
        hide=("help",),
        people=({"did": "order"},),
        count="sessions",
    )
    by_id = FlowQuery(start=("visit",), count="sessions", session_by="id")
    for each, want in ((query, {"visit": {"browse": 2}, "browse": {"order": 2}, "order": {"Last": 2}}), (by_id, {})):
        runs.answer_now(dataset=shop, query=each)
        saved = charts.save_chart(team=team, dataset=shop, name="Chart", query=each, owner=alice)
        path = reverse("flows:chart", args=[team.slug, saved.pk])
        matrix = client.get(path, {"view": "matrix", "between": "everything"}).context["page"].matrix
        assert everything(matrix) == want
        assert bool(matrix.problem) == (not want)


def test_paths_are_sorted_and_searched_by_the_address(client, team, shop):
    page = show(client, team, start="visit", view="paths").context["page"]
    assert page.paths.count == page.chart.start == 6
    longest = client.get(page.paths.orders["length"].url).context["page"].paths
    lengths = [len(row.steps) for row in longest.rows]
    assert lengths == sorted(lengths, reverse=True)
    answer = show(client, team, start="visit", view="paths", find="LOO sear", sort="path")
    found = answer.context["page"].paths
    assert [[step.name for step in row.steps][1] for row in found.rows] == ["look", "search", "search"]
    assert (found.listed, found.count) == (len(page.paths.rows), 3)
    assert re.search(r'name="sort" value="path"', answer.content.decode())
    assert "No listed path holds" in show(client, team, start="visit", view="paths", find="\x00%'").content.decode()


def test_another_view_forgets_how_one_was_looked_at(client, team, shop):
    page = show(client, team, start="visit", view="paths", find="look", between="1").context["page"]
    assert page.url.endswith("view=paths&find=look")
    assert all("find" not in tab.url for tab in page.tabs if not tab.current)
