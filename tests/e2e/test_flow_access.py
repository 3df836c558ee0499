"""Whether everybody can use the pages of flows: axe on every page and state, in light and in dark."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from accounts import sharing
from accounts.models import Team, User
from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from flows.models import Dashboard, FlowChart
from flows.questions import FunnelQuestion, RetentionQuestion, TrendQuestion
from flows.services import alerts, charts, cohorts, dashboards, runs
from tests.flows.shops import make_shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VISIT = FlowQuery(start=("visit",))
QUESTIONS = {
    "flow": VISIT,
    "funnel": FunnelQuestion(steps=(("visit",), ("search",), ("order",))),
    "retention": RetentionQuestion(first=("visit",)),
    "trend": TrendQuestion(),
}
SEARCH = "set=node&step=1&label=search"
COMPARED = "with=range&with-from=2026-03-01&with-to=2026-03-02"


@pytest.fixture
def saved(team: Team, bob: User) -> dict[str, FlowChart]:
    """A chart of each kind that is computed, an alert and a cohort."""
    shop = make_shop(team)
    made = {}
    for kind, query in QUESTIONS.items():
        made[kind] = charts.save_chart(team=team, dataset=shop, name=f"My {kind}", query=query, owner=bob)
        runs.answer_now(dataset=shop, query=query)
    searched = Selector(set="node", step=1, label="search")
    alerts.create_alert(
        chart=made["flow"], selector=searched, label="search at step 1", measure="count", rule="above",
        bound=3, people=[bob], webhook_url="https://93.184.216.34/hook", by=bob,
    )  # fmt: skip
    cohorts.save_cohort(dataset=shop, query=VISIT, selector=searched, name="Searchers", by=bob)
    return made


@pytest.fixture
def board(saved: dict[str, FlowChart], team: Team, bob: User) -> Dashboard:
    board = dashboards.create_dashboard(team=team, name="Weekly", by=bob)
    for chart in saved.values():
        tile = dashboards.add_tile(dashboard=board, chart=chart)
    dashboards.resize_tile(tile=tile, width=1, height=2)
    return board


def pages(team: Team, saved: dict[str, FlowChart], board: Dashboard, by: User) -> dict[str, str]:
    def at(name: str, *more: object) -> str:
        return reverse(f"flows:{name}", args=[team.slug, *more])

    flow, funnel = saved["flow"].pk, saved["funnel"].pk
    tokens = {kind: sharing.share(team=team, target=saved[kind], by=by)[1] for kind in ("flow", "retention")}
    locked = sharing.share(team=team, target=saved["flow"], by=by, password="open sesame")[1]
    whole = sharing.share(team=team, target=board, by=by)[1]
    views = ("sankey", "tree", "paths", "matrix", "table", "insights")
    return {
        **{f"{view} of a flow": f"{at('chart', flow)}?view={view}" for view in views},
        **{kind: at("chart", chart.pk) for kind, chart in saved.items() if kind != "flow"},
        "a shared flow": reverse("shared:chart", args=[tokens["flow"]]),
        "a shared retention": reverse("shared:chart", args=[tokens["retention"]]),
        "the list": at("list"),
        "no question yet": at("new"),
        "no steps yet": f"{at('new')}?kind=funnel",
        "a question that is wrong": f"{at('new')}?start=visit&within=soon",
        "every option of the builder": f"{at('new')}?start=visit&end=order&hide=help&people-0-kind=did&people-0-event="
        "visit&where-0-property=plan&where-0-operator=is&where-0-value=pro&rules-0-match=wildcard&rules-0-pattern=h*",
        "nobody": f"{at('new')}?start=visit&from=2031-01-01&to=2031-02-01",
        "the panel of a step": f"{at('chart', flow)}?{SEARCH}",
        "the people of a step": f"{at('people', flow)}?{SEARCH}",
        "a chain as a funnel": f"{at('funnel', flow)}?chain=visit&chain=search",
        "the people of a funnel": f"{at('reached', funnel)}?set=step&step=1",
        "the events of a trend": f"{at('new_reached')}?kind=trend&set=did&measure=events",
        "all transitions": f"{at('chart', flow)}?view=matrix&between=everything",
        "what to compare with": at("compare", flow),
        "a difference": f"{at('compare', flow)}?{COMPARED}",
        "the panel of a difference": f"{at('compare', flow)}?{COMPARED}&{SEARCH}",
        "side by side": f"{at('compare', flow)}?{COMPARED}&view=beside",
        "dashboards": at("dashboards"),
        "a dashboard": at("dashboard", board.pk),
        "about a flow": at("about", flow),
        "about a funnel": at("about", funnel),
        "sharing": at("share_chart", flow),
        "a password": reverse("shared:chart", args=[locked]),
        "a shared dashboard": reverse("shared:dashboard", args=[whole]),
    }


# Where most colours stand; that they are read in the dark is checked there.
DARK = {
    *("the panel of a step", "retention", "a difference", "a dashboard"),
    *("insights of a flow", "every option of the builder"),
}


def wrong(page: Page, **options: object) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [
        f"{each['id']}: {[node['html'][:200] for node in each['nodes']][:3]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.usefixtures("worker")
def test_every_page_of_flows_is_accessible(
    visit: Callable[..., BrowserContext], team: Team, saved: dict[str, FlowChart], board: Dashboard, bob: User
) -> None:
    page = visit(bob).new_page()
    told, asked = {}, pages(team, saved, board, bob)
    assert asked.keys() >= DARK
    for name, address in asked.items():
        answer = page.goto(address)
        assert answer
        assert answer.ok, (name, answer.status)
        expect(page.locator(".htmx-request")).to_have_count(0)
        found = wrong(page)
        if name in DARK:
            page.emulate_media(color_scheme="dark")
            found += [f"dark, {each}" for each in wrong(page, runOnly=["color-contrast"])]
            page.emulate_media(color_scheme="light")
        if found:
            told[name] = found
    assert told == {}
